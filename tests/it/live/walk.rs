//! A recording that is too short, walked back and forth: each change is undone by another one, so
//! that its books stay what the venue once had.

use std::collections::BTreeMap;

use tickwire::domain::market::{Body, Decimal, Event, LevelChange, Market};

use super::dialect::{Change, Dialect, millis, texts};
use super::venue::fold;

/// Changes that are made of a recording.
const CHANGES: usize = 1_500;
/// The number of a book at which the walk begins.
const FIRST: u64 = 1_000;

/// A change of the recording: its symbol, its bids and asks.
pub type Recorded = (String, [Vec<LevelChange>; 2]);
type Rows = Vec<(String, String)>;

/// A change and the one that undoes it.
struct Step {
    symbol: String,
    there: [Rows; 2],
    back: [Rows; 2],
}

fn numbers(rows: &[(String, String)]) -> Vec<LevelChange> {
    let number = |text: &String| Decimal::parse(text).unwrap();
    rows.iter().map(|(price, qty)| (number(price), number(qty))).collect()
}

fn event(market: &Market, seq: u64, prev_seq: Option<u64>, body: Body) -> Event {
    let ts_event = market.clock().greatest().unwrap();
    Event { ts_event, ts_recv: None, seq: Some(seq), prev_seq, body }
}

/// Numbers the books as the walk goes on from them.
pub fn begin(books: &mut BTreeMap<String, Market>) {
    for market in books.values_mut() {
        let (bids, asks) =
            (texts(market, market.book().bids()), texts(market, market.book().asks()));
        let (bids, asks) = (numbers(&bids), numbers(&asks));
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        fold(market, &event(market, FIRST, None, body));
    }
}

fn lay(market: &mut Market, [bids, asks]: &[Rows; 2], seq: u64) {
    let (bids, asks) = (numbers(bids), numbers(asks));
    let delta = Body::BookDelta { bids, asks, checksum: None };
    let changes = fold(market, &event(market, seq, Some(seq - 1), delta));
    assert!(!changes.gap);
}

/// What stands at a price, as the venue wrote it.
fn standing(market: &Market, is_bid: bool, price: Decimal) -> (String, String) {
    let of = |(at, _): &(i64, _)| Some(*at) == price.at(market.price_exp());
    let book = market.book();
    let level = if is_bid {
        texts(market, book.bids().filter(of))
    } else {
        texts(market, book.asks().filter(of))
    };
    level.into_iter().next().unwrap_or_else(|| (price.to_string(), "0".to_owned()))
}

/// The messages of the walk.
pub fn messages(
    dialect: &dyn Dialect,
    books: &BTreeMap<String, Market>,
    recorded: Vec<Recorded>,
) -> Vec<String> {
    let mut steps = Vec::new();
    let mut recording = books.clone();
    for (symbol, sides) in recorded {
        let market = recording.get_mut(&symbol).unwrap();
        let seq = market.book().venue_seq().unwrap();
        let [bids, asks] = &sides;
        let back = [(true, bids), (false, asks)].map(|(is_bid, side)| {
            side.iter().map(|(price, _)| standing(market, is_bid, *price)).collect()
        });
        let there = sides.map(|side| {
            side.iter().map(|(price, qty)| (price.to_string(), qty.to_string())).collect()
        });
        lay(market, &there, seq + 1);
        steps.push(Step { symbol, there, back });
    }
    let there = steps.iter().map(|step| (step, &step.there));
    let back = steps.iter().rev().map(|step| (step, &step.back));
    let walk = there.chain(back).cycle().take(CHANGES).enumerate();
    let mut books = books.clone();
    let written = walk.map(|(nth, (Step { symbol, .. }, sides))| {
        let market = books.get_mut(symbol).unwrap();
        let seq = market.book().venue_seq().unwrap() + 1;
        lay(market, sides, seq);
        let [bids, asks] = sides;
        let at = millis(market) + 1 + i64::try_from(nth).unwrap();
        dialect.change(&Change { symbol, bids, asks, seq, at, after: market })
    });
    written.collect()
}
