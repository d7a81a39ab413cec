//! Ids of trades, the same in every schema that tells a trade.

use ::dbn::{Publisher, Schema};
use compact_str::{CompactString, format_compact};

use crate::domain::market::Nanos;
use crate::feeds::venues::prints::Prints;

/// Which records a trade came with; each schema counts the trades of a sequence number anew, so
/// that a trade has the same id in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tape {
    Orders,
    Trades,
    Top,
    TopAtTrades,
    Depth,
    Consolidated,
    ConsolidatedAtTrades,
}

/// How many tapes there are.
pub(super) const TAPES: usize = 7;

impl Tape {
    /// The tape of a file of one schema; none where it has no trades.
    pub fn of(schema: Schema) -> Option<Self> {
        Some(match schema {
            Schema::Mbo => Self::Orders,
            Schema::Trades => Self::Trades,
            Schema::Mbp1 => Self::Top,
            Schema::Tbbo => Self::TopAtTrades,
            Schema::Mbp10 => Self::Depth,
            Schema::Cmbp1 => Self::Consolidated,
            Schema::Tcbbo => Self::ConsolidatedAtTrades,
            _ => return None,
        })
    }
}

/// What is counted of the trades of one instrument at one publisher.
#[derive(Default)]
pub(super) struct Trades {
    /// What stands in front of their ids.
    prefix: CompactString,
    /// The last sequence number of each tape, and how many trades it had.
    numbered: [(u32, u32); TAPES],
    /// The same for trades without a sequence number.
    unnumbered: [Prints; TAPES],
}

impl Trades {
    /// Trades of a publisher. Sequence numbers are each publisher's own, so ids of all but one carry
    /// its number: of all but the first of a dataset by the vendor's list, whichever comes first
    /// here. Of publishers that are not on the list, the first one `is_first` in being seen.
    pub fn of(publisher: u16, is_first: bool) -> Self {
        let has_prefix = match Publisher::try_from(publisher) {
            Ok(known) => known.dataset().publishers().iter().any(|other| *other < known),
            Err(_) => !is_first,
        };
        let prefix = if has_prefix { format_compact!("p{publisher}-") } else { "".into() };
        Self { prefix, ..Self::default() }
    }

    /// Counts a tape's trades anew.
    pub fn rewind(&mut self, tape: Tape) {
        self.numbered[tape as usize] = (0, 0);
        self.unnumbered[tape as usize] = Prints::default();
    }

    /// Counts all trades anew.
    pub fn rewind_all(&mut self) {
        self.numbered = Default::default();
        self.unnumbered = Default::default();
    }

    /// The sequence number, with a counter behind it from its second trade on; where there is no
    /// sequence number, the event time and the counter.
    pub fn next_id(&mut self, tape: Tape, ts: Nanos, sequence: u32) -> CompactString {
        let prefix = &self.prefix;
        if sequence == 0 {
            let id = self.unnumbered[tape as usize].next_id(ts);
            return if prefix.is_empty() { id } else { format_compact!("{prefix}{id}") };
        }
        let (last, count) = &mut self.numbered[tape as usize];
        if *last == sequence {
            *count += 1;
        } else {
            (*last, *count) = (sequence, 0);
        }
        match *count {
            0 => format_compact!("{prefix}{sequence}"),
            count => format_compact!("{prefix}{sequence}.{count}"),
        }
    }
}
