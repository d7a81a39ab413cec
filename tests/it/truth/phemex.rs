//! Phemex: its own one-minute candles against the bars of its trades, and its later snapshot of a
//! book against the book kept by the changes.

use std::collections::{BTreeMap, BTreeSet};

use tickwire::domain::market::{Body, Instrument, Nanos};

use super::candles::{Compared, Last, compare};
use super::{Route, assert_same_bytes, files, fold};

const SET: &str = "phemex-trades-klines-20210703";
const FILES: [&str; 2] = ["phemex_book_trades.txt.gz", "phemex_klines.txt.gz"];

#[test]
fn every_candle_of_the_venue_is_ours_and_minutes_without_trades_are_flat() {
    let Some(files) = files(SET, &FILES) else { return };
    let compared = compare("phemex", &files, Last::IsRunning, |_| true);

    println!("{SET}: {compared:?}");
    assert_eq!(compared, Compared { equal: 1_248, differ: 0, empty: 354, alone: 0 });
}

#[test]
fn one_trade_that_is_missing_shows_in_its_candle() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut nth = 0;
    let compared = compare("phemex", &files, Last::IsRunning, |_| {
        nth += 1;
        nth != 500
    });

    assert_eq!((compared.equal, compared.differ + compared.alone), (1_247, 1));
}

#[test]
fn trades_come_oldest_first_each_with_an_id_of_its_own() {
    // The venue's lists are newest first.
    let mut kept = BTreeMap::new();
    let Some(files) = files(SET, &FILES[..1]) else { return };
    fold("phemex", &files, Route::Direct, |step| {
        if let Body::Trade(trade) = &step.event.body {
            let all: &mut Vec<(Nanos, String)> = kept.entry(step.instrument.clone()).or_default();
            all.push((step.event.ts_event, trade.trade_id.to_string()));
        }
    });

    assert_eq!(kept.values().map(Vec::len).sum::<usize>(), 5_009);
    for (instrument, trades) in &kept {
        assert!(trades.is_sorted_by_key(|(at, _)| at), "{instrument}");
        let ids: BTreeSet<_> = trades.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), trades.len(), "{instrument}");
    }
}

#[test]
fn books_stay_within_their_depth_uncrossed_and_equal_the_next_snapshot() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut tops: BTreeMap<Instrument, _> = BTreeMap::new();
    let mut again = 0;
    let folded = fold("phemex", &files, Route::Direct, |step| {
        let book = step.market.book();
        assert!(!book.is_crossed() && !step.changes.gap && !step.changes.unsynced_delta);
        assert!(book.bids().count() <= 30 && book.asks().count() <= 30);
        if let Body::BookSnapshot { .. } = step.event.body
            && let Some(before) = tops.get(step.instrument)
        {
            assert_eq!(before, &book.top(30), "{}", step.instrument);
            again += 1;
        }
        tops.insert(step.instrument.clone(), book.top(30));
    });

    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (6, 838));
    assert_eq!((folded.kind("trade"), folded.kind("other"), again), (5_009, 0, 1));
    assert_eq!(folded.markets.len(), 5);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("phemex", &files);
    }
}
