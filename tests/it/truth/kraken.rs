//! Kraken: its own checksum after each update of a book, and its candles of a day's trades.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value;
use tickwire::domain::market::{
    Body, Decimal, Interval, MarketState, Nanos, PublishedBar, SECOND_NS, VWAP_EXTRA_DIGITS,
    vwap_mantissa,
};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const BOOKS: &str = "kraken-ws-book-crc32-20210417";
const BOOK_FILES: [&str; 3] =
    ["kraken_book1000.txt.gz", "kraken_ticker.txt.gz", "kraken_trade.txt.gz"];
const REST: &str = "kraken-rest-xbtusdt-20251110";
const MINUTE: Nanos = 60 * SECOND_NS;

#[test]
fn every_checksum_of_the_venue_holds() {
    let Some(files) = files(BOOKS, &BOOK_FILES) else { return };
    for route in [Route::Direct, Route::Wire] {
        let mut held = [0; 2];
        let folded = fold("kraken", &files, route, |step| {
            if let Some(holds) = step.changes.checksum {
                held[usize::from(holds)] += 1;
            }
            assert!(!step.market.book().is_crossed());
        });

        println!("{BOOKS}: {} of {} checksums", held[1], held[0] + held[1]);
        assert_eq!(held, [0, 2_546]);
        assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (5, 2_546));
        assert_eq!(folded.markets.len(), 5);
        for (instrument, market) in &folded.markets {
            assert_eq!(market.book_state, MarketState::Live, "{instrument}");
            assert!(market.book().bids().count() <= 1_000, "{instrument}");
            assert!(market.book().asks().count() <= 1_000, "{instrument}");
        }
    }
}

#[test]
fn one_wrong_quantity_fails_the_checksum() {
    let Some(files) = files(BOOKS, &BOOK_FILES[..1]) else { return };
    let mut done = false;
    let mut failed = 0;
    let folded = fold_kept(
        "kraken",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookSnapshot { bids, .. } = &mut event.body
                && !done
            {
                done = true;
                bids[0].1 = Decimal::parse("0.15000001").unwrap();
            }
            true
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert_eq!(failed, 1);
    let states = folded.markets.values().map(|market| market.book_state);
    assert_eq!(states.filter(|state| *state == MarketState::ChecksumFailed).count(), 1);
}

#[test]
fn a_quantity_without_its_written_zeros_fails_the_checksum() {
    let Some(files) = files(BOOKS, &BOOK_FILES[..1]) else { return };
    let plain = |number: Decimal| {
        Decimal::from_mantissa(number.at(number.scale()).unwrap(), number.scale())
    };
    let mut failed = 0;
    fold_kept(
        "kraken",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. } =
                &mut event.body
            {
                bids.iter_mut().chain(asks).for_each(|(_, qty)| *qty = plain(*qty));
            }
            true
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert_eq!(failed, 5, "each book fails at its first update");
}

#[test]
fn updates_that_are_lost_fail_the_checksum() {
    let Some(files) = files(BOOKS, &BOOK_FILES[..1]) else { return };
    let mut nth = 0;
    let mut failed = 0;
    fold_kept(
        "kraken",
        &files,
        Route::Direct,
        |event| {
            nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
            !matches!(event.body, Body::BookDelta { .. }) || nth % 20 != 0
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert!(0 < failed);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(BOOKS, &BOOK_FILES) {
        assert_same_bytes("kraken", &files);
    }
    if let Some(files) = files(REST, &["trades.json.gz", "ohlc_1m.json.gz"]) {
        assert_same_bytes("kraken", &files);
    }
}

/// One row of the venue's candles.
struct Candle {
    start: Nanos,
    /// Open, high, low, close, vwap, volume.
    numbers: [Decimal; 6],
    count: u64,
}

fn candles(file: &Path) -> Vec<Candle> {
    let mut text = String::new();
    let packed = std::fs::File::open(file).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let rows = document["result"]["XBTUSDT"].as_array().unwrap();
    let row = |row: &Value| Candle {
        start: row[0].as_i64().unwrap() * SECOND_NS,
        numbers: [1, 2, 3, 4, 5, 6].map(|at| Decimal::parse(row[at].as_str().unwrap()).unwrap()),
        count: row[7].as_u64().unwrap(),
    };
    rows.iter().map(row).collect()
}

#[test]
fn every_candle_of_the_venue_is_ours_and_empty_minutes_have_none() {
    let Some(files) = files(REST, &["trades.json.gz", "ohlc_1m.json.gz"]) else { return };
    let folded = fold("kraken", &files, Route::Wire, |_| {});
    assert_eq!((folded.kind("trade"), folded.kinds.len(), folded.markets.len()), (1_000, 1, 1));
    let (instrument, market) = folded.markets.iter().next().unwrap();
    assert_eq!(instrument.as_str(), "KRAKEN:XBT/USDT");
    let kept = market.bars(Interval::M1).bars().cloned();
    let kept = kept.map(|bar| PublishedBar { interval: Interval::M1, bar });
    // Of each bar its last state: published ones first, then those still held.
    let minutes: BTreeMap<Nanos, _> = folded.published[instrument]
        .iter()
        .cloned()
        .chain(kept)
        .filter(|published| published.interval == Interval::M1)
        .map(|published| (published.bar.start, published.bar))
        .collect();
    let times = || market.tape().kept().map(|trade| trade.ts);
    let last = times().max().unwrap();
    let first = *minutes.keys().next().unwrap();
    let (mut compared, mut empty, mut trades) = (0, 0, 0);
    for candle in candles(&files[1]) {
        // The first and the last minute of the trades are partial.
        if candle.start <= first || last < candle.start + MINUTE {
            continue;
        }
        let Some(bar) = minutes.get(&candle.start) else {
            assert_eq!(candle.count, 0, "a candle without a bar at {}", candle.start);
            empty += 1;
            continue;
        };
        let [open, high, low, close, vwap, volume] = candle.numbers;
        let price = |number: Decimal| number.at(market.price_exp()).unwrap();
        assert_eq!([bar.open, bar.high, bar.low, bar.close], [open, high, low, close].map(price));
        assert_eq!(bar.volume, i128::from(volume.at(market.qty_exp()).unwrap()));
        assert_eq!(bar.trades, candle.count);
        // Ours has the price's decimals and eight more; the venue's is cut to one.
        let digits = u32::from(market.price_exp() + VWAP_EXTRA_DIGITS) - 1;
        let ours = vwap_mantissa(bar.notional, bar.volume).unwrap() / 10_i128.pow(digits);
        assert_eq!(ours, i128::from(vwap.at(1).unwrap()), "vwap at {}", candle.start);
        compared += 1;
        trades += bar.trades;
    }

    println!("{REST}: {compared} candles equal, {empty} empty minutes without a bar");
    assert_eq!((compared, empty, trades), (272, 137, 998));
}
