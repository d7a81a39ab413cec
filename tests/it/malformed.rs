//! Bad records cost nobody but themselves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use serde_json::json;
use tickwire::feeds::kafka::DEAD_LETTER_TOPIC;

use super::hub::{PATIENCE, TestHub};

const NAME: &str = "BAD:X";

/// Records that cannot be understood, with the reason each is refused for.
fn bad_records() -> Vec<(Vec<u8>, &'static str)> {
    let event = |fields: &str| {
        format!(r#"{{"instrument":"{NAME}","ts_event":1700000000000000000,{fields}}}"#).into_bytes()
    };
    let trade = |fields: &str| event(&format!(r#""type":"trade","trade_id":"t",{fields}"#));
    let at = |ts: &str| {
        format!(r#"{{"type":"heartbeat","instrument":"{NAME}","ts_event":{ts}}}"#).into_bytes()
    };
    let heartbeat = rmp_serde::to_vec_named(&json!({
        "type": "heartbeat", "instrument": NAME, "ts_event": 1,
    }))
    .unwrap();
    let mut all: Vec<(Vec<u8>, &'static str)> = vec![
        (b"".to_vec(), "empty"),
        (b"[]".to_vec(), "empty"),
        (b"nonsense".to_vec(), "unknown_content_type"),
        (b"{".to_vec(), "malformed"),
        (b"[1,2".to_vec(), "wrong_type"),
        (b"{\"type\":\"trade\"".to_vec(), "malformed"),
        (b"{}".to_vec(), "wrong_type"),
        (b"[1]".to_vec(), "wrong_type"),
        (b"[null]".to_vec(), "wrong_type"),
        (b"\xff\xfe\x00".to_vec(), "unknown_content_type"),
        (b"{\"type\":\"\xff\"}".to_vec(), "malformed"),
        (event(r#""type":"nonsense""#), "unknown_type"),
        (event(r#""type":7"#), "wrong_type"),
        (event(r#""type":"trade_cancel""#), "missing_field"),
        (event(r#""type":"quote","bid":"1","bid_qty":"1","ask":"2""#), "missing_field"),
        (
            event(r#""type":"quote","bid":"1","bid_qty":null,"ask":null,"ask_qty":null"#),
            "bad_value",
        ),
        (event(r#""type":"book_delta","bids":[]"#), "missing_field"),
        (event(r#""type":"book_delta","bids":[["1"]],"asks":[]"#), "wrong_type"),
        (event(r#""type":"book_delta","bids":[["1","-1"]],"asks":[]"#), "bad_value"),
        (event(r#""type":"book_snapshot","bids":"no","asks":[]"#), "wrong_type"),
        (
            event(r#""type":"book_delta","bids":[],"asks":[],"checksum":{"kind":"x","value":1}"#),
            "wrong_type",
        ),
        (event(r#""type":"status""#), "missing_field"),
        (event(r#""type":"instrument","tick_size":"0","lot_size":"1""#), "bad_value"),
        (event(r#""type":"heartbeat","seq":-1"#), "wrong_type"),
        (event(r#""type":"heartbeat","seq":18446744073709551616"#), "wrong_type"),
        (trade(r#""price":"1""#), "missing_field"),
        (trade(r#""price":null,"qty":"1""#), "missing_field"),
        (trade(r#""price":"1","qty":"0""#), "bad_value"),
        (trade(r#""price":"1","qty":"-3""#), "bad_value"),
        (trade(r#""price":"1","qty":"1","aggressor":"both""#), "bad_value"),
        (trade(r#""price":"1","qty":"1","count":0"#), "bad_value"),
        (trade(r#""price":"1","qty":"1","count":"2""#), "wrong_type"),
        (trade(r#""price":[],"qty":"1""#), "wrong_type"),
        (trade(r#""price":true,"qty":"1""#), "wrong_type"),
        (event(r#""type":"trade","trade_id":7,"price":"1","qty":"1""#), "wrong_type"),
        (event(r#""type":"trade","trade_id":"","price":"1","qty":"1""#), "bad_value"),
        (at("9223372036854775807"), "bad_timestamp"),
        (at("18446744073709551615"), "bad_timestamp"),
        (at("-9223372036854775808"), "bad_timestamp"),
        (at("-1"), "bad_timestamp"),
        (at("1.5"), "bad_timestamp"),
        (at("\"soon\""), "bad_timestamp"),
        (at("null"), "wrong_type"),
        (br#"{"type":"heartbeat","instrument":"BAD:Y","ts_event":1}"#.to_vec(), "key_mismatch"),
        (br#"{"type":"heartbeat","instrument":"nothing","ts_event":1}"#.to_vec(), "bad_instrument"),
        (vec![b' '; 10_000_000], "malformed"),
        (vec![0xdf, 0xff, 0xff, 0xff, 0xff], "malformed"),
        (vec![0x81, 0xa4, b't', b'y'], "malformed"),
        (vec![0x92, 0x01], "wrong_type"),
        (vec![0xc1], "unknown_content_type"),
        // Events are maps with names: neither by position nor by number, and nothing behind them.
        (br#"[["heartbeat","BAD:X",1]]"#.to_vec(), "wrong_type"),
        ([heartbeat.as_slice(), heartbeat.as_slice()].concat(), "malformed"),
        ([heartbeat.as_slice(), b"\x00"].concat(), "malformed"),
    ];
    for text in ["NaN", "Infinity", "-inf", "1e5", "0x10", "1,5", "", "--1", "+1", "1."] {
        all.push((trade(&format!(r#""price":"{text}","qty":"1""#)), "bad_decimal"));
    }
    all.push((trade(r#""price":1e5,"qty":"1""#), "bad_decimal"));
    all.push((trade(r#""price":"1","qty":"1234567890123456789012345678""#), "out_of_range"));
    all.push((trade(r#""price":"0.1234567890123456789","qty":"1""#), "out_of_range"));
    // One bad event refuses its whole record.
    let good = format!(r#"{{"type":"heartbeat","instrument":"{NAME}","ts_event":1}}"#);
    all.push((format!("[{good},{}]", good.replace(":1}", ":-1}")).into_bytes(), "bad_timestamp"));
    all
}

#[tokio::test]
async fn bad_records_are_dead_lettered_with_reasons_and_the_partition_goes_on() {
    let hub = TestHub::start(&[]).await;
    let bad = bad_records();
    assert!(60 <= bad.len());
    for (value, _) in &bad {
        hub.produce_raw(NAME.as_bytes(), value, &[]);
    }
    hub.produce(
        NAME,
        &json!({"type": "trade", "instrument": NAME, "ts_event": 1_700_000_000_000_000_000_i64,
                "trade_id": "good", "price": "1.5", "qty": "2", "aggressor": "buy"}),
    );
    hub.flush();
    hub.until("the good record after the bad ones is folded", async || {
        Some(hub.get(&format!("/api/v1/stats?instruments={NAME}")).await)
            .filter(|(status, body)| *status == 200 && body["stats"][0]["last"] == "1.5")
    })
    .await;

    let letters = dead_letters(&hub, bad.len());
    for (nth, (value, reason)) in bad.iter().enumerate() {
        let (seen, copy) = &letters[&(nth as i64)];
        assert_eq!(seen, reason, "{}", String::from_utf8_lossy(&value[..value.len().min(200)]));
        assert!(copy == value, "the value of {nth} is changed");
    }
    assert_eq!(hub.metric("tickwire_dead_letters_total", "reason").await, bad.len() as u64);
}

/// Dead letters by the place of the record: reason and value.
fn dead_letters(hub: &TestHub, count: usize) -> BTreeMap<i64, (String, Vec<u8>)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &hub.kafka.brokers)
        .set("group.id", format!("{}reader", hub.kafka.prefix))
        .set("auto.offset.reset", "earliest")
        .set("receive.message.max.bytes", "200000000")
        .create()
        .unwrap();
    consumer.subscribe(&[&hub.kafka.topic(DEAD_LETTER_TOPIC)]).unwrap();
    let mut letters = BTreeMap::new();
    let began = Instant::now();
    while letters.len() < count {
        assert!(began.elapsed() < PATIENCE, "only {} of {count} dead letters", letters.len());
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        let header = |name: &str| {
            let headers = message.headers().unwrap();
            let found = headers.iter().find(|header| header.key == name).unwrap();
            String::from_utf8(found.value.unwrap().to_vec()).unwrap()
        };
        assert_eq!(message.key(), Some(NAME.as_bytes()));
        assert_eq!(header("source-topic"), hub.kafka.topic("md.v1"));
        let offset = header("source-offset").parse().unwrap();
        let value = message.payload().unwrap_or_default().to_vec();
        letters.insert(offset, (header("reason"), value));
    }
    letters
}
