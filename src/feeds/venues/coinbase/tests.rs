//! Frames of Coinbase, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Decimal};
use crate::feeds::venues::candle::Witness;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"type":"snapshot","product_id":"BTC-USD","asks":[["10102.55","0.57"]],"bids":[["10101.10","0.45"]]}"#,
    r#"{"type":"l2update","product_id":"BTC-USD","changes":[["buy","10101.80","0.162567"],["sell","10103.00","0"]],"time":"2022-08-04T15:25:05.010758Z"}"#,
    r#"{"type":"match","trade_id":10,"sequence":50,"maker_order_id":"ac9","taker_order_id":"132","time":"2014-11-07T08:19:27.028459Z","product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"}"#,
    r#"{"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22","best_bid":"1285.04","best_bid_size":"0.46688654","best_ask":"1285.27","best_ask_size":"1.56637040","side":"buy","time":"2022-10-19T23:28:22.061769Z","trade_id":370843401,"last_size":"11.4396987"}"#,
    r#"{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"}"#,
    r#"{"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"},{"side":"offer","event_time":"1970-01-01T00:00:00Z","price_level":"21921.90","new_quantity":"1"}]}]}"#,
    r#"{"channel":"market_trades","client_id":"","timestamp":"2023-02-09T20:19:35.39625135Z","sequence_num":1,"events":[{"type":"snapshot","trades":[{"trade_id":"12","product_id":"ETH-USD","price":"1260.01","size":"0.3","side":"BUY","time":"2019-08-14T20:42:27.265Z"}]}]}"#,
    r#"{"channel":"heartbeats","client_id":"","timestamp":"2023-06-23T20:31:26.122969572Z","sequence_num":2,"events":[{"current_time":"2023-06-23 20:31:56","heartbeat_counter":3049}]}"#,
    r#"{"pricebook":{"product_id":"BTC-USD","bids":[{"price":"68923.66","size":"0.5"}],"asks":[{"price":"68923.67","size":"0.25"}],"time":"2024-04-07T00:28:58.5Z"},"last":"68923.67"}"#,
    r#"{"trades":[{"trade_id":"13","product_id":"ETH-USD","price":"1260.02","size":"0.4","time":"2019-08-14T20:42:28.265Z","side":"SELL","bid":"","ask":"","exchange":"coinbase"},{"trade_id":"12","product_id":"ETH-USD","price":"1260.01","size":"0.3","time":"2019-08-14T20:42:27.265Z","side":"BUY","bid":"","ask":"","exchange":"coinbase"}],"best_bid":"1260.00","best_ask":"1260.02"}"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Coinbase, text: &str) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Coinbase, text: &str) -> Vec<Event> {
    taken(adapter, text).unwrap().into_iter().map(|(_, event)| event).collect()
}

/// An `l2_data` with one event a row of `(type, product)`.
fn l2_data(number: u64, rows: &[(&str, &str)]) -> String {
    let events: Vec<String> = rows
        .iter()
        .map(|(kind, symbol)| {
            format!(
                r#"{{"type":"{kind}","product_id":"{symbol}","updates":[{{"side":"bid","event_time":"2023-02-09T20:32:50Z","price_level":"9.10","new_quantity":"{number}"}}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"channel":"l2_data","timestamp":"2023-02-09T20:32:50.5Z","sequence_num":{number},"events":[{}]}}"#,
        events.join(",")
    )
}

/// `seq` and `prev_seq` of each event.
fn sequences(events: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
    events.iter().map(|event| (event.seq, event.prev_seq)).collect()
}

#[test]
fn a_match_is_taken_by_the_side_that_did_not_make_it() {
    let mut coinbase = Coinbase::new();
    let given = events(&mut coinbase, SAMPLES[2]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };

    assert_eq!((given[0].ts_event, given[0].seq), (1_415_348_367_028_459_000, Some(50)));
    assert_eq!((trade.trade_id.as_str(), trade.aggressor), ("10", Some(Aggressor::Buy)));
    assert_eq!(
        (trade.price.to_string(), trade.qty.to_string()),
        ("400.23".into(), "5.23512".into())
    );

    let given = events(&mut coinbase, SAMPLES[6]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!((trade.trade_id.as_str(), trade.aggressor), ("12", Some(Aggressor::Sell)));
}

#[test]
fn the_last_trade_before_the_subscription_is_not_a_new_one() {
    let mut coinbase = Coinbase::new();
    let text = SAMPLES[2].replace("\"match\"", "\"last_match\"");

    assert_eq!(events(&mut coinbase, &text), []);
    assert_eq!(events(&mut coinbase, SAMPLES[3]), []);
}

#[test]
fn a_book_of_exchange_has_no_numbers() {
    let mut coinbase = Coinbase::new();
    let snapshot = events(&mut coinbase, SAMPLES[0]);
    let delta = events(&mut coinbase, SAMPLES[1]);

    assert_eq!((snapshot[0].ts_event, delta[0].ts_event), (7, 1_659_626_705_010_758_000));
    assert_eq!(sequences(&[snapshot, delta.clone()].concat()), [(None, None); 2]);
    let Body::BookDelta { bids, asks, .. } = &delta[0].body else { panic!("{delta:?}") };
    assert_eq!((bids[0].0.to_string(), bids.len(), asks.len()), ("10101.80".into(), 1, 1));
    assert!(asks[0].1.is_zero());
}

#[test]
fn a_numbered_book_follows_its_own_last_number() {
    let mut coinbase = Coinbase::new();
    let steps = [
        (l2_data(0, &[("snapshot", "A")]), vec![(Some(0), None)]),
        (l2_data(1, &[("snapshot", "B")]), vec![(Some(1), None)]),
        (l2_data(2, &[("update", "A")]), vec![(Some(2), Some(0))]),
        (l2_data(3, &[("update", "B"), ("update", "B")]), vec![(Some(3), Some(1)), (None, None)]),
        (l2_data(4, &[("update", "A")]), vec![(Some(4), Some(2))]),
        (l2_data(4, &[("update", "A")]), vec![]),
    ];
    for (text, wanted) in steps {
        assert_eq!(sequences(&events(&mut coinbase, &text)), wanted, "{text}");
    }
}

#[test]
fn a_gap_in_the_connections_numbers_loses_every_instrument() {
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    events(&mut coinbase, &l2_data(1, &[("snapshot", "B")]));

    let given = taken(&mut coinbase, &l2_data(3, &[("update", "A")])).unwrap();
    let lost = given.iter().filter(|(_, event)| event.body == Body::Disconnect);
    assert_eq!((lost.count(), given.len()), (2, 3));
    assert_eq!(sequences(&[given[2].1.clone()]), [(Some(3), None)]);
    // Messages that give nothing count too, whatever their fields mean.
    let text = r#"{"channel":"status","sequence_num":5,"events":{"products":[]}}"#;
    assert_eq!(events(&mut coinbase, text).len(), 2);
    let text = r#"{"channel":"ticker","sequence_num":6,"events":[{"type":"update","tickers":[]}]}"#;
    assert_eq!(events(&mut coinbase, text), []);
}

#[test]
fn connections_recorded_as_one_each_keep_their_books() {
    let mut coinbase = Coinbase::new();
    let steps = [
        (l2_data(0, &[("snapshot", "A")]), vec![(Some(0), None)]),
        (l2_data(1, &[("update", "A")]), vec![(Some(1), Some(0))]),
        (l2_data(2, &[("update", "A")]), vec![(Some(2), Some(1))]),
        (l2_data(0, &[("snapshot", "B")]), vec![(Some(0), None)]),
        (l2_data(3, &[("update", "A")]), vec![(Some(3), Some(2))]),
        (l2_data(1, &[("update", "B")]), vec![(Some(1), Some(0))]),
        (l2_data(2, &[("update", "B")]), vec![(Some(2), Some(1))]),
        (l2_data(4, &[("update", "A")]), vec![(Some(4), Some(3))]),
    ];
    for (text, wanted) in steps {
        assert_eq!(sequences(&events(&mut coinbase, &text)), wanted, "{text}");
    }
    let given = events(&mut coinbase, &l2_data(6, &[("update", "A")]));
    let lost = given.iter().filter(|event| event.body == Body::Disconnect);
    assert_eq!((lost.count(), given.len()), (2, 3), "a gap in one of them");
}

#[test]
fn a_product_that_another_connection_begins_anew_was_lost() {
    let mut coinbase = Coinbase::new();
    let connected = |coinbase: &mut Coinbase| {
        coinbase.take(Frame::Connected, 7, &mut Vec::new()).unwrap();
    };
    events(&mut coinbase, &l2_data(0, &[("snapshot", "A"), ("snapshot", "B")]));
    events(&mut coinbase, &SAMPLES[6].replace("ETH-USD", "A"));
    let disconnects =
        |given: &[Event]| given.iter().filter(|event| event.body == Body::Disconnect).count();
    // Asked for again by the same one, nothing is lost.
    assert_eq!(disconnects(&events(&mut coinbase, &l2_data(2, &[("snapshot", "A")]))), 0);

    let given = events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    assert_eq!((disconnects(&given), given.len()), (1, 2));
    assert_eq!(sequences(&given[1..]), [(Some(0), None)]);
    let trades = SAMPLES[6].replace("ETH-USD", "A");
    assert_eq!(disconnects(&events(&mut coinbase, &trades)), 0, "it was told by the book");
    let older = events(&mut coinbase, &l2_data(2, &[("update", "A"), ("update", "B")]));
    assert_eq!(sequences(&older), [(Some(2), Some(0))], "it has not told B");
    connected(&mut coinbase);
    let older = events(&mut coinbase, &l2_data(0, &[("update", "A")]));
    assert_eq!((disconnects(&older), older.len()), (1, 2), "a change without its book");
}

#[test]
fn of_two_connections_that_follow_one_book_the_one_that_began_last_makes_it() {
    let mut coinbase = Coinbase::new();
    for number in 0..5 {
        let kind = if number == 0 { "snapshot" } else { "update" };
        events(&mut coinbase, &l2_data(number, &[(kind, "A")]));
    }
    let given = events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));

    assert_eq!(events(&mut coinbase, &l2_data(5, &[("update", "A")])), []);
    for number in 1..6 {
        let given = events(&mut coinbase, &l2_data(number, &[("update", "A")]));
        assert_eq!(sequences(&given), [(Some(number), Some(number - 1))]);
    }
    let given = events(&mut coinbase, &l2_data(6, &[("update", "A")]));
    assert_eq!(given[0].body, Body::Disconnect, "either may have told it");
    assert_eq!(sequences(&given[1..]), [(Some(6), None)]);
}

#[test]
fn a_number_of_another_connection_does_not_continue_a_book() {
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    events(&mut coinbase, &l2_data(1, &[("update", "A")]));
    events(&mut coinbase, &l2_data(2, &[("update", "A")]));
    events(&mut coinbase, &l2_data(0, &[("snapshot", "B")]));
    assert_eq!(events(&mut coinbase, &l2_data(1, &[("update", "A")])), [], "it has not told A");

    let given = events(&mut coinbase, &l2_data(3, &[("update", "A")]));
    assert_eq!(sequences(&given), [(Some(3), Some(2))]);
    events(&mut coinbase, &l2_data(2, &[("update", "B")]));
    let given = events(&mut coinbase, &l2_data(3, &[("update", "B")]));
    assert_eq!(sequences(&given), [(Some(3), Some(2))]);
}

#[test]
fn the_two_protocols_do_not_continue_each_others_book() {
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, SAMPLES[0]);
    let given = events(&mut coinbase, SAMPLES[5]);
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
    assert_eq!(events(&mut coinbase, SAMPLES[1]), []);
    let given = events(&mut coinbase, &l2_data(1, &[("update", "BTC-USD")]));
    assert_eq!(sequences(&given), [(Some(1), Some(0))]);

    assert_eq!(events(&mut coinbase, SAMPLES[0]).len(), 2);
    assert_eq!(events(&mut coinbase, &l2_data(2, &[("update", "BTC-USD")])), []);
    assert_eq!(events(&mut coinbase, SAMPLES[1]).len(), 1);
}

#[test]
fn a_change_of_exchange_does_not_continue_the_book_of_a_connection_that_ended() {
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, SAMPLES[0]);
    coinbase.take(Frame::Connected, 7, &mut Vec::new()).unwrap();

    let given = events(&mut coinbase, SAMPLES[1]);
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
    assert_eq!(events(&mut coinbase, SAMPLES[0]).len(), 1);
}

#[test]
fn a_change_without_time_has_the_greatest_before_it() {
    let mut coinbase = Coinbase::new();
    let untimed = SAMPLES[1].replace(r#","time":"2022-08-04T15:25:05.010758Z""#, "");
    let times =
        [&untimed, SAMPLES[1], &untimed].map(|text| events(&mut coinbase, text)[0].ts_event);

    assert_eq!(times, [7, 1_659_626_705_010_758_000, 1_659_626_705_010_758_000]);
}

fn answer(adapter: &mut Coinbase, url: Option<&str>, body: &str) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Response { url, body }, 7, &mut out).map(|()| out)
}

/// Ids and takers.
fn taken_by(given: &Given) -> Vec<(&str, &str, Option<Aggressor>)> {
    given
        .iter()
        .map(|(instrument, event)| match &event.body {
            Body::Trade(trade) => (instrument.as_str(), trade.trade_id.as_str(), trade.aggressor),
            _ => panic!("{event:?}"),
        })
        .collect()
}

#[test]
fn trades_by_rest_are_given_oldest_first_by_the_side_that_took() {
    let mut coinbase = Coinbase::new();
    let given = answer(&mut coinbase, None, SAMPLES[9]).unwrap();
    let wanted = [("12", Some(Aggressor::Sell)), ("13", Some(Aggressor::Buy))];
    assert_eq!(taken_by(&given), wanted.map(|(id, side)| ("COINBASE:ETH-USD", id, side)));

    let body = r#"[{"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00","size":"0.01","side":"buy"},{"time":"2014-11-07T01:08:43.642366Z","trade_id":73,"price":"100.00","size":"0.02","side":"sell"}]"#;
    let url = Some("https://api.exchange.coinbase.com/products/BTC-USD/trades?limit=2");
    let given = answer(&mut coinbase, url, body).unwrap();
    let wanted = [("73", Some(Aggressor::Buy)), ("74", Some(Aggressor::Sell))];
    assert_eq!(taken_by(&given), wanted.map(|(id, side)| ("COINBASE:BTC-USD", id, side)));
    assert!(answer(&mut coinbase, None, body).unwrap().is_empty(), "whose they are is not said");
    assert!(answer(&mut coinbase, url, &body.replace("0.02", "0")).is_err());
    assert!(answer(&mut coinbase, url, &body.replace("sell", "none")).is_err());
    let refusal = answer(&mut coinbase, url, r#"{"message":"NotFound"}"#);
    assert!(matches!(refusal, Err(FrameError::Venue(text)) if text == "NotFound"));
}

#[test]
fn a_book_by_rest_is_given_where_none_is_followed() {
    let mut coinbase = Coinbase::new();
    let given = answer(&mut coinbase, None, SAMPLES[8]).unwrap();
    assert!(matches!(given[0].1.body, Body::BookSnapshot { .. }));
    assert_eq!((given[0].0.as_str(), given[0].1.seq), ("COINBASE:BTC-USD", None));
    assert_eq!(given[0].1.ts_event, 1_712_449_738_500_000_000);
    assert!(answer(&mut coinbase, None, &SAMPLES[8].replace("0.25", "-1")).is_err());
    assert!(answer(&mut coinbase, None, &SAMPLES[8].replace("price\"", "at\"")).is_err());

    for followed in [SAMPLES[0].to_owned(), l2_data(0, &[("snapshot", "BTC-USD")])] {
        let mut coinbase = Coinbase::new();
        events(&mut coinbase, &followed);
        assert!(answer(&mut coinbase, None, SAMPLES[8]).unwrap().is_empty());
    }
}

#[test]
fn the_first_change_behind_a_book_by_rest_is_told_as_a_loss() {
    let exchange = |_: u64| SAMPLES[1].to_owned();
    let advanced = |number: u64| l2_data(number, &[("update", "BTC-USD")]);
    for change in [&exchange as &dyn Fn(u64) -> String, &advanced] {
        let mut coinbase = Coinbase::new();
        answer(&mut coinbase, None, SAMPLES[8]).unwrap();
        let given = events(&mut coinbase, &change(7));
        assert_eq!((given.len(), &given[0].body), (2, &Body::Disconnect));
        assert_eq!(events(&mut coinbase, &change(8)).len(), 1, "once");
        assert!(answer(&mut coinbase, None, SAMPLES[8]).unwrap().is_empty());
    }
    let numbered = l2_data(6, &[("snapshot", "BTC-USD")]);
    for (whole, change) in [(SAMPLES[0], exchange(7)), (&numbered, advanced(7))] {
        let mut coinbase = Coinbase::new();
        answer(&mut coinbase, None, SAMPLES[8]).unwrap();
        assert_eq!(events(&mut coinbase, whole).len(), 1);
        assert_eq!(events(&mut coinbase, &change).len(), 1);
    }
    // A gap loses it with all others, once.
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    answer(&mut coinbase, None, SAMPLES[8]).unwrap();
    let given = taken(&mut coinbase, &advanced(2)).unwrap();
    let lost = given.iter().filter(|(_, event)| event.body == Body::Disconnect);
    assert_eq!((lost.count(), given.len()), (2, 3));
}

#[test]
fn trades_that_a_message_tells_newest_first_are_given_oldest_first() {
    let print = |id: u32| {
        format!(
            r#"{{"trade_id":"{id}","product_id":"A","price":"1.10","size":"2","side":"SELL","time":"2023-02-09T20:19:3{id}Z"}}"#
        )
    };
    let text = format!(
        r#"{{"channel":"market_trades","timestamp":"2023-02-09T20:19:36Z","sequence_num":4,"events":[{{"type":"update","trades":[{},{}]}}]}}"#,
        print(5),
        print(4)
    );
    let given = events(&mut Coinbase::new(), &text);
    let ids: Vec<_> = given
        .iter()
        .map(|event| match &event.body {
            Body::Trade(trade) => (trade.trade_id.as_str(), trade.aggressor),
            _ => panic!("{event:?}"),
        })
        .collect();

    assert_eq!(ids, [("4", Some(Aggressor::Buy)), ("5", Some(Aggressor::Buy))]);
}

#[test]
fn a_refused_message_lists_none_of_its_products() {
    let mut coinbase = Coinbase::new();
    assert!(taken(&mut coinbase, &l2_data(0, &[("snapshot", "A"), ("snapshot", "B C")])).is_err());

    assert_eq!(events(&mut coinbase, SAMPLES[7]), []);
}

#[test]
fn heartbeats_move_the_time_of_their_products() {
    let mut coinbase = Coinbase::new();
    assert_eq!(events(&mut coinbase, SAMPLES[4])[0].body, Body::Heartbeat);
    events(&mut coinbase, &SAMPLES[4].replace("BTC", "ETH"));

    let given = events(&mut coinbase, SAMPLES[7]);
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(|event| event.ts_event == 1_687_552_286_122_969_572));
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut coinbase = Coinbase::new();
    events(&mut coinbase, &l2_data(0, &[("snapshot", "A")]));
    let good = l2_data(1, &[("update", "A")]);
    for text in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        good.replace("bid", "up"),
        good.replace("9.10", "9.1.0"),
        good.replace("\"1\"", "\"-1\""),
        good.replace("2023-02-09T20:32:50.5Z", "yesterday"),
        good.replace("\"A\"", "\"A B\""),
        good.replace("update", "upgrade"),
        SAMPLES[1].replace("buy", "bought"),
        SAMPLES[1].replace("0.162567", "-0.162567"),
        SAMPLES[2].replace("5.23512", "0"),
        SAMPLES[2].replace("sell", "none"),
        SAMPLES[6].replace("BUY", "?"),
        good[..good.len() - 3].to_owned(),
        r#"{"type":"l2update","product_id":"A","changes":[["buy","1","1"]],"time":""}"#.to_owned(),
    ] {
        assert!(taken(&mut coinbase, &text).is_err(), "{text}");
    }
    let text = r#"{"type":"error","message":"Failed to subscribe","reason":"X-X is not valid"}"#;
    let refused = taken(&mut coinbase, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text.ends_with("X-X is not valid")));

    assert_eq!(sequences(&events(&mut coinbase, &good)), [(Some(1), Some(0))]);
}

#[test]
fn candles_are_read_with_their_start_in_seconds() {
    let text = r#"{"channel":"candles","timestamp":"2023-06-09T20:19:35Z","sequence_num":0,"events":[{"type":"snapshot","candles":[{"start":"1688998200","high":"1867.72","low":"1865.63","open":"1867.38","close":"1866.81","volume":"0.20269406","product_id":"ETH-USD"}]}]}"#;
    let mut out = Vec::new();
    candle::Candles.take(Frame::Message(text), &mut out).unwrap();

    let (instrument, candle) = &out[0];
    assert_eq!(
        (instrument.as_str(), candle.start),
        ("COINBASE:ETH-USD", 1_688_998_200_000_000_000)
    );
    assert_eq!(candle.prices[1], Decimal::parse("1867.72").unwrap());
    assert_eq!(events(&mut Coinbase::new(), text), []);
}

#[test]
fn candles_by_rest_are_read_oldest_first_with_the_urls_product_and_length() {
    let body = "[[1415398800,0.32,4.2,0.35,4.1,12.3],[1415398740,0.3,0.4,0.35,0.32,1e-7]]";
    let url = "https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60";
    let mut out = Vec::new();
    candle::Candles.take(Frame::Response { url: Some(url), body }, &mut out).unwrap();

    let told: Vec<_> = out.iter().map(|(_, candle)| (candle.start, candle.is_running)).collect();
    assert_eq!(told, [(1_415_398_740_000_000_000, false), (1_415_398_800_000_000_000, true)]);
    assert_eq!((out[1].0.as_str(), out[1].1.length), ("COINBASE:BTC-USD", 60_000_000_000));
    let prices = out[1].1.prices.map(|price| price.to_string()).join(" ");
    assert_eq!(prices, "0.35 4.2 0.32 4.1");
    let unsaid = "https://api.exchange.coinbase.com/products/BTC-USD/candles";
    candle::Candles.take(Frame::Response { url: Some(unsaid), body }, &mut out).unwrap();
    assert_eq!(out.len(), 2);
}
