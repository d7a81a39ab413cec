//! Market events as records of `md.v1`, JSON.

use super::json::{Object, push_text};
use crate::domain::market::{
    Body, Checksum, ChecksumKind, Decimal, Event, Instrument, LevelChange,
};

/// Writes one event.
#[must_use]
pub fn encode(instrument: &Instrument, event: &Event) -> String {
    let mut out = String::with_capacity(192);
    push_event(&mut out, instrument, event);
    out
}

/// Writes several events of one instrument as one record.
#[must_use]
pub fn encode_all(instrument: &Instrument, events: &[Event]) -> String {
    if let [event] = events {
        return encode(instrument, event);
    }
    let mut out = String::with_capacity(192 * events.len());
    out.push('[');
    for (nth, event) in events.iter().enumerate() {
        if nth != 0 {
            out.push(',');
        }
        push_event(&mut out, instrument, event);
    }
    out.push(']');
    out
}

fn push_event(out: &mut String, instrument: &Instrument, event: &Event) {
    let mut object = Object::open(out);
    object.plain("type", name_of(&event.body));
    object.text("instrument", instrument.as_str());
    object.integer("ts_event", event.ts_event);
    if let Some(ts_recv) = event.ts_recv {
        object.integer("ts_recv", ts_recv);
    }
    if let Some(seq) = event.seq {
        object.integer("seq", seq);
    }
    if let Some(prev_seq) = event.prev_seq {
        object.integer("prev_seq", prev_seq);
    }
    push_body(&mut object, &event.body);
    object.close();
}

fn name_of(body: &Body) -> &'static str {
    match body {
        Body::Trade(_) => "trade",
        Body::TradeCancel { .. } => "trade_cancel",
        Body::TradeCorrect { .. } => "trade_correct",
        Body::Quote { .. } => "quote",
        Body::BookSnapshot { .. } => "book_snapshot",
        Body::BookDelta { .. } => "book_delta",
        Body::Status { .. } => "status",
        Body::Instrument(_) => "instrument",
        Body::Statistic(_) => "statistic",
        Body::Imbalance(_) => "imbalance",
        Body::Disconnect => "disconnect",
        Body::Heartbeat => "heartbeat",
    }
}

fn push_body(object: &mut Object<'_>, body: &Body) {
    match body {
        Body::Trade(trade) => {
            object.text("trade_id", &trade.trade_id);
            number(object, "price", Some(trade.price));
            number(object, "qty", Some(trade.qty));
            match trade.aggressor {
                Some(side) => {
                    object.plain("aggressor", side.name());
                }
                None => object.key("aggressor").push_str("null"),
            }
            if trade.count != 1 {
                object.integer("count", trade.count);
            }
            if !trade.conditions.is_empty() {
                let list: Vec<&str> = trade.conditions.split(' ').collect();
                let text = serde_json::Value::from(list).to_string();
                object.key("conditions").push_str(&text);
            }
        }
        Body::TradeCancel { trade_id } => {
            object.text("trade_id", trade_id);
        }
        Body::TradeCorrect { trade_id, price, qty } => {
            object.text("trade_id", trade_id);
            number(object, "price", Some(*price));
            number(object, "qty", Some(*qty));
        }
        Body::Quote { bid, ask } => {
            number(object, "bid", bid.map(|level| level.0));
            number(object, "bid_qty", bid.map(|level| level.1));
            number(object, "ask", ask.map(|level| level.0));
            number(object, "ask_qty", ask.map(|level| level.1));
        }
        Body::BookSnapshot { bids, asks, checksum } | Body::BookDelta { bids, asks, checksum } => {
            push_levels(object.key("bids"), bids);
            push_levels(object.key("asks"), asks);
            if let Some(checksum) = checksum {
                push_checksum(object.key("checksum"), checksum);
            }
        }
        Body::Status { action, reason } => {
            object.text("action", action);
            optional(object, "reason", reason.as_ref());
        }
        Body::Instrument(definition) => {
            number(object, "tick_size", Some(definition.tick_size));
            number(object, "lot_size", Some(definition.lot_size));
            optional(object, "base", definition.base.as_ref());
            optional(object, "quote", definition.quote.as_ref());
            optional(object, "kind", definition.kind.as_ref());
            optional(object, "description", definition.description.as_ref());
        }
        Body::Statistic(figure) => {
            object.text("statistic", &figure.statistic);
            given(object, "price", figure.price);
            given(object, "qty", figure.qty);
            if let Some(ts_ref) = figure.ts_ref {
                object.integer("ts_ref", ts_ref);
            }
            if figure.deleted {
                object.plain("action", "delete");
            }
        }
        Body::Imbalance(figure) => {
            if let Some(auction) = &figure.auction {
                object.text("auction", auction);
            }
            if let Some(side) = figure.side {
                object.plain("side", side.name());
            }
            given(object, "qty", figure.qty);
            given(object, "paired_qty", figure.paired_qty);
            given(object, "ref_price", figure.ref_price);
            given(object, "price", figure.price);
        }
        Body::Disconnect | Body::Heartbeat => {}
    }
}

fn optional(object: &mut Object<'_>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        object.text(name, value);
    }
}

/// A number that is left out where there is none.
fn given(object: &mut Object<'_>, name: &str, value: Option<Decimal>) {
    if value.is_some() {
        number(object, name, value);
    }
}

fn number(object: &mut Object<'_>, name: &str, value: Option<Decimal>) {
    match value {
        Some(value) => push_text(object.key(name), &value.to_string()),
        None => object.key(name).push_str("null"),
    }
}

fn push_levels(out: &mut String, levels: &[LevelChange]) {
    out.push('[');
    for (nth, (price, qty)) in levels.iter().enumerate() {
        out.push_str(if nth == 0 { "[" } else { ",[" });
        push_text(out, &price.to_string());
        out.push(',');
        push_text(out, &qty.to_string());
        out.push(']');
    }
    out.push(']');
}

fn push_checksum(out: &mut String, checksum: &Checksum) {
    let kind = match checksum.kind {
        ChecksumKind::Kraken => "kraken",
        ChecksumKind::KrakenV2 => "kraken_v2",
        ChecksumKind::Okx => "okx",
        ChecksumKind::Bitget => "bitget",
    };
    let mut object = Object::open(out);
    object.plain("kind", kind).integer("value", checksum.value);
    object.close();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::market::{Aggressor, Imbalance, Statistic, Trade};
    use crate::wire::ingest;

    fn decimals() -> impl Strategy<Value = Decimal> {
        "[1-9][0-9]{0,6}(\\.[0-9]{1,8})?".prop_map(|text| Decimal::parse(&text).unwrap())
    }

    fn bodies() -> impl Strategy<Value = Body> {
        let levels = || prop::collection::vec((decimals(), decimals()), 0..5);
        prop_oneof![
            ("[ -~]{1,20}", decimals(), decimals(), any::<bool>(), 1_u32..9).prop_map(
                |(id, price, qty, buy, count)| Body::Trade(Box::new(Trade {
                    trade_id: id.into(),
                    price,
                    qty,
                    aggressor: buy.then_some(Aggressor::Buy),
                    count,
                    conditions: if buy { "I X".into() } else { "".into() },
                }))
            ),
            (levels(), levels(), any::<u32>()).prop_map(|(bids, asks, sum)| Body::BookDelta {
                bids,
                asks,
                checksum: Some(Checksum { kind: ChecksumKind::KrakenV2, value: sum.into() }),
            }),
            (decimals(), decimals())
                .prop_map(|(price, qty)| Body::Quote { bid: Some((price, qty)), ask: None }),
            (decimals(), any::<Option<u32>>(), any::<bool>()).prop_map(
                |(price, ts_ref, deleted)| {
                    Body::Statistic(Box::new(Statistic {
                        statistic: "settlement_price".into(),
                        price: Some(price),
                        qty: None,
                        ts_ref: ts_ref.map(i64::from),
                        deleted,
                    }))
                }
            ),
            (decimals(), any::<bool>()).prop_map(|(qty, buy)| Body::Imbalance(Box::new(
                Imbalance {
                    auction: buy.then(|| "O".into()),
                    side: buy.then_some(Aggressor::Buy),
                    qty: Some(qty),
                    price: Some(qty),
                    ..Imbalance::default()
                }
            ))),
            Just(Body::Disconnect),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(
            body in bodies(), ts_event in 0_i64..1 << 61, seq in any::<Option<u64>>(),
        ) {
            let instrument = Instrument::parse("SIM:A\u{e9}/B").unwrap();
            let event = Event { ts_event, ts_recv: Some(ts_event), seq, prev_seq: None, body };
            let mut events = Vec::new();
            let text = encode_all(&instrument, &[event.clone(), event.clone()]);
            let key = Some(instrument.as_str().as_bytes());
            ingest::decode(key, None, text.as_bytes(), &mut events).unwrap();

            prop_assert_eq!(events, vec![event.clone(), event]);
        }
    }
}
