//! The book: rows with an id for each level. `partial` and `insert` rows have a price, `update` and
//! `delete` rows have one since April 2023. Before, they mean the level that was told under their id
//! and side. Ids are arbitrary since: a row's own price counts, and where its id stood at another,
//! that level is gone.
//!
//! Nothing is numbered, so a lost message shows only where a row without price names a level that was
//! never told: the instrument is given as lost there, and its rows pass until the next `partial`. What
//! comes before the first `partial` belongs to an older book, as the venue says, and gives nothing.
//!
//! A book of REST holds until rows come, which say that it changed: the instrument is given as lost, and
//! no other book of REST is given until the next `partial`.
//!
//! `orderBookL2_25` has the same rows, but only of the best levels: beside `orderBookL2` they would
//! cut the book, so they give nothing once a `partial` of that was taken.
//!
//! Source: blog.bitmex.com, "Potentially-Breaking API Update to ID Generation on WebSocket Orderbook
//! Feeds".

use std::collections::HashMap;

use super::Contract;
use super::frame::{Action, Row, Table, Told};
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
    made: Made,
}

/// What a book was last made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Made {
    #[default]
    Nothing,
    /// Of a list of REST.
    Asked,
    /// Of nothing, while rows come whose `partial` was not told.
    Rows,
    /// Of this table's `partial`.
    Partial(Table),
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
fn parts<'a>(
    rows: &'a [Row<'_>],
    action: Action,
    symbol: Option<&'a str>,
) -> Result<Vec<Part<'a>>, FrameError> {
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(1);
    if let (Action::Partial, true, Some(symbol)) = (action, rows.is_empty(), symbol) {
        parts.push(Part { symbol, at: None, changes: Vec::new() });
    }
    for row in rows {
        let change = change(row, action)?;
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
    /// Whether there is a book to stand on.
    pub fn stands(&self) -> bool {
        matches!(self.made, Made::Partial(_))
    }

    /// Another book than a list of REST was given.
    pub fn give_way(&mut self) {
        if self.made == Made::Asked {
            self.made = Made::Nothing;
        }
    }

    /// Lays rows over the book; none where one cannot be placed.
    fn lay(&mut self, changes: Vec<Change>, action: Action) -> Option<[Vec<LevelChange>; 2]> {
        let [mut bids, mut asks] = [Vec::new(), Vec::new()];
        for Change { key, price, qty } in changes {
            let known = match (action, price) {
                (Action::Delete, _) => self.prices.remove(&key),
                (_, Some(at)) => self.prices.insert(key, at),
                (_, None) => self.prices.get(&key).copied(),
            };
            let at = price.or(known)?;
            let side = if key.1 { &mut bids } else { &mut asks };
            if let Some(old) = known.filter(|old| !old.equals(at))
                && action != Action::Partial
            {
                side.push((old, Decimal::default()));
            }
            side.push((at, qty));
        }
        (self.prices.len() <= LEVELS_MAX).then_some([bids, asks])
    }

    /// What rows make of the book; none where there is no book to stand on.
    fn follow(&mut self, changes: Vec<Change>, action: Action, table: Table) -> Option<Body> {
        if action == Action::Partial {
            if table == Table::Best && self.made == Made::Partial(Table::Book) {
                return None;
            }
            self.prices.clear();
            self.made = Made::Partial(table);
        } else if self.made != Made::Partial(table) {
            let was_asked = self.made == Made::Asked;
            if !self.stands() {
                self.made = Made::Rows;
            }
            return was_asked.then_some(Body::Disconnect);
        }
        let Some([bids, asks]) = self.lay(changes, action) else {
            *self = Self { prices: HashMap::default(), made: Made::Rows };
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
    let parts = parts(&told.rows, told.action, told.symbol.as_deref())?;
    for Part { symbol, at, changes } in parts {
        let listed: &mut Listed<Contract> = roster.get(symbol)?;
        if let Some(body) = listed.state.ladder.follow(changes, told.action, told.table) {
            out.push((listed.instrument.clone(), listed.event(at, recv, body)));
        }
    }
    Ok(())
}

/// Takes the list of REST `/orderBook/L2`. It holds the best 25 levels unless more are asked for, so
/// it gives nothing of an instrument whose changes are heard, and none is laid over it.
pub(super) fn listing(
    roster: &mut Roster<Contract>,
    rows: &[Row<'_>],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    roster.check(rows.iter().map(|row| row.symbol.as_ref()))?;
    for Part { symbol, at, changes } in parts(rows, Action::Partial, None)? {
        let listed = roster.get(symbol)?;
        let made = &mut listed.state.ladder.made;
        if !matches!(made, Made::Nothing | Made::Asked) {
            continue;
        }
        *made = Made::Asked;
        let [mut bids, mut asks] = [Vec::new(), Vec::new()];
        for Change { key, price, qty } in changes {
            let side = if key.1 { &mut bids } else { &mut asks };
            side.extend(price.map(|at| (at, qty)));
        }
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        out.push((listed.instrument.clone(), listed.event(at, recv, body)));
    }
    Ok(())
}
