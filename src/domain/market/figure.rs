//! What a venue publishes of an instrument beside its trades and books. It changes no book, quote
//! or bar; it moves the instrument's time and is stored.

use compact_str::CompactString;

use super::clock::Nanos;
use super::decimal::Decimal;
use super::event::Aggressor;

/// A figure, such as a settlement price or the open interest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistic {
    /// Which: `settlement_price`, `open_interest`, …; the venue's word in snake case.
    pub statistic: CompactString,
    /// Its price.
    pub price: Option<Decimal>,
    /// Its quantity.
    pub qty: Option<Decimal>,
    /// The time or day it is of.
    pub ts_ref: Option<Nanos>,
    /// Whether it is taken back.
    pub deleted: bool,
}

/// What an auction lacks, were it held now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imbalance {
    /// Which auction, the venue's word.
    pub auction: Option<CompactString>,
    /// On which side more is wanted.
    pub side: Option<Aggressor>,
    /// How much finds no counterpart.
    pub qty: Option<Decimal>,
    /// How much does.
    pub paired_qty: Option<Decimal>,
    /// At which price both are counted.
    pub ref_price: Option<Decimal>,
    /// At which price the most would trade.
    pub price: Option<Decimal>,
}

/// Two numbers at one scale: their mantissas, and its decimals.
#[must_use]
pub fn at_one_scale(pair: [Option<Decimal>; 2]) -> ([Option<i64>; 2], u8) {
    let exp = pair.iter().flatten().map(|number| number.scale()).max().unwrap_or(0);
    (pair.map(|number| number.and_then(|number| number.at(exp))), exp)
}
