//! Frames as bytes, in both codecs; the readers in `web/` are held to the same file.
//!
//! `TICKWIRE_BLESS=1 cargo test --test it -- golden` writes the file anew after a wanted change.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::{Value, json};
use tickwire::domain::market::{Interval, Market, MarketState, Moment, Policy};
use tickwire::feeds::simulator::Simulator;
use tickwire::wire::channel::Channel;
use tickwire::wire::code::Code;
use tickwire::wire::codec::Codec;
use tickwire::wire::command::CommandError;
use tickwire::wire::data::{Data, Exps};
use tickwire::wire::ingest;
use tickwire::wire::message::{self, Allowances, Place, Span, Subscribed, Update};

const NAME: &str = "SIM:ACME";
const START: i64 = 1_772_323_200_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn fold(market: &mut Market, at_s: i64, mut event: Value) {
    event["instrument"] = NAME.into();
    event["ts_event"] = (START + at_s * SECOND).into();
    event["ts_recv"] = event["ts_event"].clone();
    let mut events = Vec::new();
    ingest::decode(Some(NAME.as_bytes()), None, event.to_string().as_bytes(), &mut events).unwrap();
    let admission = market.admit(&events).unwrap();
    market.accept(admission);
    for event in events {
        market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
    }
}

fn trade(id: &str, price: &str, qty: &str, aggressor: Option<&str>) -> Value {
    json!({"type": "trade", "trade_id": id, "price": price, "qty": qty, "aggressor": aggressor})
}

fn book(kind: &str, bids: Value, asks: Value) -> Value {
    json!({"type": kind, "bids": bids, "asks": asks})
}

/// A frame in each codec, from the same messages.
fn frame(name: &str, messages: impl Fn(Codec) -> Vec<Bytes>) -> Value {
    let text = message::json_frame(&messages(Codec::Json));
    let packed = message::packed_frame(&messages(Codec::MessagePack));
    let hex: String = packed.iter().map(|byte| format!("{byte:02x}")).collect();
    let refs: serde_json::Map<String, Value> = TOPICS
        .iter()
        .map(|(reference, channel)| {
            let told = json!({
                "channel": channel, "instrument": NAME, "price_exp": 2, "qty_exp": 3,
            });
            (reference.to_string(), told)
        })
        .collect();
    let messages: Value = serde_json::from_str(&text).unwrap();
    json!({"name": name, "refs": refs, "json": messages, "msgpack": hex})
}

/// What `subscribed` told of each `ref`.
const TOPICS: [(u32, &str); 5] =
    [(1, "quote"), (2, "stats"), (3, "book.2"), (4, "trade"), (300, "bars.1s")];

fn place(channel: Channel, name: &str) -> Place<'_> {
    let reference = TOPICS.iter().find(|(_, known)| *known == name).unwrap().0;
    Place { channel, name, instrument: NAME, reference }
}

fn controls() -> Value {
    let id = json!(7);
    let refused = (Code::UnknownInstrument, "nothing was ever heard of \"SIM:NONE\"".to_owned());
    let exps = Exps { price: 2, qty: 3 };
    frame("control messages", |codec| {
        let allowed = Allowances {
            subscriptions_max: 1_000,
            frame_bytes_max: 65_536,
            messages_per_second: 100,
        };
        let outcomes = [
            (NAME.to_owned(), Subscribed::Ok { reference: 1, exps }),
            ("SIM:NONE".to_owned(), Subscribed::Refused(refused.0, refused.1.clone())),
        ];
        let error = CommandError {
            id: json!("x"),
            code: Code::UnknownOp,
            message: "there is no op \"fly\"".into(),
        };
        vec![
            message::welcome(codec, "s1", 1_772_323_200_000_000, 10_000, allowed),
            message::subscribed(codec, &id, "quote", 50, &outcomes),
            message::unsubscribed(codec, &Value::Null),
            message::pong(codec, &id, 1_772_323_200_000_001),
            message::error(codec, &error),
            message::heartbeat(codec, 1_772_323_200_000_002),
            message::bye(codec, 500),
        ]
    })
}

fn quotes(market: &Market) -> Value {
    let place = place(Channel::Quote, "quote");
    let seq = market.quote().seq;
    frame("quote", |codec| {
        let data = |since| Data::Quote { market, since, shown: MarketState::Live };
        let snapshot = |widened| Update::Snapshot {
            epoch: "log.0.0",
            seq: seq - 1,
            widened,
            missed: None,
            data: data(None),
        };
        let span = Span { first: seq, last: seq };
        [
            snapshot(None),
            snapshot(Some(Exps::of(market))),
            Update::Delta { span, conflated: false, data: data(Some(seq - 1)) },
            Update::Delta { span, conflated: true, data: data(Some(seq)) },
            Update::Resumed { epoch: "log.0.0", seq, state: Some("stale") },
            Update::State("live"),
        ]
        .iter()
        .map(|update| update.encode(codec, place))
        .collect()
    })
}

fn statistics(market: &Market, fresh: &Market) -> Value {
    let place = place(Channel::Stats, "stats");
    let (seq, epoch) = (market.stats().seq, "log.0.0");
    frame("stats", |codec| {
        let whole = |market, seq| Update::Snapshot {
            epoch,
            seq,
            widened: None,
            missed: None,
            data: Data::Stats { market, since: None },
        };
        let data = Data::Stats { market, since: Some(seq - 1) };
        [
            whole(fresh, 0),
            whole(market, seq),
            Update::Delta { span: Span { first: seq, last: seq }, conflated: false, data },
            Update::Resumed { epoch, seq, state: None },
        ]
        .iter()
        .map(|update| update.encode(codec, place))
        .collect()
    })
}

fn books(market: &Market) -> Value {
    let place = place(Channel::Book(2), "book.2");
    let seq = market.book_seq;
    let before = market.book().top_at(seq - 1, 2).unwrap();
    frame("book.2", |codec| {
        let shown = MarketState::Live;
        let diff = market.book().diff_from(&before, 2);
        [
            Update::Snapshot {
                epoch: "log.0.0",
                seq: seq - 1,
                widened: None,
                missed: None,
                data: Data::Book { market, diff: before.clone(), since: None, shown },
            },
            Update::Delta {
                span: Span { first: seq, last: seq },
                conflated: false,
                data: Data::Book { market, diff, since: Some(seq - 1), shown },
            },
            Update::State("stale"),
        ]
        .iter()
        .map(|update| update.encode(codec, place))
        .collect()
    })
}

fn prints(market: &Market) -> Value {
    let place = place(Channel::Trade, "trade");
    let (seq, exps) = (market.tape().seq, Exps::of(market));
    frame("trade", |codec| {
        let snapshot = |missed| Update::Snapshot {
            epoch: "log.0.0",
            seq,
            widened: None,
            missed,
            data: Data::Prints { prints: market.tape().last_prints(100), exps },
        };
        let items = market.tape().items_since(0).unwrap().collect();
        [
            snapshot(None),
            snapshot(Some(Some(31))),
            snapshot(Some(None)),
            Update::Event { span: Span { first: 1, last: seq }, data: Data::Items { items, exps } },
        ]
        .iter()
        .map(|update| update.encode(codec, place))
        .collect()
    })
}

fn bars(market: &Market) -> Value {
    let place = place(Channel::Bars(Interval::S1), "bars.1s");
    let series = market.bars(Interval::S1);
    let exps = Exps::of(market);
    frame("bars.1s", |codec| {
        let shown = Data::Bars { bars: series.shown().collect(), since: None, exps };
        let since = series.seq - 1;
        let changed = series.changed_since(since).unwrap().collect();
        [
            Update::Snapshot {
                epoch: "log.0.0",
                seq: series.seq,
                widened: None,
                missed: None,
                data: shown,
            },
            Update::Delta {
                span: Span { first: series.seq, last: series.seq },
                conflated: false,
                data: Data::Bars { bars: changed, since: Some(since), exps },
            },
        ]
        .iter()
        .map(|update| update.encode(codec, place))
        .collect()
    })
}

/// Everything that a reader has to get right: nulls, negative prices, sums beyond 64 bits, levels
/// that leave, prints that are taken back, numbers of every width.
fn frames() -> Value {
    let mut fresh = Market::new("log.0.0");
    fold(&mut fresh, 0, book("book_snapshot", json!([["0.01", "0.001"]]), json!([])));
    let mut market = Market::new("log.0.0");
    let m = &mut market;
    fold(
        m,
        0,
        book("book_snapshot", json!([["-0.5", "1.25"], ["-1", "40000"]]), json!([["2", "7"]])),
    );
    fold(
        m,
        1,
        book("book_delta", json!([["-0.5", "0"], ["-0.75", "0.001"]]), json!([["1.5", "300"]])),
    );
    fold(m, 1, trade("a", "12.34", "0.001", Some("buy")));
    fold(m, 2, trade("b-\"quoted\"", "-0.01", "4000000000000", Some("sell")));
    fold(m, 3, trade("c", "90000000000000", "4000000000000", None));
    fold(m, 4, json!({"type": "trade_cancel", "trade_id": "a"}));
    fold(
        m,
        4,
        json!({"type": "trade_correct", "trade_id": "b-\"quoted\"", "price": "0.02", "qty": "65536"}),
    );
    fold(
        m,
        5,
        json!({"type": "quote", "bid": "1.00", "bid_qty": "128", "ask": null, "ask_qty": null}),
    );
    fold(
        m,
        6,
        json!({"type": "quote", "bid": "1.00", "bid_qty": "129", "ask": "2147483648", "ask_qty": "1"}),
    );
    json!([controls(), quotes(m), statistics(m, &fresh), books(m), prints(m), bars(m),])
}

#[test]
fn frames_are_the_golden_ones_in_both_codecs() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames.json");
    let made = format!("{:#}\n", frames());
    if std::env::var_os("TICKWIRE_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(golden == made, "the wire changed: see {} and bless what was wanted", path.display());
}

/// What changed since a channel's last message, as every receiver of a raw class gets it.
fn update_of<'m>(market: &'m Market, channel: Channel, since: u64) -> Option<(u64, Update<'m>)> {
    let (exps, shown) = (Exps::of(market), MarketState::Live);
    let (last, data) = match channel {
        Channel::Quote => (market.quote().seq, Data::Quote { market, since: Some(since), shown }),
        Channel::Stats => (market.stats().seq, Data::Stats { market, since: Some(since) }),
        Channel::Book(depth) => {
            let before = market.book().top_at(since, usize::from(depth))?;
            let diff = market.book().diff_from(&before, usize::from(depth));
            (market.book_seq, Data::Book { market, diff, since: Some(since), shown })
        }
        Channel::Trade => {
            let items = market.tape().items_since(since)?.collect();
            (market.tape().seq, Data::Items { items, exps })
        }
        Channel::Bars(interval) => {
            let bars = market.bars(interval).changed_since(since)?.collect();
            (market.bars(interval).seq, Data::Bars { bars, since: Some(since), exps })
        }
    };
    let span = Span { first: since + 1, last };
    let update = match channel {
        Channel::Trade => Update::Event { span, data },
        _ => Update::Delta { span, conflated: false, data },
    };
    (since < last).then_some((last, update))
}

/// The table of `docs/protocol.md`; run with `--nocapture` to see it.
#[test]
fn message_pack_takes_less_than_half_the_bytes_of_json() {
    let channels: [(u32, &str); 5] =
        [(101, "quote"), (102, "stats"), (103, "book.20"), (104, "trade"), (105, "bars.1m")];
    let mut market = Market::new("log.0.0");
    let mut totals = [(0_u64, 0_usize, 0_usize, 0_u64); 5];
    for record in Simulator::new(1, START, 1_000, 1).take(20_000) {
        let admission = market.admit(&record.events).unwrap();
        market.accept(admission);
        for event in &record.events {
            market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new());
        }
        for ((reference, name), total) in channels.into_iter().zip(&mut totals) {
            let channel: Channel = name.parse().unwrap();
            let Some((last, update)) = update_of(&market, channel, total.0) else { continue };
            let place = Place { channel, name, instrument: NAME, reference };
            total.0 = last;
            total.1 += update.encode(Codec::Json, place).len();
            total.2 += update.encode(Codec::MessagePack, place).len();
            total.3 += 1;
        }
        market.forget_bars();
    }
    println!("| channel | messages | JSON, bytes a message | MessagePack |");
    for ((_, name), (_, json, packed, count)) in channels.into_iter().zip(totals) {
        let each = |bytes: usize| bytes as u64 / count;
        println!("| `{name}` | {count} | {} | {} |", each(json), each(packed));
        assert!(packed * 2 < json, "{name}");
    }
}
