//! How the venue's integers are scaled.
//!
//! A product's `priceScale` says how many decimals its prices have; quantities of contracts are
//! whole contracts, those of spot have the `valueScale` of the currency. Before a list of products
//! came, the documents' figures hold: contracts 4 for the price; spot, whose symbols begin with `s`
//! before capitals, 8 for the price and 8 for the quantity.
//!
//! Source: "Common data explained", "Price/Ratio/Value scales".

use crate::domain::market::Decimal;

/// The most decimals a scale may ask for.
const SCALE_MAX: u8 = 18;

/// Decimals of a product's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scales {
    price: u8,
    qty: u8,
}

impl Scales {
    /// Told by a list of products; none where the hub has not so many decimals.
    pub fn told(price: u8, qty: u8) -> Option<Self> {
        (price <= SCALE_MAX && qty <= SCALE_MAX).then_some(Self { price, qty })
    }

    /// Of a product that no list told.
    pub fn usual(symbol: &str) -> Self {
        if is_spot(symbol) { Self { price: 8, qty: 8 } } else { Self { price: 4, qty: 0 } }
    }

    /// A price.
    pub fn price(self, mantissa: i64) -> Decimal {
        Decimal::from_mantissa(mantissa, self.price)
    }

    /// A quantity.
    pub fn qty(self, mantissa: i64) -> Decimal {
        Decimal::from_mantissa(mantissa, self.qty)
    }
}

/// Whether a symbol is one of spot: `sBTCUSDT`, but not `sell` or `u1000PEPEUSDT`.
pub(super) fn is_spot(symbol: &str) -> bool {
    let rest = symbol.strip_prefix('s').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Whether a symbol is one of a hedged perpetual, whose channels end in `_p`.
pub(super) fn is_hedged(symbol: &str) -> bool {
    !is_spot(symbol) && (symbol.ends_with("USDT") || symbol.ends_with("USDC"))
}
