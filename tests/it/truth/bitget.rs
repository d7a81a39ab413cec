//! Bitget: its own checksum after each change of a book, and its candles of the trades it told.

use std::collections::BTreeMap;

use tickwire::domain::market::{Body, Decimal, Instrument, MarketState, Nanos, SECOND_NS, Trade};
use tickwire::feeds::capture;
use tickwire::feeds::venues::candle::{Candle, Open};
use tickwire::feeds::venues::venue;

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "bitget-ws-book-checksum-20220407";
const FILES: [&str; 1] = ["BITGET.ws.1.0.txt.gz"];
const MINUTE: Nanos = 60 * SECOND_NS;

#[test]
fn every_checksum_of_the_venue_holds() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut held = [0; 2];
    let folded = fold("bitget", &files, Route::Wire, |step| {
        if let Some(holds) = step.changes.checksum {
            held[usize::from(holds)] += 1;
        }
        assert!(!step.market.book().is_crossed());
    });

    println!("{SET}: {} of {} checksums", held[1], held[0] + held[1]);
    assert_eq!(held, [0, 443]);
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (8, 435));
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (430, 0, 0));
    assert_eq!(folded.markets.len(), 8);
    for (instrument, market) in &folded.markets {
        assert_eq!(market.book_state, MarketState::Live, "{instrument}");
    }
}

#[test]
fn a_price_without_its_written_zeros_fails_the_checksum() {
    let Some(files) = files(SET, &FILES) else { return };
    let plain = |number: Decimal| {
        Decimal::from_mantissa(number.at(number.scale()).unwrap(), number.scale())
    };
    let mut failed = 0;
    fold_kept(
        "bitget",
        &files,
        Route::Direct,
        |event| {
            if let Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. } =
                &mut event.body
            {
                bids.iter_mut().chain(asks).for_each(|(price, _)| *price = plain(*price));
            }
            true
        },
        |step| failed += usize::from(step.changes.checksum == Some(false)),
    );

    assert!(0 < failed, "prices are written with zeros at their end");
}

#[test]
fn one_wrong_quantity_fails_the_checksum_of_its_book_alone() {
    let Some(files) = files(SET, &FILES) else { return };
    let (mut done, mut failed) = (false, 0);
    let folded = fold_kept(
        "bitget",
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

/// The last word of the venue on each candle.
fn candles(files: &[std::path::PathBuf]) -> BTreeMap<(Instrument, Nanos), Candle> {
    let mut witness = (venue("bitget").unwrap().witness)();
    let mut told = Vec::new();
    for record in capture::merge(files).unwrap() {
        witness.take(record.unwrap().frame(), &mut told).unwrap();
    }
    told.into_iter().map(|(of, candle)| ((of, candle.start), candle)).collect()
}

/// The trades of each minute, in the order in which they are given.
fn minutes(files: &[std::path::PathBuf]) -> BTreeMap<(Instrument, Nanos), Vec<Trade>> {
    let mut minutes: BTreeMap<(Instrument, Nanos), Vec<Trade>> = BTreeMap::new();
    let mut before: BTreeMap<Instrument, Nanos> = BTreeMap::new();
    fold("bitget", files, Route::Direct, |step| {
        let Body::Trade(trade) = &step.event.body else { return };
        let at = step.event.ts_event;
        let last = before.insert(step.instrument.clone(), at);
        assert!(last <= Some(at), "{}: the oldest comes first", step.instrument);
        let key = (step.instrument.clone(), at - at % MINUTE);
        minutes.entry(key).or_default().push((**trade).clone());
    });
    minutes
}

/// How many minutes whose trades are all known have the venue's candle, under a rule of its open.
fn equal(files: &[std::path::PathBuf], rule: Open) -> (usize, usize, usize) {
    let (candles, minutes) = (candles(files), minutes(files));
    let (mut equal, mut total, mut running) = (0, 0, 0);
    for ((instrument, start), trades) in &minutes {
        let firsts = minutes.keys().filter(|(of, _)| of == instrument);
        // The first minute began before the trades did.
        if firsts.map(|(_, start)| start).min() == Some(start) {
            continue;
        }
        let candle = &candles[&(instrument.clone(), *start)];
        let before = &candles[&(instrument.clone(), start - MINUTE)];
        let at = |number: Decimal| number.at(10).unwrap();
        let prices: Vec<i64> = trades.iter().map(|trade| at(trade.price)).collect();
        let open = match rule {
            Open::FirstTrade => prices[0],
            Open::PreviousClose | Open::PreviousCloseApart => at(before.prices[3]),
        };
        let counts = rule != Open::PreviousCloseApart;
        let opened = || prices.iter().copied().chain(counts.then_some(open));
        let ours =
            [open, opened().max().unwrap(), opened().min().unwrap(), *prices.last().unwrap()];
        let volume: i64 = trades.iter().map(|trade| at(trade.qty)).sum();
        total += 1;
        if ours == candle.prices.map(at) && volume == at(candle.volume) {
            equal += 1;
        } else {
            running += usize::from(candle.is_running);
        }
    }
    (equal, total, running)
}

#[test]
fn candles_open_at_the_close_before_them() {
    let Some(files) = files(SET, &FILES) else { return };
    let rule = venue("bitget").unwrap().candles.open;
    assert_eq!(rule, Open::PreviousClose);

    // The one that differs was told for the last time before the last trade of its minute.
    assert_eq!(equal(&files, rule), (59, 60, 1));
    assert_eq!(equal(&files, Open::FirstTrade).0, 3, "the usual rule fails");
    assert!(equal(&files, Open::PreviousCloseApart).0 < 59, "and BitMEX's");
}

#[test]
fn candles_of_the_history_open_at_the_close_before_them_but_for_one() {
    let Some(files) = files(SET, &FILES) else { return };
    let candles = candles(&files);
    let (mut pairs, mut differ) = (0, Vec::new());
    for ((instrument, start), candle) in &candles {
        let Some(before) = candles.get(&(instrument.clone(), start - MINUTE)) else { continue };
        let [open, close] = [candle.prices[0], before.prices[3]].map(|price| price.at(10));
        pairs += 1;
        if open != close {
            differ.push((instrument.as_str(), start / SECOND_NS));
        }
    }

    println!("{SET}: {} candles, {pairs} adjacent pairs, {differ:?} differ", candles.len());
    assert_eq!((candles.len(), pairs), (8 * 1_001, 8_000));
    // The venue's own exception, half an hour before the capture.
    assert_eq!(differ, [("BITGET:CULTUSDT", 1_649_287_860)]);
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("bitget", &files);
    }
}
