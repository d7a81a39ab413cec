//! Records in, events out.
//!
//! | record | events |
//! | --- | --- |
//! | `mbo` | `trade` for each T; at the end of each event one `book_delta` of the changed levels, or a `book_snapshot` after a clear or a snapshot |
//! | `mbp-1`, `mbp-10` | `book_snapshot`, then a `book_delta` where levels differ; `quote`; `trade` for T |
//! | `tbbo`, `cmbp-1`, `tcbbo` | `quote`; `trade` for T |
//! | `trades` | `trade` |
//! | `bbo-*`, `cbbo-*` | `quote`; the last trade they repeat is no new one |
//! | `definition`, `status` | `instrument`, `status` |
//! | `statistics`, `imbalance` | `statistic`, `imbalance` |
//! | `ohlcv-*` | none: bars are made of trades here |
//! | symbol mappings, system and error messages | none |
//!
//! Event time is the record's `ts_event`, or `ts_recv` where that is undefined. Books carry no
//! `seq`: several events of a venue share one, and it begins anew every week.

use std::collections::HashMap;

use ::dbn::{BidAskPair, ConsolidatedBidAskPair, MboMsg, Metadata, RecordRef, Schema};
use compact_str::{CompactString, format_compact};
use foldhash::fast::FixedState;

use super::levels::Levels;
use super::message::{Message, MessageError};
use super::orders::Orders;
use super::symbols::Symbols;
use super::{fixed, words};
use crate::domain::by_order::ByOrder;
use crate::domain::market::{Aggressor, Body, Event, Instrument, LevelChange, Nanos, Trade};
use crate::feeds::venues::prints::Prints;

/// The most instruments whose books are held.
pub const BOOKS_MAX: usize = 1 << 20;
const DAY_NS: u64 = 86_400_000_000_000;

/// Why a record gave nothing that it ought to have given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is of no known type.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Neither its event time nor its receive time is a time.
    #[error("no time")]
    NoTime,
    /// A trade without price or size.
    #[error("a trade without price or size")]
    NoTrade,
    /// No name can be made for its instrument.
    #[error("no name for instrument {0}")]
    NoName(u32),
    /// One instrument more than are held.
    #[error("more than {BOOKS_MAX} instruments")]
    TooManyInstruments,
    /// Books of two publishers under one name; the first one's is told.
    #[error("a book of publisher {0}, while that of another one is told")]
    SecondPublisher(u16),
}

/// Which records a trade came with; each schema counts the trades of a sequence number anew, so
/// that a trade has the same id in all of them.
#[derive(Clone, Copy)]
enum Tape {
    Orders,
    Trades,
    Top,
    Depth,
    Consolidated,
}

/// Who tells an instrument's book. A later one is finer, and takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    #[default]
    Nobody,
    Top,
    Depth,
    Orders,
}

type Quoted = (Option<LevelChange>, Option<LevelChange>);

/// What is kept of an instrument.
struct State {
    instrument: Instrument,
    source: Source,
    publisher: u16,
    maybe_bad: bool,
    orders: Orders,
    levels: Levels,
    quoted: Option<Quoted>,
    /// The last sequence number of each tape, and how many trades it had.
    trades: [(u32, u32); 5],
    /// The same for trades without a sequence number.
    unnamed: [Prints; 5],
}

/// Makes events of records; files follow one another.
#[derive(Default)]
pub struct Adapter {
    symbols: Symbols,
    is_tbbo: bool,
    /// The state of an instrument id on a day; forgotten where names may change.
    known: HashMap<(u32, u16), (u64, usize), FixedState>,
    by_name: HashMap<Instrument, usize, FixedState>,
    states: Vec<State>,
    last: Option<At>,
}

/// When a record happened.
#[derive(Clone, Copy)]
struct At {
    ts_event: Nanos,
    ts_recv: Option<Nanos>,
}

impl At {
    fn event(&self, body: Body) -> Event {
        let Self { ts_event, ts_recv } = *self;
        Event { ts_event, ts_recv, seq: None, prev_seq: None, body }
    }
}

impl Adapter {
    /// Begins a file: its metadata say of which dataset it is and what its ids stand for.
    pub fn begin(&mut self, metadata: Option<&Metadata>) {
        self.symbols.begin(metadata);
        self.is_tbbo = metadata.is_some_and(|at| at.schema == Some(Schema::Tbbo));
        self.known.clear();
    }

    /// The order-by-order book of an instrument, where `mbo` records came.
    #[must_use]
    pub fn orders(&self, instrument: &Instrument) -> Option<&ByOrder> {
        let state = &self.states[*self.by_name.get(instrument)?];
        (state.source == Source::Orders).then(|| state.orders.book())
    }

    /// Takes one record and appends the events it carries.
    ///
    /// # Errors
    ///
    /// [`Refused`] where it carries nothing though it ought to; what was appended holds.
    pub fn take(
        &mut self,
        record: RecordRef<'_>,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        match Message::of(record)? {
            Message::Mbo(msg) => self.orders_of(msg, out),
            Message::Trade(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                state.print(
                    &at,
                    Tape::Trades,
                    Printed::new(msg.price, msg.size, msg.side, msg.sequence),
                    out,
                )
            }
            Message::Mbp1(msg) => {
                let is_tbbo = self.is_tbbo;
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                let bad = msg.flags.is_maybe_bad_book();
                let booked = if is_tbbo {
                    Ok(())
                } else {
                    state.book(Source::Top, msg.hd.publisher_id, &at, bad, &msg.levels, out)
                };
                state.quote(&at, top_of(&msg.levels[0]), out);
                if msg.action as u8 == b'T' {
                    let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
                    state.print(&at, Tape::Top, printed, out)?;
                }
                booked
            }
            Message::Mbp10(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                let bad = msg.flags.is_maybe_bad_book();
                let publisher = msg.hd.publisher_id;
                let booked = state.book(Source::Depth, publisher, &at, bad, &msg.levels, out);
                state.quote(&at, top_of(&msg.levels[0]), out);
                if msg.action as u8 == b'T' {
                    let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
                    state.print(&at, Tape::Depth, printed, out)?;
                }
                booked
            }
            Message::Bbo(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                state.quote(&at, top_of(&msg.levels[0]), out);
                Ok(())
            }
            Message::Cmbp1(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                state.quote(&at, consolidated(&msg.levels[0]), out);
                if msg.action as u8 == b'T' {
                    let printed = Printed::new(msg.price, msg.size, msg.side, 0);
                    state.print(&at, Tape::Consolidated, printed, out)?;
                }
                Ok(())
            }
            Message::Cbbo(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                state.quote(&at, consolidated(&msg.levels[0]), out);
                Ok(())
            }
            Message::Definition(msg) => {
                if let Ok(symbol) = msg.raw_symbol() {
                    self.symbols.define(msg.hd.instrument_id, symbol);
                }
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                let body = words::definition(&msg);
                out.extend(body.map(|body| (state.instrument.clone(), at.event(body))));
                Ok(())
            }
            Message::Status(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                out.push((state.instrument.clone(), at.event(words::status(msg))));
                Ok(())
            }
            Message::Mapping(msg) => {
                let symbol = [msg.stype_out_symbol(), msg.stype_in_symbol()];
                if let Some(symbol) = symbol.into_iter().flatten().find(|text| !text.is_empty()) {
                    self.symbols.map(msg.hd.instrument_id, symbol);
                    self.known.clear();
                }
                Ok(())
            }
            Message::Statistic(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                out.push((state.instrument.clone(), at.event(words::statistic(&msg))));
                Ok(())
            }
            Message::Imbalance(msg) => {
                let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
                out.push((state.instrument.clone(), at.event(words::imbalance(msg))));
                Ok(())
            }
            Message::Ohlcv(_) | Message::System(_) | Message::Error(_) => Ok(()),
        }
    }

    /// When the last record happened that had a time: received, or by the venue.
    #[must_use]
    pub fn time(&self) -> Option<Nanos> {
        self.last.map(|at| at.ts_recv.unwrap_or(at.ts_event))
    }

    /// Tells what is left of events that had no end, behind the last file.
    pub fn finish(&mut self, out: &mut Vec<(Instrument, Event)>) {
        let Some(at) = self.last else { return };
        for state in &mut self.states {
            if state.source == Source::Orders && state.orders.book().is_touched() {
                let body = state.orders.tell();
                out.extend(body.map(|body| (state.instrument.clone(), at.event(body))));
            }
        }
    }

    fn orders_of(
        &mut self,
        msg: &MboMsg,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        let (at, state) = self.at(&msg.hd, msg.ts_recv)?;
        let publisher = msg.hd.publisher_id;
        if state.tells(Source::Orders, publisher, &at, msg.flags.is_maybe_bad_book(), out)? {
            let printed = (msg.action as u8 == b'T')
                .then(|| Printed::new(msg.price, msg.size, msg.side, msg.sequence));
            let printed =
                printed.map_or(Ok(()), |printed| state.print(&at, Tape::Orders, printed, out));
            if let Some(body) = state.orders.take(msg) {
                out.push((state.instrument.clone(), at.event(body)));
            }
            return printed;
        }
        Ok(())
    }

    /// When a record happened, and the state of its instrument.
    fn at(
        &mut self,
        header: &::dbn::RecordHeader,
        ts_recv: u64,
    ) -> Result<(At, &mut State), Refused> {
        let recv = fixed::time(ts_recv);
        let ts_event = fixed::time(header.ts_event).or(recv).ok_or(Refused::NoTime)?;
        let index = if recv.is_some() { ts_recv } else { header.ts_event };
        let key = (header.instrument_id, header.publisher_id);
        let day = index / DAY_NS;
        let slot = match self.known.get(&key) {
            Some(&(on, slot)) if on == day => slot,
            _ => {
                let slot = self.slot_of(key, index)?;
                if BOOKS_MAX <= self.known.len() {
                    self.known.clear();
                }
                self.known.insert(key, (day, slot));
                slot
            }
        };
        let at = At { ts_event, ts_recv: recv };
        self.last = Some(at);
        Ok((at, &mut self.states[slot]))
    }

    fn slot_of(&mut self, (id, publisher): (u32, u16), ts: u64) -> Result<usize, Refused> {
        let instrument = self.symbols.instrument(id, publisher, ts).ok_or(Refused::NoName(id))?;
        if let Some(&slot) = self.by_name.get(&instrument) {
            return Ok(slot);
        }
        if BOOKS_MAX <= self.states.len() {
            return Err(Refused::TooManyInstruments);
        }
        self.states.push(State {
            instrument: instrument.clone(),
            source: Source::Nobody,
            publisher,
            maybe_bad: false,
            orders: Orders::default(),
            levels: Levels::default(),
            quoted: None,
            trades: [(0, 0); 5],
            unnamed: Default::default(),
        });
        self.by_name.insert(instrument, self.states.len() - 1);
        Ok(self.states.len() - 1)
    }
}

/// A trade as a record has it.
struct Printed {
    price: i64,
    size: u32,
    side: u8,
    sequence: u32,
}

impl Printed {
    fn new(price: i64, size: u32, side: std::ffi::c_char, sequence: u32) -> Self {
        Self { price, size, side: side as u8, sequence }
    }
}

impl State {
    /// Whether a record of `source` tells this instrument's book. Who begins to, tells it whole.
    ///
    /// The flag "maybe bad book" says that the vendor lost messages: the book is told to be lost
    /// once, and is whole again with the next clear or snapshot.
    fn tells(
        &mut self,
        source: Source,
        publisher: u16,
        at: &At,
        maybe_bad: bool,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<bool, Refused> {
        if source < self.source {
            return Ok(false);
        }
        if self.source < source {
            (self.source, self.publisher) = (source, publisher);
            self.orders.tell_whole();
            self.levels.tell_whole();
        } else if self.publisher != publisher {
            return Err(Refused::SecondPublisher(publisher));
        }
        if maybe_bad && !self.maybe_bad {
            out.push((self.instrument.clone(), at.event(Body::Disconnect)));
            self.levels.tell_whole();
        }
        self.maybe_bad = maybe_bad;
        Ok(true)
    }

    fn book(
        &mut self,
        source: Source,
        publisher: u16,
        at: &At,
        maybe_bad: bool,
        levels: &[BidAskPair],
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        if self.tells(source, publisher, at, maybe_bad, out)?
            && let Some(body) = self.levels.take(levels)
        {
            out.push((self.instrument.clone(), at.event(body)));
        }
        Ok(())
    }

    /// A quote, where it is another one than the last.
    fn quote(&mut self, at: &At, quoted: Quoted, out: &mut Vec<(Instrument, Event)>) {
        if self.quoted != Some(quoted) {
            self.quoted = Some(quoted);
            let (bid, ask) = quoted;
            out.push((self.instrument.clone(), at.event(Body::Quote { bid, ask })));
        }
    }

    fn print(
        &mut self,
        at: &At,
        tape: Tape,
        printed: Printed,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        let (price, qty) = fixed::level(printed.price, printed.size).ok_or(Refused::NoTrade)?;
        let trade = Trade {
            trade_id: self.next_id(tape, at.ts_event, printed.sequence),
            price,
            qty,
            aggressor: match printed.side {
                b'B' => Some(Aggressor::Buy),
                b'A' => Some(Aggressor::Sell),
                _ => None,
            },
            count: 1,
            conditions: CompactString::default(),
        };
        let seq = (printed.sequence != 0).then(|| u64::from(printed.sequence));
        let event = Event { seq, ..at.event(Body::Trade(Box::new(trade))) };
        out.push((self.instrument.clone(), event));
        Ok(())
    }

    /// The sequence number, with a counter behind it from its second trade on; where there is no
    /// sequence number, the event time and the counter.
    fn next_id(&mut self, tape: Tape, ts: Nanos, sequence: u32) -> CompactString {
        if sequence == 0 {
            return self.unnamed[tape as usize].next_id(ts);
        }
        let (last, count) = &mut self.trades[tape as usize];
        if *last == sequence {
            *count += 1;
        } else {
            (*last, *count) = (sequence, 0);
        }
        match *count {
            0 => format_compact!("{sequence}"),
            count => format_compact!("{sequence}.{count}"),
        }
    }
}

fn top_of(level: &BidAskPair) -> Quoted {
    (fixed::level(level.bid_px, level.bid_sz), fixed::level(level.ask_px, level.ask_sz))
}

fn consolidated(level: &ConsolidatedBidAskPair) -> Quoted {
    (fixed::level(level.bid_px, level.bid_sz), fixed::level(level.ask_px, level.ask_sz))
}
