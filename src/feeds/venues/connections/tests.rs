//! Recordings of several connections, of the venues that number by connection.

use super::super::venue;
use super::*;
use crate::domain::market::SECOND_NS;

type Given = Vec<(Instrument, Event)>;

fn adapters(name: &str) -> Adapters {
    Connections::adapters(venue(name).unwrap())
}

fn taken(adapters: &mut Adapters, connection: usize, frame: Frame<'_>) -> Given {
    let mut out = Vec::new();
    adapters.of(connection).take(frame, 7, &mut out).unwrap();
    out
}

/// What became of a message: a word for each event.
fn words(adapters: &mut Adapters, connection: usize, text: &str) -> String {
    said(&taken(adapters, connection, Frame::Message(text)))
}

fn said(given: &Given) -> String {
    let word = |event: &Event| match (&event.body, event.prev_seq) {
        (Body::BookSnapshot { .. }, _) => "whole".to_owned(),
        (Body::BookDelta { .. }, Some(before)) => format!("change after {before}"),
        (Body::BookDelta { .. }, None) => "change".to_owned(),
        (Body::Disconnect, _) => "lost".to_owned(),
        (Body::Trade(_), _) => "trade".to_owned(),
        (other, _) => format!("{other:?}"),
    };
    given.iter().map(|(_, event)| word(event)).collect::<Vec<_>>().join(", ")
}

/// A message of Coinbase about a product's book.
fn l2(number: u64, kind: &str, product: &str) -> String {
    format!(
        r#"{{"channel":"l2_data","timestamp":"2023-02-09T20:00:00Z","sequence_num":{number},"events":[{{"type":"{kind}","product_id":"{product}","updates":[{{"side":"bid","price_level":"9.10","new_quantity":"1"}}]}}]}}"#
    )
}

fn answered(adapters: &mut Adapters, product: &str) -> String {
    let body = format!(
        r#"{{"pricebook":{{"product_id":"{product}","bids":[{{"price":"9","size":"1"}}],"asks":[],"time":"2023-02-09T20:32:50Z"}}}}"#
    );
    said(&taken(adapters, 0, Frame::Response { url: None, body: &body }))
}

#[test]
fn a_book_by_rest_is_given_where_no_connection_makes_one() {
    let mut coinbase = adapters("coinbase");
    for (connection, product) in [(0, "BTC-USD"), (1, "ETH-USD")] {
        assert_eq!(words(&mut coinbase, connection, &l2(0, "snapshot", product)), "whole");
    }
    assert_eq!(answered(&mut coinbase, "ETH-USD"), "");
    assert_eq!(answered(&mut coinbase, "LTC-USD"), "whole");
    assert_eq!(words(&mut coinbase, 1, &l2(1, "update", "ETH-USD")), "change after 0");
    assert_eq!(words(&mut coinbase, 1, &l2(2, "update", "LTC-USD")), "lost, change");
    assert_eq!(answered(&mut coinbase, "LTC-USD"), "");
}

#[test]
fn a_change_behind_a_book_by_rest_is_told_as_a_loss_by_whomever_it_came() {
    for connection in [0, 1] {
        let mut coinbase = adapters("coinbase");
        assert_eq!(answered(&mut coinbase, "A"), "whole");
        assert_eq!(words(&mut coinbase, connection, &l2(0, "update", "A")), "lost, change");
        let mut coinbase = adapters("coinbase");
        assert_eq!(answered(&mut coinbase, "A"), "whole");
        assert_eq!(words(&mut coinbase, connection, &l2(0, "snapshot", "A")), "whole");
        assert_eq!(words(&mut coinbase, connection, &l2(1, "update", "A")), "change after 0");
    }
}

#[test]
fn of_two_connections_that_follow_a_product_the_one_that_began_last_makes_its_book() {
    let mut coinbase = adapters("coinbase");
    assert_eq!(words(&mut coinbase, 0, &l2(0, "snapshot", "A")), "whole");
    assert_eq!(words(&mut coinbase, 0, &l2(1, "update", "A")), "change after 0");
    assert_eq!(words(&mut coinbase, 1, &l2(0, "snapshot", "A")), "whole");
    assert_eq!(words(&mut coinbase, 0, &l2(2, "update", "A")), "");
    assert_eq!(words(&mut coinbase, 1, &l2(1, "update", "A")), "change after 0");
}

#[test]
fn a_connection_that_is_lost_loses_only_the_books_that_it_makes() {
    let mut coinbase = adapters("coinbase");
    words(&mut coinbase, 0, &l2(0, "snapshot", "A"));
    words(&mut coinbase, 0, &l2(1, "snapshot", "B"));
    words(&mut coinbase, 1, &l2(0, "snapshot", "A"));

    let given = taken(&mut coinbase, 0, Frame::Lost);
    assert_eq!((said(&given).as_str(), given[0].0.as_str()), ("lost", "COINBASE:B"));
    assert_eq!(words(&mut coinbase, 1, &l2(2, "update", "A")), "lost, change", "a gap");
    assert_eq!(words(&mut coinbase, 0, &l2(0, "snapshot", "A")), "whole");
}

#[test]
fn a_book_whose_connection_fell_silent_is_lost_while_another_speaks() {
    let mut coinbase = adapters("coinbase");
    words(&mut coinbase, 1, &l2(0, "snapshot", "A"));
    words(&mut coinbase, 0, &l2(0, "snapshot", "A"));
    let mut at = |second: Nanos, number| {
        let (mut out, text) = (Vec::new(), l2(number, "update", "A"));
        coinbase.of(1).take(Frame::Message(&text), second * SECOND_NS, &mut out).unwrap();
        said(&out)
    };
    assert_eq!([at(500, 1), at(560, 2), at(561, 3)], ["", "", "lost, change after 2"]);
}

#[test]
fn trades_are_given_whichever_connection_tells_them() {
    let mut coinbase = adapters("coinbase");
    let trade = r#"{"channel":"market_trades","timestamp":"2023-02-09T20:19:35Z","sequence_num":1,"events":[{"type":"update","trades":[{"trade_id":"12","product_id":"A","price":"1","size":"2","side":"BUY","time":"2023-02-09T20:19:35Z"}]}]}"#;
    for connection in [0, 1] {
        words(&mut coinbase, connection, &l2(0, "snapshot", "A"));
        assert_eq!(words(&mut coinbase, connection, trade), "trade");
    }
    let again = trade.replace(r#""sequence_num":1"#, r#""sequence_num":2"#);
    assert_eq!(words(&mut coinbase, 0, &again), "trade");
}

#[test]
fn a_refused_message_gives_nothing_and_takes_no_book() {
    let mut coinbase = adapters("coinbase");
    words(&mut coinbase, 0, &l2(0, "snapshot", "A"));
    let mut out = Vec::new();
    let bad = l2(0, "snapshot", "A").replace("9.10", "9.1.0");
    assert!(coinbase.of(1).take(Frame::Message(&bad), 7, &mut out).is_err());
    assert_eq!(out, []);
    assert_eq!(words(&mut coinbase, 0, &l2(1, "update", "A")), "change after 0");
}

#[test]
fn of_bitfinexs_connections_one_makes_a_book_too() {
    let mut bitfinex = adapters("bitfinex");
    let subscribed = r#"{"event":"subscribed","channel":"book","chanId":5,"symbol":"tBTCUSD","prec":"P0","len":"25"}"#;
    let whole = "[5,[[100,1,1],[101,1,-1]]]";
    for connection in [0, 1] {
        words(&mut bitfinex, connection, subscribed);
        assert_eq!(words(&mut bitfinex, connection, whole), "whole");
    }
    assert_eq!(words(&mut bitfinex, 0, "[5,[100,1,2]]"), "");
    assert_eq!(words(&mut bitfinex, 1, "[5,[100,1,2]]"), "change");
    assert_eq!(said(&taken(&mut bitfinex, 0, Frame::Lost)), "");
    assert_eq!(said(&taken(&mut bitfinex, 1, Frame::Lost)), "lost");
}

#[test]
fn a_venue_that_joins_connections_has_one_adapter_for_all() {
    let mut binance = adapters("binance");
    let change = |first: u64| {
        format!(
            r#"{{"e":"depthUpdate","E":1672515782136,"s":"A","U":{first},"u":{first},"b":[["1","1"]],"a":[]}}"#
        )
    };
    words(&mut binance, 0, &change(7));
    let body = r#"{"lastUpdateId":6,"bids":[],"asks":[]}"#;
    let given = taken(&mut binance, 3, Frame::Response { url: None, body });
    assert_eq!(said(&given), "whole, change after 6");
}
