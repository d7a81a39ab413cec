//! Bitfinex: `book` (P0), `trades` and `ticker` of WebSocket 2.
//!
//! - `{"event": "subscribed"}` gives a channel its number; data come as
//!   `[channel, data, …]` or `[channel, word, data, …]`, behind which what `conf` asked for stands:
//!   a sequence number (flag 65536) and a time in milliseconds (flag 32768).
//! - Sequence: the connection's, contiguous over all lists from 1: a gap is told as a loss of every
//!   instrument. Books carry the number, and the one of the instrument's book message before it.
//! - Snapshot: the first message of a book's channel; the venue tells what leaves the depth. Where
//!   the answer to `conf` has flag 536870912 ("bulk updates"), later lists of rows are changes. Of
//!   several channels for one symbol's book the one of the greatest `len` is taken; where that one is
//!   unsubscribed the instrument is given as lost, because no other begins anew.
//! - Checksum: `cs` (flag 131072) is passed over.
//! - Scale: bare numbers, small ones with an exponent. Amounts are positive for bids and buyers,
//!   negative for asks and sellers; quantities are in the base currency.
//! - Time: milliseconds; books have one only with flag 32768.
//! - Candles: `trade:…` keys; nothing for a bucket without trades ([`candle`]).
//! - `ticker` has the best prices with the sums of 25 levels, so it is no best bid and ask, and
//!   gives no events.
//!
//! Symbols are the venue's (`tBTCUSD`, `tTESTBTC:TESTUSD`); funding (`f…`), raw and rounded books
//! (`R0`, `P1` to `P4`) give no events.
//!
//! Source: docs.bitfinex.com, "WebSocket General", "Public Channels", "Books", "Trades", "Ticker".

mod book;
mod candle;
mod line;
mod rows;
mod trade;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::rows::{List, Word};
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::numbering::{Numbering, Place};
use super::reading::{Cell, epoch};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Body, Event, Instrument, Nanos};
use crate::wire::borrowed;

/// Spot and derivatives, `BITFINEX:…`.
pub(super) const VENUE: Venue = Venue {
    name: "bitfinex",
    prefix: "BITFINEX",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Absent, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Bitfinex::new()),
    line: || Box::new(line::Socket),
    witness: || Box::new(candle::Candles::default()),
};

/// Channels kept; the venue allows 25 on a connection.
const CHANNELS_MAX: usize = 4_096;
/// The number of a connection's first list.
const FIRST: u64 = 1;
/// The flag of `conf` by which changes of a book come in lists.
const BULK: u64 = 1 << 29;
/// The levels of a book whose channel does not say how many.
const LENGTH_USUAL: u32 = 25;
/// From here on a number behind the data is a time, not a sequence number.
const MILLIS_FROM: u64 = 1_000_000_000_000;

/// What is remembered of one instrument.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// The number of its last book message, where messages are numbered.
    book: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Book,
    Trades,
    /// Nothing here is taken.
    Other,
}

#[derive(Debug)]
struct Channel {
    kind: Kind,
    symbol: Box<str>,
    /// Levels of a book.
    length: u32,
    /// Whether the whole book came.
    has_begun: bool,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Bitfinex {
    roster: Roster<Pair>,
    channels: BTreeMap<u64, Channel>,
    numbering: Numbering,
    /// Whether later lists of a book are changes.
    is_bulk: bool,
}

/// An object.
#[derive(Deserialize)]
struct Notice<'a> {
    #[serde(borrow)]
    event: Cell<'a>,
    #[serde(borrow, default)]
    channel: Cell<'a>,
    #[serde(rename = "chanId")]
    id: Option<u64>,
    #[serde(borrow, default)]
    symbol: Cell<'a>,
    #[serde(borrow, default)]
    prec: Cell<'a>,
    #[serde(borrow, default)]
    len: Cell<'a>,
    #[serde(borrow, default)]
    flags: Cell<'a>,
    #[serde(borrow, default)]
    status: Cell<'a>,
    #[serde(borrow, default)]
    msg: Cell<'a>,
    #[serde(borrow, default)]
    version: Cell<'a>,
}

/// What stands behind the data.
#[derive(Clone, Copy, Debug, Default)]
struct Tail {
    number: Option<u64>,
    at: Option<Nanos>,
}

impl Tail {
    fn of(numbers: impl IntoIterator<Item = u64>) -> Result<Self, FrameError> {
        let mut tail = Self::default();
        for number in numbers {
            if number < MILLIS_FROM {
                tail.number = Some(number);
            } else {
                tail.at = Some(epoch("timestamp", number)?);
            }
        }
        Ok(tail)
    }
}

/// What a list says of its instrument.
enum Said {
    Nothing,
    /// A book or its change, or a heartbeat.
    One(Body),
    Trades(Vec<(Nanos, Body)>),
}

impl Bitfinex {
    fn new() -> Self {
        Self {
            roster: Roster::new("BITFINEX"),
            channels: BTreeMap::new(),
            numbering: Numbering::default(),
            is_bulk: false,
        }
    }

    fn begin(&mut self) {
        self.channels.clear();
        self.numbering = Numbering::default();
        self.is_bulk = false;
    }

    /// Whether a book's channel is the one to take of its symbol; the one it supersedes is passed
    /// over from here on, as a shorter one is whose symbol has a longer.
    fn supersedes(&mut self, id: u64, symbol: &str, length: u32) -> bool {
        let mut others = self.channels.iter_mut().filter(|(other, channel)| {
            **other != id && channel.kind == Kind::Book && *channel.symbol == *symbol
        });
        let Some((_, other)) = others.next() else { return true };
        if length < other.length {
            return false;
        }
        other.kind = Kind::Other;
        true
    }

    fn notice(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let told: Notice<'_> = borrowed::from_str(text)?;
        match told.event.0.as_ref() {
            "subscribed" => {
                let id = told.id.ok_or(FrameError::Shape("no chanId"))?;
                let is_traded = told.symbol.0.starts_with('t');
                let mut kind = match (told.channel.0.as_ref(), told.prec.0.as_ref()) {
                    ("book", "P0" | "") if is_traded => Kind::Book,
                    ("trades", _) if is_traded => Kind::Trades,
                    _ => Kind::Other,
                };
                if CHANNELS_MAX <= self.channels.len() && !self.channels.contains_key(&id) {
                    return Err(FrameError::TooManyInstruments(CHANNELS_MAX));
                }
                if kind != Kind::Other {
                    self.roster.get(&told.symbol.0)?;
                }
                let symbol = told.symbol.0.as_ref();
                let length = told.len.0.parse().unwrap_or(LENGTH_USUAL);
                if kind == Kind::Book && !self.supersedes(id, symbol, length) {
                    kind = Kind::Other;
                }
                let symbol = if kind == Kind::Other { "" } else { symbol }.into();
                self.channels.insert(id, Channel { kind, symbol, length, has_begun: false });
                Ok(())
            }
            "unsubscribed" => {
                let Some(channel) = told.id.and_then(|id| self.channels.get_mut(&id)) else {
                    return Ok(());
                };
                // What is still on its way is passed over.
                if std::mem::replace(&mut channel.kind, Kind::Other) == Kind::Book {
                    let listed = self.roster.get(&channel.symbol)?;
                    listed.state.book = None;
                    let event = listed.event(None, recv, Body::Disconnect);
                    out.push((listed.instrument.clone(), event));
                }
                Ok(())
            }
            "info" if !told.version.0.is_empty() => {
                self.begin();
                Ok(())
            }
            "error" => Err(FrameError::Venue(told.msg.0.into_owned())),
            "conf" if told.status.0 == "FAILED" => Err(FrameError::Venue(told.msg.0.into_owned())),
            "conf" => {
                if let Ok(flags) = told.flags.0.parse::<u64>() {
                    self.is_bulk = flags & BULK != 0;
                }
                Ok(())
            }
            "info" | "pong" | "auth" => Ok(()),
            _ => Err(FrameError::Shape("no event of WebSocket 2")),
        }
    }

    fn list(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let List { channel: id, word, data, tail } = borrowed::from_str(text)?;
        let tail = Tail::of(tail.into_iter().flatten())?;
        let mut channel = self.channels.get_mut(&id);
        let is_change = self.is_bulk && channel.as_ref().is_some_and(|channel| channel.has_begun);
        let said = match (channel.as_ref().map(|channel| channel.kind), word, &data) {
            (Some(Kind::Book), Word::Absent, Some(data)) => Said::One(book::read(data, is_change)?),
            // `tu` repeats `te`.
            (Some(Kind::Trades), Word::Absent | Word::Executed, Some(data)) => {
                Said::Trades(trade::read(data)?)
            }
            (Some(Kind::Book | Kind::Trades), Word::Beat, _) if tail.at.is_some() => {
                Said::One(Body::Heartbeat)
            }
            (None, Word::Absent, _) => {
                return Err(FrameError::Shape("a channel that was not subscribed"));
            }
            _ => Said::Nothing,
        };
        if let Some(number) = tail.number {
            match self.numbering.place(number, FIRST) {
                Place::Next => {}
                Place::Old => return Ok(()),
                Place::Gap => self.roster.lose(recv, out, |pair| pair.book = None),
            }
            self.numbering.stand_at(number);
        }
        let Some(channel) = channel.take_if(|_| !matches!(said, Said::Nothing)) else {
            return Ok(());
        };
        channel.has_begun |= matches!(said, Said::One(Body::BookSnapshot { .. }));
        let listed = self.roster.get(&channel.symbol)?;
        match said {
            Said::Nothing => {}
            Said::One(body) => {
                let mut event = listed.event(tail.at, recv, body);
                if event.body != Body::Heartbeat {
                    let is_delta = matches!(event.body, Body::BookDelta { .. });
                    let follows = is_delta && tail.number.is_some();
                    event.seq = tail.number;
                    event.prev_seq = listed.state.book.filter(|_| follows);
                    listed.state.book = tail.number;
                }
                out.push((listed.instrument.clone(), event));
            }
            Said::Trades(trades) => {
                for (at, body) in trades {
                    let event = listed.event(Some(at), recv, body);
                    out.push((listed.instrument.clone(), event));
                }
            }
        }
        Ok(())
    }
}

impl Adapter for Bitfinex {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => match text.trim_start().as_bytes().first() {
                Some(b'[') => self.list(text, recv, out),
                Some(b'{') => self.notice(text, recv, out),
                _ => Err(FrameError::Shape("neither an object nor a list")),
            },
            Frame::Response { .. } | Frame::Said(_) => Ok(()),
            Frame::Connected => {
                self.begin();
                Ok(())
            }
            Frame::Lost => {
                self.begin();
                self.roster.lose(recv, out, |pair| *pair = Pair::default());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
