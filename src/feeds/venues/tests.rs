//! What holds for every adapter.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::market::{Market, Moment, Policy};
use crate::wire::{ingest, record};

const VENUES: [&str; 3] = ["binance", "binance-usdm", "kraken"];

const FRAMES: [&str; 16] = [
    r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[["61737.63000000","0.00000000"]],"a":[["61837.64","1.5"]]}}"#,
    r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true}"#,
    r#"{"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961325,"T":1626992741421,"m":false}"#,
    r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
    r#"{"lastUpdateId":7,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],"asks":[["7.7","1"]]}"#,
    r#"[464,{"as":[["56218.30000","0.15000000","1618678117.243818"]],"bs":[["56000.1","2.0","1618678117.1"]]},"book-10","XBT/CHF"]"#,
    r#"[1920,{"a":[["0.042990","364630.28","1618678145.920470"]]},{"b":[["0.042990","0.0","1618678145.920708","r"]],"c":"4105471083"},"book-1000","SC/EUR"]"#,
    r#"[0,[["5541.20000","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]"#,
    r#"[0,["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"]"#,
    r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000}],"asks":[{"price":45285.2,"qty":0.001}],"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#,
    r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0}],"asks":[],"checksum":1}]}"#,
    r#"{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}"#,
    r#"{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"EUR/USD","base":"EUR","quote":"USD","status":"online","qty_increment":1e-08,"price_increment":0.00001}]}}"#,
    r#"{"method":"subscribe","result":{"channel":"book","depth":25,"symbol":"BTC/USD"},"success":true}"#,
    r#"{"channel":"ticker","type":"update","data":[{"symbol":"ALGO/USD","bid":0.1,"bid_qty":740.0,"ask":0.2,"ask_qty":1.0}]}"#,
    r#"{"error":[],"result":{"XXBTZUSD":[["30243.4","0.345",1688669597.8277369,"b","m","",61044952]],"last":"1688671969993150842"}}"#,
];

/// What may stand where something else was.
const PIECES: [&str; 16] = [
    "",
    "-",
    "0",
    "9",
    "1e400",
    "18446744073709551615",
    "99999999999999999999",
    "null",
    "true",
    "[",
    "]",
    "{}",
    "\"",
    ",",
    "\u{20ac}",
    ".",
];

/// One frame after some changes of its text.
fn mutated(frame: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut text: Vec<char> = frame.chars().collect();
    for &(at, length, piece) in changes {
        let at = at % (text.len() + 1);
        let end = (at + length).min(text.len());
        text.splice(at..end, PIECES[piece].chars());
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_frame_panics_and_all_that_is_given_fits_the_log_and_the_fold(
        frames in prop::collection::vec(
            (0..FRAMES.len(), prop::collection::vec((0_usize..400, 0_usize..9, 0..PIECES.len()), 0..4)),
            1..12,
        ),
        recv in prop_oneof![Just(0), 1_i64..1 << 61],
    ) {
        for venue in VENUES {
            let mut adapter = adapter_for(venue).unwrap();
            let mut markets = BTreeMap::new();
            for (frame, changes) in &frames {
                let text = mutated(FRAMES[*frame], changes);
                for frame in [Frame::Message(&text), Frame::Response { url: Some(&text), body: &text }] {
                    let mut out = Vec::new();
                    let outcome = adapter.take(frame, recv, &mut out);
                    prop_assert!(outcome.is_ok() || out.is_empty(), "{}", text);
                    for (instrument, event) in &out {
                        let key = Some(instrument.as_str().as_bytes());
                        let mut read = Vec::new();
                        let value = record::encode(instrument, event);
                        ingest::decode(key, None, value.as_bytes(), &mut read).unwrap();
                        prop_assert_eq!(&read[0], event);
                        let market =
                            markets.entry(instrument.clone()).or_insert_with(|| Market::new("m"));
                        if let Ok(admission) = market.admit(&read) {
                            market.accept(admission);
                            let (moment, policy) = (Moment::default(), Policy::default());
                            market.apply(event, moment, &policy, &mut Vec::new());
                        }
                    }
                }
            }
            let mut out = Vec::new();
            adapter.take(Frame::Lost, recv, &mut out).unwrap();
        }
    }
}

#[test]
fn every_sample_is_taken_by_its_venue() {
    let taken = |venue: &str, frame: &str| {
        let mut adapter = adapter_for(venue).unwrap();
        let mut out = Vec::new();
        adapter.take(Frame::Message(FRAMES[1]), 1, &mut out).ok();
        let response = Frame::Response { url: None, body: frame };
        adapter.take(Frame::Message(frame), 1, &mut out).is_ok()
            || adapter.take(response, 1, &mut out).is_ok()
    };
    for frame in FRAMES {
        assert!(VENUES.iter().any(|venue| taken(venue, frame)), "{frame}");
    }
    assert!(adapter_for("BINANCE").is_none() && adapter_for("nowhere").is_none());
}
