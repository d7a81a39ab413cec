//! The one-minute candles that a venue publishes against the bars of its trades.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tickwire::domain::market::{
    Bar, Body, Decimal, Event, Instrument, Interval, Market, Nanos, SECOND_NS,
};
use tickwire::feeds::capture;
use tickwire::feeds::venues::candle::{Candle, Empty};
use tickwire::feeds::venues::venue;

use super::{Folded, Route, fold_kept};

const MINUTE: Nanos = 60 * SECOND_NS;

/// Where the whole minutes of a capture's trades end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// Before the minute of the last trade, which was still running.
    IsRunning,
    /// With it: the candle was told after its last trade.
    IsWhole,
}

/// How the candles of a capture meet the bars of its trades.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// Open, high, low, close and volume are the same.
    pub equal: usize,
    /// One of them is not.
    pub differ: usize,
    /// No trades and no bar, and the candle says so as the venue's rule has it.
    pub empty: usize,
    /// A candle of trades without a bar, or a bar without a candle.
    pub alone: usize,
}

/// The minutes of an instrument, each in its last state.
fn minutes(folded: &Folded, instrument: &Instrument) -> BTreeMap<Nanos, Bar> {
    let published = folded.published[instrument].iter();
    let published = published.filter(|bar| bar.interval == Interval::M1).map(|bar| &bar.bar);
    let kept = folded.markets[instrument].bars(Interval::M1).bars();
    published.chain(kept).map(|bar| (bar.start, bar.clone())).collect()
}

/// The last that the venue said of each candle.
fn told(name: &str, files: &[PathBuf]) -> BTreeMap<Instrument, BTreeMap<Nanos, Candle>> {
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
fn is_equal(market: &Market, bar: &Bar, candle: &Candle) -> bool {
    let prices = candle.prices.map(|price| price.at(market.price_exp()));
    let volume = candle.volume.at(market.qty_exp()).map(i128::from);
    prices == [bar.open, bar.high, bar.low, bar.close].map(Some) && volume == Some(bar.volume)
}

/// Whether a candle is the flat one that the venue's rule puts where nothing was traded.
fn is_flat(empty: Empty, candle: &Candle, close: Option<Decimal>) -> bool {
    empty == Empty::Flat && candle.volume.is_zero() && candle.prices.map(Some) == [close; 4]
}

/// All whole minutes that the trades cover. Only trades are folded: the past ones that a
/// subscription begins with reach hours back, and the fold puts no trade into a bar that is older
/// than the allowed lateness behind a book of now. `keep` may drop a trade.
pub(super) fn compare(
    name: &str,
    files: &[PathBuf],
    last: Last,
    mut keep: impl FnMut(&mut Event) -> bool,
) -> Compared {
    let only = |event: &mut Event| matches!(event.body, Body::Trade(_)) && keep(event);
    let folded = fold_kept(name, files, Route::Wire, only, |_| {});
    let told = told(name, files);
    let rule = venue(name).unwrap().candles;
    let mut compared = Compared::default();
    for (instrument, candles) in &told {
        let (market, bars) = (&folded.markets[instrument], minutes(&folded, instrument));
        // The first minute of the trades is partial.
        let first = *bars.keys().next().unwrap();
        let end = *bars.keys().next_back().unwrap();
        let is_whole =
            |start: Nanos| first < start && (start < end || last == Last::IsWhole && start == end);
        let mut close = None;
        for (&start, candle) in candles {
            if is_whole(start) {
                match bars.get(&start) {
                    Some(bar) if is_equal(market, bar, candle) => compared.equal += 1,
                    Some(_) => compared.differ += 1,
                    None if is_flat(rule.empty, candle, close) => compared.empty += 1,
                    None => compared.alone += 1,
                }
            }
            close = Some(candle.prices[3]);
        }
        let unmatched = bars.keys().filter(|start| !candles.contains_key(*start));
        compared.alone += unmatched.filter(|start| is_whole(**start)).count();
    }
    compared
}
