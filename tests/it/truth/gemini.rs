//! Gemini: books and trades of version 2, and the time that heartbeats tell.

use tickwire::domain::market::{Body, MarketState};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 1] = ["GEMINI.ws.1.0.txt.gz"];

#[test]
fn every_book_stands_on_its_first_message_and_never_crosses() {
    let Some(files) = files(SET, &FILES) else { return };
    for route in [Route::Direct, Route::Wire] {
        let mut beats = 0;
        let folded = fold("gemini", &files, route, |step| {
            beats += usize::from(step.event.body == Body::Heartbeat);
            assert!(!step.changes.unsynced_delta && !step.market.book().is_crossed());
        });

        assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 645));
        // Fifty before the subscription of each symbol, and those that came.
        assert_eq!((folded.kind("trade"), folded.markets.len()), (10 * 50 + 16, 10));
        assert_eq!(beats, 7 * 10);
        for (instrument, market) in &folded.markets {
            assert_eq!(market.book_state, MarketState::Live, "{instrument}");
            assert_eq!(market.clock().greatest(), Some(1_624_493_696_871_000_000), "{instrument}");
        }
    }
}

#[test]
fn trades_come_in_the_order_of_their_ids_and_none_twice() {
    let Some(files) = files(SET, &FILES) else { return };
    let folded = fold("gemini", &files, Route::Direct, |step| {
        if let Body::Trade(_) = step.event.body {
            let repeated = tickwire::domain::market::TradeOutcome::Repeated;
            assert_ne!(step.changes.trade, Some(repeated), "{:?}", step.event);
        }
    });

    for market in folded.markets.values() {
        let kept: Vec<(i64, u64)> =
            market.tape().kept().map(|trade| (trade.ts, trade.trade_id.parse().unwrap())).collect();
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0 && a.1 < b.1), "{kept:?}");
    }
}

#[test]
fn updates_on_the_wrong_side_are_seen() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut crossed = 0;
    fold_kept(
        "gemini",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookDelta { bids, asks, .. } = &mut event.body {
                std::mem::swap(bids, asks);
            }
            true
        },
        |step| crossed += usize::from(step.market.book().is_crossed()),
    );

    assert!(100 < crossed, "{crossed}");
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let Some(files) = files(SET, &FILES) else { return };
    assert_same_bytes("gemini", &files);
}
