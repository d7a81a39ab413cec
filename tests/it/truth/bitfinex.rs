//! Bitfinex: the sequence of a connection, and books whose best 25 levels the ticker sums up.

use std::collections::BTreeMap;

use serde_json::Value;
use tickwire::domain::market::{Body, Decimal, Instrument, MarketState};
use tickwire::feeds::capture::{self, Captured};
use tickwire::feeds::venues::{Frame, adapter_for};

use super::{Route, assert_same_bytes, files, fold};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 1] = ["BITFINEX.ws.11.0.txt.gz"];

/// The messages of the capture.
fn messages(files: &[std::path::PathBuf]) -> Vec<String> {
    let records = capture::merge(files).unwrap().map(Result::unwrap);
    let text = |record: capture::Record| match record.what {
        Captured::Message(text) => Some(text),
        _ => None,
    };
    records.filter_map(text).collect()
}

#[test]
fn no_number_is_missing_and_no_book_crosses() {
    let Some(files) = files(SET, &FILES) else { return };
    for route in [Route::Direct, Route::Wire] {
        let mut gaps = 0;
        let folded = fold("bitfinex", &files, route, |step| {
            gaps += usize::from(step.changes.gap || step.changes.unsynced_delta);
            assert_ne!(step.event.body, Body::Disconnect);
            let book = step.market.book();
            assert!(!book.is_crossed());
            assert!(book.bids().count() <= 100 && book.asks().count() <= 100);
        });

        assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta"), gaps), (7, 1_593, 0));
        assert_eq!(
            (folded.kind("trade"), folded.kinds.len(), folded.markets.len()),
            (TRADES, 3, 7)
        );
        let live = folded.markets.values().filter(|of| of.book_state == MarketState::Live);
        assert_eq!(live.count(), 7);
    }
}

/// In the seven lists that the subscriptions were answered with.
const TRADES: usize = 210;

#[test]
fn one_message_dropped_loses_all_books_at_once() {
    let Some(files) = files(SET, &FILES) else { return };
    let texts = messages(&files);
    let lists = texts.iter().filter(|text| text.starts_with('[')).count();
    let mut adapter = adapter_for("bitfinex").unwrap();
    let (mut lost, mut out) = (Vec::new(), Vec::new());
    for (nth, text) in texts.iter().enumerate() {
        if nth == 1_000 {
            continue;
        }
        adapter.take(Frame::Message(text), 1, &mut out).unwrap();
        let gone = out.drain(..).filter(|(_, event)| event.body == Body::Disconnect);
        lost.extend(gone.map(|(instrument, _)| (nth, instrument)));
    }

    assert_eq!(lists, 1_670);
    assert_eq!(lost.len(), 7);
    assert!(lost.iter().all(|(nth, _)| *nth == 1_001));
}

#[test]
fn tickers_sum_the_25_best_levels_of_the_book() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut tickers: BTreeMap<u64, Instrument> = BTreeMap::new();
    let mut told: Vec<(Instrument, [f64; 2], [f64; 2])> = Vec::new();
    for text in messages(&files) {
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["channel"] == "ticker" {
            let name = format!("BITFINEX:{}", message["symbol"].as_str().unwrap());
            let id = message["chanId"].as_u64().unwrap();
            tickers.insert(id, Instrument::parse(&name).unwrap());
        } else if let Some(instrument) = message[0].as_u64().and_then(|id| tickers.get(&id))
            && message[1].is_array()
        {
            let number = |at: usize| message[1][at].as_f64().unwrap();
            let pair = |at: usize| [number(at), number(at + 1)];
            told.push((instrument.clone(), pair(0), pair(2)));
        }
    }
    // The venue adds them up in binary floating point, and so does this comparison. A ticker comes
    // at its own rhythm: it is looked for among all moments, and some fall between two messages.
    // What the book's best price and the sum of its best 25 were, at any moment.
    let mut had: BTreeMap<Instrument, [Vec<[f64; 2]>; 2]> = BTreeMap::new();
    fold("bitfinex", &files, Route::Direct, |step| {
        if !matches!(step.event.body, Body::BookSnapshot { .. } | Body::BookDelta { .. }) {
            return;
        }
        let top = step.market.book().top(25);
        let plain = |number: i64, exp: u8| {
            Decimal::from_mantissa(number, exp).to_string().parse::<f64>().unwrap()
        };
        let sides = had.entry(step.instrument.clone()).or_default();
        for (moments, levels) in sides.iter_mut().zip([top.bids, top.asks]) {
            let sum = levels.iter().map(|(_, qty)| plain(*qty, step.market.qty_exp())).sum();
            let best = levels.first().map_or(0.0, |(at, _)| plain(*at, step.market.price_exp()));
            moments.push([best, sum]);
        }
    });
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    let is_of = |moments: &[[f64; 2]], side: [f64; 2]| {
        moments.iter().any(|had| near(had[0], side[0]) && near(had[1], side[1]))
    };
    let mut found = [0, 0];
    for (instrument, bid, ask) in &told {
        let Some([bids, asks]) = had.get(instrument) else { continue };
        found[0] += usize::from(is_of(bids, *bid));
        found[1] += usize::from(is_of(asks, *ask));
    }

    println!("{SET}: {found:?} of {} tickers", told.len());
    assert_eq!((told.len(), found), (21, [12, 15]));
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let Some(files) = files(SET, &FILES) else { return };
    assert_same_bytes("bitfinex", &files);
}
