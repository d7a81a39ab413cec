//! Before v5 (2019 to 2021): `{"table": "spot/depth", "action", "data": [{"instrument_id", …}]}`.
//!
//! - What stands before the slash is the product, which the symbol says too. `depth` and
//!   `depth_l2_tbt` are a book (`partial`) and its changes (`update`), without numbers, each with the
//!   checksum of v5; `depth5` is a whole book each time, without one.
//! - Times are RFC 3339. A trade's quantity is `size`, of futures and options `qty`.
//! - The elements of a message name their instruments, and stand in the order of their time.
//! - Candles: `candle60s` and the like, `{"candle": [time, o, h, l, c, volume, …], "instrument_id"}`;
//!   none says whether it is closed.
//!
//! Source: okex.com/docs and okcoin.com/docs (API v3), "WebSocket API", "Public - Trade", "Public -
//! Depth 400", "Checksum".

use serde::Deserialize;

use super::Kind;
use crate::domain::market::Nanos;
use crate::feeds::venues::channel::candle_length;
use crate::feeds::venues::choice::Source;
use crate::feeds::venues::reading::{Cell, Row};

/// What a table carries; none where it is none, or nothing is taken of it. Any channel of v5, which
/// came after, stands above.
pub(super) fn kind_of(table: &str) -> Option<Kind> {
    let book = |name, rank| Some(Kind::Book(Source { name, rank }));
    match table.split_once('/')?.1 {
        "depth" => book("depth", 1),
        "depth_l2_tbt" => book("depth_l2_tbt", 1),
        "depth400" => book("depth400", 1),
        "depth5" => book("depth5", 0),
        "trade" => Some(Kind::Trades(Source { name: "trade", rank: 0 })),
        _ => None,
    }
}

/// The word of v5 for an action.
pub(super) fn action(word: &str) -> &str {
    if word == "partial" { "snapshot" } else { word }
}

/// The length of the candles of a table.
pub(super) fn length(table: &str) -> Option<Nanos> {
    candle_length(table.split_once('/')?.1)
}

/// One element of a table of candles.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Told<'a> {
    /// The candle.
    #[serde(borrow)]
    pub candle: Row<'a>,
    /// Its symbol.
    #[serde(borrow)]
    pub instrument_id: Cell<'a>,
}
