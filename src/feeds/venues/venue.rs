//! What is known of a venue as a whole.

use super::candle::{CandleRule, TopRule, Witness};
use super::line::{Line, Recovery};
use super::{
    Adapter, binance, bitfinex, bitget, bitmex, bitstamp, coinbase, deribit, gateio, gemini,
    hitbtc, kraken, kucoin, okx, phemex,
};

/// How a venue numbers the changes of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequencing {
    /// Each change names the one before it, or follows it by one: a gap is seen.
    Contiguous,
    /// Numbers only grow: what is old is seen, a gap is not.
    Monotonic,
    /// No numbers.
    None,
}

/// One market of one venue.
#[derive(Clone, Copy)]
pub struct Venue {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name in instruments.
    pub prefix: &'static str,
    /// How it numbers the changes of a book.
    pub sequencing: Sequencing,
    /// How its candles are made.
    pub candles: CandleRule,
    /// How its published tops meet the book.
    pub tops: TopRule,
    /// A fresh adapter.
    pub adapter: fn() -> Box<dyn Adapter + Send>,
    /// The client's side of a fresh connection.
    pub line: fn() -> Box<dyn Line + Send>,
    /// A fresh reader of the candles it publishes.
    pub witness: fn() -> Box<dyn Witness + Send>,
}

impl Venue {
    /// Whether what the venue numbers, or names by numbers, is of one connection: then each has an
    /// adapter of its own. Elsewhere one adapter serves all connections of a recording, and joins
    /// what came by different ones.
    #[must_use]
    pub fn is_by_connection(&self) -> bool {
        (self.line)().terms().recovery == Recovery::Reconnect
    }
}

/// All venues, in the order of the contract.
pub const VENUES: &[Venue] = &[
    binance::SPOT,
    binance::USDM,
    binance::COINM,
    kraken::VENUE,
    coinbase::VENUE,
    okx::OKX,
    okx::OKCOIN,
    bitget::VENUE,
    bitmex::VENUE,
    kucoin::VENUE,
    phemex::VENUE,
    hitbtc::HITBTC,
    hitbtc::BEQUANT,
    bitstamp::VENUE,
    deribit::VENUE,
    bitfinex::VENUE,
    gateio::VENUE,
    gemini::VENUE,
];

/// The venue of a name on the command line.
#[must_use]
pub fn venue(name: &str) -> Option<&'static Venue> {
    VENUES.iter().find(|venue| venue.name == name)
}

/// The names of all venues, for people.
#[must_use]
pub fn names() -> String {
    VENUES.iter().map(|venue| venue.name).collect::<Vec<_>>().join(", ")
}

/// The adapter of a venue, by its name on the command line; none for a name not known here.
#[must_use]
pub fn adapter_for(name: &str) -> Option<Box<dyn Adapter + Send>> {
    venue(name).map(|venue| (venue.adapter)())
}
