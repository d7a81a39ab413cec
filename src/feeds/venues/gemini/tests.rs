//! Frames of Gemini, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","9122.04","0.00121425"],["sell","9122.07","0.98942292"]],"trades":[{"type":"trade","symbol":"BTCUSD","event_id":169841458,"timestamp":1560976400428,"price":"9122.04","quantity":"0.0073173","side":"sell","tid":2840140800042677},{"type":"trade","symbol":"BTCUSD","eventid":169841400,"timestamp":1560976400328,"price":"9122.05","quantity":"1","side":"buy"}],"auction_events":[]}"#,
    r#"{"type":"l2_updates","symbol":"BTCUSD","changes":[["sell","9160.20","0.1921229751"],["buy","9122.04","0"]]}"#,
    r#"{"type":"trade","symbol":"BTCUSD","event_id":3575573053,"timestamp":1560976410000,"price":"9004.21000000","quantity":"0.09110000","side":"buy","tid":2840140800042677}"#,
    r#"{"type":"heartbeat","timestamp":1560976415000}"#,
];

fn taken(adapter: &mut Gemini, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn events(adapter: &mut Gemini, text: &str) -> Vec<Event> {
    taken(adapter, text).unwrap()
}

#[test]
fn a_book_with_trades_is_the_whole_one_and_stands_behind_them() {
    let given = events(&mut Gemini::new(), SAMPLES[0]);
    let ids: Vec<_> = given
        .iter()
        .filter_map(|event| match &event.body {
            Body::Trade(trade) => Some((trade.trade_id.as_str(), trade.aggressor)),
            _ => None,
        })
        .collect();

    let wanted = [("169841400", Some(Aggressor::Buy)), ("169841458", Some(Aggressor::Sell))];
    assert_eq!(ids, wanted);
    let Body::BookSnapshot { bids, asks, .. } = &given[2].body else { panic!("{given:?}") };
    assert_eq!((bids.len(), asks.len(), given[2].ts_event), (1, 1, 1_560_976_400_428_000_000));
}

#[test]
fn a_book_has_the_time_of_what_came_before_it() {
    let mut gemini = Gemini::new();
    let times: Vec<_> = [SAMPLES[1], SAMPLES[2], SAMPLES[1], SAMPLES[3], SAMPLES[1]]
        .iter()
        .map(|text| events(&mut gemini, text)[0].ts_event)
        .collect();

    let [trade, beat] = [1_560_976_410_000_000_000, 1_560_976_415_000_000_000];
    assert_eq!(times, [7, trade, trade, beat, beat]);
}

#[test]
fn a_heartbeat_is_told_to_every_symbol() {
    let mut gemini = Gemini::new();
    assert_eq!(events(&mut gemini, SAMPLES[3]), []);
    events(&mut gemini, SAMPLES[1]);
    events(&mut gemini, &SAMPLES[1].replace("BTC", "ETH"));

    let given = events(&mut gemini, SAMPLES[3]);
    assert_eq!(given.iter().filter(|event| event.body == Body::Heartbeat).count(), 2);
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut gemini = Gemini::new();
    for text in [
        r#"{"type":"candles_1m_updates","symbol":"BTCUSD","changes":[[1561054500000,9350.18,9358.35,9350.18,9355.51,2.07]]}"#,
        r#"{"type":"mark_price_updates","symbol":"BTCGUSDPERP","changes":[{"mark_price":"1"}]}"#,
        r#"{"type":"subscribed"}"#,
    ] {
        assert_eq!(events(&mut gemini, text), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut gemini = Gemini::new();
    events(&mut gemini, SAMPLES[0]);
    for text in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        SAMPLES[1].replace("sell", "ask me"),
        SAMPLES[1].replace("0.1921229751", "-0.1921229751"),
        SAMPLES[1].replace("BTCUSD", "BTC USD"),
        SAMPLES[1].replace("BTCUSD", ""),
        SAMPLES[1].replace("changes", "change"),
        SAMPLES[0].replace("1560976400428", "99999999999999999"),
        SAMPLES[0].replace("\"1\"", "\"0\""),
        SAMPLES[2].replace("\"buy\"", "\"up\""),
        SAMPLES[2].replace("event_id", "id").replace("tid", "other"),
        SAMPLES[3].replace("timestamp", "time"),
        SAMPLES[1][..SAMPLES[1].len() - 3].to_owned(),
    ] {
        assert!(taken(&mut gemini, &text).is_err(), "{text}");
    }
    let text = r#"{"result":"error","reason":"InvalidSymbol","message":"X is not supported"}"#;
    let refused = taken(&mut gemini, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text.starts_with("InvalidSymbol")));

    let given = events(&mut gemini, SAMPLES[1]);
    assert_eq!((given.len(), given[0].ts_event), (1, 1_560_976_400_428_000_000));
}

#[test]
fn candles_are_read_oldest_first() {
    let text = r#"{"type":"candles_5m_updates","symbol":"BTCUSD","changes":[[1561054500000,9350.18,9358.35,9350.18,9355.51,2.07],[1561054200000,9357.33,9357.33,9350.18,9350.18,1.5e-7]]}"#;
    let mut out = Vec::new();
    candle::Candles.take(Frame::Message(text), &mut out).unwrap();

    assert_eq!((out.len(), out[0].1.start), (2, 1_561_054_200_000_000_000));
    assert_eq!((out[1].1.length, out[1].1.volume.to_string()), (300_000_000_000, "2.07".into()));
}
