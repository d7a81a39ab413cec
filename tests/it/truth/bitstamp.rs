//! Bitstamp: the changes on the REST snapshots. The venue publishes no number of its own; what can
//! be held to is that no book is crossed and no change removes what is not there.

use std::collections::{BTreeMap, BTreeSet};

use tickwire::domain::market::{Body, Decimal, Event, Instrument, Market, MarketState};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 2] = ["BITSTAMP.ws.1.0.txt.gz", "BITSTAMP.http.0.0.txt.gz"];

/// A price however many decimals it is written with.
type Plain = (i64, u8);

fn plain(price: Decimal) -> Plain {
    (price.at(price.scale()).unwrap(), price.scale())
}

/// The prices that stand in a market's book.
fn prices(market: &Market) -> [BTreeSet<Plain>; 2] {
    let (book, exp) = (market.book(), market.price_exp());
    let of = |(price, _)| plain(Decimal::from_mantissa(price, exp));
    [book.bids().map(of).collect(), book.asks().map(of).collect()]
}

#[test]
fn no_book_is_crossed_and_no_change_removes_what_is_not_there() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut stood: BTreeMap<Instrument, (Option<u64>, [BTreeSet<Plain>; 2])> = BTreeMap::new();
    let (mut old, mut removed) = (0, 0);
    let folded = fold("bitstamp", &files, Route::Wire, |step| {
        let book = step.market.book();
        assert!(!book.is_crossed() && !step.changes.unsynced_delta);
        let Body::BookDelta { bids, asks, .. } = &step.event.body else {
            stood.insert(step.instrument.clone(), (book.venue_seq(), prices(step.market)));
            return;
        };
        let (at, sides) = stood.get_mut(step.instrument).unwrap();
        // A change can have the very microsecond of its snapshot.
        if step.event.seq <= *at {
            old += 1;
            return;
        }
        *at = book.venue_seq();
        for (side, changes) in sides.iter_mut().zip([bids, asks]) {
            for &(price, qty) in changes {
                if qty.is_zero() {
                    assert!(side.remove(&plain(price)), "{} {price}", step.instrument);
                    removed += 1;
                } else {
                    side.insert(plain(price));
                }
            }
        }
        assert_eq!(*sides, prices(step.market), "{}", step.instrument);
    });

    println!("{SET}, Bitstamp: {old} changes older than their snapshot, {removed} levels removed");
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (10, 0, 0));
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta"), old), (10, 717, 102));
    assert_eq!(removed, 736);
    assert_eq!(folded.markets.len(), 10);
    assert!(folded.markets.values().all(|market| market.book_state == MarketState::Live));
}

#[test]
fn without_their_snapshots_no_change_is_taken() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut unsynced = 0;
    let changes = |event: &mut Event| matches!(event.body, Body::BookDelta { .. });
    let folded = fold_kept("bitstamp", &files, Route::Direct, changes, |step| {
        unsynced += usize::from(step.changes.unsynced_delta);
    });

    assert_eq!(unsynced, 717);
    assert!(folded.markets.values().all(|market| market.book().best_bid().is_none()));
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("bitstamp", &files);
    }
}
