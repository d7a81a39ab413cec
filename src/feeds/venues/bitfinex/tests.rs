//! Frames of Bitfinex, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Decimal};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::{Heard, Line};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"event":"info","version":2,"serverId":"083bd8d4","platform":{"status":1}}"#,
    r#"{"event":"conf","status":"OK","flags":98304}"#,
    r#"{"event":"subscribed","channel":"book","chanId":17,"symbol":"tBTCUSD","prec":"P0","freq":"F0","len":"25","pair":"BTCUSD"}"#,
    r#"{"event":"subscribed","channel":"trades","chanId":18,"symbol":"tBTCUSD","pair":"BTCUSD"}"#,
    r#"{"event":"subscribed","channel":"ticker","chanId":19,"symbol":"tTESTBTC:TESTUSD","pair":"TESTBTC:TESTUSD"}"#,
    r#"[17,[[7254.7,3,3.3],[7254,1,2e-7],[7255,2,-1.5]],1,1574694475039]"#,
    r#"[17,[7254,0,1],2,1574694475139]"#,
    r#"[18,[[401597395,1574694478808,-0.005,7245.3],[401597394,1574694478708,1,7245]],3,1574694478909]"#,
    r#"[18,"te",[401597396,1574694479808,0.25,7245.4],4,1574694479809]"#,
    r#"[18,"tu",[401597396,1574694479808,0.25,7245.4],5,1574694479809]"#,
    r#"[17,"hb",6,1574694480809]"#,
    r#"[17,"cs",-1475042340,7,1574694480909]"#,
    r#"[19,[60419,76.15,60425,86.19,-1,0,60420,1,61000,60000],8,1574694481909]"#,
    r#"{"event":"conf","status":"OK","flags":536969216}"#,
    r#"[17,[[7254,0,1],[7253,1,4]],9,1574694482009]"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Bitfinex, text: &str) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Bitfinex, text: &str) -> Vec<Event> {
    taken(adapter, text).unwrap().into_iter().map(|(_, event)| event).collect()
}

/// An adapter with the channels of the samples.
fn subscribed() -> Bitfinex {
    let mut bitfinex = Bitfinex::new();
    for text in &SAMPLES[..5] {
        assert_eq!(events(&mut bitfinex, text), []);
    }
    bitfinex
}

#[test]
fn amounts_tell_the_side_and_a_count_of_zero_removes() {
    let mut bitfinex = subscribed();
    let given = events(&mut bitfinex, SAMPLES[5]);
    let Body::BookSnapshot { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((given[0].seq, given[0].prev_seq), (Some(1), None));
    assert_eq!(given[0].ts_event, 1_574_694_475_039_000_000);
    assert_eq!((bids.len(), asks[0].1.to_string()), (2, "1.5".into()));
    assert_eq!(bids[1].1, Decimal::from_mantissa(2, 7));

    let given = events(&mut bitfinex, SAMPLES[6]);
    let Body::BookDelta { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((given[0].seq, given[0].prev_seq), (Some(2), Some(1)));
    assert_eq!((bids.len(), asks.len(), bids[0].1.is_zero()), (1, 0, true));
    let given = events(&mut bitfinex, "[17,[7255,0,-1],3]");
    assert!(
        matches!(&given[0].body, Body::BookDelta { bids, asks, .. } if bids.is_empty() && asks.len() == 1)
    );
    // Without a time of its own it has the greatest before it.
    assert_eq!(given[0].ts_event, 1_574_694_475_139_000_000);
}

#[test]
fn trades_come_oldest_first_and_once() {
    let mut bitfinex = subscribed();
    let trades: Vec<_> = SAMPLES[7..10]
        .iter()
        .flat_map(|text| events(&mut bitfinex, text))
        .map(|event| match event.body {
            Body::Trade(trade) => (trade.trade_id.to_string(), trade.aggressor, event.ts_event),
            _ => panic!("{event:?}"),
        })
        .collect();

    assert_eq!(
        trades,
        [
            ("401597394".to_owned(), Some(Aggressor::Buy), 1_574_694_478_708_000_000),
            ("401597395".to_owned(), Some(Aggressor::Sell), 1_574_694_478_808_000_000),
            ("401597396".to_owned(), Some(Aggressor::Buy), 1_574_694_479_808_000_000),
        ]
    );
}

#[test]
fn what_carries_nothing_gives_nothing_but_is_counted() {
    let mut bitfinex = subscribed();
    for text in &SAMPLES[5..13] {
        events(&mut bitfinex, text);
    }

    assert_eq!(events(&mut bitfinex, r#"[19,"hb",9]"#), []);
    assert_eq!(events(&mut bitfinex, r#"[4711,"hb",10]"#), []);
    assert_eq!(events(&mut bitfinex, r#"[17,"hb",11,1574694490809]"#)[0].body, Body::Heartbeat);
    assert_eq!(events(&mut bitfinex, "[17,[7254,1,1],12]")[0].prev_seq, Some(2));
}

#[test]
fn a_gap_in_the_connections_numbers_loses_every_instrument() {
    let mut bitfinex = subscribed();
    let other = SAMPLES[2].replace("17", "20").replace("tBTCUSD", "tETHUSD");
    events(&mut bitfinex, &other);
    events(&mut bitfinex, SAMPLES[5]);

    // A ticker shows the gap as well as a book.
    let given = taken(&mut bitfinex, "[19,[1,2,3,4,5,6,7,8,9,10],3]").unwrap();
    let names: Vec<_> = given.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["BITFINEX:tBTCUSD", "BITFINEX:tETHUSD"]);
    assert!(given.iter().all(|(_, event)| event.body == Body::Disconnect));
    let given = events(&mut bitfinex, "[17,[7255,0,-1],4]");
    assert_eq!((given[0].seq, given[0].prev_seq, given.len()), (Some(4), None, 1));
    // The same again is old.
    assert_eq!(events(&mut bitfinex, "[17,[7255,0,-1],4]"), []);
}

#[test]
fn without_numbers_a_book_has_none() {
    let mut bitfinex = subscribed();
    let given = [SAMPLES[5], SAMPLES[6]].map(|text| {
        let text = text.split_once("],1,").or(text.split_once("],2,")).unwrap().0;
        events(&mut bitfinex, &format!("{text}]]")).remove(0)
    });

    assert!(given.iter().all(|event| event.seq.is_none() && event.prev_seq.is_none()));
}

#[test]
fn channels_end_with_their_connection() {
    let mut bitfinex = subscribed();
    events(&mut bitfinex, SAMPLES[5]);
    events(&mut bitfinex, r#"{"event":"unsubscribed","status":"OK","chanId":17}"#);
    assert_eq!(events(&mut bitfinex, SAMPLES[6]), []);

    let mut out = Vec::new();
    bitfinex.take(Frame::Lost, 7, &mut out).unwrap();
    assert_eq!(out.len(), 1);
    assert!(taken(&mut bitfinex, SAMPLES[6]).is_err());
}

#[test]
fn bulk_updates_are_changes_behind_the_whole_book_of_each_subscription() {
    let mut bitfinex = subscribed();
    events(&mut bitfinex, SAMPLES[13]);
    let whole = events(&mut bitfinex, SAMPLES[5]);
    assert!(matches!(whole[0].body, Body::BookSnapshot { .. }));

    let bulk = "[17,[[7254,0,1],[7253,1,4],[7255,0,-1]],2]";
    let given = events(&mut bitfinex, bulk);
    let Body::BookDelta { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((bids.len(), asks.len(), bids[0].1.is_zero()), (2, 1, true));
    assert_eq!((given[0].seq, given[0].prev_seq), (Some(2), Some(1)));
    let given = events(&mut bitfinex, "[17,[],3]");
    assert!(matches!(given[0].body, Body::BookDelta { .. }));

    events(&mut bitfinex, SAMPLES[2]);
    let given = events(&mut bitfinex, "[17,[[7254,1,1]],4]");
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }), "subscribed anew");
    // Another connection has other flags.
    let mut other = subscribed();
    events(&mut other, SAMPLES[13]);
    for text in &SAMPLES[..6] {
        events(&mut other, text);
    }
    assert!(matches!(events(&mut other, bulk)[0].body, Body::BookSnapshot { .. }));
}

#[test]
fn of_two_channels_for_one_book_the_longer_is_taken() {
    let long = SAMPLES[2].replace("17", "20").replace(r#""len":"25""#, r#""len":"250""#);
    let levels = "[[7254.7,3,3.3],[7255,2,-1.5]]";
    for is_first in [true, false] {
        let mut bitfinex = subscribed();
        events(&mut bitfinex, &long);
        if is_first {
            events(&mut bitfinex, SAMPLES[2]);
        }
        let given = events(&mut bitfinex, &format!("[20,{levels},1]"));
        assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
        assert_eq!(events(&mut bitfinex, &format!("[17,{levels},2]")), []);
        assert_eq!(events(&mut bitfinex, "[17,[7254.7,0,1],3]"), []);
        assert_eq!(events(&mut bitfinex, "[20,[7254.7,1,1],4]")[0].prev_seq, Some(1));
        // It ends, and another one begins.
        events(&mut bitfinex, r#"{"event":"unsubscribed","status":"OK","chanId":20}"#);
        events(&mut bitfinex, SAMPLES[2]);
        assert_eq!(events(&mut bitfinex, &format!("[17,{levels},5]")).len(), 1);
    }
}

#[test]
fn the_end_of_the_channel_that_tells_the_book_loses_it() {
    let mut bitfinex = subscribed();
    let long = SAMPLES[2].replace("17", "20").replace(r#""len":"25""#, r#""len":"250""#);
    let end = |id: u64| format!(r#"{{"event":"unsubscribed","status":"OK","chanId":{id}}}"#);
    events(&mut bitfinex, SAMPLES[5]);
    events(&mut bitfinex, &long);
    events(&mut bitfinex, "[20,[[7254.7,3,3.3],[7255,2,-1.5]],2]");
    assert_eq!(events(&mut bitfinex, &end(17)), [], "it was passed over");
    assert_eq!(events(&mut bitfinex, &end(18)), [], "trades");
    let lost = taken(&mut bitfinex, &end(20)).unwrap();
    assert_eq!((lost.len(), lost[0].0.as_str()), (1, "BITFINEX:tBTCUSD"));
    assert_eq!((lost[0].1.seq, &lost[0].1.body), (None, &Body::Disconnect));
    assert_eq!(events(&mut bitfinex, &end(20)), []);
}

#[test]
fn funding_and_rounded_books_give_nothing() {
    let mut bitfinex = subscribed();
    events(&mut bitfinex, &SAMPLES[2].replace("17", "21").replace("P0", "P1"));
    events(&mut bitfinex, &SAMPLES[3].replace("18", "22").replace("tBTCUSD", "fUSD"));

    assert_eq!(events(&mut bitfinex, "[21,[7250,1,1],1]"), []);
    assert_eq!(events(&mut bitfinex, r#"[22,"fte",[1,1574694479808,0.25,0.1,2],2]"#), []);
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut bitfinex = subscribed();
    events(&mut bitfinex, SAMPLES[5]);
    for text in [
        "",
        "5",
        "[]",
        "[17]",
        "{}",
        r#"["17",[1,1,1],2]"#,
        "[17,[7254,0],2]",
        "[17,[7254,-1,1],2]",
        "[17,[7254,1,1.2.3],2]",
        "[17,[7254,1,--1],2]",
        "[17,[7254,0,-0],2]",
        "[17,[7254,1,0],2]",
        "[17,[null,1,1],2]",
        "[17,[[[7254,1,1]]],2]",
        "[17,[[7254,1,1],7255,1,1],2]",
        "[17,[7254,1,1},2]",
        "[17,7254,2]",
        "[17,[7254,1,1],2,99999999999999999]",
        "[99,[7254,1,1],2]",
        r#"[18,"te",[1,1574694479808,0,7245.4],2]"#,
        r#"[18,"te",[1,1574694479808,{},7245.4],2]"#,
        r#"[18,"te",[-1,1574694479808,1,7245.4],2]"#,
        "[17,[7254,1,1],2",
        r#"{"event":"subscribed","channel":"book"}"#,
        r#"{"event":"subscribed","channel":"book","chanId":5,"symbol":"t A","prec":"P0"}"#,
    ] {
        assert!(taken(&mut bitfinex, text).is_err(), "{text}");
    }
    let refused = taken(&mut bitfinex, r#"{"event":"error","msg":"symbol: invalid","code":10300}"#);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "symbol: invalid"));

    let given = events(&mut bitfinex, SAMPLES[6]);
    assert_eq!((given.len(), given[0].prev_seq), (1, Some(1)));
}

#[test]
fn candles_are_known_by_their_key() {
    let mut candles = candle::Candles::default();
    let mut out = Vec::new();
    for text in [
        r#"{"event":"subscribed","channel":"candles","chanId":343351,"key":"trade:1m:tBTCUSD"}"#,
        "[343351,[[1574698260000,7379.7,7383.8,7388.3,7379.7,1.68829482],[1574698200000,7399.9,7379.7,7399.9,7371.8,41.63633658]],1]",
        "[17,[7254,0,1],2]",
        r#"[343351,"hb",3]"#,
    ] {
        candles.take(Frame::Message(text), &mut out).unwrap();
    }

    assert_eq!(out.len(), 2);
    let [_, high, low, close] = out[0].1.prices.map(|number| number.to_string());
    assert_eq!((high, low, close), ("7399.9".into(), "7371.8".into(), "7379.7".into()));
    assert!(out[0].1.start < out[1].1.start);
}

#[test]
fn a_restart_of_the_server_is_heard() {
    let mut socket = line::Socket;
    let text = r#"{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}"#;

    assert_eq!(socket.hear(text), Heard::Closing);
    assert_eq!(socket.hear(SAMPLES[0]), Heard::Data);
    assert_eq!(socket.hear("[17,[20051,0,1],2]"), Heard::Data);
}
