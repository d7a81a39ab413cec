//! Frames of Gate.io, and the events they say.

mod whole;

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::Line;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"time":1606294781,"time_ms":1606294781236,"channel":"spot.order_book_update","event":"update","result":{"t":1606294781123,"e":"depthUpdate","E":1606294781,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"],["19088.37","0"]],"a":[["19137.75","0.6135"]]}}"#,
    r#"{"channel":"spot.obu","result":{"t":1743673026995,"full":true,"s":"ob.BTC_USDT.50","u":73777715168,"b":[["27508.30","9.5"]],"a":[["27508.31","2"]]},"time_ms":1743673026999,"event":"update"}"#,
    r#"{"channel":"spot.obu","result":{"t":1743673027017,"s":"ob.BTC_USDT.50","U":73777715169,"u":73777715212,"b":[["27508.30","0"]]},"time_ms":1743673027020,"event":"update"}"#,
    r#"{"time":1606292218,"time_ms":1606292218231,"channel":"spot.trades","event":"update","result":{"id":309143071,"create_time":1606292218,"create_time_ms":"1606292218213.4578","side":"sell","currency_pair":"GT_USDT","amount":"16.4700000000","price":"0.4705000000"}}"#,
    r#"{"time":1606293275,"time_ms":1606293275723,"channel":"spot.book_ticker","event":"update","result":{"t":1606293275123,"u":48733182,"s":"BTC_USDT","b":"19177.79","B":"0.0003341504","a":"19179.38","A":"0.09"}}"#,
    r#"{"time":1606292600,"channel":"spot.candlesticks","event":"update","result":{"t":"1606292580","v":"2362.32035","c":"19128.1","h":"19128.2","l":"19128.0","o":"19128.1","n":"1m_BTC_USDT","a":"3.8283","w":true}}"#,
    r#"{"time":1606292218,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}"#,
    r#"{"id":123456,"current":1623898993123,"update":1623898993121,"asks":[["1.52","1.151"]],"bids":[["1.17","201.863"]]}"#,
    r#"[{"id":"ETH_USDT","base":"ETH","quote":"USDT","fee":"0.2","amount_precision":3,"precision":6,"trade_status":"tradable"}]"#,
    r#"{"time":1606295412,"time_ms":1606295412213,"channel":"spot.order_book","event":"update","result":{"t":1606295412123,"lastUpdateId":48791820,"s":"BTC_USDT","l":"5","bids":[["19079.55","0.0195"]],"asks":[["19080.24","0.1638"]]}}"#,
    r#"[{"id":"2","create_time":"1700000002","create_time_ms":"1700000002123.456","currency_pair":"BTC_USDT","side":"buy","amount":"0.15","price":"35000.1","sequence_id":"2"},{"id":"1","create_time":"1700000001","create_time_ms":"1700000001123.456","currency_pair":"BTC_USDT","side":"sell","amount":"0.1","price":"35000","sequence_id":"1"}]"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Gateio, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Gateio, text: &str) -> Vec<Event> {
    let given = taken(adapter, Frame::Message(text)).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

fn update(first: u64, last: u64) -> String {
    format!(
        r#"{{"channel":"spot.order_book_update","event":"update","result":{{"t":1000,"s":"X_Y","U":{first},"u":{last},"b":[["9.10","{last}.0"]],"a":[]}}}}"#
    )
}

/// `prev_seq` and `seq` of each event.
fn numbers(given: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
    given.iter().map(|event| (event.prev_seq, event.seq)).collect()
}

#[test]
fn updates_that_came_before_their_snapshot_come_again_behind_it() {
    let mut gateio = Gateio::new();
    for (first, last) in [(1, 10), (11, 20), (21, 30)] {
        let given = events(&mut gateio, &update(first, last));
        assert_eq!(numbers(&given), [(Some(first - 1), Some(last))]);
    }
    let body = r#"{"id":14,"update":999,"asks":[["9.2","1"]],"bids":[["9.1","2"]]}"#;
    let url = Some("https://api.gateio.ws/api/v4/spot/order_book?currency_pair=X_Y&with_id=true");
    let given = taken(&mut gateio, Frame::Response { url, body }).unwrap();

    assert!(given.iter().all(|(instrument, _)| instrument.as_str() == "GATEIO:X_Y"));
    let given: Vec<Event> = given.into_iter().map(|(_, event)| event).collect();
    let wanted = [(None, Some(14)), (Some(14), Some(20)), (Some(20), Some(30))];
    assert_eq!(numbers(&given), wanted);
    assert_eq!(given[0].ts_event, 999_000_000);
    let unnamed = Frame::Response { url: None, body };
    assert_eq!(taken(&mut gateio, unnamed).unwrap().len(), 3, "of the only symbol");
}

#[test]
fn a_full_message_of_the_second_channel_is_a_snapshot_and_a_missing_side_unchanged() {
    let mut gateio = Gateio::new();
    let whole = taken(&mut gateio, Frame::Message(SAMPLES[1])).unwrap();
    assert_eq!(whole[0].0.as_str(), "GATEIO:BTC_USDT");
    assert!(matches!(whole[0].1.body, Body::BookSnapshot { .. }));
    let change = events(&mut gateio, SAMPLES[2]);

    assert_eq!(numbers(&change), [(whole[0].1.seq, Some(73_777_715_212))]);
    let Body::BookDelta { bids, asks, .. } = &change[0].body else { panic!("{change:?}") };
    assert_eq!((bids.len(), asks.len()), (1, 0));
}

/// A message of `spot.obu`, whole or a change.
fn obu(levels: u32, first: Option<u64>, last: u64) -> String {
    let part = first.map_or(r#""full":true"#.to_owned(), |first| format!(r#""U":{first}"#));
    format!(
        r#"{{"channel":"spot.obu","event":"update","result":{{"t":1000,{part},"s":"ob.X_Y.{levels}","u":{last},"b":[["9.10","1"]],"a":[]}}}}"#
    )
}

/// What the REST book of that number gives.
fn rest(gateio: &mut Gateio, id: u64) -> Vec<Event> {
    let body = format!(r#"{{"id":{id},"update":999,"asks":[],"bids":[]}}"#);
    let given = taken(gateio, Frame::Response { url: None, body: &body }).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn one_stream_makes_a_pairs_book_and_a_deeper_whole_one_takes_over() {
    let mut gateio = Gateio::new();
    let steps = [
        (obu(50, None, 100), Some((None, 100))),
        (obu(50, Some(101), 103), Some((Some(100), 103))),
        (update(104, 105), None),
        (obu(400, Some(101), 105), None),
        (obu(400, None, 110), Some((None, 110))),
        (obu(50, None, 110), None),
        (obu(50, Some(111), 112), None),
        (obu(400, Some(111), 115), Some((Some(110), 115))),
        (update(116, 120), None),
    ];
    for (text, wanted) in steps {
        let given = numbers(&events(&mut gateio, &text));
        let wanted = wanted.map(|(before, seq)| (before, Some(seq)));
        assert_eq!(given, Vec::from_iter(wanted), "{text}");
    }
    taken(&mut gateio, Frame::Lost).unwrap();
    assert_eq!(events(&mut gateio, &obu(50, None, 120)).len(), 1);
    // Changes that were never given a book give way to any.
    let mut gateio = Gateio::new();
    assert_eq!(events(&mut gateio, &update(1, 2)).len(), 1);
    assert_eq!(events(&mut gateio, &obu(50, None, 3)).len(), 1);
    assert_eq!(events(&mut gateio, &update(3, 4)), []);
}

#[test]
fn best_levels_are_the_book_until_changes_are_given_one_that_they_continue() {
    let mut gateio = Gateio::new();
    let shown = SAMPLES[9].replace("BTC_USDT", "X_Y").replace("48791820", "10");
    let given = events(&mut gateio, &shown);
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
    assert_eq!((given[0].seq, given[0].ts_event), (Some(10), 1_606_295_412_123_000_000));
    let deeper = shown.replace(r#""l":"5""#, r#""l":"20""#);
    assert_eq!(events(&mut gateio, &deeper).len(), 1);
    assert_eq!(events(&mut gateio, &shown), [], "the deeper ones are shown");

    // It follows the last number by one, and still has no book to stand on.
    assert_eq!(events(&mut gateio, &update(11, 12)), []);
    assert_eq!(events(&mut gateio, &update(13, 14)), []);
    assert_eq!(events(&mut gateio, &obu(400, Some(11), 14)), []);
    assert_eq!(events(&mut gateio, &deeper).len(), 1);
    assert_eq!(rest(&mut gateio, 9), [], "changes between are missing");
    assert_eq!(events(&mut gateio, &deeper).len(), 1);
    let wanted = [(None, Some(11)), (Some(11), Some(12)), (Some(12), Some(14))];
    assert_eq!(numbers(&rest(&mut gateio, 11)), wanted);
    assert_eq!(events(&mut gateio, &deeper), []);
    assert_eq!(numbers(&events(&mut gateio, &update(15, 16))), [(Some(14), Some(16))]);
    for text in [
        shown.replace(r#""lastUpdateId":10,"#, ""),
        shown.replace("0.1638", "-1"),
        shown.replace("bids", "buys"),
    ] {
        assert!(taken(&mut gateio, Frame::Message(&text)).is_err(), "{text}");
    }
}

#[test]
fn changes_without_a_book_give_way_to_the_best_levels_and_may_continue_a_book_asked_before() {
    let shown = |seq: u64| {
        let text = SAMPLES[9].replace("BTC_USDT", "X_Y");
        text.replace("48791820", &seq.to_string())
    };
    let mut gateio = Gateio::new();
    assert_eq!(events(&mut gateio, &update(1, 10)).len(), 1);
    assert_eq!(events(&mut gateio, &shown(10)).len(), 1);
    assert_eq!(events(&mut gateio, &update(11, 12)), []);
    assert_eq!(numbers(&rest(&mut gateio, 10)), [(None, Some(10)), (Some(10), Some(12))]);

    // Those of fewer levels continue no REST book.
    let mut gateio = Gateio::new();
    assert_eq!(events(&mut gateio, &obu(50, Some(1), 10)).len(), 1);
    assert_eq!(events(&mut gateio, &shown(10)).len(), 1);
    assert_eq!(numbers(&rest(&mut gateio, 9)), [(None, Some(9))]);
    assert_eq!(events(&mut gateio, &obu(50, Some(8), 9)), [], "it is in the book");
    assert_eq!(numbers(&events(&mut gateio, &update(8, 9))), [(Some(7), Some(9))], "so is this");
    assert_eq!(numbers(&events(&mut gateio, &update(10, 11))), [(Some(9), Some(11))]);
    assert_eq!(events(&mut gateio, &shown(11)), []);

    // The best levels came last: the book before them is given again.
    let mut gateio = Gateio::new();
    events(&mut gateio, &shown(9));
    assert_eq!(rest(&mut gateio, 10).len(), 1);
    assert_eq!(events(&mut gateio, &shown(10)).len(), 1);
    let again = events(&mut gateio, &update(11, 11));
    assert_eq!(numbers(&again), [(None, Some(10)), (Some(10), Some(11))]);
    assert!(matches!(again[0].body, Body::BookSnapshot { .. }));
    assert_eq!(numbers(&rest(&mut gateio, 11)), [(None, Some(11))]);
    assert_eq!(events(&mut gateio, &shown(12)), []);
    assert_eq!(numbers(&events(&mut gateio, &update(12, 12))), [(Some(11), Some(12))]);
    // Not where changes between are missing.
    let mut gateio = Gateio::new();
    events(&mut gateio, &shown(9));
    rest(&mut gateio, 10);
    events(&mut gateio, &shown(10));
    assert_eq!(events(&mut gateio, &update(12, 12)), []);
    assert_eq!(events(&mut gateio, &shown(12)).len(), 1);
}

#[test]
fn a_book_by_rest_does_not_cut_one_that_is_followed() {
    let mut gateio = Gateio::new();
    events(&mut gateio, &obu(400, None, 10));
    assert_eq!(rest(&mut gateio, 10), []);
    assert_eq!(numbers(&events(&mut gateio, &obu(400, Some(11), 12))), [(Some(10), Some(12))]);
}

#[test]
fn a_book_without_number_is_one_where_its_pair_is_named_and_no_changes_are_followed() {
    let mut gateio = Gateio::new();
    let body =
        r#"{"current":1623898993123,"update":1623898993121,"asks":[["1.52","1.151"]],"bids":[]}"#;
    let url = Some("https://api.gateio.ws/api/v4/spot/order_book?currency_pair=X_Y");
    let given = taken(&mut gateio, Frame::Response { url, body }).unwrap();
    assert_eq!((given[0].0.as_str(), given[0].1.seq), ("GATEIO:X_Y", None));
    assert!(matches!(given[0].1.body, Body::BookSnapshot { .. }));

    rest(&mut gateio, 0);
    events(&mut gateio, &update(1, 2));
    assert!(taken(&mut gateio, Frame::Response { url, body }).unwrap().is_empty());
    assert!(taken(&mut gateio, Frame::Response { url: None, body }).is_err());

    // No change continues it.
    let mut gateio = Gateio::new();
    assert_eq!(taken(&mut gateio, Frame::Response { url, body }).unwrap().len(), 1);
    let given = events(&mut gateio, &update(11, 12));
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
}

#[test]
fn a_list_of_trades_is_given_oldest_first() {
    let mut gateio = Gateio::new();
    let mut asked = |body: &str| taken(&mut gateio, Frame::Response { url: None, body });
    let given = asked(SAMPLES[10]).unwrap();
    let told: Vec<_> = given
        .iter()
        .map(|(instrument, event)| match &event.body {
            Body::Trade(trade) => (instrument.as_str(), trade.trade_id.as_str(), trade.aggressor),
            _ => panic!("{event:?}"),
        })
        .collect();
    let wanted = [("1", Some(Aggressor::Sell)), ("2", Some(Aggressor::Buy))];
    assert_eq!(told, wanted.map(|(id, side)| ("GATEIO:BTC_USDT", id, side)));
    assert_eq!(given[1].1.ts_event, 1_700_000_002_123_456_000);
    for (from, to) in [("0.15", "0"), ("buy", "none"), ("1700000002123.456", "soon")] {
        assert!(asked(&SAMPLES[10].replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn prints_and_tops_keep_the_venues_text_and_time() {
    let mut gateio = Gateio::new();
    let given = events(&mut gateio, SAMPLES[3]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!(given[0].ts_event, 1_606_292_218_213_457_800);
    assert_eq!(
        (trade.trade_id.as_str(), trade.qty.to_string()),
        ("309143071", "16.4700000000".to_owned())
    );
    assert_eq!(trade.aggressor, Some(Aggressor::Sell));

    let given = events(&mut gateio, SAMPLES[4]);
    assert_eq!(given[0].seq, Some(48_733_182));
    let Body::Quote { bid, ask } = given[0].body else { panic!("{given:?}") };
    assert_eq!(bid.unwrap().1.to_string(), "0.0003341504");
    assert_eq!(ask.unwrap().0.to_string(), "19179.38");
    let empty = SAMPLES[4].replace("19179.38", "").replace("0.09", "0");
    let Body::Quote { ask, .. } = events(&mut gateio, &empty)[0].body else { panic!() };
    assert_eq!(ask, None);
}

#[test]
fn pairs_are_defined_by_their_decimals() {
    let response = Frame::Response { url: None, body: SAMPLES[8] };
    let given = taken(&mut Gateio::new(), response).unwrap();
    let Body::Instrument(definition) = &given[0].1.body else { panic!("{given:?}") };

    assert_eq!(given[0].0.as_str(), "GATEIO:ETH_USDT");
    assert_eq!(definition.tick_size.to_string(), "0.000001");
    assert_eq!(definition.lot_size.to_string(), "0.001");
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut gateio = Gateio::new();
    for text in [
        SAMPLES[5],
        SAMPLES[6],
        r#"{"time":1,"channel":"spot.pong","event":"","result":null}"#,
        r#"{"time":1,"channel":"spot.tickers","event":"update","result":{"currency_pair":"A_B","last":"1"}}"#,
        r#"{"time":1,"channel":"spot.other","event":"update","result":{"s":5,"b":{}}}"#,
    ] {
        assert_eq!(events(&mut gateio, text), [], "{text}");
    }
    for body in [r#"[["1606292580","1"]]"#, r#"{"server_time":5}"#] {
        assert!(taken(&mut gateio, Frame::Response { url: None, body }).unwrap().is_empty());
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut gateio = Gateio::new();
    let good = update(11, 20);
    for text in [
        String::new(),
        "5".to_owned(),
        "{}".to_owned(),
        good.replace("9.10", "9.1.0"),
        good.replace("20.0", "-20.0"),
        good.replace("\"U\":11", "\"U\":21"),
        good.replace("\"U\":11", "\"U\":0"),
        good.replace("\"u\":20,", ""),
        good.replace("X_Y", "X Y"),
        good.replace("\"t\":1000", "\"t\":99999999999999999999"),
        SAMPLES[3].replace("sell", "none"),
        SAMPLES[3].replace("16.4700000000", "0"),
        SAMPLES[3].replace("1606292218213.4578", "soon"),
        SAMPLES[4].replace("19177.79", "1e4"),
    ] {
        assert!(taken(&mut gateio, Frame::Message(&text)).is_err(), "{text}");
    }
    let text = r#"{"time":1,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair A_B"},"result":{"status":"fail"}}"#;
    let refused = taken(&mut gateio, Frame::Message(text));
    assert!(
        matches!(refused, Err(FrameError::Venue(text)) if text == "2 unknown currency pair A_B")
    );
    for body in [
        r#"{"label":"INVALID_CURRENCY_PAIR","message":"no such pair"}"#,
        r#"{"asks":[],"bids":[]}"#,
        SAMPLES[7],
    ] {
        let response = Frame::Response { url: None, body };
        assert!(taken(&mut gateio, response).is_err(), "{body}");
    }

    assert!(taken(&mut gateio, Frame::Lost).unwrap().is_empty(), "nothing was listed");
    assert_eq!(events(&mut gateio, &good), events(&mut Gateio::new(), &good));
}

#[test]
fn candles_are_read_where_their_volume_is_in_the_base() {
    let mut out = Vec::new();
    for text in [SAMPLES[5], &SAMPLES[5].replace(r#""a":"3.8283","#, "")] {
        Candlesticks.take(Frame::Message(text), &mut out).unwrap();
    }

    assert_eq!(out.len(), 1);
    let (instrument, candle) = &out[0];
    assert_eq!((instrument.as_str(), candle.is_running), ("GATEIO:BTC_USDT", false));
    assert_eq!(
        candle.prices.map(|price| price.to_string()).join(" "),
        "19128.1 19128.2 19128.0 19128.1"
    );
    assert_eq!((candle.start, candle.length), (1_606_292_580_000_000_000, 60_000_000_000));
}

#[test]
fn candles_by_rest_have_the_urls_pair_and_interval() {
    let body = r#"[["1699999980","5250","35000.1","35000.2","34999","35000","0.25","true"],["1700000040","5250","1","1","1","1","0.25","false"],["1700000100","5250","1","1","1","1"]]"#;
    let url = "https://api.gateio.ws/api/v4/spot/candlesticks?currency_pair=BTC_USDT&interval=1m";
    let mut out = Vec::new();
    Candlesticks.take(Frame::Response { url: Some(url), body }, &mut out).unwrap();

    let told: Vec<_> = out.iter().map(|(_, candle)| (candle.start, candle.is_running)).collect();
    assert_eq!(told, [(1_699_999_980_000_000_000, false), (1_700_000_040_000_000_000, true)]);
    let prices = out[0].1.prices.map(|price| price.to_string()).join(" ");
    assert_eq!(
        (out[0].0.as_str(), prices.as_str()),
        ("GATEIO:BTC_USDT", "35000 35000.2 34999 35000.1")
    );
    assert_eq!(out[0].1.length, 60_000_000_000);
    let pairs = "https://api.gateio.ws/api/v4/spot/currency_pairs?currency_pair=BTC_USDT";
    Candlesticks.take(Frame::Response { url: Some(pairs), body: SAMPLES[8] }, &mut out).unwrap();
    assert_eq!(out.len(), 2);
}

#[test]
fn a_stream_is_left_before_it_is_asked_for_again() {
    let said = Socket::default().renew("BTC_USDT");

    assert!(said[0].contains("unsubscribe") && said[1].contains(r#""event":"subscribe""#));
    assert!(said[1].contains(r#""payload":["ob.BTC_USDT.400"]"#), "{}", said[1]);
}
