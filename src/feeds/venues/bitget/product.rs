//! What tells the products apart that share a symbol: `instType`, and in the names of instruments the
//! end that the venue's REST v1 gave them.
//!
//! | product | v2 | v1 | name |
//! | --- | --- | --- | --- |
//! | spot | `SPOT` | `sp` | `BTCUSDT` |
//! | futures margined in USDT | `USDT-FUTURES` | `mc` | `BTCUSDT_UMCBL` |
//! | in USDC | `USDC-FUTURES` | `mc` | `BTCPERP_CMCBL` |
//! | in the coin | `COIN-FUTURES` | `mc` | `BTCUSD_DMCBL` |
//!
//! v3 has v2's in small letters; symbols of futures in the coin end in `_CM` there.
//!
//! Source: bitget.com/api-doc/contract and /uta, "instType"; the documents of v1, "productType".

use std::borrow::Cow;

use crate::feeds::venues::channel::Arg;

/// Products of v2 and the ends of their names.
const FUTURES: [(&str, &str); 3] =
    [("USDT-FUTURES", "_UMCBL"), ("USDC-FUTURES", "_CMCBL"), ("COIN-FUTURES", "_DMCBL")];

/// The end of v3's symbols of futures in the coin.
const IN_COIN: &str = "_CM";

/// The instrument's symbol; none for products that are not taken.
pub(super) fn symbol<'a>(arg: &'a Arg<'_>) -> Option<Cow<'a, str>> {
    let (product, symbol) = (arg.inst_type.0.as_ref(), arg.inst_id.0.as_ref());
    let is = |name: &str| product.eq_ignore_ascii_case(name);
    if is("spot") || is("sp") {
        return Some(Cow::Borrowed(symbol));
    }
    let end = if is("mc") {
        match symbol {
            symbol if symbol.ends_with("USDT") => "_UMCBL",
            symbol if symbol.ends_with("PERP") => "_CMCBL",
            _ => "_DMCBL",
        }
    } else {
        FUTURES.into_iter().find(|(name, _)| is(name))?.1
    };
    let symbol = symbol.strip_suffix(IN_COIN).unwrap_or(symbol);
    Some(Cow::Owned(format!("{symbol}{end}")))
}

/// The product of v2 that an instrument is of, and its symbol there.
pub(super) fn named(symbol: &str) -> (&'static str, &str) {
    let future = |(product, end): (&'static str, &str)| Some((product, symbol.strip_suffix(end)?));
    FUTURES.into_iter().find_map(future).unwrap_or(("SPOT", symbol))
}
