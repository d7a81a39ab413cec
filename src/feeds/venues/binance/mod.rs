//! Binance spot and USD-M futures: `depthUpdate`, `trade`, `aggTrade`, `bookTicker` and the REST
//! depth snapshot.
//!
//! Messages come bare or in the combined stream's envelope `{"stream", "data"}`; the symbol is the
//! one in `s`. The event's time is the transaction time `T` where the message has one, else the
//! event time `E`; spot `bookTicker` has neither. Times are milliseconds, or microseconds where the
//! stream was asked for them (`timeUnit=MICROSECOND`).
//!
//! Source: developers.binance.com, "WebSocket Streams" (spot) and "Websocket Market Streams"
//! (USD-M futures).
//!
//! Subscribe either `trade` or `aggTrade` of a symbol: both tell the same fills. Partial book
//! streams (`depth5`, `depth10`, `depth20`) carry no symbol and give no events.

mod depth;
mod quote;
mod trade;

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use self::depth::Ladder;
use super::reading::epoch;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError};
use crate::domain::market::{Event, Instrument, Nanos};

/// Which of the two markets: they differ in how a snapshot and its deltas join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Spot.
    Spot,
    /// USD-M futures.
    Futures,
}

/// The adapter of one Binance market.
#[derive(Debug)]
pub(super) struct Binance {
    rules: Rules,
    roster: Roster<Ladder>,
}

/// What tells the kind of a message; everything else is passed over.
#[derive(Debug, Default, Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, deserialize_with = "one_object")]
    data: Option<Inner<'a>>,
    #[serde(borrow, default)]
    e: Option<Cow<'a, str>>,
    /// `bookTicker`'s best bid quantity: on spot nothing else tells the kind.
    #[serde(rename = "B", default)]
    bid_qty: Option<IgnoredAny>,
    #[serde(rename = "lastUpdateId", default)]
    last_update_id: Option<IgnoredAny>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    id: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    msg: Option<String>,
}

/// What stands in an envelope.
#[derive(Debug)]
enum Inner<'a> {
    One(Box<Head<'a>>),
    /// A list, as all-market streams send; none of them carries what is taken here.
    Many,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    msg: String,
}

/// The envelope of combined streams.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// The body of a message, in its envelope or bare.
fn body<'a, T: Deserialize<'a>>(text: &'a str, enveloped: bool) -> Result<T, FrameError> {
    Ok(if enveloped {
        serde_json::from_str::<Envelope<T>>(text)?.data
    } else {
        serde_json::from_str(text)?
    })
}

/// The transaction time where there is one, else the event time.
fn time_of(transaction: Option<u64>, event: Option<u64>) -> Result<Option<Nanos>, FrameError> {
    transaction.or(event).map(|value| epoch("T or E", value)).transpose()
}

impl Binance {
    /// The spot market, `BINANCE:…`.
    pub fn spot() -> Self {
        Self { rules: Rules::Spot, roster: Roster::new("BINANCE") }
    }

    /// The USD-M futures market, `BINANCE-USDM:…`.
    pub fn usdm() -> Self {
        Self { rules: Rules::Futures, roster: Roster::new("BINANCE-USDM") }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if text.trim_start().starts_with('[') {
            // A bare all-market stream.
            serde_json::from_str::<Vec<IgnoredAny>>(text)?;
            return Ok(());
        }
        let outer: Head<'_> = object(text)?;
        let (head, enveloped) = match outer.data {
            Some(Inner::One(head)) => (*head, true),
            Some(Inner::Many) => return Ok(()),
            None => (outer, false),
        };
        let roster = &mut self.roster;
        match head.e.as_deref() {
            Some("depthUpdate") => {
                depth::update(roster, self.rules, body(text, enveloped)?, recv, out)
            }
            Some("trade") => trade::print(roster, body(text, enveloped)?, recv, out),
            Some("aggTrade") => trade::aggregate(roster, body(text, enveloped)?, recv, out),
            Some("bookTicker") => quote::take(roster, body(text, enveloped)?, recv, out),
            Some(_) => Ok(()),
            None if head.bid_qty.is_some() => {
                quote::take(roster, body(text, enveloped)?, recv, out)
            }
            None if head.last_update_id.is_some() && enveloped => Ok(()),
            None if head.last_update_id.is_some() => {
                depth::snapshot(roster, self.rules, (body(text, false)?, None), recv, out)
            }
            None => quiet(head),
        }
    }

    fn response(
        &mut self,
        url: Option<&str>,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if text.trim_start().starts_with('[') {
            serde_json::from_str::<Vec<IgnoredAny>>(text)?;
            return Ok(());
        }
        let head: Head<'_> = object(text)?;
        if head.last_update_id.is_some() && head.bid_qty.is_none() {
            let symbol = url.and_then(symbol_in);
            depth::snapshot(&mut self.roster, self.rules, (body(text, false)?, symbol), recv, out)
        } else {
            head.msg.map_or(Ok(()), |msg| Err(FrameError::Venue(msg)))
        }
    }
}

impl Adapter for Binance {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response(url, body, recv, out),
            Frame::Connected => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |ladder| *ladder = Ladder::default());
                Ok(())
            }
        }
    }
}

fn object(text: &str) -> Result<Head<'_>, FrameError> {
    if text.trim_start().starts_with('{') {
        Ok(serde_json::from_str(text)?)
    } else {
        Err(FrameError::Shape("neither an object nor a list"))
    }
}

/// A message of no kind: an answer to a request, or nothing that is known.
fn quiet(head: Head<'_>) -> Result<(), FrameError> {
    if let Some(msg) = head.error.map(|error| error.msg).or(head.msg) {
        return Err(FrameError::Venue(msg));
    }
    if head.id.is_some() || head.result.is_some() {
        return Ok(());
    }
    Err(FrameError::Shape("no event type"))
}

/// The value of the URL's parameter `symbol`, in capitals as the streams write it.
fn symbol_in(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("symbol="))?;
    Some(value.to_ascii_uppercase())
}

/// An object as [`Head`], a list as a list.
fn one_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Inner<'de>>, D::Error> {
    struct InnerVisitor;

    impl<'de> Visitor<'de> for InnerVisitor {
        type Value = Option<Inner<'de>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object or a list")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let head = Head::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Some(Inner::One(Box::new(head))))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Some(Inner::Many))
        }
    }

    deserializer.deserialize_any(InnerVisitor)
}

#[cfg(test)]
mod tests;
