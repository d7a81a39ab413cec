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
    r#"{"e":"depthUpdate","E":1759291847000000000,"s":"btcusd","U":100,"u":100,"b":[["114000.00","0.5"]],"a":[["114000.01","0.7"]]}"#,
    r#"{"e":"depthUpdate","E":1759291847100000000,"s":"btcusd","U":100,"u":105,"b":[["114000.00","0.4"]],"a":[]}"#,
    r#"{"u":105,"E":1759291847100000000,"s":"btcusd","b":"114000.00","B":"0.4","a":"114000.01","A":"0.7"}"#,
    r#"{"E":1759291847686856569,"s":"btcusd","t":2840140956529623,"p":"114000.01","q":"0.01","m":false}"#,
    r#"{"lastUpdateId":106,"symbol":"btcusd","bids":[["114000.00","0.4"]],"asks":[["114000.01","0.7"]]}"#,
    r#"{"id":1,"status":200}"#,
];

fn taken(adapter: &mut Gemini, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn events(adapter: &mut Gemini, text: &str) -> Vec<Event> {
    taken(adapter, text).unwrap()
}

/// A `depthUpdate` with the numbers `U` and `u`, and its bids.
fn depth(first: u64, last: u64, bids: &str) -> String {
    format!(
        r#"{{"e":"depthUpdate","E":1759291847000000000,"s":"btcusd","U":{first},"u":{last},"b":[{bids}],"a":[]}}"#
    )
}

/// `prev_seq` and `seq`, and whether it is the whole book.
fn numbers(given: &[Event]) -> Vec<(Option<u64>, Option<u64>, bool)> {
    let is_whole = |event: &Event| matches!(event.body, Body::BookSnapshot { .. });
    given.iter().map(|event| (event.prev_seq, event.seq, is_whole(event))).collect()
}

const BID: &str = r#"["9","1"]"#;

#[test]
fn a_change_names_the_number_before_it_and_a_book_its_own_twice() {
    let mut gemini = Gemini::new();
    let steps = [
        (depth(90, 95, BID), (Some(90), Some(95), false)),
        (depth(100, 100, BID), (None, Some(100), true)),
        (depth(100, 105, BID), (Some(100), Some(105), false)),
        // Of another rhythm: it begins before the last change and ends behind it.
        (depth(100, 107, BID), (Some(105), Some(107), false)),
        (depth(105, 106, BID), (Some(107), Some(106), false)),
        (depth(107, 107, ""), (Some(107), Some(107), false)),
        (depth(109, 111, BID), (Some(109), Some(111), false)),
        (depth(111, 112, BID), (Some(111), Some(112), false)),
        (depth(120, 120, BID), (None, Some(120), true)),
        (depth(120, 121, BID), (Some(120), Some(121), false)),
    ];
    for (text, wanted) in steps {
        let given = events(&mut gemini, &text);
        assert_eq!(numbers(&given), [wanted], "{text}");
        assert_eq!(given[0].ts_event, 1_759_291_847_000_000_000);
    }
    let mut out = Vec::new();
    gemini.take(Frame::Lost, 7, &mut out).unwrap();
    assert_eq!((out.len(), out[0].0.as_str()), (1, "GEMINI:btcusd"));
    assert_eq!(numbers(&events(&mut gemini, &depth(130, 130, ""))), [(None, Some(130), true)]);
}

#[test]
fn streams_of_tops_and_trades_say_who_took_and_an_empty_side() {
    let mut gemini = Gemini::new();
    let given = events(&mut gemini, SAMPLES[7]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!(
        (trade.trade_id.as_str(), trade.aggressor),
        ("2840140956529623", Some(Aggressor::Buy))
    );
    assert_eq!(given[0].ts_event, 1_759_291_847_686_856_569);
    let given = events(&mut gemini, &SAMPLES[7].replace("false", "true"));
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!(trade.aggressor, Some(Aggressor::Sell));

    let given = events(&mut gemini, SAMPLES[6]);
    let Body::Quote { bid, ask } = given[0].body else { panic!("{given:?}") };
    assert_eq!((given[0].seq, bid.is_some()), (Some(105), true));
    assert_eq!(ask.unwrap().0.to_string(), "114000.01");
    let empty = SAMPLES[6].replace("114000.01", "").replace("0.7", "");
    let Body::Quote { ask, .. } = events(&mut gemini, &empty)[0].body else { panic!() };
    assert_eq!(ask, None);
}

#[test]
fn best_levels_are_the_book_where_no_changes_are_followed() {
    let mut gemini = Gemini::new();
    let unnamed = SAMPLES[8].replace(r#""symbol":"btcusd","#, "");
    assert!(matches!(taken(&mut gemini, &unnamed), Err(FrameError::UnnamedSnapshot(0))));
    assert_eq!(numbers(&events(&mut gemini, SAMPLES[8])), [(None, Some(106), true)]);
    assert_eq!(numbers(&events(&mut gemini, &unnamed)), [(None, Some(106), true)]);

    events(&mut gemini, SAMPLES[4]);
    assert_eq!(events(&mut gemini, SAMPLES[8]), []);
    gemini.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
    assert_eq!(events(&mut gemini, SAMPLES[8]).len(), 1);
}

#[test]
fn no_change_is_laid_over_the_best_levels_which_are_given_until_the_whole_book_is() {
    let mut gemini = Gemini::new();
    let partial = |number: u64| SAMPLES[8].replace("106", &number.to_string());
    let steps = [
        (partial(10), vec![(None, Some(10), true)]),
        // It is in them, and the next one still has nothing to stand on.
        (depth(9, 10, BID), vec![(Some(0), Some(10), false)]),
        (depth(10, 11, BID), vec![(Some(0), Some(11), false)]),
        (depth(11, 12, BID), vec![(Some(11), Some(12), false)]),
        (partial(12), vec![(None, Some(12), true)]),
        (depth(12, 13, BID), vec![(Some(0), Some(13), false)]),
        (depth(13, 13, BID), vec![(None, Some(13), true)]),
        (partial(13), vec![]),
        (depth(13, 14, BID), vec![(Some(13), Some(14), false)]),
    ];
    for (text, wanted) in steps {
        assert_eq!(numbers(&events(&mut gemini, &text)), wanted, "{text}");
    }
}

#[test]
fn a_bad_frame_of_the_streams_is_refused_whole() {
    let mut gemini = Gemini::new();
    for text in [
        SAMPLES[5].replace("\"U\":100,", ""),
        SAMPLES[5].replace("\"u\":105", "\"u\":99"),
        SAMPLES[5].replace("\"u\":105", "\"u\":\"105\""),
        SAMPLES[5].replace("0.4", "-0.4"),
        SAMPLES[5].replace("[]", "\"1\""),
        SAMPLES[5].replace("btcusd", "btc usd"),
        SAMPLES[5].replace("1759291847100000000", "9759291847100000000"),
        SAMPLES[6].replace("114000.01", "a lot"),
        SAMPLES[6].replace("\"s\":\"btcusd\",", ""),
        SAMPLES[7].replace("0.01\"", "0\""),
        SAMPLES[7].replace("\"t\":2840140956529623,", ""),
        SAMPLES[8].replace(",\"asks\":[[\"114000.01\",\"0.7\"]]", ""),
    ] {
        assert!(taken(&mut gemini, &text).is_err(), "{text}");
    }
    let text = r#"{"id":4,"status":400,"error":{"code":-1013,"msg":"Invalid symbol"}}"#;
    let refused = taken(&mut gemini, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "-1013 Invalid symbol"));
    let mut out = Vec::new();
    gemini.take(Frame::Lost, 7, &mut out).unwrap();
    assert!(out.is_empty(), "nothing was listed");

    for text in [
        SAMPLES[9],
        r#"{"id":"2","status":200,"result":["btcusd@trade"]}"#,
        r#"{"e":"markPrice","E":1759291847000000000,"s":"btcgusdperp","p":"114000.01"}"#,
        r#"{"e":"fundingAmount","E":1759291847000000000,"s":"btcgusdperp","p":{"of":1}}"#,
        r#"{"E":1759291847000000000,"s":"btcusd","i":7,"X":"FILLED","t":5,"p":"1","q":"1"}"#,
    ] {
        assert_eq!(events(&mut gemini, text), [], "{text}");
    }
}

const TRADES_URL: &str = "https://api.gemini.com/v1/trades/btcusd?limit_trades=2";
const TRADES: &str = r#"[{"timestamp":1655330221,"timestampms":1655330221424,"tid":72,"price":"22269.14","amount":"0.00004473","exchange":"gemini","type":"buy"},{"timestamp":1655330221,"timestampms":1655330221424,"tid":71,"price":"22269.13","amount":"0.5","exchange":"gemini","type":"auction"},{"timestamp":1655330220,"timestampms":1655330220000,"tid":70,"price":"1.5","amount":"1","exchange":"gemini","type":"sell","broken":true}]"#;

/// Instruments and ids of the trades that REST gives.
fn asked(adapter: &mut Gemini) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let response = Frame::Response { url: Some(TRADES_URL), body: TRADES };
    adapter.take(response, 7, &mut out).unwrap();
    out.iter()
        .map(|(instrument, event)| match &event.body {
            Body::Trade(trade) => (instrument.to_string(), trade.trade_id.to_string()),
            _ => panic!("{event:?}"),
        })
        .collect()
}

#[test]
fn trades_by_rest_are_given_oldest_first_by_the_urls_symbol() {
    let wanted =
        |symbol: &str| ["71", "72"].map(|id| (format!("GEMINI:{symbol}"), id.to_owned())).to_vec();
    let mut gemini = Gemini::new();
    assert_eq!(asked(&mut gemini), wanted("BTCUSD"));
    // Its trades are known by that number then.
    let given = events(&mut gemini, SAMPLES[2]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!(trade.trade_id, "2840140800042677");
    assert_eq!(asked(&mut gemini), wanted("BTCUSD"));

    let mut gemini = Gemini::new();
    events(&mut gemini, SAMPLES[2]);
    assert_eq!(asked(&mut gemini), [], "its trades are known by another number");
    let mut gemini = Gemini::new();
    events(&mut gemini, SAMPLES[7]);
    assert_eq!(asked(&mut gemini), wanted("btcusd"));
    let body = &TRADES.replace("0.5", "0");
    let bad = Frame::Response { url: Some(TRADES_URL), body };
    assert!(gemini.take(bad, 7, &mut Vec::new()).is_err());
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
    candle::Candles::default().take(Frame::Message(text), &mut out).unwrap();

    assert_eq!((out.len(), out[0].1.start), (2, 1_561_054_200_000_000_000));
    assert_eq!((out[1].1.length, out[1].1.volume.to_string()), (300_000_000_000, "2.07".into()));
}

#[test]
fn candles_by_rest_have_the_urls_symbol_and_length() {
    let body = "[[1559755800000,7781.6,7820.23,7776.56,7819.39,34.7624802159],[1559755740000,7781.6,7829.46,7776.56,7817.28,43.4228281059]]";
    let url = "https://api.gemini.com/v2/candles/btcusd/1m";
    let mut candles = candle::Candles::default();
    let mut out = Vec::new();
    candles.take(Frame::Response { url: Some(url), body }, &mut out).unwrap();
    assert_eq!((out[0].0.as_str(), out[0].1.length), ("GEMINI:BTCUSD", 60_000_000_000));
    assert_eq!([0, 1].map(|nth| out[nth].1.is_running), [false, true]);
    assert_eq!(out[0].1.start, 1_559_755_740_000_000_000);

    candles.take(Frame::Message(SAMPLES[4]), &mut out).unwrap();
    candles.take(Frame::Response { url: Some(url), body }, &mut out).unwrap();
    assert_eq!(out[2].0.as_str(), "GEMINI:btcusd");
}
