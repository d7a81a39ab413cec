//! One instrument's market: events in, book, quote, statistics, tape and bars out.
//!
//! [`Market`] is the whole of it: `admit` says whether a record fits, `apply` folds one event and
//! tells what changed. The other files each hold one noun. None of them knows of topics, sockets
//! or rows.

mod admit;
mod bar;
mod book;
mod checksum;
mod clock;
mod decimal;
mod event;
mod figure;
mod fold;
mod instrument;
mod interval;
mod policy;
mod quote;
mod scales;
mod series;
mod showing;
mod state;
mod stats;
mod tape;

pub use admit::{Admission, Refusal};
pub use bar::{Bar, BarField, BarState};
pub use book::{Book, BookDiff, Level, Side};
pub use checksum::{Checksum, ChecksumKind};
pub use clock::{Clock, Nanos, SECOND_NS};
pub use decimal::{Decimal, DecimalError, write_mantissa};
pub use event::{Aggressor, Body, Definition, Event, LevelChange, Trade};
pub use figure::{Imbalance, Statistic, at_one_scale};
pub use fold::{Changes, Market, Moment, TradeOutcome};
pub use instrument::{Instrument, InstrumentError};
pub use interval::{INTERVALS, Interval};
pub use policy::Policy;
pub use quote::{Quote, QuoteField};
pub use scales::{Fit, Scales};
pub use series::{BarSeries, PublishedBar};
pub use state::MarketState;
pub use stats::{Stats, StatsField, VWAP_EXTRA_DIGITS, vwap_mantissa};
pub use tape::{KeptTrade, Print, Tape, TapeItem, TradeState};
