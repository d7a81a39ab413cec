//! Best bid and ask: v1 `spread`, and v2 `ticker` where it was subscribed with `event_trigger`
//! `bbo`. A ticker that is sent on trades only would lag behind the book, and gives no events.

use super::Pair;
use crate::domain::market::{Body, Event, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::side;
use crate::feeds::venues::roster::Listed;
use crate::wire::number::DecimalField;

/// A quote as a frame has it.
#[derive(Debug)]
pub(super) struct Told {
    at: Option<Nanos>,
    bid: Option<LevelChange>,
    ask: Option<LevelChange>,
}

impl Told {
    /// Checks what a frame has: price and quantity of both sides.
    pub fn read(
        at: Option<Nanos>,
        bid: (DecimalField, DecimalField),
        ask: (DecimalField, DecimalField),
    ) -> Result<Self, FrameError> {
        Ok(Self { at, bid: side(bid.0, bid.1)?, ask: side(ask.0, ask.1)? })
    }
}

/// The event of a quote.
pub(super) fn event(listed: &mut Listed<Pair>, told: &Told, recv: Nanos) -> Event {
    listed.event(told.at, recv, Body::Quote { bid: told.bid, ask: told.ask })
}
