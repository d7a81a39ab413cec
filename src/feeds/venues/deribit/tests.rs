//! Frames of Deribit, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body, Decimal};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::{Heard, Line};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"snapshot","timestamp":1554373962454,"instrument_name":"BTC-PERPETUAL","change_id":297217,"bids":[["new",5042.34,30],["new",5041.94,20]],"asks":[["new",5042.64,40]]}}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change","timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL","change_id":297218,"bids":[["delete",5041.94,0],["change",5042.34,1.5e2]],"asks":[["new",5042.64,4.0]]}}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.none.10.100ms","data":{"timestamp":1554375447971,"instrument_name":"BTC-PERPETUAL","change_id":109615,"bids":[[161,6]],"asks":[[160.5,4.0e1]]}}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.100ms","data":[{"trade_seq":30289442,"trade_id":"48079269","timestamp":1590484512188,"tick_direction":2,"price":8950,"mark_price":8948.9,"instrument_name":"BTC-PERPETUAL","index_price":8955.88,"direction":"sell","amount":10,"liquidation":"T"}]}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"quote.BTC-PERPETUAL","data":{"timestamp":1550658624149,"instrument_name":"BTC-PERPETUAL","best_bid_price":3914.97,"best_bid_amount":40,"best_ask_price":null,"best_ask_amount":0}}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.ETH-30JUL21-2800-C.100ms","data":{"timestamp":1626993723632,"state":"open","instrument_name":"ETH-30JUL21-2800-C","best_bid_price":5.0e-4,"best_bid_amount":4714.0,"best_ask_price":0.0025,"best_ask_amount":873.0}}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":[{"instrument_name":"BTC-PERPETUAL","tick_size":0.5,"min_trade_amount":10.0,"base_currency":"BTC","quote_currency":"USD","kind":"future"}]}"#,
    r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#,
];

fn taken(adapter: &mut Deribit, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn events(adapter: &mut Deribit, text: &str) -> Vec<Event> {
    taken(adapter, text).unwrap()
}

#[test]
fn a_change_names_the_one_before_it_and_deletes_whatever_it_says() {
    let mut deribit = Deribit::new();
    let snapshot = events(&mut deribit, SAMPLES[0]);
    let change = events(&mut deribit, &SAMPLES[1].replace(",0]", ",3]"));

    assert_eq!((snapshot[0].seq, snapshot[0].prev_seq), (Some(297_217), None));
    assert_eq!((change[0].seq, change[0].prev_seq), (Some(297_218), Some(297_217)));
    assert_eq!(change[0].ts_event, 1_554_373_962_554_000_000);
    let Body::BookDelta { bids, asks, .. } = &change[0].body else { panic!("{change:?}") };
    assert!(bids[0].1.is_zero());
    assert_eq!((bids[1].1.to_string(), asks[0].1.to_string()), ("150".into(), "4.0".into()));
}

#[test]
fn a_book_at_a_fixed_depth_is_whole_each_time_and_a_grouped_one_is_none() {
    let mut deribit = Deribit::new();
    let given = events(&mut deribit, SAMPLES[2]);
    let Body::BookSnapshot { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };

    assert_eq!((given[0].seq, bids.len(), asks[0].1.to_string()), (Some(109_615), 1, "40".into()));
    assert_eq!(events(&mut deribit, &SAMPLES[2].replace("none", "5")), []);
}

#[test]
fn prints_have_the_takers_side_and_their_own_number() {
    let given = events(&mut Deribit::new(), SAMPLES[3]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };

    assert_eq!((given[0].seq, trade.trade_id.as_str()), (Some(30_289_442), "48079269"));
    assert_eq!(
        (trade.aggressor, trade.conditions.as_str()),
        (Some(Aggressor::Sell), "liquidation")
    );
}

#[test]
fn a_side_without_orders_is_none() {
    let mut deribit = Deribit::new();
    let quote = events(&mut deribit, SAMPLES[4]);
    let Body::Quote { bid: Some(bid), ask: None } = quote[0].body else { panic!("{quote:?}") };
    assert_eq!(bid.0.to_string(), "3914.97");

    let ticker = SAMPLES[5].replace("4714.0", "0.0").replace("5.0e-4", "0.0");
    let quote = events(&mut deribit, &ticker);
    assert!(matches!(quote[0].body, Body::Quote { bid: None, ask: Some(_) }));
    let quote = events(&mut deribit, SAMPLES[5]);
    let Body::Quote { bid: Some(bid), .. } = quote[0].body else { panic!("{quote:?}") };
    assert_eq!(bid.0, Decimal::from_mantissa(5, 4));
}

#[test]
fn a_list_of_instruments_defines_them() {
    let mut out = Vec::new();
    let body = SAMPLES[6];
    Deribit::new().take(Frame::Response { url: None, body }, 7, &mut out).unwrap();
    let Body::Instrument(definition) = &out[0].1.body else { panic!("{out:?}") };

    assert_eq!(out[0].0.as_str(), "DERIBIT:BTC-PERPETUAL");
    assert_eq!(definition.kind.as_deref(), Some("future"));
    assert_eq!(definition.lot_size, Decimal::parse("10.0").unwrap());
}

#[test]
fn a_test_request_is_answered() {
    let mut rpc = line::Rpc::default();
    let Heard::Answer(text) = rpc.hear(SAMPLES[7]) else { panic!("not answered") };

    assert!(text.contains("public/test"), "{text}");
    assert_eq!(rpc.hear(SAMPLES[0]), Heard::Data);
    assert_eq!(rpc.subscribe(&["BTC-PERPETUAL".to_owned()]).len(), 2);
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut deribit = Deribit::new();
    for text in [
        SAMPLES[7],
        r#"{"jsonrpc":"2.0","id":0,"result":["book.A.raw"],"usIn":1}"#,
        r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"platform_state","data":{"price_index":"btc","locked":true}}}"#,
    ] {
        assert_eq!(events(&mut deribit, text), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut deribit = Deribit::new();
    events(&mut deribit, SAMPLES[0]);
    let good = SAMPLES[1];
    for text in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        good.replace("change\",\"timestamp", "changed\",\"timestamp"),
        good.replace("\"prev_change_id\":297217,", ""),
        good.replace("5042.64", "5042.6.4"),
        good.replace("4.0", "-4.0"),
        good.replace("\"new\"", "\"newer\""),
        good.replace("1554373962554", "99999999999999999999"),
        good.replace("\"BTC-PERPETUAL\"", "\"BTC PERPETUAL\""),
        good.replace("\"change_id\":297218", "\"change_id\":-1"),
        good[..good.len() - 4].to_owned(),
        SAMPLES[3].replace("\"amount\":10", "\"amount\":0"),
        SAMPLES[3].replace("sell", "up"),
        r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.A.raw"}}"#.to_owned(),
    ] {
        assert!(taken(&mut deribit, &text).is_err(), "{text}");
    }
    let text = r#"{"jsonrpc":"2.0","id":3,"error":{"message":"Invalid params","code":-32602}}"#;
    let refused = taken(&mut deribit, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "Invalid params"));

    assert_eq!(events(&mut deribit, good).len(), 1);
}

#[test]
fn a_candle_of_an_inverse_future_is_counted_in_dollars() {
    let text = |symbol: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"chart.trades.{symbol}.1","data":{{"volume":0.05219351,"tick":1573645080000,"open":8869.79,"low":8788.25,"high":8870.31,"cost":460,"close":8791.25}}}}}}"#
        )
    };
    let mut out = Vec::new();
    for symbol in ["BTC-PERPETUAL", "BTC_USDC-PERPETUAL", "BTC-24SEP21-8000-P"] {
        candle::Charts.take(Frame::Message(&text(symbol)), &mut out).unwrap();
    }
    let volumes: Vec<_> = out.iter().map(|(_, candle)| candle.volume.to_string()).collect();

    assert_eq!(volumes, ["460", "0.05219351", "0.05219351"]);
    assert_eq!((out[0].1.start, out[0].1.length), (1_573_645_080_000_000_000, 60_000_000_000));
}
