//! OKX and OKCoin, WebSocket v5: `books` (also `books-l2-tbt`, `books50-l2-tbt`, `books5`),
//! `trades` or `trades-all`, `bbo-tbt`; v3 of 2019 to 2021 ([`v3`]); of REST, trades and books
//! ([`rest`]).
//!
//! - One protocol on two hosts; symbols of all products differ (`BTC-USDT`, `BTC-USDT-SWAP`,
//!   `BTC-USD-220527`). Of several book channels of a symbol the deepest is followed, of equals the
//!   first; of `trades` and `trades-all`, which tell the same fills, the first; those of v5 before
//!   those of v3. One that is silent for a minute while another speaks is followed no more: its book
//!   is lost where the other tells only changes, and of the other's trades that minute's are not given.
//! - Sequence: contiguous by `prevSeqId` = last `seqId`, where the message has them (it did not
//!   before 2023); a number below its predecessor says that the venue began anew ([`book`]). A channel
//!   with a gap is followed no more, until its next snapshot; where only the checksum shows a lost
//!   message, it is.
//! - Snapshot: the answer to the subscription. The venue tells what leaves its 400 levels.
//! - Checksum: with each message, over the 25 best levels, until the venue began to write 0, which
//!   is no checksum.
//! - Scale: decimals as text. Quantities of derivatives are contracts.
//! - Time: `ts`, milliseconds.
//! - Candles: first trade opens; a minute without trades is flat ([`candle`]).
//! - `tickers` has a best bid and ask too, but at a rhythm of its own, behind the book; it gives no
//!   events.
//!
//! Source: okx.com/docs-v5, "WebSocket", "Order book channel", "Trades channel"; okcoin.com/docs-v5,
//! the same.

mod book;
mod candle;
mod line;
mod quote;
mod rest;
mod trade;
mod v3;

use std::borrow::Cow;

use self::book::Read;
use self::candle::Candles;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::channel::{self, Fields, Item, Told};
use super::choice::{Choice, Source, Word};
use super::roster::{Listed, Roster};
use super::silence::Taken;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// OKX, `OKX:…`.
pub(super) const OKX: Venue = Venue {
    name: "okx",
    prefix: "OKX",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Okx::new("OKX")),
    line: || Box::new(Socket::new(&line::OKX)),
    witness: || Box::new(Candles::new("OKX")),
};

/// OKCoin, `OKCOIN:…`.
pub(super) const OKCOIN: Venue = Venue {
    name: "okcoin",
    prefix: "OKCOIN",
    adapter: || Box::new(Okx::new("OKCOIN")),
    line: || Box::new(Socket::new(&line::OKCOIN)),
    witness: || Box::new(Candles::new("OKCOIN")),
    ..OKX
};

/// The adapter of either.
#[derive(Debug)]
pub(super) struct Okx {
    roster: Roster<Choices>,
}

/// The channels that an instrument is followed by.
#[derive(Debug, Default)]
struct Choices {
    book: Choice,
    trades: Choice,
}

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A book and its changes.
    Book(Source),
    /// The book of an answer that was asked for so many levels a side.
    Answer(usize),
    /// Best bid and ask.
    Best,
    /// Trades.
    Trades(Source),
}

/// The trades that stand for several fills.
const MERGED: Source = Source { name: "trades", rank: 1 };

fn kind_of(channel: &str) -> Option<Kind> {
    let book = |name, rank| Some(Kind::Book(Source { name, rank }));
    match channel {
        "books" => book("books", 400),
        "trades" => Some(Kind::Trades(MERGED)),
        "bbo-tbt" => Some(Kind::Best),
        "books-l2-tbt" => book("books-l2-tbt", 400),
        "books50-l2-tbt" => book("books50-l2-tbt", 50),
        "books5" => book("books5", 5),
        "trades-all" => Some(Kind::Trades(Source { name: "trades-all", rank: 1 })),
        _ => None,
    }
}

fn is_taken(channel: &str) -> bool {
    kind_of(channel).or_else(|| v3::kind_of(channel)).is_some()
}

impl Kind {
    /// Reads one element of the data.
    fn read(self, fields: Fields<'_>, action: &str) -> Result<Read, FrameError> {
        match self {
            Self::Book(_) | Self::Answer(_) => book::read(fields, action),
            Self::Best => quote::read(fields),
            Self::Trades(_) => trade::read(fields),
        }
    }
}

impl Choices {
    /// What becomes of what a channel tells; `is_whole` where it stands on nothing told before.
    fn takes(&mut self, kind: Kind, read: &Read, is_whole: bool, recv: Nanos) -> Taken {
        let (at, [seq, prev_seq], body) = read;
        let word = Word { is_whole, seq: *seq, prev_seq: *prev_seq, at: at.unwrap_or(recv) };
        match kind {
            Kind::Book(source) => self.book.takes(source, word),
            // An answer is no channel that goes on: it keeps none away.
            Kind::Answer(asked) => {
                let taken = self.book.takes_answer(rest::BOOK, word);
                self.book.rests(rest::BOOK, rest::depths(asked, body));
                taken
            }
            Kind::Best => Taken::Given,
            Kind::Trades(rest::FILLS) if self.trades.is(MERGED) => Taken::Passed,
            Kind::Trades(rest::FILLS) => Taken::Given,
            Kind::Trades(source) => self.trades.takes(source, Word { is_whole: true, ..word }),
        }
    }

    /// A channel was left.
    fn leave(&mut self, kind: Kind) {
        match kind {
            Kind::Book(source) => self.book.leave(source),
            Kind::Answer(_) | Kind::Best => {}
            Kind::Trades(source) => self.trades.leave(source),
        }
    }
}

/// Gives what was read of an instrument, where its channel is followed.
fn take(
    listed: &mut Listed<Choices>,
    (kind, is_whole): (Kind, bool),
    all: impl IntoIterator<Item = Read>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    for read in all {
        match listed.state.takes(kind, &read, is_whole, recv) {
            Taken::Passed => continue,
            Taken::Given => {}
            Taken::Anew => give(listed, (None, [None, None], Body::Disconnect), recv, out),
        }
        give(listed, read, recv, out);
    }
}

/// Gives what was read of an instrument.
fn give(
    listed: &mut Listed<Choices>,
    (at, [seq, prev_seq], body): Read,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    if matches!(body, Body::Disconnect) {
        listed.state.book.forget();
    }
    let event = Event { seq, prev_seq, ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
}

impl Okx {
    fn new(prefix: &'static str) -> Self {
        Self { roster: Roster::new(prefix) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if text == "pong" {
            return Ok(());
        }
        let told = channel::read(text, is_taken)?;
        if !told.event.0.is_empty() {
            return self.answer(&told);
        }
        let Some(arg) = told.arg else { return self.table(told, recv, out) };
        let Some(kind) = kind_of(&arg.channel.0).filter(|_| !told.data.is_empty()) else {
            return Ok(());
        };
        let mut all = Vec::with_capacity(told.data.len());
        for item in told.data {
            let Item::Fields(fields) = item else { return Err(FrameError::Shape("no object")) };
            all.push(kind.read(fields, &told.action.0)?);
        }
        let listed = self.roster.get(&arg.inst_id.0)?;
        take(listed, (kind, told.action.0 != "update"), all, recv, out);
        Ok(())
    }

    /// An answer or a notice.
    fn answer(&mut self, told: &Told<'_>) -> Result<(), FrameError> {
        let (kind, symbol) = match (told.event.0.as_ref(), &told.arg) {
            ("error", _) => {
                return Err(FrameError::Venue(format!("{} {}", told.code.0, told.msg.0)));
            }
            ("unsubscribe", Some(arg)) => (kind_of(&arg.channel.0), arg.inst_id.0.as_ref()),
            ("unsubscribe", None) => {
                let (table, symbol) = told.table.0.split_once(':').unwrap_or_default();
                (v3::kind_of(table), symbol)
            }
            _ => return Ok(()),
        };
        if let Some(kind) = kind
            && let Ok(listed) = self.roster.get(symbol)
        {
            listed.state.leave(kind);
        }
        Ok(())
    }

    /// A frame of v3.
    fn table(
        &mut self,
        told: Told<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if !told.table.0.contains('/') {
            return Err(FrameError::Shape("neither a channel nor an event"));
        }
        let Some(kind) = v3::kind_of(&told.table.0) else { return Ok(()) };
        let action = v3::action(&told.action.0);
        let mut all = Vec::with_capacity(told.data.len());
        for item in told.data {
            let Item::Fields(mut fields) = item else { return Err(FrameError::Shape("no object")) };
            all.push((std::mem::take(&mut fields.inst_id.0), kind.read(fields, action)?));
        }
        self.named(kind, all, action != "update", recv, out)
    }

    fn response(
        &mut self,
        (url, body): (Option<&str>, &str),
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match rest::read(url, body)? {
            Some((kind, all)) => self.named(kind, all, true, recv, out),
            None => Ok(()),
        }
    }

    /// Gives what was read, each of an instrument of its own.
    fn named(
        &mut self,
        kind: Kind,
        all: Vec<(Cow<'_, str>, Read)>,
        is_whole: bool,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        self.roster.check(all.iter().map(|(symbol, _)| symbol.as_ref()))?;
        for (symbol, read) in all {
            take(self.roster.get(&symbol)?, (kind, is_whole), [read], recv, out);
        }
        Ok(())
    }
}

impl Adapter for Okx {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response((url, body), recv, out),
            // Another connection's books may go on: what is followed is kept.
            Frame::Connected => {
                self.roster.states().for_each(|choices| choices.book.reopened());
                Ok(())
            }
            Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |choices| *choices = Choices::default());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
