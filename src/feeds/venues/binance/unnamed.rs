//! REST snapshots that do not say whose they are: recorders write the body without its URL, and a
//! whole file of one comes before all that has a receive time.
//!
//! Spot numbers each symbol apart: one belongs to the symbol whose changes join with it
//! ([`super::depth`]) and are where its levels are. Where none that was heard does, it waits for the
//! first change that does. One that came later than the changes of the only symbol, and waits alone,
//! waits for that symbol's first change that is later and where its levels are.
//!
//! Futures share their numbers between all symbols: there joining shows nothing, and prices are not
//! enough. One belongs to the symbol whose changes join with it and, up to its number, left just the
//! quantities that it has: one at least, and no other. While a single symbol was heard of, and has no
//! whole book, none at least: it is enough that its changes join, left no other, and are where the
//! levels are, unless different ones meet that at once.
//!
//! Only where the changes of two symbols join is it refused, or where it is too large to wait. Where
//! too many wait, the oldest go.

use std::collections::BTreeMap;

use super::super::FrameError;
use super::super::roster::Roster;
use super::depth::{Book, Snapshot};
use super::{Contract, Rules};
use crate::domain::market::{Body, Decimal, Event, LevelChange};

/// Snapshots that wait: saved bodies of many symbols come all at once.
const WAITING_MAX: usize = 64;
/// Levels in them: some megabytes.
const LEVELS_MAX: usize = 200_000;

/// Snapshots without symbol, and the symbols that they can be of.
#[derive(Debug)]
pub(super) struct Unnamed {
    rules: Rules,
    waiting: Vec<Waiting>,
    /// The symbols of which changes were heard.
    followed: Vec<String>,
}

/// A snapshot that waits.
#[derive(Debug)]
struct Waiting {
    seq: u64,
    span: Option<Span>,
    /// The only symbol heard of when it came, where that one's changes were older.
    later_than: Option<String>,
    snapshot: Snapshot,
}

/// A change as it is compared with snapshots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// The number before it.
    pub before: u64,
    /// Its number.
    pub last: u64,
    /// Its bids.
    pub bids: &'a [LevelChange],
    /// Its asks.
    pub asks: &'a [LevelChange],
}

/// Prices around a snapshot's levels, in units of 10^-18: from the lowest bid to the highest ask, and
/// half as much on both sides of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    least: i128,
    greatest: i128,
}

impl Span {
    /// The span around prices; none where there are none.
    pub fn of(prices: impl Iterator<Item = Decimal>) -> Option<Self> {
        let ends =
            |(least, greatest): (i128, i128), (price, _)| (least.min(price), greatest.max(price));
        let (least, greatest) = prices.map(|price| (price.attos(), price.attos())).reduce(ends)?;
        let margin = greatest.saturating_sub(least) / 2;
        let (least, greatest) = (least.saturating_sub(margin), greatest.saturating_add(margin));
        Some(Self { least, greatest })
    }

    /// Whether a price lies within.
    pub fn holds(self, price: Decimal) -> bool {
        (self.least..=self.greatest).contains(&price.attos())
    }
}

impl Waiting {
    fn has_levels_of(&self, other: &Self) -> bool {
        let [mine, theirs] =
            [self, other].map(|Self { snapshot, .. }| (&snapshot.bids, &snapshot.asks));
        mine == theirs
    }
}

impl Change<'_> {
    fn is_within(self, span: Option<Span>) -> bool {
        let mut levels = self.bids.iter().chain(self.asks);
        span.is_some_and(|span| levels.any(|(price, _)| span.holds(*price)))
    }
}

/// Levels by side, the bids' first, and price, both in units of 10^-18.
type Levels = [BTreeMap<i128, i128>; 2];

fn levels_of(sides: [&[LevelChange]; 2]) -> Levels {
    sides.map(|side| side.iter().map(|(price, qty)| (price.attos(), qty.attos())).collect())
}

/// How many levels of a snapshot changes up to its number left as it has them; none where they left
/// one otherwise. What the change that goes beyond the number touches may have changed before it or
/// after; that is the last of them, or `crossing`.
fn left(
    changes: &[Event],
    crossing: Option<Change<'_>>,
    seq: u64,
    snapshot: &Snapshot,
) -> Option<usize> {
    let mut told = Levels::default();
    let mut open = crossing.map(|change| levels_of([change.bids, change.asks]));
    for change in changes {
        let Body::BookDelta { bids, asks, .. } = &change.body else { continue };
        let sides = levels_of([bids, asks]);
        if Some(seq) < change.seq {
            open = Some(sides);
            break;
        }
        for (told, side) in told.iter_mut().zip(sides) {
            told.extend(side);
        }
    }
    for (told, open) in told.iter_mut().zip(open.into_iter().flatten()) {
        told.retain(|price, _| !open.contains_key(price));
    }
    let held = levels_of([&snapshot.bids, &snapshot.asks]);
    // Of what is below its last bid or above its last ask, it tells nothing.
    let last = [held[0].keys().next(), held[1].keys().next_back()];
    let [Some(&last_bid), Some(&last_ask)] = last else { return Some(0) };
    let known = [told[0].range(last_bid..), told[1].range(..=last_ask)];
    let mut equal = 0;
    for (held, (price, qty)) in
        held.iter().zip(known).flat_map(|(held, known)| known.map(move |level| (held, level)))
    {
        if held.get(price).copied().unwrap_or_default() != *qty {
            return None;
        }
        equal += usize::from(*qty != 0);
    }
    Some(equal)
}

impl Unnamed {
    /// None of that kind of market yet.
    pub fn of(rules: Rules) -> Self {
        Self { rules, waiting: Vec::new(), followed: Vec::new() }
    }

    /// Notes a symbol at its first change.
    pub fn follow(&mut self, symbol: &str) {
        self.followed.push(symbol.to_owned());
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A snapshot of that number behind the symbol whose it is; where that cannot be told, it waits.
    pub fn owned(
        &mut self,
        roster: &mut Roster<Contract>,
        seq: u64,
        snapshot: Snapshot,
    ) -> Result<Option<(String, Snapshot)>, FrameError> {
        let span = snapshot.span();
        let mut owners = Vec::new();
        let is_only = roster.only().is_ok();
        for symbol in &self.followed {
            let book = &mut roster.get(symbol)?.state.book;
            let is_owner = book.joins(seq)
                && match self.rules {
                    Rules::Spot => span.is_some_and(|span| book.is_within(span)),
                    Rules::Futures => {
                        let is_near = span.is_some_and(|span| book.is_within(span));
                        let least = usize::from(!is_only || book.is_whole_from(seq) || !is_near);
                        let equal = left(&book.changes(), None, seq, &snapshot);
                        equal.is_some_and(|equal| least <= equal)
                    }
                };
            if is_owner {
                owners.push(symbol);
            }
        }
        match owners[..] {
            [owner] => return Ok(Some((owner.clone(), snapshot))),
            [] => {}
            _ => return Err(FrameError::UnnamedSnapshot(owners.len())),
        }
        let mut later_than = None;
        if self.rules == Rules::Spot
            && let Ok(only) = roster.only()
        {
            let book = &roster.get(&only)?.state.book;
            if book.ends_before(seq) {
                later_than = Some(only);
            } else if !self.followed.contains(&only) || span.is_none_or(|span| book.is_within(span))
            {
                return Ok(Some((only, snapshot)));
            }
        }
        self.wait(Waiting { seq, span, later_than, snapshot })?;
        Ok(None)
    }

    fn wait(&mut self, more: Waiting) -> Result<(), FrameError> {
        if LEVELS_MAX < more.snapshot.levels() {
            return Err(FrameError::UnnamedSnapshot(self.followed.len()));
        }
        self.waiting.push(more);
        let mut levels: usize = self.waiting.iter().map(|waiting| waiting.snapshot.levels()).sum();
        while WAITING_MAX < self.waiting.len() || LEVELS_MAX < levels {
            levels -= self.waiting.remove(0).snapshot.levels();
        }
        Ok(())
    }

    /// The snapshot that a change shows to be of its symbol, whose book is given; `only` is that
    /// symbol where no other was heard of.
    pub fn shown_by(
        &mut self,
        book: &mut Book,
        change: Change<'_>,
        only: Option<&str>,
    ) -> Option<Snapshot> {
        let Change { before, last, .. } = change;
        if self.rules == Rules::Futures {
            return self.left_by(book, change, only.is_some());
        }
        let joins = |waiting: &Waiting| {
            book.joins_by(before, last, waiting.seq) && change.is_within(waiting.span)
        };
        if let Some(place) = self.waiting.iter().rposition(joins) {
            let Waiting { snapshot, .. } = self.waiting.remove(place);
            self.waiting.retain(|other| !joins(other));
            return Some(snapshot);
        }
        let [Waiting { seq, span, later_than, .. }] = &self.waiting[..] else { return None };
        let is_later = *seq < last && only.is_some() && later_than.as_deref() == only;
        let is_shown = is_later && change.is_within(*span);
        is_shown.then(|| self.waiting.pop())?.map(|waiting| waiting.snapshot)
    }

    /// The same where symbols share their numbers.
    fn left_by(&mut self, book: &mut Book, change: Change<'_>, is_only: bool) -> Option<Snapshot> {
        let Change { before, last, .. } = change;
        let is_enough = is_only && !book.is_whole_from(before);
        let mut changes = None;
        // Those that meet no more than what is enough for the only symbol.
        let mut fitting: Vec<usize> = Vec::new();
        for (place, Waiting { seq, span, snapshot, .. }) in self.waiting.iter().enumerate().rev() {
            let crosses = book.crosses(before, last, *seq);
            let is_near =
                || change.is_within(*span) || span.is_some_and(|span| book.is_within(span));
            let fits = is_enough && book.joins_by(before, last, *seq) && is_near();
            if !crosses && !fits {
                continue;
            }
            let changes = changes.get_or_insert_with(|| match book.is_continued_from(before) {
                true => book.changes(),
                // Of what changed in the gap, those before it tell nothing.
                false => Vec::new(),
            });
            match left(changes, Some(change), *seq, snapshot) {
                Some(1..) if crosses => return Some(self.waiting.remove(place).snapshot),
                Some(_) if fits => fitting.push(place),
                _ => {}
            }
        }
        let (latest, others) = fitting.split_first()?;
        let is_same = |place: &usize| self.waiting[*place].has_levels_of(&self.waiting[*latest]);
        others.iter().all(is_same).then(|| self.waiting.remove(*latest).snapshot)
    }
}
