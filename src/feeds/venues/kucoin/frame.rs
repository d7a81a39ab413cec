//! A frame: `{"type", "topic", "subject", "data"}` of the classic WebSocket, `{"T", "dp", "t", "d"}`
//! of the newer one, `{"code", "data"}` of REST.
//!
//! `data` may stand before what says of which kind it is, so one pass reads it as having the fields
//! of all kinds that are taken. Where that fails, a second look tells whether it is of another kind.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use crate::domain::market::Nanos;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Bare, Levels, TIME_LIMIT, epoch};
use crate::wire::borrowed;

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
    pub symbol: Cow<'a, str>,
    /// Of `obu`: `snapshot` or `delta`.
    pub action: Cow<'a, str>,
    /// What it says.
    pub data: Data<'a>,
}

/// A whole number, bare or as a string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits(pub Option<u64>);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.trim_matches('"').parse().ok()))
    }
}

/// What any kind can have; the newer WebSocket's names are single letters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(borrow, alias = "s")]
    pub symbol: Option<Cow<'a, str>>,
    #[serde(alias = "O")]
    pub sequence_start: Option<Digits>,
    #[serde(alias = "C")]
    pub sequence_end: Option<Digits>,
    pub changes: Option<Changes>,
    #[serde(alias = "E")]
    pub sequence: Option<Digits>,
    /// `price,side,quantity`.
    #[serde(borrow)]
    pub change: Option<Cow<'a, str>>,
    #[serde(alias = "bestBidPrice")]
    pub best_bid: Option<Bare>,
    pub best_bid_size: Option<Bare>,
    #[serde(alias = "bestAskPrice")]
    pub best_ask: Option<Bare>,
    pub best_ask_size: Option<Bare>,
    #[serde(borrow, alias = "S")]
    pub side: Option<Cow<'a, str>>,
    #[serde(alias = "p")]
    pub price: Option<Bare>,
    #[serde(alias = "q")]
    pub size: Option<Bare>,
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

/// Changes of both sides.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Changes {
    pub asks: Vec<Change>,
    pub bids: Vec<Change>,
}

/// A level's price, its quantity and the number of the change.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Change(pub Bare, pub Bare, pub Digits);

impl Digits {
    /// The number, where it is one.
    pub fn number(self) -> Result<u64, FrameError> {
        self.0.ok_or(FrameError::Value("sequence"))
    }
}

impl<'a> Data<'a> {
    /// Its time, where it has one.
    pub fn at(&self) -> Result<Option<Nanos>, FrameError> {
        let Some(digits) = self.time.or(self.ts).or(self.timestamp) else { return Ok(None) };
        let value = digits.0.ok_or(FrameError::Time("time"))?;
        if value < NANOS_FROM {
            return epoch("time", value).map(Some);
        }
        let nanos = Nanos::try_from(value).ok().filter(|nanos| *nanos < TIME_LIMIT);
        nanos.map(Some).ok_or(FrameError::Time("time"))
    }

    /// The id of a trade.
    pub fn id(&self) -> Option<&'a str> {
        self.trade_id.map(|raw| raw.get().trim_matches('"')).filter(|id| !id.is_empty())
    }
}

/// What says of which kind a message is.
#[derive(Default)]
struct Head<'a> {
    topic: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    channel: Option<Cow<'a, str>>,
    depth: Option<Cow<'a, str>>,
}

/// A message of any kind that is taken.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "d")]
    data: Option<Data<'a>>,
    #[serde(borrow, rename = "T")]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "dp")]
    depth: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "t")]
    action: Option<Cow<'a, str>>,
}

/// A message of no kind that is taken, or an answer.
#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "T")]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "dp")]
    depth: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
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
fn symbol_of(head: Head<'_>) -> Option<Cow<'_, str>> {
    let after = |topic: &str| topic.split_once(':').map(|(_, symbol)| symbol.to_owned());
    match head.topic.as_deref().and_then(after)?.as_str() {
        "all" => head.subject,
        symbol => Some(Cow::Owned(symbol.to_owned())),
    }
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
    code: Option<Cow<'a, str>>,
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
