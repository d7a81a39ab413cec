//! A frame: `{"type", "topic", "subject", "data"}` of the classic WebSocket, `{"T", "dp", "t", "d"}`
//! of the newer one.
//!
//! `data` may stand before what says of which kind it is, so one pass reads it as having the fields
//! of all kinds that are taken; only changes of the spot book and its tickers, most of all messages,
//! are known by how they begin and read by themselves (tickers in `quote`). Where that fails, a second look tells whether it is of another kind.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::state::Form;
use crate::domain::market::{Decimal, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Cell, Decimals, Levels, epoch, nanos_of, price, quantity};
use crate::wire::borrowed::{self, DECIMAL, Text};
use crate::wire::number::{DecimalField, ScientificField};

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
    /// The 5 or 50 best levels as they are: `level2Depth5`, `level2Depth50`, `obu` at those depths.
    Depth(Form),
    /// The best level of each side: `obu` at depth 1.
    Best,
    /// The best level of each side, without number: `level1`.
    Top,
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
    pub best_bid: Option<Best>,
    pub best_bid_size: Option<Best>,
    #[serde(alias = "bestAskPrice")]
    pub best_ask: Option<Best>,
    pub best_ask_size: Option<Best>,
    #[serde(borrow, alias = "S")]
    pub side: Option<Text<'a>>,
    #[serde(alias = "p")]
    pub price: Option<ScientificField>,
    #[serde(alias = "q")]
    pub size: Option<ScientificField>,
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

/// A price or quantity of the best level; none where its text is empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best(pub Option<DecimalField>);

impl<'de> Deserialize<'de> for Best {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(DECIMAL, BestVisitor)
    }
}

struct BestVisitor;

impl<'de> Visitor<'de> for BestVisitor {
    type Value = Best;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a decimal or an empty text")
    }

    #[inline]
    fn visit_u128<E: de::Error>(self, bits: u128) -> Result<Self::Value, E> {
        Ok(Best(Some(DecimalField(Ok(Decimal::from_bits(bits))))))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Cell(text) = Cell::deserialize(inner)?;
        let number = || DecimalField(Decimal::parse_scientific(&text));
        Ok(Best((!text.is_empty()).then(number)))
    }
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
    pub asks: Side,
    pub bids: Side,
}

/// Changes of one side. Most messages have one change in all: room is made for that.
#[derive(Debug, Default)]
pub(super) struct Side(pub Vec<Change>);

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SideVisitor)
    }
}

struct SideVisitor;

impl<'de> Visitor<'de> for SideVisitor {
    type Value = Side;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("changes of one side")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut side = Vec::new();
        while let Some(change) = list.next_element()? {
            if side.is_empty() {
                side = Vec::with_capacity(1);
            }
            side.push(change);
        }
        Ok(Side(side))
    }
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

impl Change {
    /// Checks it: its number, and its level unless its price is 0.
    pub fn checked(self) -> Result<(u64, Option<LevelChange>), FrameError> {
        let Self(at, qty, Digits(number)) = self;
        if let (DecimalField(Ok(at)), DecimalField(Ok(qty)), Some(number)) = (at, qty, number)
            && !qty.is_negative()
        {
            return Ok((number, (!at.is_zero()).then_some((at, qty))));
        }
        let (_, _) = (price(at)?, quantity(qty)?);
        Err(FrameError::Value("sequence"))
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
pub(super) fn time_of(digits: Option<Digits>) -> Result<Option<Nanos>, FrameError> {
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
                "obu" if self.depth.as_deref() == Some("5") => Some(Kind::Depth(Form::Best5)),
                "obu" if self.depth.as_deref() == Some("50") => Some(Kind::Depth(Form::Best50)),
                "trade" => Some(Kind::Fill),
                _ => None,
            };
        }
        match self.topic.as_deref()?.split_once(':')?.0 {
            "/market/level2" => Some(Kind::Changes),
            "/contractMarket/level2" => Some(Kind::Change),
            "/market/ticker" | "/contractMarket/tickerV2" => Some(Kind::Ticker),
            "/market/match" | "/contractMarket/execution" => Some(Kind::Fill),
            "/spotMarket/level1" => Some(Kind::Top),
            "/spotMarket/level2Depth5" | "/contractMarket/level2Depth5" => {
                Some(Kind::Depth(Form::Best5))
            }
            "/spotMarket/level2Depth50" | "/contractMarket/level2Depth50" => {
                Some(Kind::Depth(Form::Best50))
            }
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

/// The data of `level1`: a side is one row, without one where it is empty.
#[derive(Deserialize)]
struct Flat {
    asks: Vec<Best>,
    bids: Vec<Best>,
    timestamp: Option<Digits>,
}

fn flat<'a>(head: Head<'a>, raw: Option<&RawValue>) -> Result<Told<'a>, FrameError> {
    let raw = raw.ok_or(FrameError::Shape("no data"))?;
    let Flat { asks, bids, timestamp } = borrowed::from_str(raw.get())?;
    let data = Data {
        best_bid: bids.first().copied(),
        best_bid_size: bids.get(1).copied(),
        best_ask: asks.first().copied(),
        best_ask_size: asks.get(1).copied(),
        timestamp,
        ..Data::default()
    };
    let symbol = symbol_of(head).ok_or(FrameError::Shape("no symbol"))?;
    Ok(Told { kind: Kind::Top, symbol, action: Text::default(), data })
}

/// What stands in a JSON string, or any other value as it is written.
pub(super) fn plain(raw: &RawValue) -> String {
    borrowed::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Takes a frame that is no message of a kind that is taken, or has sides of one row; `fault` is
/// what was wrong with it as another.
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
    let Other { topic, subject, channel, depth, data, .. } = other;
    let is_message = topic.is_some() || channel.is_some();
    let head = Head { topic, subject, channel, depth };
    match head.kind() {
        None if is_message || is_answer => Ok(None),
        Some(Kind::Top) if fault.is_some() => flat(head, data).map(Some),
        _ => {
            Err(fault.map_or(FrameError::Shape("neither a topic nor an answer"), FrameError::from))
        }
    }
}
