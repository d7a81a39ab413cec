//! Bitstamp: `diff_order_book`, `order_book`, `detail_order_book`, `live_trades` and the REST book.
//!
//! - Messages are `{"event", "channel", "data"}`; the symbol is the end of the channel, `btcusd`.
//! - Sequence: none; the `microtimestamp` of a book only grows and serves as one: what is old is
//!   seen, a gap is not ([`book`]).
//! - Snapshot: REST, behind which the changes since its `microtimestamp` come again. In a recording
//!   one adapter serves all connections of the venue, so that books by REST meet their changes. Which
//!   pairs an opening is of is not told, but each subscription that is confirmed begins its pair's
//!   changes anew: what came before is lost. A recording tells too when a subscription was asked for,
//!   which a recorder that reads late hears confirmed much later.
//! - Checksum: none.
//! - Scale: decimals as text.
//! - Time: `microtimestamp`, microseconds as text.
//! - Candles: REST only ([`candle`]).
//! - Quotes: none is published.
//!
//! `live_orders`, the life of single orders, gives no events: it has no snapshot to stand on.
//!
//! Source: www.bitstamp.net/websocket/v2/, www.bitstamp.net/api/ ("Order book", "OHLC data").

mod book;
mod candle;
mod definition;
mod line;
mod trade;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::candle::Ohlc;
use self::line::Socket;
use super::backlog::Backlog;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::choice::Choice;
use super::reading::{Levels, TIME_LIMIT};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

const PREFIX: &str = "BITSTAMP";

/// `BITSTAMP:…`.
pub(super) const VENUE: Venue = Venue {
    name: "bitstamp",
    prefix: PREFIX,
    sequencing: Sequencing::Monotonic,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Bitstamp::new()),
    line: || Box::new(Socket),
    witness: || Box::new(Ohlc),
};

/// What is remembered of a pair.
#[derive(Debug, Default)]
struct Pair {
    backlog: Backlog,
    /// Which channel makes the book.
    choice: Choice,
    /// When this side asked for its changes, where that is told.
    said: Option<Nanos>,
    /// When it was heard that its changes are subscribed: all since then come.
    confirmed: Option<Nanos>,
    /// Whether changes came since.
    has_changes: bool,
    /// The REST book behind which no change came yet.
    rest: Option<Rest>,
}

/// A REST book that was given.
#[derive(Clone, Copy, Debug)]
struct Rest {
    seq: u64,
    /// The venue's time of it.
    at: Nanos,
    /// After which opening it came.
    opened: u32,
    /// When it came.
    recv: Nanos,
}

/// The adapter.
#[derive(Debug)]
struct Bitstamp {
    roster: Roster<Pair>,
    /// How many connections were opened.
    opened: u32,
}

/// A message.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    event: Option<&'a str>,
    #[serde(borrow)]
    channel: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "one_object")]
    data: Option<Data<'a>>,
}

/// What this side says.
#[derive(Deserialize)]
struct Request<'a> {
    event: &'a str,
    #[serde(borrow)]
    data: Requested<'a>,
}

/// What is asked for.
#[derive(Deserialize)]
struct Requested<'a> {
    channel: &'a str,
}

/// Everything that data taken here can have; a REST book has the same.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    microtimestamp: Option<&'a str>,
    bids: Option<Levels>,
    asks: Option<Levels>,
    id: Option<u64>,
    price_str: Option<DecimalField>,
    amount_str: Option<DecimalField>,
    #[serde(rename = "type")]
    kind: Option<u8>,
    /// What the venue says of a refusal.
    message: Option<String>,
}

/// What REST says of a refusal.
#[derive(Deserialize)]
struct Refusal {
    status: Option<String>,
    #[serde(default)]
    reason: serde_json::Value,
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

impl Data<'_> {
    /// Microseconds as they stand, and as a time.
    fn time(&self) -> Result<(u64, Nanos), FrameError> {
        const FAULT: FrameError = FrameError::Time("microtimestamp");
        let micros: u64 =
            needed(self.microtimestamp, "no microtimestamp")?.parse().or(Err(FAULT))?;
        let nanos = micros.checked_mul(1_000).and_then(|nanos| Nanos::try_from(nanos).ok());
        Ok((micros, nanos.filter(|nanos| *nanos < TIME_LIMIT).ok_or(FAULT)?))
    }
}

impl Bitstamp {
    fn new() -> Self {
        Self { roster: Roster::new(PREFIX), opened: 0 }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let Told { event, channel, data } = borrowed::from_str(text)?;
        let event = needed(event, "no event")?;
        if event == "bts:error" {
            let message = data.and_then(|data| data.message);
            return Err(FrameError::Venue(message.unwrap_or_default()));
        }
        let roster = &mut self.roster;
        let of = |kind: &str| channel.and_then(|channel| channel.strip_prefix(kind));
        let data = needed(data, "no data");
        match event {
            "data" => {
                if let Some(symbol) = of("diff_order_book_") {
                    book::changes(roster, symbol, data?, recv, out)
                } else if let Some(symbol) = of("order_book_") {
                    book::best(roster, symbol, data?, recv, out)
                } else if let Some(symbol) = of("detail_order_book_") {
                    book::orders(roster, symbol, data?, recv, out)
                } else {
                    Ok(())
                }
            }
            "bts:subscription_succeeded" | "bts:unsubscription_succeeded" => {
                let opened = (event == "bts:subscription_succeeded").then_some(self.opened);
                match of("diff_order_book_") {
                    Some(symbol) => book::begin(roster, symbol, opened, recv, out),
                    None => Ok(()),
                }
            }
            "trade" => match of("live_trades_") {
                Some(symbol) => trade::take(roster, symbol, &data?, recv, out),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What is no request for a pair's changes says nothing.
    fn said(&mut self, text: &str, recv: Nanos) {
        if let Ok(Request { event: "bts:subscribe", data }) = borrowed::from_str(text)
            && let Some(symbol) = data.channel.strip_prefix("diff_order_book_")
            && let Ok(listed) = self.roster.get(symbol)
        {
            listed.state.said = (0 < recv).then_some(recv);
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
            return definition::take(&mut self.roster, text, recv, out);
        }
        if let Ok(data) = borrowed::from_str::<Data<'_>>(text)
            && data.bids.is_some()
            && data.asks.is_some()
        {
            // Of the symbol named in its URL, else of the only one heard of.
            let symbol = url.and_then(symbol_in).map_or_else(|| self.roster.only(), Ok)?;
            return book::snapshot(&mut self.roster, (&symbol, self.opened), data, recv, out);
        }
        let refusal: Refusal = borrowed::from_str(text)?;
        if refusal.status.as_deref() == Some("error") {
            return Err(FrameError::Venue(refusal.reason.to_string()));
        }
        Ok(())
    }
}

impl Adapter for Bitstamp {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response(url, body, recv, out),
            Frame::Said(text) => {
                self.said(text, recv);
                Ok(())
            }
            Frame::Connected => {
                self.opened = self.opened.wrapping_add(1);
                Ok(())
            }
            Frame::Lost => {
                self.roster.lose(recv, out, |pair| *pair = Pair::default());
                Ok(())
            }
        }
    }
}

/// The symbol at the end of the URL's path.
fn symbol_in(url: &str) -> Option<String> {
    let path = url.split('?').next()?.trim_end_matches('/');
    let (_, symbol) = path.split_once("/order_book/")?;
    Some(symbol.to_owned())
}

/// An object as [`Data`]; anything else, such as `""`, as none.
fn one_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Data<'de>>, D::Error> {
    struct DataVisitor;

    impl<'de> Visitor<'de> for DataVisitor {
        type Value = Option<Data<'de>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("data")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Data::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(DataVisitor)
}

#[cfg(test)]
pub(super) mod tests;
