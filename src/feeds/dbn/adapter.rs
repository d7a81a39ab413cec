//! Records in, events out.
//!
//! | record | events |
//! | --- | --- |
//! | `mbo` | `trade` for each T; at the end of each event one `book_delta` of the changed levels, or a `book_snapshot` after a clear or a snapshot; `quote` where quotes were told before |
//! | `mbp-1`, `mbp-10` | `book_snapshot`, then a `book_delta` where levels differ; `quote`; `trade` for T |
//! | `tbbo`, `cmbp-1`, `tcbbo` | `quote`; `trade` for T |
//! | `trades` | `trade` |
//! | `bbo-*`, `cbbo-*` | `quote`; the last trade they repeat is no new one |
//! | `definition`, `status` | `instrument`, `status` |
//! | `statistics`, `imbalance` | `statistic`, `imbalance` |
//! | `ohlcv-*` | none: bars are made of trades here |
//! | symbol mappings, system and error messages | none |
//!
//! Event time is the record's `ts_event`, or `ts_recv` where that is undefined, and of what tells a
//! state (snapshots of orders, quotes at intervals). Books carry no `seq`: several events of a venue
//! share one, and it begins anew every week. A book that may be wrong is told by `disconnect` and
//! then by `book_delta`s alone: one of a stream that begins amid it or has a hole between files, until
//! a clear or a snapshot, and one that is flagged so, until the flag ends.

use std::collections::HashMap;

use ::dbn::enums::rtype;
use ::dbn::{
    ConsolidatedBidAskPair, MboMsg, Metadata, RecordHeader, RecordRef, SType, Schema,
    SymbolMappingMsg,
};
use compact_str::{CompactString, ToCompactString};
use foldhash::fast::FixedState;

use super::message::{Message, MessageError};
use super::state::{At, Printed, Quoted, Rewound, Shown, Source, State, best, top_of};
use super::streams::{Span, Streams, has_orders};
use super::symbols::Symbols;
use super::tape::{TAPES, Tape};
use super::{fixed, words};
use crate::domain::by_order::ByOrder;
use crate::domain::market::{Event, Instrument, Nanos};

/// The most instruments whose books are held; one at several publishers is several.
pub const BOOKS_MAX: usize = 1 << 20;
const DAY_NS: u64 = 86_400_000_000_000;
/// What a subscription asks for that wants all instruments of a dataset.
const ALL_SYMBOLS: &str = "ALL_SYMBOLS";

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
}

/// Makes events of records; files follow one another.
#[derive(Default)]
pub struct Adapter {
    symbols: Symbols,
    is_tbbo: bool,
    /// The state of an instrument id on a day, and which part of it is the publisher's; forgotten
    /// where names may change.
    known: HashMap<(u32, u16), Known, FixedState>,
    /// The publishers of `known`.
    publishers: Vec<u16>,
    by_name: HashMap<Instrument, usize, FixedState>,
    states: Vec<State>,
    /// How many parts the states have in all.
    parts: usize,
    last: Option<At>,
    streams: Streams,
    /// The end of the file, where it may have orders.
    orders_until: Option<Option<u64>>,
    /// The dataset and end of each tape's last file.
    ended: [Option<(CompactString, u64)>; TAPES],
}

#[derive(Clone, Copy)]
struct Known {
    day: u64,
    slot: usize,
    part: usize,
}

impl Adapter {
    /// Begins a file: its metadata say of which dataset it is and what its ids stand for.
    pub fn begin(&mut self, metadata: Option<&Metadata>) {
        self.symbols.begin(metadata);
        self.is_tbbo = metadata.is_some_and(|at| at.schema == Some(Schema::Tbbo));
        self.forget_names();
        let rewound = self.rewound(metadata);
        self.states.iter_mut().for_each(|state| state.begin_file(rewound));
        self.orders_until = None;
        if has_orders(metadata) {
            let span = metadata.map(Span::of);
            self.streams.begin(span.as_ref());
            self.states.iter_mut().for_each(|state| state.begin_orders(span.as_ref()));
            self.orders_until = Some(span.and_then(|span| span.end));
        }
    }

    /// Which trades a file counts anew, so that a file that tells trades again gives them the ids
    /// they had: all, unless it has one schema; none, where it goes on at the end of another one,
    /// so that a time whose trades are in both gives each its own id.
    fn rewound(&mut self, metadata: Option<&Metadata>) -> Rewound {
        let Some((told, schema)) = metadata.and_then(|told| Some((told, told.schema?))) else {
            self.ended = Default::default();
            return Rewound::All;
        };
        let Some(tape) = Tape::of(schema) else { return Rewound::None };
        let end = told.end.map(|end| (told.dataset.to_compact_string(), end.get()));
        let before = std::mem::replace(&mut self.ended[tape as usize], end);
        let goes_on = before.is_some_and(|(of, end)| of == told.dataset && end <= told.start);
        if goes_on { Rewound::None } else { Rewound::One(tape) }
    }

    fn forget_names(&mut self) {
        self.known.clear();
        self.publishers.clear();
    }

    /// The order-by-order book of an instrument, where `mbo` records came; of several publishers,
    /// that of the first.
    #[must_use]
    pub fn orders(&self, instrument: &Instrument) -> Option<&ByOrder> {
        self.states[*self.by_name.get(instrument)?].orders()
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
            Message::Mbo(msg) => self.order(msg, out),
            Message::Trade(msg) => {
                let (at, state, part) = self.at(&msg.hd, msg.ts_recv)?;
                let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
                state.print(part, &at, Tape::Trades, printed, out)
            }
            Message::Mbp1(msg) => {
                let is_tbbo = self.is_tbbo;
                let (at, state, part) = self.at(&msg.hd, msg.ts_recv)?;
                if is_tbbo {
                    state.top_at_trade(part, top_of(&msg.levels[0]), &at, out);
                } else {
                    let shown = Shown {
                        action: msg.action as u8,
                        may_be_wrong: msg.flags.is_maybe_bad_book(),
                        levels: &msg.levels,
                    };
                    state.levels(Source::Top, part, &shown, &at, out);
                }
                if msg.action as u8 == b'T' {
                    let tape = if is_tbbo { Tape::TopAtTrades } else { Tape::Top };
                    let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
                    state.print(part, &at, tape, printed, out)?;
                }
                Ok(())
            }
            Message::Mbp10(msg) => {
                let (at, state, part) = self.at(&msg.hd, msg.ts_recv)?;
                let shown = Shown {
                    action: msg.action as u8,
                    may_be_wrong: msg.flags.is_maybe_bad_book(),
                    levels: &msg.levels,
                };
                state.levels(Source::Depth, part, &shown, &at, out);
                if msg.action as u8 == b'T' {
                    let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
                    state.print(part, &at, Tape::Depth, printed, out)?;
                }
                Ok(())
            }
            // The event time is that of the last trade, the receive time the end of the interval.
            Message::Bbo(msg) => {
                let (at, state, part) = self.at(&msg.hd, msg.ts_recv)?;
                state.top(Source::Nobody, part, top_of(&msg.levels[0]), &at.received(), out);
                Ok(())
            }
            Message::Cmbp1(msg) => {
                let (at, state, part) = self.at(&msg.hd, msg.ts_recv)?;
                state.consolidated(consolidated(&msg.levels[0]), &at, out);
                if msg.action as u8 == b'T' {
                    let tape = match msg.hd.rtype {
                        rtype::TCBBO => Tape::ConsolidatedAtTrades,
                        _ => Tape::Consolidated,
                    };
                    let printed = Printed::new(msg.price, msg.size, msg.side, 0);
                    state.print(part, &at, tape, printed, out)?;
                }
                Ok(())
            }
            Message::Cbbo(msg) => {
                let (at, state, _) = self.at(&msg.hd, msg.ts_recv)?;
                state.consolidated(consolidated(&msg.levels[0]), &at.received(), out);
                Ok(())
            }
            Message::Definition(msg) => {
                if let Ok(symbol) = msg.raw_symbol() {
                    self.define(&msg.hd, symbol);
                }
                let (at, state, _) = self.at(&msg.hd, msg.ts_recv)?;
                let body = words::definition(&msg);
                out.extend(body.map(|body| (state.instrument.clone(), at.event(body))));
                Ok(())
            }
            Message::Status(msg) => {
                let (at, state, _) = self.at(&msg.hd, msg.ts_recv)?;
                let body = words::status(msg);
                out.extend(body.map(|body| (state.instrument.clone(), at.event(body))));
                Ok(())
            }
            Message::Mapping(msg) => {
                if let Some(symbol) = mapped(&msg) {
                    self.symbols.map(msg.hd.instrument_id, symbol);
                    self.forget_names();
                }
                Ok(())
            }
            Message::Statistic(msg) => {
                let (at, state, _) = self.at(&msg.hd, msg.ts_recv)?;
                out.push((state.instrument.clone(), at.event(words::statistic(&msg))));
                Ok(())
            }
            Message::Imbalance(msg) => {
                let (at, state, _) = self.at(&msg.hd, msg.ts_recv)?;
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
        self.states.iter_mut().for_each(|state| state.finish(out));
    }

    fn order(&mut self, msg: &MboMsg, out: &mut Vec<(Instrument, Event)>) -> Result<(), Refused> {
        let (at, known) = self.locate(&msg.hd, msg.ts_recv)?;
        // Orders of a snapshot keep the time of their last change; it is of its receive time.
        let at = if msg.flags.is_snapshot() { at.received() } else { at };
        self.states[known.slot].order(known.part, msg, &at, &mut self.streams, out)
    }

    /// Takes a definition's symbol; where it is new, the id may have another name.
    fn define(&mut self, header: &RecordHeader, symbol: &str) {
        let id = header.instrument_id;
        if self.symbols.define(id, header.publisher_id, symbol) {
            for publisher in &self.publishers {
                self.known.remove(&(id, *publisher));
            }
        }
    }

    /// When a record happened, the state of its instrument, and which part is the publisher's.
    fn at(
        &mut self,
        header: &RecordHeader,
        ts_recv: u64,
    ) -> Result<(At, &mut State, usize), Refused> {
        let (at, known) = self.locate(header, ts_recv)?;
        Ok((at, &mut self.states[known.slot], known.part))
    }

    /// When a record happened, and where its state is.
    fn locate(&mut self, header: &RecordHeader, ts_recv: u64) -> Result<(At, Known), Refused> {
        let recv = fixed::time(ts_recv);
        let ts_event = fixed::time(header.ts_event).or(recv).ok_or(Refused::NoTime)?;
        let index = if recv.is_some() { ts_recv } else { header.ts_event };
        let key = (header.instrument_id, header.publisher_id);
        let day = index / DAY_NS;
        let known = match self.known.get(&key) {
            Some(known) if known.day == day => *known,
            _ => {
                let (slot, part) = self.find(key, index)?;
                if BOOKS_MAX <= self.known.len() {
                    self.forget_names();
                }
                if !self.publishers.contains(&key.1) {
                    self.publishers.push(key.1);
                }
                // One id alone is known of a part, so that another one is seen here.
                if let Some(before) = self.states[slot].is_of(part, key.0) {
                    self.known.remove(&(before, key.1));
                }
                if let Some(end) = self.orders_until {
                    self.states[slot].enter(end);
                }
                let known = Known { day, slot, part };
                self.known.insert(key, known);
                known
            }
        };
        let at = At { ts_event, ts_recv: recv };
        self.last = Some(at);
        Ok((at, known))
    }

    /// The state of an instrument, and the publisher's part of it.
    fn find(&mut self, (id, publisher): (u32, u16), ts: u64) -> Result<(usize, usize), Refused> {
        let instrument = self.symbols.instrument(id, publisher, ts).ok_or(Refused::NoName(id))?;
        if BOOKS_MAX <= self.parts {
            let slot = self.by_name.get(&instrument).copied();
            let part = slot.and_then(|slot| Some((slot, self.states[slot].find_part(publisher)?)));
            return part.ok_or(Refused::TooManyInstruments);
        }
        let slot = *self.by_name.entry(instrument).or_insert_with_key(|instrument| {
            self.states.push(State::new(instrument.clone()));
            self.states.len() - 1
        });
        let (part, is_new) = self.states[slot].part_of(publisher, id);
        self.parts += usize::from(is_new);
        Ok((slot, part))
    }
}

/// The symbol that a live gateway maps an instrument id to: the one it gives, or the one it was
/// asked for, where the one it gives is an id again. What stands for many (a parent, all symbols) is
/// no one's name.
fn mapped(msg: &SymbolMappingMsg) -> Option<&str> {
    let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let given = msg.stype_out_symbol().unwrap_or_default();
    let asked = msg.stype_in_symbol().unwrap_or_default();
    let is_one = !matches!(msg.stype_in(), Ok(SType::Parent)) && asked != ALL_SYMBOLS;
    let symbol = if is_id(given) && is_one && !is_id(asked) { asked } else { given };
    (!symbol.is_empty()).then_some(symbol)
}

fn consolidated(level: &ConsolidatedBidAskPair) -> Quoted {
    [best(level.bid_px, level.bid_sz), best(level.ask_px, level.ask_sz)]
}
