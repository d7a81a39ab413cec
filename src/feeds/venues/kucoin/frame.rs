//! A frame: `{"type", "topic", "subject", "data"}` of the classic WebSocket, `{"T", "dp", "t", "d"}`
//! of the newer one, `{"code", "data"}` of REST.
//!
//! `data` may stand before what says of which kind it is, so one pass reads it as having the fields
//! of all kinds that are taken; only the spot book, most of all messages, is known by how it begins
//! and read by itself. Where that fails, a second look tells whether it is of another kind.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use crate::domain::market::Nanos;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Decimals, Levels, epoch, nanos_of};
use crate::wire::borrowed::{self, Text};
use crate::wire::number::DecimalField;

/// From here on a number counts nanoseconds: as microseconds it would lie beyond the year 5138.
const NANOS_FROM: u64 = 100_000_000_000_000_000;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbered changes of a spot book.
    Changes,
    /// One numbered change of a futures' book.
    Change,
    /// The 500 best levels and their changes: `obu` at `increment@10ms`.
    Window,
    /// The best level of each side: `obu` at depth 1.
    Best,
    /// Best bid and ask of a classic ticker.
    Ticker,
    /// A trade.
    Fill,
}

/// A frame of a kind that is taken.
#[derive(Debug)]
pub(super) struct Told<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Whose it is.
    pub symbol: Text<'a>,
    /// Of `obu`: `snapshot` or `delta`.
    pub action: Text<'a>,
    /// What it says.
    pub data: Data<'a>,
}

/// A whole number, bare or as a string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits(pub Option<u64>);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DecimalField::deserialize(deserializer).map(Self::of)
    }
}

/// What any kind can have; the newer WebSocket's names are single letters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(borrow, alias = "s")]
    pub symbol: Option<Text<'a>>,
    #[serde(alias = "O")]
    pub sequence_start: Option<Digits>,
    #[serde(alias = "C")]
    pub sequence_end: Option<Digits>,
    pub changes: Option<Changes>,
    #[serde(alias = "E")]
    pub sequence: Option<Digits>,
    /// `price,side,quantity`.
    #[serde(borrow)]
    pub change: Option<Text<'a>>,
    #[serde(alias = "bestBidPrice")]
    pub best_bid: Option<DecimalField>,
    pub best_bid_size: Option<DecimalField>,
    #[serde(alias = "bestAskPrice")]
    pub best_ask: Option<DecimalField>,
    pub best_ask_size: Option<DecimalField>,
    #[serde(borrow, alias = "S")]
    pub side: Option<Text<'a>>,
    #[serde(alias = "p")]
    pub price: Option<DecimalField>,
    #[serde(alias = "q")]
    pub size: Option<DecimalField>,
    #[serde(borrow, alias = "ti")]
    trade_id: Option<&'a RawValue>,
    #[serde(alias = "a")]
    pub asks: Option<Levels>,
    #[serde(alias = "b")]
    pub bids: Option<Levels>,
    #[serde(alias = "M")]
    time: Option<Digits>,
    ts: Option<Digits>,
    timestamp: Option<Digits>,
}

/// The data of the spot book's changes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Numbered<'a> {
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    pub sequence_start: Option<Digits>,
    pub sequence_end: Option<Digits>,
    pub changes: Option<Changes>,
    time: Option<Digits>,
    ts: Option<Digits>,
    timestamp: Option<Digits>,
}

/// A message of the spot book, which most messages are.
#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow)]
    data: Numbered<'a>,
    #[serde(borrow)]
    topic: Text<'a>,
}

/// How the venue begins one, as recorded and as documented.
const UPDATE_BEGINS: [&str; 2] =
    [r#"{"data":{"sequenceStart":"#, r#"{"type":"message","topic":"/market/level2:"#];

/// Reads a message of the spot book that is written as the venue writes it: its changes, and its
/// symbol. What else may be one is found by [`read`].
pub(super) fn read_update(text: &str) -> Option<(Numbered<'_>, Text<'_>)> {
    if !UPDATE_BEGINS.iter().any(|begin| text.starts_with(begin)) {
        return None;
    }
    let mut update: Update<'_> = borrowed::from_str(text).ok()?;
    if !update.topic.starts_with("/market/level2:") {
        return None;
    }
    let symbol = update.data.symbol.take()?;
    Some((update.data, symbol))
}

/// Changes of both sides.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Changes {
    pub asks: Vec<Change>,
    pub bids: Vec<Change>,
}

/// A level's price, its quantity and the number of the change.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "Decimals<3>")]
pub(super) struct Change(pub DecimalField, pub DecimalField, pub Digits);

impl From<Decimals<3>> for Change {
    fn from(Decimals([at, qty, number]): Decimals<3>) -> Self {
        Self(at, qty, Digits::of(number))
    }
}

impl Digits {
    fn of(DecimalField(number): DecimalField) -> Self {
        let whole = number.ok().filter(|number| number.written_scale() == 0);
        Self(whole.and_then(|number| u64::try_from(number.at(0)?).ok()))
    }

    /// The number, where it is one.
    pub fn number(self) -> Result<u64, FrameError> {
        self.0.ok_or(FrameError::Value("sequence"))
    }
}

/// A time in milli-, micro- or nanoseconds.
fn time_of(digits: Option<Digits>) -> Result<Option<Nanos>, FrameError> {
    let Some(digits) = digits else { return Ok(None) };
    let value = digits.0.ok_or(FrameError::Time("time"))?;
    if value < NANOS_FROM { epoch("time", value) } else { nanos_of("time", value) }.map(Some)
}

impl Numbered<'_> {
    /// Its time, where it has one.
    pub fn at(&self) -> Result<Option<Nanos>, FrameError> {
        time_of(self.time.or(self.ts).or(self.timestamp))
    }
}

impl<'a> Data<'a> {
    /// Its time, where it has one.
    pub fn at(&self) -> Result<Option<Nanos>, FrameError> {
        time_of(self.time.or(self.ts).or(self.timestamp))
    }

    /// What of it the spot book has.
    pub fn numbered(self) -> Numbered<'a> {
        Numbered {
            symbol: self.symbol,
            sequence_start: self.sequence_start,
            sequence_end: self.sequence_end,
            changes: self.changes,
            time: self.time,
            ts: self.ts,
            timestamp: self.timestamp,
        }
    }

    /// The id of a trade.
    pub fn id(&self) -> Option<&'a str> {
        self.trade_id.map(|raw| raw.get().trim_matches('"')).filter(|id| !id.is_empty())
    }
}

/// What says of which kind a message is.
#[derive(Default)]
struct Head<'a> {
    topic: Option<Text<'a>>,
    subject: Option<Text<'a>>,
    channel: Option<Text<'a>>,
    depth: Option<Text<'a>>,
}

/// A message of any kind that is taken.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    topic: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<Text<'a>>,
    #[serde(borrow, alias = "d")]
    data: Option<Data<'a>>,
    #[serde(borrow, rename = "T")]
    channel: Option<Text<'a>>,
    #[serde(borrow, rename = "dp")]
    depth: Option<Text<'a>>,
    #[serde(borrow, rename = "t")]
    action: Option<Text<'a>>,
}

/// A message of no kind that is taken, or an answer.
#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow)]
    topic: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<Text<'a>>,
    #[serde(borrow, rename = "T")]
    channel: Option<Text<'a>>,
    #[serde(borrow, rename = "dp")]
    depth: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    op: Option<IgnoredAny>,
}

impl Head<'_> {
    fn kind(&self) -> Option<Kind> {
        if let Some(channel) = &self.channel {
            return match channel.split_once('.').map_or(channel.as_ref(), |(name, _)| name) {
                "obu" if self.depth.as_deref() == Some("1") => Some(Kind::Best),
                "obu" if self.depth.as_deref()?.starts_with("increment") => Some(Kind::Window),
                "trade" => Some(Kind::Fill),
                _ => None,
            };
        }
        match self.topic.as_deref()?.split_once(':')?.0 {
            "/market/level2" => Some(Kind::Changes),
            "/contractMarket/level2" => Some(Kind::Change),
            "/market/ticker" | "/contractMarket/tickerV2" => Some(Kind::Ticker),
            "/market/match" | "/contractMarket/execution" => Some(Kind::Fill),
            _ => None,
        }
    }
}

/// Reads a message; none for answers and for kinds that are not taken.
pub(super) fn read(text: &str) -> Result<Option<Told<'_>>, FrameError> {
    let message: Message<'_> = match borrowed::from_str(text) {
        Ok(message) => message,
        Err(error) => return other(text, Some(error)),
    };
    let Message { topic, subject, data, channel, depth, action } = message;
    let head = Head { topic, subject, channel, depth };
    let (Some(kind), Some(mut data)) = (head.kind(), data) else { return other(text, None) };
    let symbol = match data.symbol.take() {
        Some(symbol) => symbol,
        None => symbol_of(head).ok_or(FrameError::Shape("no symbol"))?,
    };
    Ok(Some(Told { kind, symbol, action: action.unwrap_or_default(), data }))
}

/// The symbol that a classic topic ends with; of the topic of all tickers it is the subject.
fn symbol_of(head: Head<'_>) -> Option<Text<'_>> {
    let after = |topic: &str| topic.find(':').map(|at| at + 1);
    let symbol = match head.topic?.0 {
        Cow::Borrowed(topic) => Cow::Borrowed(&topic[after(topic)?..]),
        Cow::Owned(topic) => Cow::Owned(topic[after(&topic)?..].to_owned()),
    };
    if symbol == "all" { head.subject } else { Some(Text(symbol)) }
}

/// What stands in a JSON string, or any other value as it is written.
fn plain(raw: &RawValue) -> String {
    borrowed::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Takes a frame that is no message of a kind that is taken; `fault` is what was wrong with it as
/// one.
fn other<'a>(
    text: &'a str,
    fault: Option<serde_json::Error>,
) -> Result<Option<Told<'a>>, FrameError> {
    let other: Other<'a> = borrowed::from_str(text)?;
    let refused = other.result.is_some_and(|result| result.get().contains("false"));
    if refused || other.error.is_some() || other.kind.as_deref() == Some("error") {
        let why = other.reason.or(other.error).or(other.message).or(other.data);
        return Err(FrameError::Venue(why.map(plain).unwrap_or_default()));
    }
    let is_answer = other.kind.is_some()
        || other.result.is_some()
        || other.message.is_some()
        || other.op.is_some();
    let Other { topic, subject, channel, depth, .. } = other;
    let is_message = topic.is_some() || channel.is_some();
    if (Head { topic, subject, channel, depth }).kind().is_none() && (is_message || is_answer) {
        return Ok(None);
    }
    Err(fault.map_or(FrameError::Shape("neither a topic nor an answer"), FrameError::from))
}

/// A REST body.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    code: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
}

/// The code of a REST answer that is as was asked.
const GOOD: &str = "200000";

/// Reads a REST body; none where it is no book.
pub(super) fn read_body(text: &str) -> Result<Option<Data<'_>>, FrameError> {
    let body: Body<'_> = borrowed::from_str(text)?;
    match body.code.as_deref() {
        Some(GOOD) => {}
        Some(code) => {
            let message = body.msg.map(plain).unwrap_or_default();
            return Err(FrameError::Venue(format!("{code} {message}")));
        }
        None => return Err(FrameError::Shape("no code")),
    }
    let Some(raw) = body.data.filter(|raw| raw.get().contains("\"bids\"")) else { return Ok(None) };
    Ok(Some(borrowed::from_str(raw.get())?))
}
