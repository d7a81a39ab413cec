//! OKX: its own checksum after the snapshot and each update of a book.

use tickwire::domain::market::{Body, Decimal, MarketState};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "okx-ws-book-checksum-20220513";
const FILES: [&str; 1] = ["okx.txt.gz"];

#[test]
fn every_checksum_of_the_venue_holds() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut held = [0; 2];
    let folded = fold("okx", &files, Route::Wire, |step| {
        if let Some(holds) = step.changes.checksum {
            held[usize::from(holds)] += 1;
        }
        let book = step.market.book();
        assert!(!book.is_crossed());
        assert!(book.bids().count() <= 400 && book.asks().count() <= 400);
    });

    println!("{SET}: {} of {} checksums", held[1], held[0] + held[1]);
    assert_eq!(held, [0, 98]);
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (1, 97));
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (69, 0, 0));
    let (instrument, market) = folded.markets.iter().next().unwrap();
    assert_eq!(instrument.as_str(), "OKX:BTC-USDT");
    assert_eq!(market.book_state, MarketState::Live);
}

#[test]
fn one_wrong_quantity_fails_the_checksum() {
    let Some(files) = files(SET, &FILES) else { return };
    let (mut nth, mut failed) = (0, 0);
    fold_kept(
        "okx",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookSnapshot { asks, .. } = &mut event.body {
                nth += 1;
                asks[0].1 = Decimal::parse("1.44678").unwrap();
            }
            true
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert_eq!((nth, failed), (1, 1), "what follows a failed checksum is not laid over it");
}

#[test]
fn an_update_that_is_lost_fails_the_checksum() {
    let Some(files) = files(SET, &FILES) else { return };
    let (mut nth, mut failed) = (0, 0);
    fold_kept(
        "okx",
        &files,
        Route::Direct,
        |event| {
            nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
            !matches!(event.body, Body::BookDelta { .. }) || nth != 10
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert_eq!(failed, 1);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("okx", &files);
    }
}
