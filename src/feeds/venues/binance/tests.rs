//! Frames of Binance, and the events they say.

mod prints;
mod streams;
mod unnamed;

use super::*;
use crate::domain::market::Body;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[["61737.63000000","0.00000000"]],"a":[["61837.64","1.5"]]}}"#,
    r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true}"#,
    r#"{"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961325,"T":1626992741421,"m":false}"#,
    r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
    r#"{"lastUpdateId":7,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],"asks":[["7.7","1"]]}"#,
    r#"{"lastUpdateId":7,"symbol":"BTCUSD_PERP","pair":"BTCUSD","E":1626992741264,"T":1626992741261,"bids":[["9638.0","431"]],"asks":[["9638.2","12"]]}"#,
    r#"{"stream":"btcusdt@depth5@100ms","data":{"e":"depthUpdate","E":1723161255208,"T":1723161255200,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[["61737.6","1"]],"a":[["61837.6","1.5"]]}}"#,
    r#"{"stream":"ethusdt@depth20@100ms","data":{"lastUpdateId":160,"bids":[["9.1","1"]],"asks":[["9.2","1"]]}}"#,
    r#"{"stream":"ethusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":160,"bids":[["9.1","1"]],"asks":[["9.2","1"]]}}"#,
    r#"[{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27781,"T":1498793709153,"m":true}]"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Binance, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Binance, text: &str) -> Vec<Event> {
    let given = taken(adapter, Frame::Message(text)).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

fn spot_delta(first: u64, last: u64) -> String {
    format!(
        r#"{{"e":"depthUpdate","E":1000,"s":"BTCUSDT","U":{first},"u":{last},"b":[["9.10","{last}.0"]],"a":[]}}"#
    )
}

fn futures_delta(first: u64, last: u64, before: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@depth","data":{{"e":"depthUpdate","E":1001,"T":1000,"s":"BTCUSDT","U":{first},"u":{last},"pu":{before},"b":[],"a":[["9.20","1"]]}}}}"#
    )
}

fn snapshot(last: u64) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["9.00","1.50"]],"asks":[["9.30","2"]]}}"#)
}

/// What the answer to a request for the book of BTCUSDT says.
fn asked(adapter: &mut Binance, body: &str) -> Vec<Event> {
    let url = Some("https://api.binance.com/api/v3/depth?limit=1000&symbol=BTCUSDT");
    let given = taken(adapter, Frame::Response { url, body }).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

/// `seq` and `prev_seq` of each event.
fn sequences(events: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
    events.iter().map(|event| (event.seq, event.prev_seq)).collect()
}

#[test]
fn spot_deltas_that_came_before_their_snapshot_come_again_behind_it() {
    let mut spot = Binance::spot();
    for (first, last) in [(1, 10), (11, 20), (21, 30), (31, 40)] {
        let given = events(&mut spot, &spot_delta(first, last));
        assert_eq!(sequences(&given), [(Some(last), Some(first - 1))]);
    }

    let given = events(&mut spot, &snapshot(24));

    let wanted = [(Some(24), None), (Some(30), Some(24)), (Some(40), Some(30))];
    assert_eq!(sequences(&given), wanted);
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
    // The next snapshot finds what the first one found.
    assert_eq!(sequences(&events(&mut spot, &snapshot(24))), wanted);
}

#[test]
fn the_first_delta_after_a_snapshot_is_joined_whenever_it_comes() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    assert_eq!(sequences(&asked(&mut spot, &snapshot(24))), [(Some(24), None)]);

    assert_eq!(sequences(&events(&mut spot, &spot_delta(11, 24))), [(Some(24), Some(10))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(20, 30))), [(Some(30), Some(24))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(35, 40))), [(Some(40), Some(34))]);
}

#[test]
fn a_first_delta_that_does_not_reach_the_snapshot_shows_the_gap() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    asked(&mut spot, &snapshot(24));

    assert_eq!(sequences(&events(&mut spot, &spot_delta(26, 30))), [(Some(30), Some(25))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(24, 31))), [(Some(31), Some(30))]);
}

#[test]
fn futures_join_at_the_snapshots_own_id_and_follow_pu() {
    let mut usdm = Binance::usdm();
    for (first, last, before) in [(5, 10, 2), (15, 24, 10), (29, 30, 24)] {
        let given = events(&mut usdm, &futures_delta(first, last, before));
        assert_eq!(sequences(&given), [(Some(last), Some(before))]);
    }

    let given = asked(&mut usdm, &snapshot(20));
    let wanted = [(Some(20), None), (Some(24), Some(20)), (Some(30), Some(24))];
    assert_eq!(sequences(&given), wanted);
    // At its very id the delta says nothing new.
    let given = asked(&mut usdm, &snapshot(24));
    assert_eq!(sequences(&given)[1..], [(Some(30), Some(24))]);
    // Between two deltas nothing changed.
    let given = asked(&mut usdm, &snapshot(27));
    assert_eq!(sequences(&given)[1..], [(Some(30), Some(27))]);
}

#[test]
fn a_change_that_overlaps_the_last_continues_it_and_a_gap_stays_one() {
    let mut spot = Binance::spot();
    asked(&mut spot, &snapshot(100));
    let given = [(98, 110), (105, 115), (111, 120), (112, 118), (116, 125), (127, 130), (131, 140)];
    let given =
        given.map(|(first, last)| sequences(&events(&mut spot, &spot_delta(first, last)))[0]);
    let wanted = [
        (110, 100),
        (115, 110),
        (120, 115),
        // Old: the fold passes over it.
        (118, 111),
        (125, 120),
        (130, 126),
        (140, 130),
    ];
    assert_eq!(given, wanted.map(|(last, before)| (Some(last), Some(before))));

    let mut usdm = Binance::usdm();
    let given = [(5, 10, 2), (6, 12, 4), (15, 20, 10), (30, 33, 21)];
    let given = given.map(|(first, last, before)| {
        sequences(&events(&mut usdm, &futures_delta(first, last, before)))[0].1
    });
    assert_eq!(given, [2, 10, 12, 21].map(Some));
}

/// Whose the given events are, each with whether it is a whole book.
fn owners(given: &Given) -> Vec<(&str, bool)> {
    let is_whole = |event: &Event| matches!(event.body, Body::BookSnapshot { .. });
    given.iter().map(|(instrument, event)| (instrument.as_str(), is_whole(event))).collect()
}

#[test]
fn a_snapshot_may_name_its_symbol() {
    let mut coinm = Binance::coinm();
    for symbol in ["BTCUSD_PERP", "ETHUSD_PERP"] {
        events(&mut coinm, &futures_delta(98, 110, 97).replace("BTCUSDT", symbol));
    }
    let body = snapshot(100).replace('{', r#"{"symbol":"BTCUSD_PERP","pair":"BTCUSD","#);
    let given = taken(&mut coinm, Frame::Message(&body)).unwrap();
    let named = "BINANCE-COINM:BTCUSD_PERP";
    assert_eq!(owners(&given), [(named, true), (named, false)]);
}

/// A stream's message as spot and recorders have whole books.
fn streamed(stream: &str, last: i64) -> String {
    let book = r#""bids":[["9.00","1.50"]],"asks":[["9.30","2"]]"#;
    format!(r#"{{"stream":"{stream}","generated":true,"data":{{"lastUpdateId":{last},{book}}}}}"#)
}

#[test]
fn a_snapshot_in_an_envelope_is_of_its_streams_symbol() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(98, 110));
    let given = taken(&mut spot, Frame::Message(&streamed("btcusdt@depthSnapshot", 100))).unwrap();
    assert_eq!(owners(&given), [("BINANCE:BTCUSDT", true), ("BINANCE:BTCUSDT", false)]);
    assert_eq!(given[1].1.prev_seq, Some(100));
    // The empty book of a new symbol has no number that a change could join.
    let given = taken(&mut spot, Frame::Message(&streamed("newusdt@depthSnapshot", -1))).unwrap();
    assert_eq!((owners(&given)[0], given[0].1.seq), (("BINANCE:NEWUSDT", true), None));
}

#[test]
fn what_is_kept_for_a_snapshot_is_bounded() {
    let mut spot = Binance::spot();
    for last in 1..=5_000 {
        events(&mut spot, &spot_delta(last, last));
    }
    assert_eq!(events(&mut spot, &snapshot(0)).len(), 1 + 4_096);

    let rows = vec![r#"["1","1"]"#; 5_000].join(",");
    for last in 2_001..2_010 {
        events(
            &mut spot,
            &spot_delta(last, last).replace(r#""a":[]"#, &format!(r#""a":[{rows}]"#)),
        );
    }
    assert_eq!(events(&mut spot, &snapshot(0)).len(), 1 + 3);
}

#[test]
fn rest_klines_are_candles() {
    let row = r#"[1499040000000,"0.01","0.80","0.01","0.02","148976.1",1499040059999,"2434.1",308,"1756.8","28.4","0"]"#;
    let body = format!("[{row},{}]", row.replace("14990400", "14990401").replace("308", "309"));
    let mut klines = candle::Klines::new("BINANCE");
    let mut take = |frame: Frame<'_>| {
        let mut out = Vec::new();
        super::super::candle::Witness::take(&mut klines, frame, &mut out).unwrap();
        out
    };
    let unnamed = Frame::Response { url: None, body: &body };
    assert_eq!(take(unnamed), []);
    let asked = |path| Frame::Response { url: Some(path), body: &body };
    let given = take(asked("https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1m"));
    assert_eq!(given[0].0.as_str(), "BINANCE:BTCUSDT");
    let candle = &given[0].1;
    assert_eq!((candle.start, candle.length), (1_499_040_000_000_000_000, 60_000_000_000));
    assert_eq!((candle.count, candle.volume.to_string().as_str()), (Some(308), "148976.1"));
    assert_eq!(
        given.iter().map(|(_, candle)| candle.is_running).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(take(asked("https://fapi.binance.com/fapi/v1/markPriceKlines?symbol=BTCUSDT")), []);
    take(Frame::Message(&spot_delta(1, 10)));
    assert_eq!(take(unnamed).len(), 2);
    let of_marks = body.replace("148976.1", "0");
    assert_eq!(take(Frame::Response { url: None, body: &of_marks }), []);
}

#[test]
fn books_quotes_and_prints_are_followed_by_one_path() {
    let all: [(&str, &line::Market, &str, &str); 3] = [
        ("spot", &line::SPOT, "x/stream", "btcusdt@trade"),
        ("usdm", &line::USDM, "x/public/stream", "btcusdt@trade"),
        ("coinm", &line::COINM, "x/stream", "btcusdt@aggTrade"),
    ];
    for (name, market, url, prints) in all {
        let mut line: Box<dyn super::super::line::Line> = Box::new(Streams::new(market));
        assert_eq!(line.socket_url("x"), url, "{name}");
        let said = line.subscribe(&["BTCUSDT".to_owned()]);
        let wanted = format!(
            r#"{{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","{prints}","btcusdt@bookTicker"],"id":1}}"#
        );
        assert_eq!(said, [wanted], "{name}");
    }
}

#[test]
fn a_quote_without_time_gets_the_greatest_before_it_and_empty_sides_are_none() {
    let mut spot = Binance::spot();
    let text =
        r#"{"u":400,"s":"BTCUSDT","b":"9.10","B":"31.21","a":"0.00000000","A":"0.00000000"}"#;
    assert_eq!(events(&mut spot, text)[0].ts_event, 7);
    events(&mut spot, &spot_delta(1, 10));

    let given = events(&mut spot, text);
    assert_eq!((given[0].ts_event, given[0].seq), (1_000_000_000, Some(400)));
    let Body::Quote { bid, ask } = given[0].body else { panic!("{given:?}") };
    assert_eq!((bid.unwrap().0.to_string(), ask), ("9.10".to_owned(), None));
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut spot = Binance::spot();
    for text in [
        r#"{"result":null,"id":1}"#,
        r#"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"o":"1"}}"#,
        r#"{"stream":"!ticker@arr","data":[{"e":"24hrTicker","s":"BTCUSDT"}]}"#,
        r#"[{"e":"24hrTicker","s":"BTCUSDT","B":"1"}]"#,
        r#"{"stream":"btcusdt@openInterest","generated":true,"data":{"symbol":"BTCUSDT","openInterest":"1.0","time":1700000000000}}"#,
        r#"{"data":{"lastUpdateId":1,"bids":[],"asks":[]}}"#,
        r#"{"lastUpdateId":1,"symbol":"BTCUSD_PERP","bidPrice":"1","bidQty":"1","askPrice":"2","askQty":"1"}"#,
    ] {
        assert_eq!(events(&mut spot, text), [], "{text}");
    }
    for body in [r#"[[1499040000000,"0.01"]]"#, r#"{"lastUpdateId":1,"symbol":"X","bidPrice":"1"}"#]
    {
        assert!(taken(&mut spot, Frame::Response { url: None, body }).unwrap().is_empty());
    }
    assert!(taken(&mut spot, Frame::Connected).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut spot = Binance::spot();
    let mut undisturbed = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    events(&mut undisturbed, &spot_delta(1, 10));
    let good = spot_delta(11, 20);
    for text in [
        String::new(),
        "hello".to_owned(),
        "5".to_owned(),
        "{}".to_owned(),
        r#"{"foo":1}"#.to_owned(),
        good.replace("depthUpdate\"", "depthUpdate"),
        good.replace("9.10", "9.1.0"),
        good.replace("9.10", "1e5"),
        good.replace("20.0", "-20.0"),
        good.replace("\"U\":11", "\"U\":21"),
        good.replace("\"U\":11", "\"U\":0"),
        good.replace("\"U\":11", "\"U\":-1"),
        good.replace("1000", "99999999999999999999"),
        good.replace("1000", "9999999999999999999"),
        good.replace("BTCUSDT", "BTC USDT"),
        good.replace("BTCUSDT", &"B".repeat(99)),
        good[..good.len() - 5].to_owned(),
        r#"{"error":{"code":2,"msg":"Invalid request"},"id":1}"#.to_owned(),
        r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"0","T":5,"m":true}"#.to_owned(),
        r#"{"e":"aggTrade","s":"X","a":1,"p":"1","q":"1","f":5,"l":4,"T":5,"m":true}"#.to_owned(),
    ] {
        assert!(taken(&mut spot, Frame::Message(&text)).is_err(), "{text}");
    }
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    let refused = taken(&mut spot, Frame::Response { url: None, body });
    assert!(matches!(refused, Err(FrameError::Venue(message)) if message == "Invalid symbol."));

    assert_eq!(events(&mut spot, &good), events(&mut undisturbed, &good));
    assert_eq!(events(&mut spot, &snapshot(15)), events(&mut undisturbed, &snapshot(15)));
}

#[test]
fn a_lost_connection_is_told_to_every_instrument() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    events(&mut spot, &spot_delta(1, 10).replace("BTC", "ETH"));

    let given = taken(&mut spot, Frame::Lost).unwrap();
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(|(_, event)| event.body == Body::Disconnect));
    assert_eq!(given[0].1.ts_event, 1_000_000_000);
    // What came before the loss does not join what comes after it.
    let url = Some("https://api.binance.com/api/v3/depth?symbol=BTCUSDT");
    let given = taken(&mut spot, Frame::Response { url, body: &snapshot(5) }).unwrap();
    assert_eq!(given.len(), 1);
}
