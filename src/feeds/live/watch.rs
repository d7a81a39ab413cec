//! One instrument's book as the hub will fold it: whether it still stands, and why it does not.
//!
//! Folds book events only, with the hub's own [`Market`]; prices and quantities of the others are
//! only asked whether they fit. What is kept is the book and its bounded history.
//!
//! Pure: times are passed in, in milliseconds of a clock that does not go back.

use crate::domain::market::{Body, Event, Market, MarketState, Moment, Policy};

/// So many changes in a row that the book's number is already beyond mean that the venue counts
/// anew; a snapshot ahead of its changes explains fewer.
const REPEATS_MAX: u32 = 1_000;

/// Why a book is not the venue's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fault {
    /// A change did not continue it.
    Gap,
    /// The venue's checksum did not hold.
    Checksum,
    /// Bid above ask for too long, where no number would show a gap.
    Crossed,
    /// A frame could not be understood that may have held a change of it.
    Refused,
    /// A number that the hub does not take.
    OutOfRange,
    /// The venue's numbers began anew.
    Repeats,
    /// A snapshot that was asked for did not come.
    Unanswered,
}

impl Fault {
    /// Its name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Checksum => "checksum",
            Self::Crossed => "crossed",
            Self::Refused => "refused",
            Self::OutOfRange => "out_of_range",
            Self::Repeats => "repeats",
            Self::Unanswered => "unanswered",
        }
    }

    /// Whether the event that showed it tells the hub too; else a `disconnect` must.
    pub fn shows_in_the_log(self) -> bool {
        matches!(self, Self::Gap | Self::Checksum | Self::Unanswered)
    }
}

/// What an event did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is no event of the book, or changed nothing of how it stands.
    Nothing,
    /// A change came while there is no snapshot to stand on.
    Unsynced,
    /// A snapshot: the book stands from here on.
    Stands,
    /// It stands no more.
    Breaks(Fault),
}

/// The book.
pub(super) struct Watch {
    market: Market,
    repeats: u32,
    crossed_since: Option<u64>,
    judges_crossing: bool,
}

impl Watch {
    /// A book that nothing is known of. `judges_crossing` where no number would show a gap.
    pub fn new(judges_crossing: bool) -> Self {
        Self { market: Market::new("live"), repeats: 0, crossed_since: None, judges_crossing }
    }

    /// Takes one event, as the hub will.
    pub fn take(&mut self, event: &Event, now: u64) -> Step {
        match self.market.admit(std::slice::from_ref(event)) {
            Ok(admission) => self.market.accept(admission),
            Err(_) => return Step::Breaks(Fault::OutOfRange),
        }
        let is_snapshot = match event.body {
            Body::BookSnapshot { .. } => true,
            Body::BookDelta { .. } => false,
            Body::Disconnect => {
                self.fold(event, now);
                return Step::Nothing;
            }
            _ => return Step::Nothing,
        };
        let is_repeat = !is_snapshot
            && event.seq.zip(self.market.book().venue_seq()).is_some_and(|(seq, at)| seq <= at);
        self.repeats = if is_repeat { self.repeats.saturating_add(1) } else { 0 };
        let stood = self.stands();
        let changes = self.fold(event, now);
        if changes.checksum == Some(false) {
            Step::Breaks(Fault::Checksum)
        } else if changes.gap {
            Step::Breaks(Fault::Gap)
        } else if changes.unsynced_delta {
            Step::Unsynced
        } else if is_snapshot {
            Step::Stands
        } else if stood && REPEATS_MAX <= self.repeats {
            self.repeats = 0;
            Step::Breaks(Fault::Repeats)
        } else {
            Step::Nothing
        }
    }

    fn fold(&mut self, event: &Event, now: u64) -> crate::domain::market::Changes {
        let mut no_bars = Vec::new();
        let changes = self.market.apply(event, Moment::default(), &Policy::default(), &mut no_bars);
        self.crossed_since = match self.market.book_state {
            MarketState::Crossed => self.crossed_since.or(Some(now)),
            _ => None,
        };
        changes
    }

    /// Whether the hub takes this book for the venue's, crossed or not.
    pub fn stands(&self) -> bool {
        matches!(
            self.market.book_state,
            MarketState::Live | MarketState::Crossed | MarketState::Halted
        )
    }

    /// Whether it is crossed for longer than `max_ms`, where that counts.
    pub fn is_crossed_for(&self, max_ms: u64, now: u64) -> bool {
        self.judges_crossing
            && self.crossed_since.is_some_and(|since| since.saturating_add(max_ms) < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::{Checksum, ChecksumKind, Decimal, LevelChange};

    fn rows(rows: &[(i64, i64)]) -> Vec<LevelChange> {
        let decimal = |mantissa| Decimal::from_mantissa(mantissa, 0);
        rows.iter().map(|&(price, qty)| (decimal(price), decimal(qty))).collect()
    }

    fn event(seq: Option<u64>, prev_seq: Option<u64>, body: Body) -> Event {
        Event { ts_event: 1, ts_recv: None, seq, prev_seq, body }
    }

    fn snapshot(seq: u64, bid: i64, ask: i64) -> Event {
        let (bids, asks) = (rows(&[(bid, 1)]), rows(&[(ask, 1)]));
        event(Some(seq), None, Body::BookSnapshot { bids, asks, checksum: None })
    }

    fn bid(seq: Option<u64>, prev_seq: Option<u64>, price: i64, qty: i64) -> Event {
        let body =
            Body::BookDelta { bids: rows(&[(price, qty)]), asks: Vec::new(), checksum: None };
        event(seq, prev_seq, body)
    }

    #[test]
    fn a_book_stands_from_its_snapshot_to_its_gap() {
        let mut watch = Watch::new(false);
        assert_eq!(watch.take(&bid(Some(5), Some(4), 9, 1), 0), Step::Unsynced);
        assert_eq!(watch.take(&snapshot(5, 9, 11), 0), Step::Stands);
        assert_eq!(watch.take(&bid(Some(6), Some(5), 8, 1), 0), Step::Nothing);
        assert_eq!(watch.take(&bid(Some(8), Some(7), 8, 1), 0), Step::Breaks(Fault::Gap));
        assert_eq!(watch.take(&bid(Some(9), Some(8), 8, 1), 0), Step::Unsynced);
        assert!(!watch.stands());
    }

    #[test]
    fn a_checksum_that_does_not_hold_breaks_the_book_with_the_snapshot_too() {
        let mut watch = Watch::new(false);
        let checksum = Some(Checksum { kind: ChecksumKind::Kraken, value: 1 });
        let body = Body::BookSnapshot { bids: rows(&[(9, 1)]), asks: Vec::new(), checksum };

        assert_eq!(watch.take(&event(None, None, body), 0), Step::Breaks(Fault::Checksum));
        assert!(!watch.stands());
    }

    #[test]
    fn crossing_counts_by_its_length_and_only_where_no_number_shows_a_gap() {
        let (mut blind, mut numbered) = (Watch::new(true), Watch::new(false));
        for watch in [&mut blind, &mut numbered] {
            watch.take(&snapshot(5, 9, 11), 100);
            watch.take(&bid(None, None, 12, 1), 200);
            watch.take(&bid(None, None, 13, 1), 300);
        }
        assert!(!blind.is_crossed_for(50, 250) && blind.is_crossed_for(50, 251));
        assert!(!numbered.is_crossed_for(50, 251));

        blind.take(&bid(None, None, 12, 0), 300);
        blind.take(&bid(None, None, 13, 0), 300);
        assert!(!blind.is_crossed_for(50, 1_000));
    }

    #[test]
    fn a_venue_that_counts_anew_is_noticed() {
        let mut watch = Watch::new(false);
        watch.take(&snapshot(1_000_000, 9, 11), 0);
        for seq in 1..1_000 {
            assert_eq!(watch.take(&bid(Some(seq), Some(seq - 1), 8, 1), 0), Step::Nothing);
        }
        let last = bid(Some(1_000), Some(999), 8, 1);
        assert_eq!(watch.take(&last, 0), Step::Breaks(Fault::Repeats));
    }

    #[test]
    fn a_number_that_the_hub_does_not_take_breaks_the_book() {
        let mut watch = Watch::new(false);
        watch.take(&snapshot(5, 9, 11), 0);
        let fine = (Decimal::from_mantissa(1, 18), Decimal::from_mantissa(1, 0));
        let body = Body::BookDelta { bids: vec![fine], asks: Vec::new(), checksum: None };

        let huge = bid(Some(6), Some(5), i64::MAX / 2, 1);
        assert_eq!(watch.take(&huge, 0), Step::Nothing);
        let finer = event(Some(7), Some(6), body);
        assert_eq!(watch.take(&finer, 0), Step::Breaks(Fault::OutOfRange));
    }
}
