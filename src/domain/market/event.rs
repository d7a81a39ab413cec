//! What a feed can say of an instrument, as the contract of `md.v1` has it.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::clock::Nanos;
use super::decimal::Decimal;
use super::figure::{Imbalance, Statistic};

/// One market event of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The venue's time.
    pub ts_event: Nanos,
    /// When the feed received it.
    pub ts_recv: Option<Nanos>,
    /// The venue's own sequence number.
    pub seq: Option<u64>,
    /// The venue's sequence number before this one.
    pub prev_seq: Option<u64>,
    /// What happened.
    pub body: Body,
}

/// Which side took the liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggressor {
    /// The buyer took.
    Buy,
    /// The seller took.
    Sell,
}

impl Aggressor {
    /// Its name on every door.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// A print.
#[derive(Clone, Debug, PartialEq)]
pub struct Trade {
    /// The venue's id, unique within the instrument.
    pub trade_id: CompactString,
    /// Price per unit.
    pub price: Decimal,
    /// Quantity, above zero.
    pub qty: Decimal,
    /// Who took, where the venue says so.
    pub aggressor: Option<Aggressor>,
    /// How many fills it stands for, at least 1.
    pub count: u32,
    /// The venue's condition codes, joined by a blank; empty where there are none.
    pub conditions: CompactString,
}

/// A level's absolute quantity; zero removes the level.
pub type LevelChange = (Decimal, Decimal);

/// What is known of the instrument itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Smallest price step.
    pub tick_size: Decimal,
    /// Smallest quantity step.
    pub lot_size: Decimal,
    /// What is traded.
    pub base: Option<String>,
    /// What it is priced in.
    pub quote: Option<String>,
    /// Kind of product, the venue's word.
    pub kind: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A print.
    Trade(Box<Trade>),
    /// A print that is taken back.
    TradeCancel {
        /// The print's id.
        trade_id: CompactString,
    },
    /// A print whose price and quantity were wrong.
    TradeCorrect {
        /// The print's id.
        trade_id: CompactString,
        /// The right price.
        price: Decimal,
        /// The right quantity.
        qty: Decimal,
    },
    /// Best bid and ask; none where there is none.
    Quote {
        /// Best bid and its quantity.
        bid: Option<(Decimal, Decimal)>,
        /// Best ask and its quantity.
        ask: Option<(Decimal, Decimal)>,
    },
    /// The whole book.
    BookSnapshot {
        /// Bids in any order.
        bids: Vec<LevelChange>,
        /// Asks in any order.
        asks: Vec<LevelChange>,
        /// What the venue's checksum over the result is.
        checksum: Option<Checksum>,
    },
    /// Changed levels.
    BookDelta {
        /// Changed bids.
        bids: Vec<LevelChange>,
        /// Changed asks.
        asks: Vec<LevelChange>,
        /// What the venue's checksum over the result is.
        checksum: Option<Checksum>,
    },
    /// The trading phase.
    Status {
        /// The venue's action.
        action: CompactString,
        /// Why.
        reason: Option<String>,
    },
    /// A definition.
    Instrument(Box<Definition>),
    /// A figure that the venue publishes.
    Statistic(Box<Statistic>),
    /// What an auction lacks.
    Imbalance(Box<Imbalance>),
    /// The feed lost this instrument.
    Disconnect,
    /// Time passed.
    Heartbeat,
}
