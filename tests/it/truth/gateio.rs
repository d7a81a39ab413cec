//! Gate.io: books joined with their REST snapshots, without a gap; the turnover, high, low and close
//! of its running candles against our trades.
//!
//! The candles of 2021 tell the turnover in the quote and no volume in the base, so the adapter does
//! not give them; here they are read for what they tell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tickwire::domain::market::{Bar, Body, Decimal, Event, Interval, Market, MarketState};
use tickwire::feeds::capture::{self, Captured};

use super::{Route, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 2] = ["GATEIO.ws.1.0.txt.gz", "GATEIO.http.0.0.txt.gz"];

#[test]
fn all_books_join_their_snapshots_without_a_gap_and_are_never_crossed() {
    let Some(files) = files(SET, &FILES) else { return };
    let (mut before, mut taken) = (0, 0);
    let folded = fold("gateio", &files, Route::Wire, |step| {
        assert!(!step.changes.gap && !step.market.book().is_crossed());
        if let Body::BookDelta { .. } = step.event.body {
            let is_taken = step.market.book().venue_seq() == step.event.seq;
            before += usize::from(step.changes.unsynced_delta);
            taken += usize::from(is_taken && !step.changes.unsynced_delta);
        }
    });

    println!("{SET}, Gate.io: {before} updates before a snapshot, {taken} on one");
    assert_eq!((folded.kind("trade"), folded.kind("quote"), folded.kind("other")), (9, 0, 0));
    // 172 as they came, and again the one that came before its snapshot and is not in it.
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 172 + 1));
    assert_eq!(folded.markets.len(), 10);
    for (instrument, market) in &folded.markets {
        assert_eq!(market.book_state, MarketState::Live, "{instrument}");
    }
}

#[test]
fn one_lost_update_is_a_gap() {
    let Some(files) = files(SET, &FILES) else { return };
    // The third update of OMG_USDT; 48 come after it.
    let lost = |event: &mut Event| event.seq != Some(59_231_876);
    let mut gaps = 0;
    fold_kept("gateio", &files, Route::Direct, lost, |step| gaps += usize::from(step.changes.gap));

    assert_eq!(gaps, 1);
}

fn decimal(value: &Value) -> Decimal {
    Decimal::parse(value.as_str().unwrap()).unwrap()
}

/// What the venue said of the running candle of a pair.
struct Told {
    /// Its turnover when it was told first.
    before: Decimal,
    /// It as it was told last, and when, where that was not the first time.
    last: Option<(i64, Value)>,
}

fn candles(files: &[PathBuf]) -> BTreeMap<String, Told> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    for record in capture::merge(files).unwrap() {
        let record = record.unwrap();
        let Captured::Message(text) = &record.what else { continue };
        let message: Value = serde_json::from_str(text).unwrap();
        if message["channel"] == "spot.candlesticks" && message["event"] == "update" {
            let candle = &message["result"];
            let symbol = candle["n"].as_str().unwrap().strip_prefix("1m_").unwrap();
            let first = Told { before: decimal(&candle["v"]), last: None };
            all.entry(format!("GATEIO:{symbol}"))
                .and_modify(|told| told.last = Some((record.recv, candle.clone())))
                .or_insert(first);
        }
    }
    all
}

/// Whether a candle's turnover grew by the bar's, and the bar's prices are within it and close it.
fn is_equal(market: &Market, bar: &Bar, candle: &Value, before: Decimal) -> bool {
    let price = |name: &str| decimal(&candle[name]).at(market.price_exp()).unwrap();
    let exp = market.price_exp() + market.qty_exp();
    let turnover = |number: Decimal| i128::from(number.at(exp).unwrap());
    let grown = turnover(decimal(&candle["v"])) - turnover(before);
    let within = price("l") <= bar.low && bar.high <= price("h");
    // Where nothing was traded before, ours are all its trades.
    let is_whole =
        !before.is_zero() || [bar.open, bar.high, bar.low] == [price("o"), price("h"), price("l")];
    grown == bar.notional && within && is_whole && bar.close == price("c")
}

#[test]
fn running_candles_grow_by_the_turnover_of_our_trades() {
    let Some(files) = files(SET, &FILES) else { return };
    let told = candles(&files);
    let mut grown = 0;
    for (name, Told { before, last }) in &told {
        let Some((recv, candle)) = last else { continue };
        let early =
            |event: &mut Event| matches!(event.body, Body::Trade(_)) && event.ts_recv < Some(*recv);
        let folded = fold_kept("gateio", &files, Route::Direct, early, |_| {});
        let mut markets = folded.markets.iter();
        let (_, market) = markets.find(|(instrument, _)| instrument.as_str() == name).unwrap();
        let bars: Vec<_> = market.bars(Interval::M1).bars().collect();
        assert_eq!(bars.len(), 1, "{name}");
        assert!(is_equal(market, bars[0], candle, *before), "{name} {:?} {candle}", bars[0]);
        grown += 1;
    }

    assert_eq!((told.len(), grown), (10, 4));
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("gateio", &files);
    }
}
