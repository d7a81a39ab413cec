//! Prints of streams and of REST lists.

use super::*;
use crate::domain::market::Aggressor;

#[test]
fn prints_keep_the_venues_text_and_tell_who_took() {
    let mut spot = Binance::spot();
    let text = r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}"#;
    let given = events(&mut spot, text);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };

    assert_eq!((given[0].ts_event, given[0].ts_recv), (1_723_161_255_342_000_000, Some(7)));
    assert_eq!((trade.trade_id.as_str(), trade.count), ("3735683259", 1));
    assert_eq!(trade.price.to_string(), "61837.63000000");
    assert_eq!(trade.aggressor, Some(Aggressor::Sell));

    let text = r#"{"e":"aggTrade","E":3,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":100,"l":102,"T":2,"m":false}"#;
    let given = events(&mut Binance::usdm(), text);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!((trade.trade_id.as_str(), trade.count), ("16599292", 3));
    assert_eq!(trade.aggressor, Some(Aggressor::Buy));
}

#[test]
fn prints_that_are_no_trades_of_the_market_give_nothing() {
    let mut usdm = Binance::usdm();
    let text = r#"{"e":"trade","E":3,"T":3,"s":"BTCUSDT","t":5,"p":"0","q":"0","X":"NA","m":true}"#;
    let priced = text.replace(r#""0","q":"0""#, r#""7","q":"1""#);
    assert_eq!(events(&mut usdm, text), []);
    assert_eq!(events(&mut usdm, &text.replace("NA", "MARKET")), [], "without a price");
    for kind in ["NA", "ADL", "INSURANCE_FUND"] {
        assert_eq!(events(&mut usdm, &priced.replace("NA", kind)), [], "{kind}");
    }
    for kind in ["MARKET", "SOMETHING_NEW"] {
        assert_eq!(events(&mut usdm, &priced.replace("NA", kind)).len(), 1, "{kind}");
    }
}

fn fill(id: u64) -> String {
    format!(r#"{{"e":"trade","E":3,"T":3,"s":"BTCUSDT","t":{id},"p":"9","q":"1","m":true}}"#)
}

fn aggregate(first: u64, last: u64) -> String {
    let ids = format!(r#""a":1{first},"f":{first},"l":{last}"#);
    format!(r#"{{"e":"aggTrade","E":3,"T":3,"s":"BTCUSDT",{ids},"p":"9","q":"1","m":true}}"#)
}

#[test]
fn of_fills_and_aggregates_the_kind_heard_first_is_given() {
    let (fill, aggregate) = (fill(5), aggregate(5, 5));
    for [first, second] in [[&fill, &aggregate], [&aggregate, &fill]] {
        let mut usdm = Binance::usdm();
        assert_eq!([first, second, first].map(|text| events(&mut usdm, text).len()), [1, 0, 1]);
        taken(&mut usdm, Frame::Lost).unwrap();
        assert_eq!(events(&mut usdm, second), []);
        assert_eq!(events(&mut usdm, &second.replace("BTC", "ETH")).len(), 1);
    }
}

#[test]
fn prints_go_over_to_the_other_kind_where_it_tells_only_later_fills() {
    let mut spot = Binance::spot();
    let given = |spot: &mut Binance, text: String| events(spot, &text).len();
    assert_eq!([5, 6, 4].map(|id| given(&mut spot, fill(id))), [1; 3], "whatever their order");
    assert_eq!([(4, 6), (6, 8)].map(|(f, l)| given(&mut spot, aggregate(f, l))), [0; 2]);
    assert_eq!([(9, 11), (12, 12)].map(|(f, l)| given(&mut spot, aggregate(f, l))), [1; 2]);
    // The fills may go on, and fall behind.
    assert_eq!([9, 12].map(|id| given(&mut spot, fill(id))), [0; 2]);
    assert_eq!([15, 14, 12].map(|id| given(&mut spot, fill(id))), [1, 1, 0]);
    // An aggregate with fills that were given is not given, and its other fills are not lost by that.
    assert_eq!(given(&mut spot, aggregate(16, 17)), 1);
    assert_eq!(given(&mut spot, aggregate(15, 19)), 0);
    assert_eq!([17, 18].map(|id| given(&mut spot, fill(id))), [0, 1]);
}

#[test]
fn a_rest_list_tells_no_fill_that_the_other_kind_did() {
    let url = Some("https://api.binance.com/api/v3/trades?symbol=BTCUSDT");
    let row = |id| format!(r#"{{"id":{id},"price":"9","qty":"1","time":3,"isBuyerMaker":true}}"#);
    let body = format!("[{},{},{}]", row(5), row(6), row(7));
    let mut spot = Binance::spot();
    let asked = |spot: &mut Binance| taken(spot, Frame::Response { url, body: &body }).unwrap();
    events(&mut spot, &aggregate(5, 6));
    assert_eq!(asked(&mut spot), []);
    events(&mut spot, &fill(7));
    assert_eq!(asked(&mut spot).len(), 1);
}

#[test]
fn rest_lists_of_trades_are_prints_of_the_symbol_that_was_asked_for() {
    let mut usdm = Binance::usdm();
    let aggregates = r#"[{"a":26129,"p":"0.01","q":"4.7","f":27781,"l":27783,"T":1498793709153,"m":true},{"a":26130,"p":"0.02","q":"1","f":27784,"l":27784,"T":1498793709154,"m":false}]"#;
    let fills = r#"[{"id":28457,"price":"4.00000100","qty":"12.0","quoteQty":"8000.00","time":1499865549590,"isBuyerMaker":true}]"#;
    let url = Some("https://fapi.binance.com/fapi/v1/aggTrades?symbol=BTCUSDT");
    let mut take = |url: Option<&str>, body: &str| taken(&mut usdm, Frame::Response { url, body });
    assert_eq!(take(None, aggregates).unwrap(), [], "nobody knows whose");
    let given = take(url, aggregates).unwrap();
    let Body::Trade(trade) = &given[0].1.body else { panic!("{given:?}") };
    assert_eq!((given[0].0.as_str(), given.len()), ("BINANCE-USDM:BTCUSDT", 2));
    assert_eq!((trade.trade_id.as_str(), trade.count), ("26129", 3));
    assert_eq!(
        (given[0].1.ts_event, trade.aggressor),
        (1_498_793_709_153_000_000, Some(Aggressor::Sell))
    );
    assert_eq!(take(None, aggregates).unwrap().len(), 2, "of the only symbol");
    assert_eq!(take(url, fills).unwrap(), [], "aggregates were heard first");

    let given = taken(&mut Binance::spot(), Frame::Response { url, body: fills }).unwrap();
    let Body::Trade(trade) = &given[0].1.body else { panic!("{given:?}") };
    assert_eq!(
        (trade.trade_id.as_str(), trade.price.to_string().as_str()),
        ("28457", "4.00000100")
    );

    for (from, to) in
        [("0.02", "x"), ("27784,\"l\":27784", "2,\"l\":1"), ("\"T\":1498793709154,", "")]
    {
        assert!(take(url, &aggregates.replace(from, to)).is_err(), "{to}");
    }
    for other in [r#"[{"symbol":"BTCUSDT","price":"1"}]"#, "[[1,2]]", "[]", r#"["BTCUSDT"]"#] {
        assert_eq!(take(url, other).unwrap(), [], "{other}");
    }
    assert!(take(url, "[{]").is_err());
}

#[test]
fn a_rest_list_of_trades_decides_nothing_for_the_streams() {
    let fill = r#"{"e":"trade","E":3,"T":3,"s":"BTCUSDT","t":5,"p":"9","q":"1","m":true}"#;
    let list = r#"[{"a":5,"p":"10","q":"1","f":9,"l":9,"T":1699999900000,"m":true,"M":true}]"#;
    let url = Some("https://api.binance.com/api/v3/aggTrades?symbol=BTCUSDT");
    let mut spot = Binance::spot();
    let asked = Frame::Response { url, body: list };
    assert_eq!(taken(&mut spot, asked).unwrap().len(), 1);
    assert_eq!(events(&mut spot, fill).len(), 1);
    assert_eq!(taken(&mut spot, asked).unwrap(), [], "fills were heard");
    taken(&mut spot, Frame::Lost).unwrap();
    assert_eq!(events(&mut spot, fill).len(), 1);
    assert_eq!(taken(&mut spot, asked).unwrap(), []);
}

#[test]
fn aggregates_of_no_fill_are_passed_over_and_a_malformed_row_refuses_its_list() {
    let url = Some("https://api.binance.com/api/v3/aggTrades?symbol=BTCUSDT");
    let mut spot = Binance::spot();
    let mut take = |body: &str| taken(&mut spot, Frame::Response { url, body });
    let aggregate = r#"{"a":5,"p":"10","q":"1","f":9,"l":9,"T":1699999900000,"m":true}"#;
    let void = r#"{"a":4,"p":"0","q":"0","f":-1,"l":-1,"T":1699999900000,"m":true}"#;
    let fill = r#"{"id":1,"price":"4","qty":"1","time":1699999900000,"isBuyerMaker":true}"#;
    assert_eq!(take(&format!("[{void},{aggregate}]")).unwrap().len(), 1);
    assert_eq!(take(&format!("[{void}]")).unwrap(), []);
    for (from, to) in [("\"f\":9", "\"f\":-1"), ("\"f\":9", "\"f\":\"x\""), ("true", "0")] {
        let bad = aggregate.replace(from, to);
        assert!(take(&format!("[{aggregate},{bad}]")).is_err(), "{to}");
        assert!(take(&format!("[{bad},{aggregate}]")).is_err(), "{to}");
    }
    assert!(take(&format!("[{fill},{}]", fill.replace(":1,", ":\"x\","))).is_err());
}
