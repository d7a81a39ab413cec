//! Bars of bars, and of ticks: what the hub's own fold makes of a finer series, against a coarser one
//! that was published.
//!
//! Each side of a finer bar is four prints, open, high, low and close, the volume with the last one;
//! a tick is one print a side. So a rolled bar has the open of the first, the greatest, the least, the
//! close of the last and the sum; there is none where nothing was.

use std::collections::BTreeMap;

use crate::domain::market::{self, Decimal, Nanos};

/// What a series holds at a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// Open, high, low and close of each side: bid and ask, or the trades alone.
    pub sides: Vec<[Decimal; 4]>,
    /// The sum of quantities, where it is told.
    pub volume: Option<Decimal>,
}

/// Bars by their start, or ticks in their order, in milliseconds of the source's own clock.
pub(super) type Series = Vec<(i64, Bar)>;

/// A trade as [`market::Bar::of_trades`] takes it: time, position, price, quantity and fills.
pub(super) type Print = (Nanos, u64, i64, i64, u32);

/// What falls into one bucket, with its place in the series.
type Held<'a> = Vec<(usize, &'a (i64, Bar))>;

impl Bar {
    /// One price a side.
    pub fn of_tick(prices: impl IntoIterator<Item = Decimal>) -> Self {
        Self { sides: prices.into_iter().map(|price| [price; 4]).collect(), volume: None }
    }

    /// Whether the sides are the same.
    pub fn same_prices(&self, other: &Self) -> bool {
        let mut all = self.sides.iter().flatten().zip(other.sides.iter().flatten());
        self.sides.len() == other.sides.len() && all.all(|(a, b)| a.equals(*b))
    }

    /// Whether the volumes are the same; a volume that is not told is none.
    pub fn same_volume(&self, other: &Self) -> bool {
        match (self.volume, other.volume) {
            (Some(a), Some(b)) => a.equals(b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

/// Rolls a series up into steps of so many milliseconds; none where its numbers do not fit together.
pub(super) fn rolled(fine: &Series, step: i64) -> Option<BTreeMap<i64, Bar>> {
    let scale = |of: fn(&Bar) -> u8| fine.iter().map(|(_, bar)| of(bar)).max().unwrap_or_default();
    let price_exp =
        scale(|bar| bar.sides.iter().flatten().map(|at| at.scale()).max().unwrap_or_default());
    let qty_exp = scale(|bar| bar.volume.map_or(0, Decimal::scale));
    let mut buckets: BTreeMap<i64, Held<'_>> = BTreeMap::new();
    for (nth, one) in fine.iter().enumerate() {
        buckets.entry(one.0 - one.0.rem_euclid(step)).or_default().push((nth, one));
    }
    let roll = |start: i64, held: &Held<'_>| {
        let sides = held.iter().map(|(_, (_, bar))| bar.sides.len()).min()?;
        let bar = |side| {
            let prints = prints(held, side, price_exp, qty_exp)?;
            Some(market::Bar::of_trades(start, prints))
        };
        let bars = (0..sides).map(bar).collect::<Option<Vec<_>>>()?;
        let price = |mantissa| Decimal::from_mantissa(mantissa, price_exp);
        let told = held.iter().all(|(_, (_, bar))| bar.volume.is_some());
        let volume = bars.first().filter(|_| told).map(|bar| i64::try_from(bar.volume));
        Some(Bar {
            sides: bars.iter().map(|b| [b.open, b.high, b.low, b.close].map(price)).collect(),
            volume: match volume {
                Some(volume) => Some(Decimal::from_mantissa(volume.ok()?, qty_exp)),
                None => None,
            },
        })
    };
    buckets.into_iter().map(|(start, held)| Some((start, roll(start, &held)?))).collect()
}

/// The prints that one side of finer bars stands for.
fn prints(
    held: &[(usize, &(i64, Bar))],
    side: usize,
    price_exp: u8,
    qty_exp: u8,
) -> Option<Vec<Print>> {
    let mut prints = Vec::with_capacity(4 * held.len());
    for (nth, (at, bar)) in held {
        let volume = bar.volume.unwrap_or_default().at(qty_exp)?;
        for (place, price) in bar.sides.get(side)?.iter().enumerate() {
            let qty = if place == 3 { volume } else { 0 };
            let pos = 4 * *nth as u64 + place as u64;
            prints.push((*at, pos, price.at(price_exp)?, qty, 1));
        }
    }
    Some(prints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_roll_up_side_by_side_with_exact_sums() {
        let price = |text: &str| Decimal::parse(text).unwrap();
        let bar = |prices: [&str; 4], volume: &str| Bar {
            sides: vec![prices.map(price), prices.map(price)],
            volume: Some(price(volume)),
        };
        let fine = vec![
            (1_000, bar(["1.5", "1.7", "1.4", "1.6"], "0.1")),
            (2_000, bar(["1.60", "1.61", "1.3", "1.31"], "0.20")),
            (61_000, bar(["2", "2", "2", "2"], "0.00000003")),
        ];
        let minutes = rolled(&fine, 60_000).unwrap();

        assert_eq!(minutes.keys().copied().collect::<Vec<_>>(), [0, 60_000]);
        let first = bar(["1.5", "1.7", "1.3", "1.31"], "0.3");
        assert!(minutes[&0].same_prices(&first) && minutes[&0].same_volume(&first));
        assert!(minutes[&60_000].same_prices(&fine[2].1));
        assert!(!minutes[&60_000].same_volume(&first));
    }
}
