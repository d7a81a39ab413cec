//! Definitions: REST `/public/products`, which tells the scales too.
//!
//! `products` holds contracts (`tickSize`, `lotSize`) and spot (`quoteTickSize` `"0.01 USDT"`,
//! `baseTickSize` `"0.000001 BTC"`); `perpProductsV2` the hedged perpetuals (`tickSize`,
//! `qtyStepSize`), whose numbers are not scaled. A product without usable steps, as delisted ones
//! can be, gets no definition.

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::Cell;
use super::super::roster::Roster;
use super::super::step::step;
use super::Product;
use super::scale::{Scales, is_spot};
use crate::domain::market::{Body, Definition, Event, Instrument, Nanos};
use crate::wire::borrowed;

/// The parts of the list that say something of trading.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing<'a> {
    #[serde(borrow, default)]
    currencies: Vec<Currency<'a>>,
    #[serde(borrow, default)]
    products: Vec<Listed<'a>>,
    #[serde(borrow, default)]
    perp_products_v2: Vec<Listed<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Currency<'a> {
    currency: &'a str,
    value_scale: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    symbol: &'a str,
    #[serde(rename = "type")]
    kind: Option<String>,
    price_scale: Option<u8>,
    base_currency: Option<String>,
    contract_underlying_assets: Option<String>,
    quote_currency: Option<String>,
    #[serde(borrow, default)]
    tick_size: Cell<'a>,
    #[serde(borrow, default)]
    lot_size: Cell<'a>,
    #[serde(borrow, default)]
    qty_step_size: Cell<'a>,
    #[serde(borrow, default)]
    quote_tick_size: Cell<'a>,
    #[serde(borrow, default)]
    base_tick_size: Cell<'a>,
    description: Option<String>,
}

impl<'a> Listing<'a> {
    /// Reads the list.
    pub fn read(text: &'a str) -> Result<Self, FrameError> {
        Ok(borrowed::from_str(text)?)
    }

    /// The scales of its products, where it tells them.
    pub fn scales(&self) -> impl Iterator<Item = (&'a str, Scales)> {
        self.products.iter().filter_map(|listed| {
            // Only spot counts in parts of a currency; contracts are whole.
            let base = listed.base_currency.as_deref().filter(|_| is_spot(listed.symbol));
            let currency = base
                .and_then(|base| self.currencies.iter().find(|currency| currency.currency == base));
            let qty = match (base, currency) {
                (None, _) => 0,
                (Some(_), currency) => currency.and_then(|of| of.value_scale).unwrap_or(8),
            };
            // Spot products have no `priceScale` in older lists: it is 8 for all.
            let price = listed.price_scale.unwrap_or(if base.is_some() { 8 } else { 4 });
            Some((listed.symbol, Scales::told(price, qty)?))
        })
    }
}

impl Listed<'_> {
    fn definition(&self) -> Option<Definition> {
        let number = |cell: &Cell<'_>| cell.0.split(' ').next().unwrap_or_default().to_owned();
        let first = |name, cells: [&Cell<'_>; 2]| {
            cells.into_iter().find_map(|cell| step(name, &number(cell)).ok())
        };
        Some(Definition {
            tick_size: first("tickSize", [&self.tick_size, &self.quote_tick_size])?,
            lot_size: first("qtyStepSize", [&self.qty_step_size, &self.base_tick_size])
                .or_else(|| first("lotSize", [&self.lot_size, &self.lot_size]))?,
            base: self.base_currency.clone().or_else(|| self.contract_underlying_assets.clone()),
            quote: self.quote_currency.clone(),
            kind: self.kind.clone(),
            description: self.description.clone(),
        })
    }
}

/// Takes the `data` of the list: scales, and a definition of each product.
pub(super) fn take(
    roster: &mut Roster<Product>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listing = Listing::read(text)?;
    let all = || listing.products.iter().chain(&listing.perp_products_v2);
    roster.check(all().map(|listed| listed.symbol))?;
    for (symbol, scales) in listing.scales() {
        roster.get(symbol)?.state.scales = Some(scales);
    }
    for product in all() {
        let Some(definition) = product.definition() else { continue };
        let listed = roster.get(product.symbol)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
