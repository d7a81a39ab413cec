//! Bitstamp: the changes on the REST snapshots. The venue publishes no number of its own; what can
//! be held to is that no book is crossed and no change removes what is not there.

use std::collections::{BTreeMap, BTreeSet};

use tickwire::domain::market::{Body, Instrument, LevelChange, Market, MarketState};

use super::{Folded, Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 2] = ["BITSTAMP.ws.1.0.txt.gz", "BITSTAMP.http.0.0.txt.gz"];

/// The prices that stand in a market's book.
fn prices(market: &Market) -> [BTreeSet<i64>; 2] {
    let book = market.book();
    [book.bids().map(|(price, _)| price).collect(), book.asks().map(|(price, _)| price).collect()]
}

#[test]
fn no_book_is_crossed_and_no_change_removes_what_is_not_there() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut before: BTreeMap<Instrument, [BTreeSet<i64>; 2]> = BTreeMap::new();
    let (mut old, mut removed) = (0, 0);
    let folded = fold("bitstamp", &files, Route::Wire, |step| {
        assert!(!step.market.book().is_crossed() && !step.changes.unsynced_delta);
        if let Body::BookDelta { bids, asks, .. } = &step.event.body {
            if step.market.book().venue_seq() != step.event.seq {
                old += 1;
                return;
            }
            let exp = step.market.price_exp();
            let gone = |(price, qty): &LevelChange| qty.is_zero().then(|| price.at(exp).unwrap());
            for (side, changes) in before[step.instrument].iter().zip([bids, asks]) {
                for price in changes.iter().filter_map(gone) {
                    assert!(side.contains(&price), "{} {price}", step.instrument);
                    removed += 1;
                }
            }
        }
        before.insert(step.instrument.clone(), prices(step.market));
    });

    println!("{SET}, Bitstamp: {old} changes older than their snapshot, {removed} levels removed");
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (10, 0, 0));
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta"), old), (10, 717, 102));
    assert!(0 < removed);
    assert_eq!(folded.markets.len(), 10);
    assert!(folded.markets.values().all(|market| market.book_state == MarketState::Live));
}

#[test]
fn changes_older_than_their_snapshot_would_spoil_it() {
    let Some(files) = files(SET, &FILES) else { return };
    let tops = |folded: &Folded| -> Vec<_> {
        folded.markets.values().map(|market| market.book().top(usize::MAX)).collect()
    };
    let right = tops(&fold("bitstamp", &files, Route::Direct, |_| {}));
    let unnumbered = fold_kept(
        "bitstamp",
        &files,
        Route::Direct,
        |event| {
            event.seq = None;
            true
        },
        |_| {},
    );

    assert_ne!(tops(&unnumbered), right);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("bitstamp", &files);
    }
}
