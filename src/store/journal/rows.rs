//! What a batch is made of.

use crate::domain::market::{Bar, Definition, Imbalance, Interval, Nanos, Statistic};
use crate::wire::saved::LogId;

/// A trade to be stored.
#[derive(Clone, Debug)]
pub struct TradeRow {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Event time.
    pub ts_ns: Nanos,
    /// Position among the instrument's trades in the log.
    pub pos: i64,
    /// The venue's sequence number.
    pub seq: Option<u64>,
    /// The venue's id.
    pub trade_id: String,
    /// Price mantissa.
    pub price: i64,
    /// Quantity mantissa.
    pub qty: i64,
    /// Decimals of price and quantity.
    pub exps: (u8, u8),
    /// Fills it stands for.
    pub count: u32,
    /// Who took.
    pub aggressor: Option<&'static str>,
    /// Condition codes, joined by a blank.
    pub conditions: String,
}

/// A cancel or correction of a stored trade.
#[derive(Clone, Debug)]
pub struct Amend {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// The trade's id.
    pub trade_id: String,
    /// The trade's event time; where that is not known, the latest stored trade of the id is meant.
    pub ts_ns: Option<Nanos>,
    /// Trades that came later in the log are not meant.
    pub pos_max: i64,
    /// The right price and quantity with their decimals; none takes the trade back.
    pub right: Option<(i64, i64, (u8, u8))>,
    /// Whether the stream's bars follow it; where not, the stored bars are recomputed.
    pub in_stream: bool,
}

/// A trade that the stream's bars do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LateTrade {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Event time.
    pub ts_ns: Nanos,
}

/// A quote to be stored.
#[derive(Clone, Debug)]
pub struct QuoteRow {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Event time.
    pub ts_ns: Nanos,
    /// Which change of the quote.
    pub seq: i64,
    /// Best bid: price, quantity.
    pub bid: Option<(i64, i64)>,
    /// Best ask: price, quantity.
    pub ask: Option<(i64, i64)>,
    /// Decimals.
    pub exps: (u8, u8),
}

/// The top of a book to be stored.
#[derive(Clone, Debug)]
pub struct BookRow {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Event time.
    pub ts_ns: Nanos,
    /// Which change of the book.
    pub seq: i64,
    /// Price and quantity in turn, best first.
    pub bids: Vec<i64>,
    /// Price and quantity in turn, best first.
    pub asks: Vec<i64>,
    /// Decimals.
    pub exps: (u8, u8),
    /// How far it can be trusted.
    pub state: &'static str,
}

/// A bar as published.
#[derive(Clone, Debug)]
pub struct BarRow {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Its length.
    pub interval: Interval,
    /// The bar.
    pub bar: Bar,
    /// Decimals.
    pub exps: (u8, u8),
}

/// A fold's state.
#[derive(Clone, Debug)]
pub struct StateRow {
    /// Whose.
    pub instrument: String,
    /// Its partition.
    pub partition: i32,
    /// The last record in it.
    pub fold_offset: i64,
    /// The state.
    pub state: Vec<u8>,
}

/// Where the recorder stands in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub partition: i32,
    /// The log.
    pub log: LogId,
    /// The first record whose rows are not stored.
    pub next_offset: i64,
    /// The first record that is not in every stored state.
    pub fold_offset: i64,
    /// Append time of the record before `next_offset`.
    pub ts_append: Option<Nanos>,
    /// The `next_offset` that is stored, as the recorder knows it; none where none is.
    pub stored: Option<i64>,
}

/// What is known to be missing.
#[derive(Clone, Debug)]
pub struct Gap {
    /// Whose; `*` for all.
    pub instrument: String,
    /// From.
    pub from: Nanos,
    /// To.
    pub to: Nanos,
    /// Why.
    pub reason: String,
}

/// One transaction's worth.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Trades, in the order of the log.
    pub trades: Vec<TradeRow>,
    /// Cancels and corrections, in the order of the log.
    pub amends: Vec<Amend>,
    /// Trades too late for the stream.
    pub late: Vec<LateTrade>,
    /// Quotes.
    pub quotes: Vec<QuoteRow>,
    /// Books.
    pub books: Vec<BookRow>,
    /// Bars; of one bar only the last matters.
    pub bars: Vec<BarRow>,
    /// States.
    pub states: Vec<StateRow>,
    /// Positions.
    pub positions: Vec<Position>,
    /// Gaps.
    pub gaps: Vec<Gap>,
    /// Figures: instrument's number, event time, what was said.
    pub statistics: Vec<(i32, Nanos, Statistic)>,
    /// Auctions: instrument's number, event time, what was said.
    pub imbalances: Vec<(i32, Nanos, Imbalance)>,
    /// Definitions.
    pub definitions: Vec<(i32, Definition)>,
}

/// A bar to be recomputed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repair {
    /// Its instrument's number.
    pub instrument_id: i32,
    /// Its instrument's name.
    pub instrument: String,
    /// Its length.
    pub interval: Interval,
    /// Its start.
    pub start: Nanos,
}

/// A bar as recomputed from the stored trades; decimals as text, exact.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// Which bar.
    pub repair: Repair,
    /// Open, high, low, close as text; none where no trade counts.
    pub prices: Option<[String; 4]>,
    /// Sum of quantities.
    pub volume: String,
    /// Sum of price × quantity.
    pub notional: String,
    /// Notional ÷ volume, cut.
    pub vwap: Option<String>,
    /// Fills.
    pub trades: i64,
    /// Revision.
    pub rev: i32,
}
