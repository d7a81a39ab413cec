//! HitBTC and Bequant, two houses of one protocol; API 2 (JSON-RPC notifications) and API 3
//! (channels).
//!
//! - API 2: `{"method", "params": {"symbol", …}}`. API 3: `{"ch", "snapshot" | "update" | "data":
//!   {symbol: …}}`; several symbols can stand in one message.
//! - Sequence: contiguous, each update's is the last one plus 1; where it begins anew, the book is lost
//!   ([`book`]).
//! - Snapshot: the answer to a subscription, and the whole book.
//! - Checksum: none.
//! - Scale: decimals as text; quantities are of the base, for perpetuals (`…_PERP`) too.
//! - Time: RFC 3339 with milliseconds (API 2), milliseconds (API 3).
//! - Candles: of all trades, first to last; a minute without trades has none ([`candle`]).
//!
//! `orderbook/D5`, `D10` and `D20` tell the best levels whole each time, and give nothing beside
//! `orderbook/full` of a symbol. API 2's ticker has no sizes, so it is no quote; API 3's
//! `orderbook/top` is one. REST `/public/symbol` defines the instruments ([`definition`]),
//! `/public/trades` holds trades ([`trade`]); `/public/orderbook` has no sequence and is left out.
//!
//! Source: api.hitbtc.com and api.bequant.io, "Socket Market Data" (API 3), "Socket API" (API 2).

mod book;
mod candle;
mod definition;
mod line;
mod quote;
mod trade;
mod wire;

use serde::Deserialize;
use serde::de::IgnoredAny;

use self::book::{Followed, Form};
use self::candle::Candles;
use self::line::Socket;
use self::wire::{BySymbol, Params};
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::borrowed::{self, Text};

/// `HITBTC:…`.
pub(super) const HITBTC: Venue = Venue {
    name: "hitbtc",
    prefix: "HITBTC",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Absent, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(HitBtc::new("HITBTC")),
    line: || Box::new(Socket::new(&line::HITBTC)),
    witness: || Box::new(Candles::new("HITBTC")),
};

/// `BEQUANT:…`.
pub(super) const BEQUANT: Venue = Venue {
    name: "bequant",
    prefix: "BEQUANT",
    adapter: || Box::new(HitBtc::new("BEQUANT")),
    line: || Box::new(Socket::new(&line::BEQUANT)),
    witness: || Box::new(Candles::new("BEQUANT")),
    ..HITBTC
};

/// The adapter of one of the houses.
#[derive(Debug)]
struct HitBtc {
    roster: Roster<Followed>,
}

/// Everything that a message taken here can have.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    method: Option<&'a str>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
    #[serde(borrow)]
    ch: Option<&'a str>,
    #[serde(borrow)]
    snapshot: Option<BySymbol<'a>>,
    #[serde(borrow)]
    update: Option<BySymbol<'a>>,
    #[serde(borrow)]
    data: Option<BySymbol<'a>>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

/// Whether a request was refused.
#[derive(Deserialize)]
struct Fault {
    error: Option<Refusal>,
}

/// Only whether a message was refused, and what it is about.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    ch: Option<Text<'a>>,
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

impl HitBtc {
    fn new(prefix: &'static str) -> Self {
        Self { roster: Roster::new(prefix) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let told: Told<'_> = match borrowed::from_str(text) {
            Ok(told) => told,
            Err(_) if is_of_another_kind(text) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(Refusal { code, message }) = told.error {
            return Err(FrameError::Venue(format!("{code} {message}")));
        }
        let roster = &mut self.roster;
        if let Some(channel) = told.ch {
            return channel_of(roster, channel, told, recv, out);
        }
        match told.method {
            Some(name @ ("snapshotOrderbook" | "updateOrderbook")) => {
                let params = needed(told.params, "no params")?;
                let is_whole = name == "snapshotOrderbook";
                let form = if is_whole { Form::Whole } else { Form::Update };
                book::api2(roster, params, form, recv, out)
            }
            Some("snapshotTrades" | "updateTrades") => {
                trade::api2(roster, needed(told.params, "no params")?, recv, out)
            }
            Some(_) => Ok(()),
            None if told.id.is_some() || told.result.is_some() => Ok(()),
            None => Err(FrameError::Shape("neither a method nor a channel")),
        }
    }

    fn response(
        &mut self,
        url: Option<&str>,
        body: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if let Ok(Fault { error: Some(Refusal { code, message }) }) = borrowed::from_str(body) {
            return Err(FrameError::Venue(format!("{code} {message}")));
        }
        // Of the bodies taken here only trades have sides.
        if body.contains("\"side\"") {
            trade::response(&mut self.roster, url, body, recv, out)
        } else {
            definition::take(&mut self.roster, body, recv, out)
        }
    }
}

/// Takes a message of API 3.
fn channel_of(
    roster: &mut Roster<Followed>,
    channel: &str,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if channel == "trades" {
        let rows = told.snapshot.or(told.update).or(told.data);
        return trade::api3(roster, needed(rows, "no trades")?, recv, out);
    }
    let Some(kind) = channel.strip_prefix("orderbook/") else { return Ok(()) };
    if kind.starts_with("top/") {
        return quote::take(roster, needed(told.data, "no data")?, recv, out);
    }
    // What is no update is whole: `data` of the channels of few levels.
    let (books, form) = match (told.update, told.snapshot.or(told.data)) {
        (Some(books), None) => (books, Form::Update),
        (None, Some(books)) if kind.starts_with("full") => (books, Form::Whole),
        (None, Some(books)) => (books, Form::Few),
        _ => return Err(FrameError::Shape("neither snapshot nor update")),
    };
    book::api3(roster, books, form, recv, out)
}

/// Whether an object is about something that is not taken here, whose fields may mean anything.
fn is_of_another_kind(text: &str) -> bool {
    let Ok(head) = borrowed::from_str::<Head<'_>>(text) else { return false };
    let channel = |name: &str| name != "trades" && !name.starts_with("orderbook/");
    let method = |name: &str| !name.ends_with("Orderbook") && !name.ends_with("Trades");
    head.ch.map_or_else(|| head.method.is_some_and(|name| method(&name)), |name| channel(&name))
}

impl Adapter for HitBtc {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response(url, body, recv, out),
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |followed| *followed = Followed::Nothing);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
