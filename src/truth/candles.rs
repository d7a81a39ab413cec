//! The hub's bars against the venue's candles.

use std::collections::BTreeMap;

use super::Row;
use super::replay::{Folded, Kept, Out, Told};
use crate::domain::market::{Bar, Decimal, INTERVALS, Instrument, Interval, Nanos};
use crate::feeds::venues::Venue;
use crate::feeds::venues::candle::{Candle, CandleRule, Empty, Open, VwapDigits};
use crate::wire::time;

/// Equal ones, of how many, and how many differ because the candle was still running.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    equal: usize,
    total: usize,
    running: usize,
}

impl Tally {
    fn count(&mut self, is_equal: bool) {
        self.total += 1;
        self.equal += usize::from(is_equal);
    }

    fn row(self, set: &str, compared: &str) -> Option<Row> {
        let reason = "the candle was still running when it was last told: it is the bar of the first trades of its bucket";
        let row = Row::new(set, compared, self.equal, self.total);
        (0 < self.total).then(|| row.explain(self.running, reason))
    }
}

#[derive(Default)]
struct Tallies {
    traded: Tally,
    running: Tally,
    flat: Tally,
    present: Tally,
    /// Two candles of the venue that follow each other, and whether they meet.
    opened: Vec<(String, bool)>,
    vwap: Tally,
    by_fills: Tally,
    growth: Tally,
}

/// Compares all candles of a capture.
pub(super) fn rows(set: &str, venue: &Venue, folded: &Folded) -> Vec<Row> {
    let mut all = Tallies::default();
    for (instrument, out) in &folded.instruments {
        if out.candles.iter().any(|told| told.candle.fills.is_some()) {
            by_fills(out, &mut all);
        } else {
            by_time(venue, (instrument, out), &mut all);
        }
    }
    let opened = (!all.opened.is_empty()).then(|| {
        let apart = all.opened.iter().filter(|(_, meets)| !meets);
        let apart: Vec<&str> = apart.map(|(place, _)| place.as_str()).collect();
        let total = all.opened.len();
        let row =
            Row::new(set, "candles that open at the close before", total - apart.len(), total);
        // Both candles are the venue's: a few that do not meet are its own, many are another rule.
        let is_few = apart.len() <= (total / 1_000).max(1) && apart.len() < total;
        let reason = format!("the venue's own candles do not meet at {}", apart.join(", "));
        row.explain(if is_few { apart.len() } else { 0 }, reason)
    });
    [
        all.traded.row(set, "bars and the venue's candles (O H L C V, count where told)"),
        all.running.row(set, "bars and the venue's running candles, as last told"),
        all.vwap.row(set, "vwap, cut at the venue's digits"),
        all.flat.row(set, "candles of empty buckets, flat at the close before"),
        all.present.row(set, "bars that have a candle"),
        opened,
        all.by_fills.row(set, "running candles, by the fills they hold (O H L C V, count)"),
        all.growth.row(set, "growth of running candles between two fills (V)"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The last word on each bucket.
fn last_told(out: &Out) -> BTreeMap<(Interval, Nanos), &Told> {
    let interval_of =
        |length| INTERVALS.into_iter().find(|interval| interval.length_ns() == length);
    let told = out.candles.iter();
    told.filter_map(|told| Some(((interval_of(told.candle.length)?, told.candle.start), told)))
        .collect()
}

/// Whether a bar and what a candle should be are the same.
fn is_bar(kept: &Kept, prices: [Decimal; 4], candle: &Candle) -> bool {
    let bar = &kept.bar;
    let ours = [bar.open, bar.high, bar.low, bar.close].map(Some);
    prices.map(|price| price.at(kept.price_exp)) == ours
        && candle.volume.at(kept.qty_exp).map(i128::from) == Some(bar.volume)
        && candle.count.is_none_or(|count| count == bar.trades)
}

fn by_time(venue: &Venue, (instrument, out): (&Instrument, &Out), all: &mut Tallies) {
    let rule = venue.candles;
    let Some(first) = out.trades.iter().map(|trade| trade.ts).min() else { return };
    let told = last_told(out);
    for (&(interval, start), &one) in &told {
        let candle = &one.candle;
        let before = told.get(&(interval, start - interval.length_ns()));
        let opens_at = before.filter(|_| rule.open != Open::FirstTrade);
        if let Some(before) = opens_at {
            let meets = candle.prices[0].equals(before.candle.prices[3]);
            all.opened.push((format!("{instrument} {}", time::rfc3339(start)), meets));
        }
        let end = start + interval.length_ns();
        let is_running = one.is_running();
        // The first bucket began before the trades did; the last may end after them.
        if start <= interval.start_of(first) || (out.latest < end && !is_running) {
            continue;
        }
        match out.bars.get(&(interval, start)).filter(|kept| kept.bar.has_trades()) {
            Some(kept) => {
                let equal = match opens_at.map(|before| before.candle.prices[3]) {
                    Some(close) => is_bar_opened_at(kept, rule.open, close, candle),
                    None if rule.open == Open::FirstTrade => is_bar(kept, candle.prices, candle),
                    None => continue,
                };
                if is_running {
                    all.running.count(equal);
                    let close = opens_at.map(|before| before.candle.prices[3]);
                    let was = || is_bar_of_first_trades(out, (interval, kept), rule, close, candle);
                    all.running.running += usize::from(!equal && was());
                    continue;
                }
                all.traded.count(equal);
                if let (Some(digits), Some(vwap)) = (rule.vwap_digits, candle.vwap) {
                    all.vwap.count(is_cut_vwap(kept, vwap, digits_of(digits, candle)));
                }
            }
            None if rule.empty == Empty::Flat && !is_running => {
                all.flat.count(is_flat(candle, close_before(out, interval, start)));
            }
            None => {}
        }
    }
    if rule.empty == Empty::Absent {
        presence(out, first, &told, all);
    }
}

/// Every bar has a candle, and every candle a bar.
fn presence(out: &Out, first: Nanos, told: &BTreeMap<(Interval, Nanos), &Told>, all: &mut Tallies) {
    for interval in INTERVALS {
        let of = |start: Nanos| (interval, start);
        let range = told.range(of(Nanos::MIN)..=of(Nanos::MAX));
        let starts: Vec<Nanos> = range.map(|((_, start), _)| *start).collect();
        let (Some(oldest), Some(newest)) = (starts.first(), starts.last()) else { continue };
        let from = interval.start_of(first).max(*oldest - 1);
        let is_within = |start: Nanos| {
            from < start && start <= *newest && start + interval.length_ns() <= out.latest
        };
        let bars = out.bars.range(of(Nanos::MIN)..=of(Nanos::MAX));
        let mut buckets: Vec<Nanos> = bars
            .filter(|(_, kept)| kept.bar.has_trades())
            .map(|((_, start), _)| *start)
            .chain(starts.iter().copied())
            .filter(|start| is_within(*start))
            .collect();
        buckets.sort_unstable();
        buckets.dedup();
        for start in buckets {
            let has_bar = out.bars.get(&of(start)).is_some_and(|kept| kept.bar.has_trades());
            all.present.count(has_bar && told.contains_key(&of(start)));
        }
    }
}

/// Whether a candle is the bar that its bucket had when it was told: that of its first trades.
fn is_bar_of_first_trades(
    out: &Out,
    (interval, kept): (Interval, &Kept),
    rule: CandleRule,
    close: Option<Decimal>,
    candle: &Candle,
) -> bool {
    let end = candle.start + interval.length_ns();
    let in_bucket = out.trades.iter().filter(|trade| (candle.start..end).contains(&trade.ts));
    let mut trades: Vec<_> = in_bucket
        .enumerate()
        .filter_map(|(pos, trade)| {
            let price = trade.price.at(kept.price_exp)?;
            Some((trade.ts, pos as u64, price, trade.qty.at(kept.qty_exp)?, trade.count))
        })
        .collect();
    trades.sort_unstable_by_key(|(ts, pos, ..)| (*ts, *pos));
    (1..=trades.len()).any(|count| {
        let bar = Bar::of_trades(candle.start, trades[..count].iter().copied());
        let kept = Kept { bar, ..kept.clone() };
        match close {
            Some(close) => is_bar_opened_at(&kept, rule.open, close, candle),
            None => is_bar(&kept, candle.prices, candle),
        }
    })
}

/// As [`is_bar`], where the candle opens at the close before, which counts for high and low or not.
fn is_bar_opened_at(kept: &Kept, rule: Open, close: Decimal, candle: &Candle) -> bool {
    let Some(open) = close.at(kept.price_exp) else { return false };
    let mut with_open = kept.clone();
    let bar = &mut with_open.bar;
    bar.open = open;
    if rule == Open::PreviousClose {
        (bar.high, bar.low) = (bar.high.max(open), bar.low.min(open));
    }
    is_bar(&with_open, candle.prices, candle)
}

fn is_flat(candle: &Candle, close: Option<Decimal>) -> bool {
    let [open, high, low, last] = candle.prices;
    let level = open.equals(high) && high.equals(low) && low.equals(last);
    level && candle.volume.is_zero() && close.is_none_or(|close| open.equals(close))
}

/// The close of the last bar before a bucket.
fn close_before(out: &Out, interval: Interval, start: Nanos) -> Option<Decimal> {
    let before = out.bars.range((interval, Nanos::MIN)..(interval, start));
    let mut traded = before.filter(|(_, kept)| kept.bar.has_trades());
    let (_, kept) = traded.next_back()?;
    Some(Decimal::from_mantissa(kept.bar.close, kept.price_exp))
}

/// To how many digits a candle's average is cut.
fn digits_of(rule: VwapDigits, candle: &Candle) -> u8 {
    match rule {
        VwapDigits::AsWritten => {
            let numbers = candle.prices.into_iter().chain(candle.vwap);
            numbers.map(Decimal::written_scale).max().unwrap_or_default()
        }
        VwapDigits::Exactly(digits) => digits,
    }
}

/// Whether the venue's average is notional / volume, cut at so many digits.
fn is_cut_vwap(kept: &Kept, vwap: Decimal, digits: u8) -> bool {
    let up = 10_i128.pow(u32::from(digits));
    let down = 10_i128.pow(u32::from(kept.price_exp));
    let cut = kept.bar.notional * up / (kept.bar.volume * down);
    vwap.at(digits).map(i128::from) == Some(cut)
}

/// Compares candles that name the fills they hold, each at the moment at which it was told.
fn by_fills(out: &Out, all: &mut Tallies) {
    let mut before: BTreeMap<Nanos, &Candle> = BTreeMap::new();
    for told in &out.candles {
        let candle = &told.candle;
        let (Some((first, last)), end) = (candle.fills, candle.start + candle.length) else {
            continue;
        };
        let held = |after: u64| {
            let trades = out.trades.iter();
            trades.filter(move |trade| {
                trade.fills.is_some_and(|(_, its_last)| after < its_last && its_last <= last)
                    && (candle.start..end).contains(&trade.ts)
            })
        };
        let has_all = |from: u64| {
            let starts = |at: u64| {
                out.trades.iter().any(|trade| trade.fills.is_some_and(|fills| fills.0 == at))
            };
            let ends =
                out.trades.iter().any(|trade| trade.fills.is_some_and(|fills| fills.1 == last));
            starts(from) && ends
        };
        if first <= last && has_all(first) {
            let prices: Vec<Decimal> = held(0).map(|trade| trade.price).collect();
            let ordered = |a: &&Decimal, b: &&Decimal| a.compare(**b);
            let ours = [
                prices.first(),
                prices.iter().max_by(ordered),
                prices.iter().min_by(ordered),
                prices.last(),
            ];
            let pairs = ours.into_iter().zip(candle.prices);
            let same_prices = pairs.into_iter().all(|(a, b)| a.is_some_and(|a| a.equals(b)));
            let count: u64 = held(0).map(|trade| u64::from(trade.count)).sum();
            let volume = Decimal::sum(held(0).map(|trade| trade.qty));
            let same_volume = volume.is_some_and(|volume| volume.equals(candle.volume));
            all.by_fills.count(same_prices && same_volume && candle.count == Some(count));
            bar_at_its_end(out, candle, last, all);
        }
        if let Some(earlier) = before.insert(candle.start, candle)
            && let Some((_, reached)) = earlier.fills
            && reached < last
            && has_all(reached + 1)
        {
            let grown = held(reached).map(|trade| trade.qty).chain([earlier.volume]);
            all.growth.count(Decimal::sum(grown).is_some_and(|sum| sum.equals(candle.volume)));
        }
    }
}

/// A candle that holds the last fill of its bucket is the hub's bar.
fn bar_at_its_end(out: &Out, candle: &Candle, last: u64, all: &mut Tallies) {
    let end = candle.start + candle.length;
    let of_bucket = out.trades.iter().filter(|trade| (candle.start..end).contains(&trade.ts));
    if of_bucket.filter_map(|trade| trade.fills).map(|fills| fills.1).max() != Some(last) {
        return;
    }
    // Buckets of a length or a beginning that the hub has not are compared by their fills alone.
    let interval = INTERVALS.into_iter().find(|interval| {
        interval.length_ns() == candle.length && interval.start_of(candle.start) == candle.start
    });
    let Some(interval) = interval else { return };
    let kept = out.bars.get(&(interval, candle.start));
    all.traded.count(kept.is_some_and(|kept| is_bar(kept, candle.prices, candle)));
}
