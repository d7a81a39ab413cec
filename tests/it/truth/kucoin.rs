//! KuCoin: its tickers against the book after the change whose number they have, and its candles.

use std::collections::BTreeMap;

use tickwire::domain::market::{
    Body, Decimal, Event, Instrument, Interval, LevelChange, MarketState,
};
use tickwire::feeds::capture;
use tickwire::feeds::venues::venue;

use super::{Folded, Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "kucoin-ws-20210425";
const FILES: [&str; 2] = ["KUCOIN.http.0.0.txt.gz", "KUCOIN.ws.1.0.txt.gz"];

/// How the tickers compare to the book.
#[derive(Debug, Default)]
struct Compared {
    equal: usize,
    total: usize,
    /// Those that have the number of the snapshot itself, and are equal.
    at_snapshot: usize,
    gaps: usize,
    crossed: usize,
}

type Quotes = BTreeMap<(Instrument, u64), [Option<LevelChange>; 2]>;

fn quotes(files: &[std::path::PathBuf]) -> Quotes {
    let mut quotes = Quotes::new();
    fold("kucoin", files, Route::Direct, |step| {
        if let Body::Quote { bid, ask } = step.event.body {
            quotes.insert((step.instrument.clone(), step.event.seq.unwrap()), [bid, ask]);
        }
    });
    quotes
}

fn compared(keep: impl FnMut(&mut Event) -> bool) -> Option<(Compared, Folded)> {
    let files = files(SET, &FILES)?;
    let quotes = quotes(&files);
    let mut compared = Compared::default();
    let mut reached: BTreeMap<Instrument, u64> = BTreeMap::new();
    let folded = fold_kept("kucoin", &files, Route::Wire, keep, |step| {
        compared.gaps += usize::from(step.changes.gap);
        if !matches!(step.event.body, Body::BookSnapshot { .. } | Body::BookDelta { .. })
            || step.changes.unsynced_delta
        {
            return;
        }
        let book = step.market.book();
        let Some(number) = book.venue_seq().filter(|at| Some(*at) == step.event.seq) else {
            return;
        };
        // A change that the snapshot holds already changes nothing.
        if reached.insert(step.instrument.clone(), number) == Some(number) {
            return;
        }
        compared.crossed += usize::from(book.is_crossed());
        let Some(quote) = quotes.get(&(step.instrument.clone(), number)) else { return };
        let exps = (step.market.price_exp(), step.market.qty_exp());
        let wanted = quote.map(|side| {
            side.map(|(price, qty)| (price.at(exps.0).unwrap(), qty.at(exps.1).unwrap()))
        });
        let is_equal = wanted == [book.best_bid(), book.best_ask()];
        if let Body::BookSnapshot { .. } = step.event.body {
            compared.at_snapshot += usize::from(is_equal);
            return;
        }
        compared.total += 1;
        compared.equal += usize::from(is_equal);
    });
    Some((compared, folded))
}

#[test]
fn every_ticker_is_the_top_of_the_book_at_its_number() {
    let Some((compared, folded)) = compared(|_| true) else { return };

    println!("{SET}: {compared:?}");
    assert_eq!((compared.equal, compared.total, compared.gaps), (810, 810, 0));
    assert_eq!((compared.at_snapshot, compared.crossed), (9, 0));
    assert_eq!((folded.kind("quote"), folded.kind("trade")), (830, 18));
    assert_eq!((folded.kind("book_snapshot"), folded.kind("other")), (9, 0));
    let live = folded.markets.values().filter(|market| market.book_state == MarketState::Live);
    assert_eq!(live.count(), 9);
}

#[test]
fn one_change_that_is_lost_ends_the_synchronisation_of_its_book() {
    let mut nth = 0;
    let counted = compared(|event| {
        nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
        !matches!(event.body, Body::BookDelta { .. }) || nth != 2_000
    });
    let Some((compared, _)) = counted else { return };

    assert_eq!((compared.gaps, compared.equal), (1, compared.total));
    assert!(compared.total < 810, "{compared:?}");
}

#[test]
fn one_flipped_quantity_is_seen_in_the_tickers() {
    let mut nth = 0;
    let counted = compared(|event| {
        if let Body::BookDelta { asks, .. } = &mut event.body {
            nth += 1;
            if nth % 10 == 0 {
                asks.iter_mut().for_each(|(_, qty)| *qty = Decimal::parse("7.77").unwrap());
            }
        }
        true
    });
    let Some((compared, _)) = counted else { return };

    assert_eq!(compared.total, 810);
    assert!(compared.equal < 810, "{compared:?}");
}

#[test]
fn candles_whose_trades_are_all_known_are_ours() {
    let Some(files) = files(SET, &FILES) else { return };
    let folded = fold("kucoin", &files, Route::Wire, |_| {});
    let mut witness = (venue("kucoin").unwrap().witness)();
    let mut told = Vec::new();
    for record in capture::merge(&files).unwrap() {
        witness.take(record.unwrap().frame(), &mut told).unwrap();
    }
    assert_eq!(told.len(), 6);
    let (mut equal, mut flat) = (0, 0);
    let last: BTreeMap<_, _> =
        told.iter().map(|(of, candle)| ((of.clone(), candle.start), candle)).collect();
    for ((instrument, start), candle) in &last {
        let market = &folded.markets[instrument];
        let Some(bar) = market.bar(Interval::M1, *start) else {
            assert!(candle.volume.is_zero(), "{instrument} {start}");
            flat += 1;
            continue;
        };
        let prices = candle.prices.map(|price| price.at(market.price_exp()).unwrap());
        assert_eq!([bar.open, bar.high, bar.low, bar.close], prices, "{instrument} {start}");
        let volume = candle.volume.at(market.qty_exp()).unwrap();
        assert_eq!(bar.volume, i128::from(volume), "{instrument} {start}");
        equal += 1;
    }

    println!("{SET}: {equal} candles equal, {flat} without trades");
    assert_eq!((equal, flat), (4, 1));
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("kucoin", &files);
    }
}
