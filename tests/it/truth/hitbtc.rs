//! HitBTC: its own one-minute candles against the bars of its trades, its tickers against the top of
//! the book at that moment, its later snapshots against the book kept by the changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tickwire::domain::market::{Body, Decimal, Instrument, MarketState};
use tickwire::feeds::capture::{self, Captured};

use super::candles::{Compared, Last, compare};
use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "hitbtc-trades-candles-20210715";
const FILES: [&str; 1] = ["HITBTC.ws.1.0.txt.gz"];

#[test]
fn every_candle_of_the_venue_is_ours_and_empty_minutes_have_none() {
    let Some(files) = files(SET, &FILES) else { return };
    let compared = compare("hitbtc", &files, Last::IsWhole, |_| true);

    println!("{SET}: {compared:?}");
    assert_eq!(compared, Compared { equal: 438, differ: 0, empty: 0, alone: 0 });
}

#[test]
fn one_trade_that_is_missing_shows_in_its_candle() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut nth = 0;
    let compared = compare("hitbtc", &files, Last::IsWhole, |_| {
        nth += 1;
        nth != 450
    });

    assert_eq!((compared.equal, compared.differ + compared.alone), (437, 1));
}

#[test]
fn no_book_has_a_gap_or_is_crossed_and_each_equals_its_next_snapshot() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut kept: BTreeMap<Instrument, _> = BTreeMap::new();
    let mut again = 0;
    let folded = fold("hitbtc", &files, Route::Direct, |step| {
        let book = step.market.book();
        assert!(!book.is_crossed() && !step.changes.gap && !step.changes.unsynced_delta);
        if matches!(step.event.body, Body::Trade(_)) {
            return;
        }
        if let Body::BookSnapshot { .. } = step.event.body
            && let Some(before) = kept.get(step.instrument)
        {
            assert_eq!(before, &book.top(usize::MAX), "{}", step.instrument);
            again += 1;
        }
        kept.insert(step.instrument.clone(), book.top(usize::MAX));
    });

    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (20, 517));
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (1_000, 0, 0));
    assert_eq!((folded.markets.len(), again), (10, 10));
    assert!(folded.markets.values().all(|market| market.book_state == MarketState::Live));
}

#[test]
fn a_lost_update_unsynchronises_its_book_until_the_next_snapshot() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut nth = 0;
    let (mut gaps, mut unsynced) = (0, 0);
    let lost = |event: &mut tickwire::domain::market::Event| {
        nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
        !(matches!(event.body, Body::BookDelta { .. }) && nth == 300)
    };
    fold_kept("hitbtc", &files, Route::Direct, lost, |step| {
        gaps += usize::from(step.changes.gap);
        unsynced += usize::from(step.changes.unsynced_delta);
    });

    assert!(gaps == 1 && 1 < unsynced, "{gaps} {unsynced}");
}

/// The best bid and ask of each ticker, by the receive time of its frame.
fn tickers(files: &[PathBuf]) -> Vec<(i64, String, [Decimal; 2])> {
    let mut all = Vec::new();
    for record in capture::merge(files).unwrap() {
        let record = record.unwrap();
        let Captured::Message(text) = &record.what else { continue };
        let message: Value = serde_json::from_str(text).unwrap();
        if message["method"] == "ticker" {
            let told = &message["params"];
            let prices = ["bid", "ask"].map(|side| Decimal::parse(told[side].as_str().unwrap()));
            let symbol = format!("HITBTC:{}", told["symbol"].as_str().unwrap());
            all.push((record.recv, symbol, prices.map(Result::unwrap)));
        }
    }
    all
}

#[test]
fn every_ticker_is_the_top_of_the_book_it_comes_behind() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut tops: BTreeMap<String, BTreeMap<i64, [Option<Decimal>; 2]>> = BTreeMap::new();
    fold("hitbtc", &files, Route::Direct, |step| {
        let (book, exp) = (step.market.book(), step.market.price_exp());
        let price = |level: Option<(i64, i64)>| {
            level.map(|(mantissa, _)| Decimal::from_mantissa(mantissa, exp))
        };
        if step.market.book_ts.is_some() {
            let top = [price(book.best_bid()), price(book.best_ask())];
            let of = tops.entry(step.instrument.to_string()).or_default();
            of.insert(step.event.ts_recv.unwrap(), top);
        }
    });
    let plain = |number: Decimal| {
        Decimal::from_mantissa(number.at(number.scale()).unwrap(), number.scale())
    };
    let bare = |number: Option<Decimal>| number.map(plain);
    let mut compared = 0;
    for (recv, symbol, wanted) in tickers(&files) {
        let Some((_, top)) = tops[&symbol].range(..=recv).next_back() else { continue };
        assert_eq!(top.map(bare), wanted.map(Some).map(bare), "{symbol} at {recv}");
        compared += 1;
    }

    assert_eq!(compared, 203);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("hitbtc", &files);
    }
}
