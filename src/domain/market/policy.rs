//! The tolerances that decide when time has passed.

use super::clock::{Nanos, SECOND_NS};

/// How much disorder, lateness and clock error a market tolerates.
///
/// All writers and readers of one log must use the same values: they decide which bars close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How far the watermark trails the greatest event time, in nanoseconds.
    pub out_of_order_ns: Nanos,
    /// How long behind the watermark a trade still changes bars, in nanoseconds.
    pub allowed_lateness_ns: Nanos,
    /// How far ahead of its receive time an event may be and still move time, in nanoseconds.
    pub max_skew_ns: Nanos,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            out_of_order_ns: SECOND_NS / 4,
            allowed_lateness_ns: 300 * SECOND_NS,
            max_skew_ns: 5 * SECOND_NS,
        }
    }
}
