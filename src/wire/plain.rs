//! The usual form of a JSON record, read in one pass.
//!
//! Trades, quotes and books as feeds write them: names without escapes, times and sequences as plain
//! integers. Whatever else a record holds makes [`read`] give up, and the general reader decides;
//! it alone says why a record is refused. Both give the same events, or this one none.

use super::number::TIME_LIMIT;
use crate::domain::market::{Aggressor, Body, Decimal, Event, LevelChange, Nanos, Trade};

/// The longest trade id taken, in bytes.
pub const TRADE_ID_BYTES_MAX: usize = 128;

/// Appends the events of a record whose instrument is `key`; none where the form is not the usual
/// one. What was appended until then is the caller's to take away.
pub(super) fn read(key: &str, text: &str, events: &mut Vec<Event>) -> Option<()> {
    let mut cursor = Cursor { text, bytes: text.as_bytes(), at: 0 };
    if cursor.peek()? == b'[' {
        cursor.at += 1;
        loop {
            events.push(cursor.event(key)?);
            match cursor.next()? {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
    } else {
        events.push(cursor.event(key)?);
    }
    cursor.peek().is_none().then_some(())
}

struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

/// What an event may hold beside its type; a field that is null is as one that is not there,
/// except in `sides`.
#[derive(Default)]
struct Fields<'a> {
    ts_event: Option<Nanos>,
    ts_recv: Option<Nanos>,
    seq: Option<u64>,
    prev_seq: Option<u64>,
    trade_id: Option<&'a str>,
    price: Option<Decimal>,
    qty: Option<Decimal>,
    aggressor: Option<&'a str>,
    /// `bid`, `bid_qty`, `ask`, `ask_qty`.
    sides: [Option<Decimal>; 4],
    bids: Option<Vec<LevelChange>>,
    asks: Option<Vec<LevelChange>>,
}

const QUOTE_FIELDS: u32 = 0b1111 << 16;

impl<'a> Cursor<'a> {
    fn event(&mut self, key: &str) -> Option<Event> {
        let (mut kind, mut fields, mut seen) = ("", Fields::default(), 0_u32);
        let mut named = false;
        self.eat(b'{')?;
        loop {
            let name = self.string()?;
            self.eat(b':')?;
            let bit = match name {
                "type" => {
                    kind = self.string()?;
                    0
                }
                "instrument" => {
                    named = self.string()? == key;
                    1
                }
                "ts_event" => {
                    fields.ts_event = Some(self.time()?);
                    2
                }
                "ts_recv" => {
                    fields.ts_recv = self.unless_null(Self::time)?;
                    3
                }
                "seq" => {
                    fields.seq = self.unless_null(Self::integer)?;
                    4
                }
                "prev_seq" => {
                    fields.prev_seq = self.unless_null(Self::integer)?;
                    5
                }
                "trade_id" => {
                    fields.trade_id = Some(self.string()?);
                    6
                }
                "price" => {
                    fields.price = Some(self.decimal()?);
                    7
                }
                "qty" => {
                    fields.qty = Some(self.decimal()?);
                    8
                }
                "aggressor" => {
                    fields.aggressor = self.unless_null(Self::string)?;
                    9
                }
                "bids" => {
                    fields.bids = Some(self.levels()?);
                    10
                }
                "asks" => {
                    fields.asks = Some(self.levels()?);
                    11
                }
                "bid" => {
                    fields.sides[0] = self.unless_null(Self::decimal)?;
                    16
                }
                "bid_qty" => {
                    fields.sides[1] = self.unless_null(Self::decimal)?;
                    17
                }
                "ask" => {
                    fields.sides[2] = self.unless_null(Self::decimal)?;
                    18
                }
                "ask_qty" => {
                    fields.sides[3] = self.unless_null(Self::decimal)?;
                    19
                }
                _ => return None,
            };
            if seen & (1 << bit) != 0 {
                return None;
            }
            seen |= 1 << bit;
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        if !named || (kind == "quote" && seen & QUOTE_FIELDS != QUOTE_FIELDS) {
            return None;
        }
        let Fields { ts_event, ts_recv, seq, prev_seq, .. } = fields;
        Some(Event { ts_event: ts_event?, ts_recv, seq, prev_seq, body: body_of(kind, fields)? })
    }

    /// The next byte that is no blank, left where it is.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.eat(b'"')?;
        let start = self.at;
        while let Some(word) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            match first_special(u64::from_le_bytes(*word)) {
                8 => self.at += 8,
                within => {
                    self.at += within;
                    break;
                }
            }
        }
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    fn unless_null<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.peek()? == b'n' {
            let word = self.bytes.get(self.at..self.at + 4)?;
            self.at += 4;
            return (word == b"null").then_some(None);
        }
        read(self).map(Some)
    }

    /// Digits without a sign, and no zero before others: fewer than twenty.
    fn integer(&mut self) -> Option<u64> {
        self.peek()?;
        let (start, mut value) = (self.at, 0_u64);
        while let Some(byte @ b'0'..=b'9') = self.bytes.get(self.at) {
            value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        let count = self.at - start;
        let plain = (1..20).contains(&count) && (count == 1 || self.bytes[start] != b'0');
        let whole = !matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        (plain && whole).then_some(value)
    }

    fn time(&mut self) -> Option<Nanos> {
        Nanos::try_from(self.integer()?).ok().filter(|time| *time < TIME_LIMIT)
    }

    /// A decimal as a string; as a JSON number it is the general reader's.
    fn decimal(&mut self) -> Option<Decimal> {
        Decimal::parse(self.string()?).ok()
    }

    fn levels(&mut self) -> Option<Vec<LevelChange>> {
        let mut levels = Vec::new();
        self.eat(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(levels);
        }
        loop {
            self.eat(b'[')?;
            let price = self.decimal()?;
            self.eat(b',')?;
            let qty = self.decimal()?;
            self.eat(b']')?;
            levels.push((price, qty));
            match self.next()? {
                b',' => {}
                b']' => return Some(levels),
                _ => return None,
            }
        }
    }
}

/// Which of eight bytes, the first in the lowest, is the first quote, backslash or control character;
/// 8 where none is. (Mycroft's test for a zero byte; its false hits lie above a true one.)
#[inline]
fn first_special(word: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let quote = zero(word ^ u64::from_le_bytes([b'"'; 8]));
    let backslash = zero(word ^ u64::from_le_bytes([b'\\'; 8]));
    let control = zero(word & u64::from_le_bytes([0xe0; 8]));
    (quote | backslash | control).trailing_zeros() as usize / 8
}

fn body_of(kind: &str, fields: Fields<'_>) -> Option<Body> {
    let not_negative = |levels: &[LevelChange]| levels.iter().all(|(_, qty)| !qty.is_negative());
    match kind {
        "trade" => {
            let trade_id = fields.trade_id?;
            let qty = fields.qty?;
            let fits = (1..=TRADE_ID_BYTES_MAX).contains(&trade_id.len());
            if !fits || qty.is_negative() || qty.is_zero() {
                return None;
            }
            Some(Body::Trade(Box::new(Trade {
                trade_id: trade_id.into(),
                price: fields.price?,
                qty,
                aggressor: match fields.aggressor {
                    None => None,
                    Some("buy") => Some(Aggressor::Buy),
                    Some("sell") => Some(Aggressor::Sell),
                    Some(_) => return None,
                },
                count: 1,
                conditions: Default::default(),
            })))
        }
        "quote" => {
            let [bid, bid_qty, ask, ask_qty] = fields.sides;
            let side = |price: Option<Decimal>, qty: Option<Decimal>| match (price, qty) {
                (Some(price), Some(qty)) if !qty.is_negative() => Some(Some((price, qty))),
                (None, None) => Some(None),
                _ => None,
            };
            Some(Body::Quote { bid: side(bid, bid_qty)?, ask: side(ask, ask_qty)? })
        }
        "book_delta" | "book_snapshot" => {
            let (bids, asks) = (fields.bids?, fields.asks?);
            if !not_negative(&bids) || !not_negative(&asks) {
                return None;
            }
            Some(if kind == "book_delta" {
                Body::BookDelta { bids, asks, checksum: None }
            } else {
                Body::BookSnapshot { bids, asks, checksum: None }
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ingest;

    const KEY: &str = "SIM:A";

    fn usual(text: &str) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        read(KEY, text, &mut events).map(|()| events)
    }

    fn general(text: &str) -> Result<Vec<Event>, ingest::IngestError> {
        let mut events = Vec::new();
        ingest::decode_any(KEY, text, &mut events).map(|()| events)
    }

    /// Pieces of which records are made: some usual, some not.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => r#""-?[0-9]{1,20}(\.[0-9]{0,20})?""#,
            2 => r"-?[0-9]{1,21}(\.[0-9]{1,3})?(e[0-9])?",
            1 => Just("null".to_owned()),
            1 => Just("nul".to_owned()),
            1 => Just("true".to_owned()),
            2 => prop_oneof![Just(r#""buy""#), Just(r#""sell""#), Just(r#""""#), Just(r#""\u0041""#), Just("\"\u{1}\"")].prop_map(str::to_owned),
            1 => r#"\[(\["[0-9]{1,3}","[0-9]{1,2}"\])?\]"#,
            1 => r#"\[\["[0-9]{1,3}", ?"-?[0-9]{1,2}"\],\["7","0.10"\]\]"#,
            1 => r#""[a-zé~.0-9]{0,130}""#,
        ]
    }

    fn event() -> impl Strategy<Value = String> {
        let kind = prop_oneof![
            Just("trade"),
            Just("quote"),
            Just("book_delta"),
            Just("book_snapshot"),
            Just("heartbeat"),
            Just("nonsense"),
        ];
        let name = prop_oneof![
            Just("ts_recv"),
            Just("seq"),
            Just("prev_seq"),
            Just("trade_id"),
            Just("price"),
            Just("qty"),
            Just("aggressor"),
            Just("bid"),
            Just("bid_qty"),
            Just("ask"),
            Just("ask_qty"),
            Just("bids"),
            Just("asks"),
            Just("count"),
            Just("unknown"),
        ];
        let usual = prop_oneof![
            Just(r#""trade_id":"t1","price":"101.250","qty":"2.0","aggressor":"buy""#),
            Just(r#""bid":"1.5","bid_qty":"0","ask":null,"ask_qty":null"#),
            Just(r#""bids":[["1","2"]],"asks":[]"#),
            Just(r#""bids":[],"asks":[["1","2"],["3.00","0"]]"#),
        ];
        let extra = proptest::collection::vec((name, value()), 0..4);
        let time = prop_oneof![3 => Just("1772323200000000000".to_owned()), 1 => value()];
        (kind, time, usual, extra, prop::bool::weighted(0.9)).prop_map(
            |(kind, time, usual, extra, right)| {
                let instrument = if right { KEY } else { "SIM:B" };
                let extra: String =
                    extra.iter().map(|(name, value)| format!(",\"{name}\": {value}")).collect();
                format!(
                    r#"{{"type":"{kind}","instrument":"{instrument}","ts_event":{time},{usual}{extra}}}"#
                )
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_is_read_in_one_pass_is_what_the_general_reader_reads(
            events in proptest::collection::vec(event(), 1..3),
            array in any::<bool>(),
            cut in prop::option::weighted(0.1, 0_usize..200),
        ) {
            let mut text =
                if array { format!("[{}]", events.join(",")) } else { events[0].clone() };
            if let Some(cut) = cut.filter(|cut| text.is_char_boundary(*cut)) {
                text.truncate(cut);
            }
            if let Some(events) = usual(&text) {
                prop_assert_eq!(general(&text), Ok(events));
            }
        }
    }

    #[test]
    fn the_usual_records_are_read_in_one_pass() {
        for text in [
            r#"{"type":"trade","instrument":"SIM:A","ts_event":5,"ts_recv":6,"trade_id":"t","price":"1","qty":"2","aggressor":null}"#,
            r#"{"type":"quote","instrument":"SIM:A","ts_event":5,"seq":7,"bid":"1","bid_qty":"2","ask":null,"ask_qty":null}"#,
            r#" [ {"type" : "book_delta","instrument":"SIM:A","ts_event":5,"prev_seq":null,"bids":[["1","0"]],"asks":[]} ] "#,
        ] {
            let events = usual(text).unwrap();
            assert_eq!(general(text), Ok(events), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_first_special_byte_of_eight_is_found(bytes in any::<[u8; 8]>()) {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            let found = bytes.iter().position(special).unwrap_or(8);
            prop_assert_eq!(first_special(u64::from_le_bytes(bytes)), found);
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_left_to_the_general_reader() {
        let text = r#"{"type":"heartbeat","type":"quote","instrument":"SIM:A","ts_event":5,"bid":null,"bid_qty":null,"ask":null,"ask_qty":null}"#;
        assert_eq!(usual(text), None);
    }
}
