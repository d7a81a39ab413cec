//! Phemex: its own one-minute candles against the bars of its trades, and its later snapshot of a
//! book against the book kept by the changes.
//!
//! Trades and books are folded apart where bars are compared: the past trades that a subscription
//! begins with reach hours back, and the fold does not put a trade into a bar that is older than
//! the allowed lateness behind a book of now.

use std::collections::{BTreeMap, BTreeSet};

use tickwire::domain::market::{Bar, Body, Instrument, Interval, Market, Nanos, SECOND_NS};
use tickwire::feeds::capture;
use tickwire::feeds::venues::candle::{Candle, Empty};
use tickwire::feeds::venues::venue;

use super::{Folded, Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "phemex-trades-klines-20210703";
const FILES: [&str; 2] = ["phemex_book_trades.txt.gz", "phemex_klines.txt.gz"];
const MINUTE: Nanos = 60 * SECOND_NS;

/// The minutes of an instrument, each in its last state.
pub(super) fn minutes(folded: &Folded, instrument: &Instrument) -> BTreeMap<Nanos, Bar> {
    let published = folded.published[instrument].iter();
    let published = published.filter(|bar| bar.interval == Interval::M1).map(|bar| &bar.bar);
    let kept = folded.markets[instrument].bars(Interval::M1).bars();
    published.chain(kept).map(|bar| (bar.start, bar.clone())).collect()
}

/// The last that the venue said of each candle, and the latest start of each instrument's.
pub(super) fn candles(
    name: &str,
    files: &[std::path::PathBuf],
) -> BTreeMap<Instrument, BTreeMap<Nanos, Candle>> {
    let mut witness = (venue(name).unwrap().witness)();
    let mut all: BTreeMap<Instrument, BTreeMap<Nanos, Candle>> = BTreeMap::new();
    for record in capture::merge(files).unwrap() {
        let mut out = Vec::new();
        witness.take(record.unwrap().frame(), &mut out).unwrap();
        for (instrument, candle) in out {
            assert_eq!(candle.length, MINUTE);
            all.entry(instrument).or_default().insert(candle.start, candle);
        }
    }
    all
}

/// Whether a bar has the candle's open, high, low, close and volume.
pub(super) fn is_equal(market: &Market, bar: &Bar, candle: &Candle) -> bool {
    let prices = candle.prices.map(|price| price.at(market.price_exp()));
    let volume = candle.volume.at(market.qty_exp()).map(i128::from);
    prices == [bar.open, bar.high, bar.low, bar.close].map(Some) && volume == Some(bar.volume)
}

#[derive(Debug, Default, PartialEq)]
struct Compared {
    equal: usize,
    differ: usize,
    /// Candles without trades and without a bar, flat at the close before.
    flat: usize,
    /// A candle with volume without a bar, or the other way about.
    alone: usize,
}

/// All whole minutes that the trades cover against the venue's candles.
fn compare(keep: impl FnMut(&mut tickwire::domain::market::Event) -> bool) -> Option<Compared> {
    let files = files(SET, &FILES)?;
    let folded = fold_kept("phemex", &files, Route::Wire, keep, |_| {});
    let candles = candles("phemex", &files);
    assert_eq!((folded.markets.len(), candles.len()), (5, 5));
    let mut compared = Compared::default();
    for (instrument, candles) in &candles {
        let market = &folded.markets[instrument];
        let bars = minutes(&folded, instrument);
        let (first, last) = (*bars.keys().next()?, *bars.keys().next_back()?);
        let mut close = None;
        for (start, candle) in candles {
            if first < *start && *start < last {
                match bars.get(start) {
                    Some(bar) if is_equal(market, bar, candle) => compared.equal += 1,
                    Some(_) if candle.volume.is_zero() => compared.alone += 1,
                    Some(_) => compared.differ += 1,
                    None if candle.volume.is_zero() && candle.prices.map(Some) == [close; 4] => {
                        compared.flat += 1;
                    }
                    None => compared.alone += 1,
                }
            }
            close = Some(candle.prices[3]);
        }
        let without = bars.keys().filter(|start| first < **start && **start < last);
        compared.alone += without.filter(|start| !candles.contains_key(*start)).count();
    }
    Some(compared)
}

#[test]
fn every_candle_of_the_venue_is_ours_and_minutes_without_trades_are_flat() {
    assert_eq!(venue("phemex").unwrap().candles.empty, Empty::Flat);
    let is_trade =
        |event: &mut tickwire::domain::market::Event| matches!(event.body, Body::Trade(_));
    let Some(compared) = compare(is_trade) else { return };

    println!("{SET}: {compared:?}");
    assert_eq!(compared, Compared { equal: 1_248, differ: 0, flat: 354, alone: 0 });
}

#[test]
fn one_trade_that_is_missing_shows_in_its_candle() {
    let mut nth = 0;
    let compared = compare(|event| {
        nth += usize::from(matches!(event.body, Body::Trade(_)));
        matches!(event.body, Body::Trade(_)) && nth != 500
    });
    let Some(compared) = compared else { return };

    assert_eq!((compared.equal, compared.differ + compared.alone), (1_247, 1));
}

#[test]
fn trades_in_the_order_they_are_sent_make_other_candles() {
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
