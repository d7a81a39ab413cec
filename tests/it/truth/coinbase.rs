//! Coinbase: books of `level2`, and trades that the venue tells twice, in `match` and in `ticker`.

use std::collections::BTreeMap;

use serde_json::Value;
use tickwire::domain::market::{Aggressor, Body, Decimal, Instrument, MarketState, Trade};
use tickwire::feeds::capture::{self, Captured};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 1] = ["COINBASE.ws.28.0.txt.gz"];

/// The messages of one type, as the venue wrote them.
fn messages(file: &std::path::Path, kind: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    for record in capture::merge(&[file.to_path_buf()]).unwrap() {
        let Captured::Message(text) = record.unwrap().what else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["type"] == kind {
            messages.push(message);
        }
    }
    messages
}

/// All trades given, by product and id.
fn trades(files: &[std::path::PathBuf]) -> BTreeMap<(Instrument, u64), Trade> {
    let mut trades = BTreeMap::new();
    fold("coinbase", files, Route::Direct, |step| {
        if let Body::Trade(trade) = &step.event.body {
            let id = trade.trade_id.parse().unwrap();
            trades.insert((step.instrument.clone(), id), (**trade).clone());
        }
    });
    trades
}

fn product(message: &Value) -> Instrument {
    Instrument::parse(&format!("COINBASE:{}", message["product_id"].as_str().unwrap())).unwrap()
}

#[test]
fn every_update_changes_the_book_which_never_crosses() {
    let Some(files) = files(SET, &FILES) else { return };
    for route in [Route::Direct, Route::Wire] {
        let mut changed = 0;
        let folded = fold("coinbase", &files, route, |step| {
            // Removals name a level that stands, and no quantity is told twice.
            let is_delta = matches!(step.event.body, Body::BookDelta { .. });
            changed += usize::from(is_delta && step.changes.book);
            assert!(!step.changes.unsynced_delta && !step.market.book().is_crossed());
        });

        assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 9_719));
        assert_eq!((changed, folded.kind("trade"), folded.kinds.len()), (9_719, 97, 3));
        assert_eq!(folded.markets.len(), 10);
        let live = folded.markets.values().filter(|of| of.book_state == MarketState::Live);
        assert_eq!(live.count(), 10);
    }
}

#[test]
fn updates_on_the_wrong_side_are_seen() {
    let Some(files) = files(SET, &FILES) else { return };
    let (mut changed, mut crossed) = (0, 0);
    fold_kept(
        "coinbase",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookDelta { bids, asks, .. } = &mut event.body {
                std::mem::swap(bids, asks);
            }
            true
        },
        |step| {
            let is_delta = matches!(step.event.body, Body::BookDelta { .. });
            changed += usize::from(is_delta && step.changes.book);
            crossed += usize::from(step.market.book().is_crossed());
        },
    );

    assert_eq!((changed, crossed), (9_477, 9_800));
}

#[test]
fn trades_are_numbered_without_a_gap_from_the_last_one_before_the_subscription() {
    let Some(files) = files(SET, &FILES) else { return };
    let trades = trades(&files);
    let mut last: BTreeMap<Instrument, u64> = messages(&files[0], "last_match")
        .iter()
        .map(|told| (product(told), told["trade_id"].as_u64().unwrap()))
        .collect();

    assert_eq!((last.len(), trades.len()), (10, 97));
    for (instrument, id) in trades.keys() {
        let before = last.insert(instrument.clone(), *id);
        assert_eq!(before, Some(id - 1), "{instrument}");
    }
}

#[test]
fn every_trade_is_the_one_that_the_ticker_tells() {
    let Some(files) = files(SET, &FILES) else { return };
    let trades = trades(&files);
    let tickers = messages(&files[0], "ticker");
    let number = |value: &Value| Decimal::parse(value.as_str().unwrap()).unwrap();
    let mut equal = 0;
    for told in &tickers {
        let id = told["trade_id"].as_u64().unwrap();
        // The first of a product tells the last trade before the subscription.
        let Some(trade) = trades.get(&(product(told), id)) else { continue };
        let taken_by = if told["side"] == "buy" { Aggressor::Buy } else { Aggressor::Sell };
        assert_eq!((trade.price, trade.aggressor), (number(&told["price"]), Some(taken_by)));
        assert_eq!(trade.qty, number(&told["last_size"]));
        equal += 1;
    }

    println!("{SET}: {equal} of {} trades are the ticker's", trades.len());
    assert_eq!((tickers.len(), equal), (107, 97));
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let Some(files) = files(SET, &FILES) else { return };
    assert_same_bytes("coinbase", &files);
}
