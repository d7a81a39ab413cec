//! Records of `md.v1` as market events.

use compact_str::CompactString;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};

use super::msgpack::{self, ReadError};
use super::named::Named;
use super::number::{DecimalField, TimeField};
use super::plain;
pub use super::plain::TRADE_ID_BYTES_MAX;
use super::text::Text;
use crate::domain::market::{
    Aggressor, Body, Checksum, ChecksumKind, Decimal, DecimalError, Definition, Event, Imbalance,
    Instrument, LevelChange, Nanos, Statistic, Trade,
};

/// Records larger than this are refused, in bytes.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a record cannot be understood. Its text is the stable reason of the dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IngestError {
    /// No value, or an array without events.
    #[error("empty")]
    Empty,
    /// More than [`RECORD_BYTES_MAX`].
    #[error("too_large")]
    TooLarge,
    /// Neither JSON nor MessagePack by its header or first byte.
    #[error("unknown_content_type")]
    UnknownContentType,
    /// Not well-formed, or cut short.
    #[error("malformed")]
    Malformed,
    /// Well-formed, but a field has the wrong type.
    #[error("wrong_type")]
    WrongType,
    /// A field that the event's type needs is not there.
    #[error("missing_field")]
    MissingField,
    /// A type this hub does not know.
    #[error("unknown_type")]
    UnknownType,
    /// Not a name of an instrument.
    #[error("bad_instrument")]
    BadInstrument,
    /// The record's key is not the instrument of each of its events.
    #[error("key_mismatch")]
    KeyMismatch,
    /// Before 1970, or too far in the future to be a time.
    #[error("bad_timestamp")]
    BadTimestamp,
    /// Not an exact decimal number.
    #[error("bad_decimal")]
    BadDecimal,
    /// A number that 64 bits with at most 18 decimals cannot hold.
    #[error("out_of_range")]
    OutOfRange,
    /// A value that makes no sense there, such as a negative quantity.
    #[error("bad_value")]
    BadValue,
}

impl From<DecimalError> for IngestError {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::Malformed => Self::BadDecimal,
            DecimalError::OutOfRange => Self::OutOfRange,
        }
    }
}

/// How a record's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/msgpack`.
    MessagePack,
}

/// Told by the `content-type` header, or else by the first byte.
///
/// # Errors
///
/// [`IngestError::UnknownContentType`] where neither tells.
pub fn encoding_of(header: Option<&[u8]>, value: &[u8]) -> Result<Encoding, IngestError> {
    match header {
        Some(b"application/json") => Ok(Encoding::Json),
        Some(b"application/msgpack" | b"application/x-msgpack") => Ok(Encoding::MessagePack),
        Some(_) => Err(IngestError::UnknownContentType),
        None => match value.first() {
            Some(b'{' | b'[' | b' ' | b'\t' | b'\n' | b'\r') => Ok(Encoding::Json),
            Some(0x80..=0x9f | 0xdc..=0xdf) => Ok(Encoding::MessagePack),
            Some(_) => Err(IngestError::UnknownContentType),
            None => Err(IngestError::Empty),
        },
    }
}

/// Reads one record: all of its events are of the instrument that its key names.
///
/// Events are appended to `events`, whole or not at all.
///
/// # Errors
///
/// The first reason found; one bad event refuses the record.
pub fn decode(
    key: Option<&[u8]>,
    content_type: Option<&[u8]>,
    value: &[u8],
    events: &mut Vec<Event>,
) -> Result<(), IngestError> {
    if RECORD_BYTES_MAX < value.len() {
        return Err(IngestError::TooLarge);
    }
    if value.is_empty() {
        return Err(IngestError::Empty);
    }
    let key = key.and_then(|key| std::str::from_utf8(key).ok()).unwrap_or("");
    let before = events.len();
    let outcome = match encoding_of(content_type, value)? {
        Encoding::Json => decode_json(key, value, events),
        Encoding::MessagePack => decode_msgpack(key, value, events),
    };
    let empty = outcome.is_ok() && events.len() == before;
    let outcome = if empty { Err(IngestError::Empty) } else { outcome };
    if outcome.is_err() {
        events.truncate(before);
    }
    outcome
}

fn decode_json(key: &str, value: &[u8], events: &mut Vec<Event>) -> Result<(), IngestError> {
    // Once for the whole record is cheaper than once for each of its strings.
    let text = std::str::from_utf8(value).map_err(|_| IngestError::Malformed)?;
    let before = events.len();
    if Instrument::check(key).is_ok() && plain::read(key, text, events).is_some() {
        return Ok(());
    }
    events.truncate(before);
    decode_any(key, text, events)
}

/// JSON of any form that the contract allows.
pub(super) fn decode_any(
    key: &str,
    text: &str,
    events: &mut Vec<Event>,
) -> Result<(), IngestError> {
    let fault = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => IngestError::WrongType,
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => IngestError::Malformed,
    };
    // The name by which numbers hand over their text must not come from outside.
    if text.contains("$serde_json::private::Number") {
        return Err(IngestError::WrongType);
    }
    if text.bytes().find(|byte| !byte.is_ascii_whitespace()) == Some(b'[') {
        let raw: Vec<Named<RawEvent<'_>>> = serde_json::from_str(text).map_err(fault)?;
        raw.into_iter().try_for_each(|raw| take(key, raw.0, events))
    } else {
        let raw: Named<RawEvent<'_>> = serde_json::from_str(text).map_err(fault)?;
        take(key, raw.0, events)
    }
}

fn decode_msgpack(key: &str, value: &[u8], events: &mut Vec<Event>) -> Result<(), IngestError> {
    if matches!(value.first(), Some(0x90..=0x9f | 0xdc | 0xdd)) {
        let raw: Vec<Named<RawEvent<'_>>> = whole_msgpack(value)?;
        raw.into_iter().try_for_each(|raw| take(key, raw.0, events))
    } else {
        take(key, whole_msgpack::<Named<RawEvent<'_>>>(value)?.0, events)
    }
}

/// One value with nothing behind it.
fn whole_msgpack<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, IngestError> {
    use rmp_serde::decode::Error;
    msgpack::read_whole(value).map_err(|error| match error {
        ReadError::Decode(Error::TypeMismatch(_) | Error::Syntax(_) | Error::OutOfRange) => {
            IngestError::WrongType
        }
        _ => IngestError::Malformed,
    })
}

/// The fields of all event types; which ones must be there depends on `type`.
#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    instrument: Text<'a>,
    ts_event: TimeField,
    #[serde(default)]
    ts_recv: Option<TimeField>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    prev_seq: Option<u64>,
    #[serde(borrow, default)]
    trade_id: Option<Text<'a>>,
    #[serde(default)]
    price: Option<DecimalField>,
    #[serde(default)]
    qty: Option<DecimalField>,
    #[serde(borrow, default)]
    aggressor: Option<Text<'a>>,
    #[serde(default)]
    count: Option<u32>,
    #[serde(borrow, default)]
    conditions: Option<Vec<Text<'a>>>,
    #[serde(default, deserialize_with = "present")]
    bid: Option<Option<DecimalField>>,
    #[serde(default, deserialize_with = "present")]
    bid_qty: Option<Option<DecimalField>>,
    #[serde(default, deserialize_with = "present")]
    ask: Option<Option<DecimalField>>,
    #[serde(default, deserialize_with = "present")]
    ask_qty: Option<Option<DecimalField>>,
    #[serde(default)]
    bids: Option<Vec<(DecimalField, DecimalField)>>,
    #[serde(default)]
    asks: Option<Vec<(DecimalField, DecimalField)>>,
    #[serde(borrow, default)]
    checksum: Option<RawChecksum<'a>>,
    #[serde(borrow, default)]
    action: Option<Text<'a>>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
    #[serde(default)]
    tick_size: Option<DecimalField>,
    #[serde(default)]
    lot_size: Option<DecimalField>,
    #[serde(borrow, default)]
    base: Option<Text<'a>>,
    #[serde(borrow, default)]
    quote: Option<Text<'a>>,
    #[serde(borrow, default, rename = "kind")]
    product: Option<Text<'a>>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    statistic: Option<Text<'a>>,
    #[serde(default)]
    ts_ref: Option<TimeField>,
    #[serde(borrow, default)]
    auction: Option<Text<'a>>,
    #[serde(borrow, default)]
    side: Option<Text<'a>>,
    #[serde(default)]
    paired_qty: Option<DecimalField>,
    #[serde(default)]
    ref_price: Option<DecimalField>,
}

#[derive(Deserialize)]
struct RawChecksum<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    value: i64,
}

/// Tells a field that is null from one that is not there.
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

fn take(key: &str, raw: RawEvent<'_>, events: &mut Vec<Event>) -> Result<(), IngestError> {
    Instrument::check(&raw.instrument).map_err(|_| IngestError::BadInstrument)?;
    if *raw.instrument != *key {
        return Err(IngestError::KeyMismatch);
    }
    let time = |field: TimeField| field.0.ok_or(IngestError::BadTimestamp);
    let (ts_event, ts_recv): (Nanos, _) = (time(raw.ts_event)?, raw.ts_recv.map(time).transpose()?);
    let (seq, prev_seq) = (raw.seq, raw.prev_seq);
    events.push(Event { ts_event, ts_recv, seq, prev_seq, body: body_of(raw)? });
    Ok(())
}

fn body_of(raw: RawEvent<'_>) -> Result<Body, IngestError> {
    if holds_nul(&raw) {
        return Err(IngestError::BadValue);
    }
    match raw.kind.as_ref() {
        "trade" => Ok(Body::Trade(Box::new(trade_of(raw)?))),
        "trade_cancel" => Ok(Body::TradeCancel { trade_id: id_of(raw.trade_id)? }),
        "trade_correct" => Ok(Body::TradeCorrect {
            trade_id: id_of(raw.trade_id)?,
            price: needed(raw.price)?,
            qty: above_zero(needed(raw.qty)?)?,
        }),
        "quote" => {
            Ok(Body::Quote { bid: pair(raw.bid, raw.bid_qty)?, ask: pair(raw.ask, raw.ask_qty)? })
        }
        kind @ ("book_snapshot" | "book_delta") => {
            let bids = levels(raw.bids)?;
            let asks = levels(raw.asks)?;
            let checksum = raw.checksum.map(checksum_of).transpose()?;
            Ok(if kind == "book_snapshot" {
                Body::BookSnapshot { bids, asks, checksum }
            } else {
                Body::BookDelta { bids, asks, checksum }
            })
        }
        "status" => Ok(Body::Status {
            action: (*raw.action.ok_or(IngestError::MissingField)?).into(),
            reason: raw.reason.map(String::from),
        }),
        "instrument" => Ok(Body::Instrument(Box::new(Definition {
            tick_size: above_zero(needed(raw.tick_size)?)?,
            lot_size: above_zero(needed(raw.lot_size)?)?,
            base: raw.base.map(String::from),
            quote: raw.quote.map(String::from),
            kind: raw.product.map(String::from),
            description: raw.description.map(String::from),
        }))),
        "statistic" => Ok(Body::Statistic(Box::new(statistic_of(raw)?))),
        "imbalance" => Ok(Body::Imbalance(Box::new(imbalance_of(raw)?))),
        "disconnect" => Ok(Body::Disconnect),
        "heartbeat" => Ok(Body::Heartbeat),
        _ => Err(IngestError::UnknownType),
    }
}

/// The database's text holds no NUL, so no stored text may.
fn holds_nul(raw: &RawEvent<'_>) -> bool {
    let texts = [&raw.reason, &raw.base, &raw.quote, &raw.product, &raw.description];
    let texts = texts.into_iter().chain([&raw.statistic, &raw.auction]);
    let conditions = raw.conditions.iter().flatten().map(|text| &**text);
    let mut texts = texts.flatten().map(|text| &**text).chain(conditions);
    texts.any(|text: &str| text.contains('\0'))
}

fn trade_of(raw: RawEvent<'_>) -> Result<Trade, IngestError> {
    let aggressor = side_of(raw.aggressor.as_deref())?;
    let count = raw.count.unwrap_or(1);
    if count == 0 {
        return Err(IngestError::BadValue);
    }
    Ok(Trade {
        trade_id: id_of(raw.trade_id)?,
        price: needed(raw.price)?,
        qty: above_zero(needed(raw.qty)?)?,
        aggressor,
        count,
        conditions: raw
            .conditions
            .map_or_else(CompactString::default, |list| list.join(" ").into()),
    })
}

fn side_of(word: Option<&str>) -> Result<Option<Aggressor>, IngestError> {
    match word {
        None => Ok(None),
        Some("buy") => Ok(Some(Aggressor::Buy)),
        Some("sell") => Ok(Some(Aggressor::Sell)),
        Some(_) => Err(IngestError::BadValue),
    }
}

fn statistic_of(raw: RawEvent<'_>) -> Result<Statistic, IngestError> {
    let ts_ref = raw.ts_ref.map(|field| field.0.ok_or(IngestError::BadTimestamp));
    Ok(Statistic {
        statistic: (*raw.statistic.ok_or(IngestError::MissingField)?).into(),
        price: given(raw.price)?,
        qty: given(raw.qty)?,
        ts_ref: ts_ref.transpose()?,
        deleted: match raw.action.as_deref() {
            None | Some("new") => false,
            Some("delete") => true,
            Some(_) => return Err(IngestError::BadValue),
        },
    })
}

fn imbalance_of(raw: RawEvent<'_>) -> Result<Imbalance, IngestError> {
    let numbers = [raw.qty, raw.paired_qty, raw.ref_price, raw.price].map(given);
    let [qty, paired_qty, ref_price, price] = numbers;
    let auction = raw.auction.as_deref().map(Into::into);
    let side = side_of(raw.side.as_deref())?;
    let (qty, paired_qty) = (qty?, paired_qty?);
    Ok(Imbalance { auction, side, qty, paired_qty, ref_price: ref_price?, price: price? })
}

fn given(field: Option<DecimalField>) -> Result<Option<Decimal>, IngestError> {
    Ok(field.map(|field| field.0).transpose()?)
}

fn checksum_of(raw: RawChecksum<'_>) -> Result<Checksum, IngestError> {
    let kind: Result<_, serde::de::value::Error> =
        ChecksumKind::deserialize((*raw.kind).into_deserializer());
    Ok(Checksum { kind: kind.map_err(|_| IngestError::WrongType)?, value: raw.value })
}

fn id_of(id: Option<Text<'_>>) -> Result<CompactString, IngestError> {
    let id = id.ok_or(IngestError::MissingField)?;
    if id.is_empty() || TRADE_ID_BYTES_MAX < id.len() || id.contains('\0') {
        return Err(IngestError::BadValue);
    }
    Ok((&*id).into())
}

fn needed(field: Option<DecimalField>) -> Result<Decimal, IngestError> {
    Ok(field.ok_or(IngestError::MissingField)?.0?)
}

fn above_zero(number: Decimal) -> Result<Decimal, IngestError> {
    if number.is_negative() || number.is_zero() {
        return Err(IngestError::BadValue);
    }
    Ok(number)
}

fn not_negative(number: Decimal) -> Result<Decimal, IngestError> {
    if number.is_negative() { Err(IngestError::BadValue) } else { Ok(number) }
}

fn pair(
    price: Option<Option<DecimalField>>,
    qty: Option<Option<DecimalField>>,
) -> Result<Option<LevelChange>, IngestError> {
    let both = (price.ok_or(IngestError::MissingField)?, qty.ok_or(IngestError::MissingField)?);
    match both {
        (Some(price), Some(qty)) => Ok(Some((price.0?, not_negative(qty.0?)?))),
        (None, None) => Ok(None),
        _ => Err(IngestError::BadValue),
    }
}

fn levels(
    rows: Option<Vec<(DecimalField, DecimalField)>>,
) -> Result<Vec<LevelChange>, IngestError> {
    let rows = rows.ok_or(IngestError::MissingField)?;
    rows.into_iter().map(|(price, qty)| Ok((price.0?, not_negative(qty.0?)?))).collect()
}

#[cfg(test)]
mod tests;
