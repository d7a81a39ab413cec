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
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"date":1598232105378,"instrument_name":"BTC-PERPETUAL","change_id":21486665526,"bids":[["new",11618.5,279310.0]],"asks":[["new",11619.0,10.0]]}}}"#,
    r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"timestamp":1598232105400,"prev_change_id":21486665526,"instrument_name":"BTC-PERPETUAL","change_id":21486665527,"bids":[["change",11618.5,727.0]],"asks":[]}}}"#,
    r#"{"jsonrpc":"2.0","result":{"trades":[{"trade_seq":4,"trade_id":"48079255","timestamp":1590484156350,"price":8951.0,"instrument_name":"BTC-PERPETUAL","direction":"buy","amount":20.0},{"trade_seq":3,"trade_id":"48079254","timestamp":1590484156350,"tick_direction":0,"price":8950.0,"mark_price":8948.9,"instrument_name":"BTC-PERPETUAL","index_price":8955.88,"direction":"sell","amount":10.0}],"has_more":true},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}"#,
    r#"{"jsonrpc":"2.0","result":{"timestamp":1550757626706,"state":"open","stats":{"volume":1.5},"instrument_name":"BTC-PERPETUAL","change_id":7,"bids":[[3955.75,30.0]],"asks":[[3956.0,1e1]],"best_bid_price":3955.75}}"#,
    r#"{"jsonrpc":"2.0","id":5,"result":null}"#,
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

fn answered(adapter: &mut Deribit, body: &str) -> Vec<Event> {
    let mut out = Vec::new();
    adapter.take(Frame::Response { url: None, body }, 7, &mut out).unwrap();
    out.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn a_book_without_type_is_whole_where_it_names_no_change_before_it() {
    let mut deribit = Deribit::new();
    let (whole, change) = (events(&mut deribit, SAMPLES[8]), events(&mut deribit, SAMPLES[9]));

    assert!(matches!(whole[0].body, Body::BookSnapshot { .. }));
    assert_eq!((whole[0].seq, whole[0].prev_seq), (Some(21_486_665_526), None));
    assert_eq!(whole[0].ts_event, 1_598_232_105_378_000_000);
    assert!(matches!(change[0].body, Body::BookDelta { .. }));
    assert_eq!((change[0].seq, change[0].prev_seq), (Some(21_486_665_527), Some(21_486_665_526)));
}

#[test]
fn the_best_levels_give_nothing_beside_the_whole_book() {
    let mut deribit = Deribit::new();
    assert_eq!(events(&mut deribit, SAMPLES[1]).len(), 1, "a change of a book never told");
    assert_eq!(events(&mut deribit, SAMPLES[2]).len(), 1);
    events(&mut deribit, SAMPLES[0]);
    assert_eq!(events(&mut deribit, SAMPLES[2]), []);
    assert_eq!(answered(&mut deribit, SAMPLES[11]), []);
    assert_eq!(events(&mut deribit, SAMPLES[1]).len(), 1);

    deribit.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
    assert_eq!(events(&mut deribit, SAMPLES[2]).len(), 1);
}

#[test]
fn the_first_change_behind_the_best_levels_shows_a_gap() {
    let numbers = |given: &[Event]| -> Vec<_> {
        given.iter().map(|event| (event.prev_seq, event.seq)).collect()
    };
    let change = |before: u64, seq: u64| {
        let numbered = SAMPLES[1].replace("297218", &seq.to_string());
        numbered.replace("297217", &before.to_string())
    };
    let mut deribit = Deribit::new();
    assert_eq!(numbers(&answered(&mut deribit, SAMPLES[11])), [(None, Some(7))]);
    assert_eq!(events(&mut deribit, &change(6, 7)), [], "it is in them");
    assert_eq!(numbers(&events(&mut deribit, &change(7, 8))), [(Some(0), Some(8))]);
    assert_eq!(numbers(&events(&mut deribit, &change(8, 9))), [(Some(8), Some(9))]);
    assert_eq!(answered(&mut deribit, SAMPLES[11]), [], "changes have been heard");

    let shown = SAMPLES[2].replace("109615", "9");
    assert_eq!(numbers(&events(&mut deribit, &shown)), [(None, Some(9))]);
    assert_eq!(numbers(&events(&mut deribit, &change(9, 10))), [(Some(0), Some(10))]);
    events(&mut deribit, SAMPLES[0]);
    assert_eq!(numbers(&events(&mut deribit, SAMPLES[1])), [(Some(297_217), Some(297_218))]);
}

#[test]
fn answers_hold_trades_and_books() {
    let mut deribit = Deribit::new();
    let trades = answered(&mut deribit, SAMPLES[10]);
    let ids: Vec<_> = trades
        .iter()
        .map(|event| match &event.body {
            Body::Trade(trade) => (event.seq, trade.trade_id.as_str()),
            _ => panic!("{event:?}"),
        })
        .collect();
    assert_eq!(ids, [(Some(3), "48079254"), (Some(4), "48079255")]);

    let book = answered(&mut deribit, SAMPLES[11]);
    let Body::BookSnapshot { bids, asks, .. } = &book[0].body else { panic!("{book:?}") };
    assert_eq!((book[0].seq, bids[0].0.to_string()), (Some(7), "3955.75".to_owned()));
    assert_eq!(asks[0].1.to_string(), "10");
    for body in [
        SAMPLES[12],
        r#"{"jsonrpc":"2.0","result":"ok"}"#,
        r#"{"jsonrpc":"2.0","result":{"volume":[],"ticks":[1],"status":"ok"}}"#,
    ] {
        assert_eq!(answered(&mut deribit, body), [], "{body}");
    }
    let body = SAMPLES[10].replace("\"amount\":10.0", "\"amount\":-10.0");
    let refused = deribit.take(Frame::Response { url: None, body: &body }, 7, &mut Vec::new());
    assert!(refused.is_err());
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
        SAMPLES[12],
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
