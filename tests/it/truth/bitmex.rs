//! BitMEX: its quotes, in order, among the tops that the book has after each of its messages.

use std::collections::BTreeMap;

use tickwire::domain::market::{Body, Event, Instrument, MarketState};

use super::{Route, assert_same_bytes, files, fold_kept};

const SET: &str = "bitmex-ws-20210722";
const FILES: [&str; 1] = ["BITMEX.ws.1.0.txt.gz"];

/// Best bid and ask as mantissas.
type Top = [Option<(i64, i64)>; 2];

/// Quotes that stand among the tops of their instrument's book in order, and all quotes.
fn in_order(keep: impl FnMut(&mut Event) -> bool) -> Option<(usize, usize, super::Folded)> {
    let files = files(SET, &FILES)?;
    let mut tops: BTreeMap<Instrument, Vec<Top>> = BTreeMap::new();
    let mut quotes: BTreeMap<Instrument, Vec<Top>> = BTreeMap::new();
    let exp = 10;
    let folded = fold_kept("bitmex", &files, Route::Wire, keep, |step| {
        let scaled = |level: Option<(i64, i64)>, exps: (u8, u8)| {
            let up = |mantissa: i64, by: u8| mantissa * 10_i64.pow(u32::from(exp - by));
            level.map(|(price, qty)| (up(price, exps.0), up(qty, exps.1)))
        };
        match &step.event.body {
            Body::Quote { bid, ask } => {
                let top = [bid, ask].map(|side| {
                    side.map(|(price, qty)| (price.at(exp).unwrap(), qty.at(exp).unwrap()))
                });
                quotes.entry(step.instrument.clone()).or_default().push(top);
            }
            Body::BookSnapshot { .. } | Body::BookDelta { .. } => {
                let (market, book) = (step.market, step.market.book());
                assert!(!book.is_crossed(), "{}", step.instrument);
                let exps = (market.price_exp(), market.qty_exp());
                let top = [book.best_bid(), book.best_ask()].map(|side| scaled(side, exps));
                tops.entry(step.instrument.clone()).or_default().push(top);
            }
            _ => {}
        }
    });
    let (mut found, mut all) = (0, 0);
    for (instrument, quotes) in &quotes {
        let mut rest = tops[instrument].iter();
        for quote in quotes {
            all += 1;
            let mut later = rest.clone();
            if later.any(|top| top == quote) {
                found += 1;
                rest = later;
            }
        }
    }
    Some((found, all, folded))
}

#[test]
fn every_quote_of_the_venue_is_a_top_of_the_book_in_order() {
    let Some((found, all, folded)) = in_order(|_| true) else { return };

    println!("{SET}: {found} of {all} quotes in order");
    assert_eq!((found, all), (426, 426));
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 445 + 1_090 + 434));
    assert_eq!((folded.kind("trade"), folded.kind("other")), (17, 0));
    assert_eq!(folded.markets.len(), 10);
    for (instrument, market) in &folded.markets {
        assert_eq!(market.book_state, MarketState::Live, "{instrument}");
    }
}

#[test]
fn changes_that_are_lost_show_in_the_quotes() {
    let mut nth = 0;
    let counted = in_order(|event| {
        nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
        !matches!(event.body, Body::BookDelta { .. }) || nth % 20 != 0
    });
    let Some((found, all, _)) = counted else { return };

    assert_eq!(all, 426);
    assert!(found < 400, "{found}");
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("bitmex", &files);
    }
}
