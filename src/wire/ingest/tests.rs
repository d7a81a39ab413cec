//! Records of every kind, and every fault.

use super::*;

fn decoded(value: &[u8]) -> Result<Vec<Event>, IngestError> {
    let mut events = Vec::new();
    decode(Some(b"SIM:A"), None, value, &mut events).map(|()| events)
}

#[test]
fn json_and_message_pack_say_the_same() {
    let json = br#"{"type":"trade","instrument":"SIM:A","ts_event":"5","trade_id":"t",
        "price":101.250,"qty":"2","aggressor":"buy"}"#;
    let pack = rmp_serde::to_vec_named(&serde_json::json!({
        "type": "trade", "instrument": "SIM:A", "ts_event": "5", "trade_id": "t",
        "price": "101.250", "qty": "2", "aggressor": "buy",
    }))
    .unwrap();

    assert_eq!(decoded(json).unwrap(), decoded(&pack).unwrap());
}

#[test]
fn each_fault_has_its_reason() {
    let trade = |fields: &str| {
        format!(r#"{{"type":"trade","instrument":"SIM:A","ts_event":1,"trade_id":"t",{fields}}}"#)
    };
    let cases = [
        (String::new(), IngestError::Empty),
        ("[]".into(), IngestError::Empty),
        ("hello".into(), IngestError::UnknownContentType),
        ("{".into(), IngestError::Malformed),
        (r#"{"type":"trade"}"#.into(), IngestError::WrongType),
        (trade(r#""price":"1","qty":1e3"#), IngestError::BadDecimal),
        (trade(r#""price":"NaN","qty":"1""#), IngestError::BadDecimal),
        (trade(r#""price":"1","qty":"-1""#), IngestError::BadValue),
        (trade(r#""price":"1","qty":"1234567890123456789012345678""#), IngestError::OutOfRange),
        (trade(r#""price":"1""#), IngestError::MissingField),
        (trade(r#""price":[],"qty":"1""#), IngestError::WrongType),
        (
            r#"{"type":"nonsense","instrument":"SIM:A","ts_event":1}"#.into(),
            IngestError::UnknownType,
        ),
        (
            r#"{"type":"heartbeat","instrument":"SIM:B","ts_event":1}"#.into(),
            IngestError::KeyMismatch,
        ),
        (
            r#"{"type":"heartbeat","instrument":"simA","ts_event":1}"#.into(),
            IngestError::BadInstrument,
        ),
        (
            r#"{"type":"heartbeat","instrument":"SIM:A","ts_event":9223372036854775807}"#.into(),
            IngestError::BadTimestamp,
        ),
        (
            r#"{"type":"heartbeat","instrument":"SIM:A","ts_event":-1}"#.into(),
            IngestError::BadTimestamp,
        ),
    ];
    for (text, reason) in cases {
        assert_eq!(decoded(text.as_bytes()), Err(reason), "{text}");
    }
}

#[test]
fn one_bad_event_refuses_its_whole_record() {
    let text = br#"[{"type":"heartbeat","instrument":"SIM:A","ts_event":1},
        {"type":"heartbeat","instrument":"SIM:A","ts_event":-1}]"#;
    let mut events = Vec::new();

    assert!(decode(Some(b"SIM:A"), None, text, &mut events).is_err());
    assert!(events.is_empty());
}

#[test]
fn message_pack_floats_are_refused() {
    let pack = rmp_serde::to_vec_named(&std::collections::BTreeMap::from([("price", 1.5)]));
    let mut value = vec![0x86];
    for (name, text) in [("type", "trade"), ("instrument", "SIM:A"), ("trade_id", "t")] {
        value.extend(rmp_serde::to_vec(name).unwrap());
        value.extend(rmp_serde::to_vec(text).unwrap());
    }
    value.extend(rmp_serde::to_vec("ts_event").unwrap());
    value.extend(rmp_serde::to_vec(&1_u64).unwrap());
    value.extend(rmp_serde::to_vec("qty").unwrap());
    value.extend(rmp_serde::to_vec("1").unwrap());
    value.extend(&pack.unwrap()[1..]);

    assert_eq!(decoded(&value), Err(IngestError::BadDecimal));
}
