//! The book: rows with an id for each level. `partial` and `insert` rows have a price, `update` and
//! `delete` rows need not: they mean the level that was told under their id and side.
//!
//! Nothing is numbered, so a lost message shows only where a row names a level that was never told:
//! the instrument is given as lost there, and its rows pass until the next `partial`. What comes
//! before the first `partial` belongs to an older book, as the venue says, and gives nothing.

use std::collections::HashMap;

use super::Contract;
use super::frame::{Action, Row, Told};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::roster::{Listed, Roster};

/// The most levels of an instrument that are kept; the venue's deepest books have some 20,000.
const LEVELS_MAX: usize = 65_536;

/// The price of each level by its id and whether it is a bid.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    prices: HashMap<(u64, bool), Decimal>,
    is_whole: bool,
}

/// A row, checked.
struct Change {
    key: (u64, bool),
    price: Option<Decimal>,
    /// Zero removes.
    qty: Decimal,
}

/// The rows of one instrument in a frame, with the greatest time of them.
struct Part<'a> {
    symbol: &'a str,
    at: Option<Nanos>,
    changes: Vec<Change>,
}

fn change(row: &Row<'_>, action: Action) -> Result<Change, FrameError> {
    let is_bid = match row.side.as_deref() {
        Some("Buy") => true,
        Some("Sell") => false,
        _ => return Err(FrameError::Value("side")),
    };
    let at = row.price.map(|number| price(number.0)).transpose()?;
    if at.is_none() && matches!(action, Action::Partial | Action::Insert) {
        return Err(FrameError::Shape("no price"));
    }
    let qty = match (action, row.size) {
        (Action::Delete, _) => Decimal::default(),
        (_, Some(number)) => quantity(number.0)?,
        (_, None) => return Err(FrameError::Shape("no size")),
    };
    let id = row.id.ok_or(FrameError::Shape("no id"))?;
    Ok(Change { key: (id, is_bid), price: at, qty })
}

/// The rows of a frame by instrument.
fn parts<'a>(told: &'a Told<'_>) -> Result<Vec<Part<'a>>, FrameError> {
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(1);
    if let (Action::Partial, true, Some(symbol)) =
        (told.action, told.rows.is_empty(), told.symbol.as_deref())
    {
        parts.push(Part { symbol, at: None, changes: Vec::new() });
    }
    for row in &told.rows {
        let change = change(row, told.action)?;
        let known = parts.iter().position(|part| *part.symbol == *row.symbol);
        let place = known.unwrap_or_else(|| {
            parts.push(Part { symbol: &row.symbol, at: None, changes: Vec::new() });
            parts.len() - 1
        });
        let part = &mut parts[place];
        part.at = part.at.max(row.time()?);
        part.changes.push(change);
    }
    match parts.iter().find(|part| LEVELS_MAX < part.changes.len()) {
        Some(_) => Err(FrameError::Value("number of levels")),
        None => Ok(parts),
    }
}

impl Ladder {
    /// Lays rows over the book; none where one cannot be placed.
    fn lay(&mut self, changes: Vec<Change>, action: Action) -> Option<[Vec<LevelChange>; 2]> {
        let [mut bids, mut asks] = [Vec::new(), Vec::new()];
        for Change { key, price, qty } in changes {
            let at = match (action, price) {
                (Action::Partial | Action::Insert, Some(at)) => {
                    self.prices.insert(key, at);
                    at
                }
                (Action::Delete, _) => self.prices.remove(&key)?,
                _ => *self.prices.get(&key)?,
            };
            if key.1 { &mut bids } else { &mut asks }.push((at, qty));
        }
        (self.prices.len() <= LEVELS_MAX).then_some([bids, asks])
    }

    /// What rows make of the book; none where there is no book to stand on.
    fn follow(&mut self, changes: Vec<Change>, action: Action) -> Option<Body> {
        if action == Action::Partial {
            self.prices.clear();
            self.is_whole = true;
        } else if !self.is_whole {
            return None;
        }
        let Some([bids, asks]) = self.lay(changes, action) else {
            *self = Self::default();
            return Some(Body::Disconnect);
        };
        Some(if action == Action::Partial {
            Body::BookSnapshot { bids, asks, checksum: None }
        } else {
            Body::BookDelta { bids, asks, checksum: None }
        })
    }
}

/// Takes a frame of the book.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let named = told.rows.iter().map(|row| row.symbol.as_ref());
    roster.check(named.chain(told.symbol.as_deref()))?;
    let parts = parts(&told)?;
    for Part { symbol, at, changes } in parts {
        let listed: &mut Listed<Contract> = roster.get(symbol)?;
        if let Some(body) = listed.state.ladder.follow(changes, told.action) {
            out.push((listed.instrument.clone(), listed.event(at, recv, body)));
        }
    }
    Ok(())
}
