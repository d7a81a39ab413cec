//! WebSocket v2: `{"channel", "type", "data"}`, and the control objects of both versions.
//!
//! Numbers are JSON numbers in full precision; their text counts, for the checksum too. The depth
//! of a book is in the answer to its subscription. Times are RFC 3339.
//!
//! Source: docs.kraken.com, "WebSocket API v2", "Book (Level 2)", "Trade", "Ticker (Level 1)",
//! "Instrument".

use std::borrow::Cow;

use serde::Deserialize;

use super::book::DEPTH_MAX;
use super::channels::Channels;
use super::{Pair, book, definition, quote, trade};
use crate::domain::market::{Checksum, ChecksumKind, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, quantity, rfc3339};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed::{self, Text};
use crate::wire::number::DecimalField;

/// What tells the kind of an object.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    error: Option<String>,
    /// v1's control messages.
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(rename = "errorMessage")]
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: Option<Subscribed<'a>>,
}

#[derive(Deserialize)]
struct Subscribed<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    depth: Option<usize>,
    #[serde(borrow)]
    event_trigger: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Listing<T> {
    data: T,
}

#[derive(Deserialize)]
struct Level {
    price: DecimalField,
    qty: DecimalField,
}

#[derive(Deserialize)]
struct Book<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(default)]
    bids: Vec<Level>,
    #[serde(default)]
    asks: Vec<Level>,
    checksum: Option<u32>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Print<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    side: Cow<'a, str>,
    price: DecimalField,
    qty: DecimalField,
    trade_id: u64,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    bid: DecimalField,
    bid_qty: DecimalField,
    ask: DecimalField,
    ask_qty: DecimalField,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
}

/// Takes an object.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    channels: &mut Channels,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let head: Head<'_> = borrowed::from_str(text)?;
    if let Some(message) = head.error.or(head.error_message) {
        return Err(FrameError::Venue(message));
    }
    if head.method.as_deref() == Some("subscribe") {
        return subscribed(roster, text);
    }
    match head.channel.as_deref() {
        Some("book") => {
            let is_snapshot = match head.kind.as_deref() {
                Some("snapshot") => true,
                Some("update") => false,
                _ => return Err(FrameError::Shape("neither snapshot nor update")),
            };
            let books: Listing<Vec<Book<'_>>> = borrowed::from_str(text)?;
            take_books(roster, books.data, is_snapshot, recv, out)
        }
        Some("trade") => {
            let prints: Listing<Vec<Print<'_>>> = borrowed::from_str(text)?;
            take_prints(roster, &prints.data, recv, out)
        }
        Some("ticker") => {
            let tickers: Listing<Vec<Ticker<'_>>> = borrowed::from_str(text)?;
            take_tickers(roster, &tickers.data, recv, out)
        }
        Some("instrument") => {
            let listing: Listing<definition::Listing<'_>> = borrowed::from_str(text)?;
            definition::take(roster, &listing.data, recv, out)
        }
        Some("heartbeat" | "status" | "ohlc" | "level3" | "executions" | "balances") => Ok(()),
        Some(_) => Err(FrameError::Shape("no channel of WebSocket v2")),
        None if head.event.as_deref() == Some("subscriptionStatus") => channels.note(text),
        None if head.method.is_some() || head.event.is_some() => Ok(()),
        None => Err(FrameError::Shape("no channel, method or event")),
    }
}

/// Remembers what was subscribed: the depth of a book, and when a ticker is sent.
fn subscribed(roster: &mut Roster<Pair>, text: &str) -> Result<(), FrameError> {
    let answer: Answer<'_> = borrowed::from_str(text)?;
    let Some(Subscribed { channel: Some(channel), symbol: Some(symbol), depth, event_trigger }) =
        answer.result
    else {
        return Ok(());
    };
    match channel.as_ref() {
        "book" => {
            let depth = depth.unwrap_or(10);
            if !(1..=DEPTH_MAX).contains(&depth) {
                return Err(FrameError::Value("depth"));
            }
            roster.get(&symbol)?.state.depths.subscribed = Some(depth);
        }
        "ticker" => {
            roster.get(&symbol)?.state.ticker_is_quote = event_trigger.as_deref() == Some("bbo");
        }
        _ => {}
    }
    Ok(())
}

fn changes(levels: Vec<Level>) -> Result<Vec<LevelChange>, FrameError> {
    levels.into_iter().map(|level| Ok((price(level.price)?, quantity(level.qty)?))).collect()
}

fn time_of(text: Option<&str>) -> Result<Option<Nanos>, FrameError> {
    text.map(|text| rfc3339("timestamp", text)).transpose()
}

fn take_books(
    roster: &mut Roster<Pair>,
    books: Vec<Book<'_>>,
    is_snapshot: bool,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(books.len());
    for told in books {
        let at = time_of(told.timestamp.as_deref())?;
        let kind = ChecksumKind::KrakenV2;
        let checksum = told.checksum.map(|value| Checksum { kind, value: value.into() });
        let (bids, asks) = (changes(told.bids)?, changes(told.asks)?);
        all.push((told.symbol, book::Told { at, bids, asks, checksum }));
    }
    roster.check(all.iter().map(|(symbol, _)| symbol.as_ref()))?;
    for (symbol, told) in all {
        let listed = roster.get(&symbol)?;
        if is_snapshot {
            book::snapshot(listed, told, recv, out);
        } else {
            book::delta(listed, told, recv, out);
        }
    }
    Ok(())
}

fn take_prints(
    roster: &mut Roster<Pair>,
    prints: &[Print<'_>],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(prints.len());
    for print in prints {
        let at = rfc3339("timestamp", &print.timestamp)?;
        let numbers = (print.price, print.qty);
        let told = trade::Told::read(at, Some(print.trade_id), numbers, &print.side)?;
        all.push((&print.symbol, told));
    }
    roster.check(all.iter().map(|(symbol, _)| symbol.as_ref()))?;
    for (symbol, told) in all {
        let listed = roster.get(symbol)?;
        out.push((listed.instrument.clone(), trade::event(listed, &told, recv)));
    }
    Ok(())
}

fn take_tickers(
    roster: &mut Roster<Pair>,
    tickers: &[Ticker<'_>],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(tickers.len());
    for ticker in tickers {
        let at = time_of(ticker.timestamp.as_deref())?;
        let bid = (ticker.bid, ticker.bid_qty);
        let told = quote::Told::read(at, bid, (ticker.ask, ticker.ask_qty))?;
        all.push((&ticker.symbol, told));
    }
    roster.check(all.iter().map(|(symbol, _)| symbol.as_ref()))?;
    for (symbol, told) in all {
        let listed = roster.get(symbol)?;
        if listed.state.ticker_is_quote {
            out.push((listed.instrument.clone(), quote::event(listed, &told, recv)));
        }
    }
    Ok(())
}
