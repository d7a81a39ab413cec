//! Deribit: the chain of a book's changes, and the best bid and ask of its ticker.

use std::collections::BTreeMap;

use tickwire::domain::market::{Body, Event, Instrument, MarketState};

use super::{Folded, Route, Step, assert_same_bytes, files, fold, fold_kept};

const SET: &str = "venue-captures-misc";
const FILES: [&str; 1] = ["DERIBIT.ws.1.0.txt.gz"];

/// Best bid and ask, price and quantity.
type Top = [Option<(i64, i64)>; 2];

/// Decimals at which tops are compared.
const EXP: u8 = 8;

/// The tops of quotes and of books, in their order.
#[derive(Default)]
struct Tops {
    quotes: BTreeMap<Instrument, Vec<Top>>,
    books: BTreeMap<Instrument, Vec<Top>>,
}

impl Tops {
    fn watch(&mut self, step: &Step<'_>) {
        let scale = |number: i64, exp: u8| number * 10_i64.pow(u32::from(EXP - exp));
        let exps = (step.market.price_exp(), step.market.qty_exp());
        match step.event.body {
            Body::Quote { bid, ask } => {
                let top = [bid, ask].map(|side| {
                    side.map(|(price, qty)| (price.at(EXP).unwrap(), qty.at(EXP).unwrap()))
                });
                self.quotes.entry(step.instrument.clone()).or_default().push(top);
            }
            Body::BookSnapshot { .. } | Body::BookDelta { .. } => {
                let book = step.market.book();
                let top = [book.best_bid(), book.best_ask()].map(|side| {
                    side.map(|(price, qty)| (scale(price, exps.0), scale(qty, exps.1)))
                });
                self.books.entry(step.instrument.clone()).or_default().push(top);
            }
            _ => {}
        }
    }

    /// How many quotes are found among the tops of the book, each at or behind the one before.
    fn in_order(&self) -> usize {
        let mut found = 0;
        for (instrument, quotes) in &self.quotes {
            let mut tops = self.books[instrument].as_slice();
            for quote in quotes {
                if let Some(at) = tops.iter().position(|top| top == quote) {
                    found += 1;
                    tops = &tops[at..];
                }
            }
        }
        found
    }
}

fn tops(keep: impl FnMut(&mut Event) -> bool, route: Route) -> Option<(Tops, Folded, usize)> {
    let files = files(SET, &FILES)?;
    let mut tops = Tops::default();
    let mut gaps = 0;
    let folded = fold_kept("deribit", &files, route, keep, |step| {
        gaps += usize::from(step.changes.gap);
        tops.watch(&step);
    });
    Some((tops, folded, gaps))
}

#[test]
fn changes_follow_each_other_without_a_gap_and_every_ticker_is_a_top_of_the_book() {
    for route in [Route::Direct, Route::Wire] {
        let Some((tops, folded, gaps)) = tops(|_| true, route) else { return };

        println!("{SET}: {} of {} tickers", tops.in_order(), folded.kind("quote"));
        assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 36));
        assert_eq!((tops.in_order(), folded.kind("quote"), gaps), (89, 89, 0));
        assert_eq!((folded.markets.len(), folded.kinds.len()), (10, 3));
        for (instrument, market) in &folded.markets {
            assert_eq!(market.book_state, MarketState::Live, "{instrument}");
        }
    }
}

#[test]
fn after_each_change_the_book_has_the_top_of_the_ticker_of_that_time() {
    let Some(files) = files(SET, &FILES) else { return };
    let mut quotes: BTreeMap<Instrument, (i64, Body)> = BTreeMap::new();
    let (mut compared, mut equal) = (0, 0);
    fold("deribit", &files, Route::Direct, |step| match &step.event.body {
        quote @ Body::Quote { .. } => {
            quotes.insert(step.instrument.clone(), (step.event.ts_event, quote.clone()));
        }
        Body::BookSnapshot { .. } | Body::BookDelta { .. } => {
            let Some((at, Body::Quote { bid, ask })) = quotes.get(step.instrument) else { return };
            if *at != step.event.ts_event {
                return;
            }
            let exps = (step.market.price_exp(), step.market.qty_exp());
            let wanted = [bid, ask].map(|side| {
                side.map(|(price, qty)| (price.at(exps.0).unwrap(), qty.at(exps.1).unwrap()))
            });
            let book = step.market.book();
            compared += 1;
            equal += usize::from(wanted == [book.best_bid(), book.best_ask()]);
        }
        _ => {}
    });

    assert_eq!((equal, compared), (36, 36));
}

#[test]
fn one_change_dropped_shows_a_gap() {
    let mut nth = 0;
    let keep = |event: &mut Event| {
        let is_delta = matches!(event.body, Body::BookDelta { .. });
        nth += usize::from(is_delta);
        !is_delta || nth != 2
    };
    let Some((tops, _, gaps)) = tops(keep, Route::Direct) else { return };

    assert_eq!(gaps, 1);
    assert!(tops.in_order() < 89, "{}", tops.in_order());
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let Some(files) = files(SET, &FILES) else { return };
    assert_same_bytes("deribit", &files);
}
