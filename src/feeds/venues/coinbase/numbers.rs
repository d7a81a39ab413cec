//! Advanced Trade's numbers: each connection counts its messages from 0. A recording can hold a few
//! connections as one, in messages that do not say which they came by.
//!
//! A number is of the connection that stands right before it; where none does, the one nearest below
//! has a gap; where one stands at the number itself, its message came twice; where all are above, one
//! begins, or one whose beginning was not heard. Of two that stand
//! at the same number the next one tells nothing, which is a gap too, because what either of them lacks
//! would not be seen; unless one of them has told nothing since the other began. One that was silent for
//! a minute while another spoke has ended.
//!
//! Source: docs.cdp.coinbase.com, "Advanced Trade WebSocket Channels": "Most channels close within 60-90
//! seconds if no updates are sent".

use super::super::silence::Silence;
use crate::domain::market::Nanos;

/// Connections told apart; the one that was silent longest is forgotten first.
const CONNECTIONS_MAX: usize = 8;

/// So many messages of a connection, without one of another between them, show that it took the place
/// of that one.
const REPLACES_AFTER: u64 = 8;

#[derive(Debug)]
struct Connection {
    id: u64,
    last: u64,
    /// Which of all messages was its first.
    began: u64,
    /// Which was its last.
    spoke: u64,
    /// How many it told.
    told: u64,
    silence: Silence,
}

impl Connection {
    /// Whether the other has told nothing since this one began, so that it seems to have ended.
    fn replaces(&self, other: &Self) -> bool {
        other.spoke < self.began && REPLACES_AFTER <= self.told
    }
}

/// The last numbers of connections whose messages came as one.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The one that went on last stands at the end.
    standing: Vec<Connection>,
    begun: u64,
    taken: u64,
    unnumbered: u64,
}

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Which connection it is of.
    pub by: u64,
    /// Whether messages before it may be missing, of any connection.
    pub is_gap: bool,
}

impl Numbers {
    /// Takes the number of a message; none where the message was told before.
    pub fn take(&mut self, number: u64, recv: Nanos) -> Option<Counted> {
        self.taken += 1;
        let below = self.standing.iter().enumerate().filter(|(_, known)| known.last < number);
        let nearest = below.max_by_key(|(_, known)| known.last);
        let (mut connection, is_gap) = if let Some((at, known)) = nearest {
            let last = known.last;
            let mut others = self.standing.iter().enumerate().filter(|(other, _)| *other != at);
            let is_unclear = others.any(|(_, other)| other.last == last && !known.replaces(other));
            (self.standing.remove(at), is_unclear || number - last != 1)
        } else {
            // Where two have just begun, both stand at 0.
            if 0 < number && self.standing.iter().any(|known| known.last == number) {
                return None;
            }
            self.begun += 1;
            if CONNECTIONS_MAX <= self.standing.len() {
                self.standing.remove(0);
            }
            let (id, began) = (self.begun, self.taken);
            let silence = Silence::default();
            (Connection { id, last: 0, began, told: 0, spoke: 0, silence }, false)
        };
        (connection.last, connection.spoke) = (number, self.taken);
        connection.told += 1;
        connection.silence.speaks(recv);
        self.standing.retain_mut(|other| !other.silence.is_over(recv));
        let by = connection.id;
        self.standing.push(connection);
        Some(Counted { by, is_gap })
    }

    /// The connection of messages without numbers.
    pub fn unnumbered(&self) -> u64 {
        self.unnumbered
    }

    /// Whether that connection may go on.
    pub fn stands(&self, connection: u64) -> bool {
        connection == self.unnumbered || self.standing.iter().any(|known| known.id == connection)
    }

    /// All connections ended.
    pub fn end(&mut self) {
        self.standing.clear();
        self.begun += 1;
        self.unnumbered = self.begun;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::SECOND_NS;

    /// Of each number the connection, and whether it shows a gap.
    fn taken<const N: usize>(numbers: &mut Numbers, given: [u64; N]) -> [(u64, bool); N] {
        given.map(|number| {
            let counted = numbers.take(number, SECOND_NS).unwrap();
            (counted.by, counted.is_gap)
        })
    }

    #[test]
    fn numbers_of_one_connection_follow_or_show_a_gap() {
        let mut numbers = Numbers::default();
        let wanted = [(1, false), (1, false), (1, true), (1, false), (1, true)];
        assert_eq!(taken(&mut numbers, [7, 8, 10, 11, u64::MAX]), wanted);
    }

    #[test]
    fn connections_that_came_as_one_each_go_on_and_a_gap_in_any_is_seen() {
        let mut numbers = Numbers::default();
        let wanted = [1, 1, 1, 2, 1, 2, 1].map(|by| (by, false));
        assert_eq!(taken(&mut numbers, [0, 1, 2, 0, 3, 1, 4]), wanted);
        assert_eq!(taken(&mut numbers, [3, 5, 4]), [(2, true), (1, false), (2, false)]);
    }

    #[test]
    fn a_number_that_may_be_of_two_connections_is_a_gap() {
        let mut numbers = Numbers::default();
        let wanted = [(1, false), (1, false), (2, false), (2, false), (2, true), (1, false)];
        assert_eq!(taken(&mut numbers, [0, 1, 0, 1, 2, 2]), wanted);
    }

    #[test]
    fn a_message_that_comes_twice_counts_once() {
        let mut numbers = Numbers::default();
        taken(&mut numbers, [0, 1, 2]);
        assert_eq!(numbers.take(2, SECOND_NS), None);
        assert_eq!(taken(&mut numbers, [3, 0, 4]), [(1, false), (2, false), (1, false)]);
        assert_eq!(numbers.take(4, SECOND_NS), Some(Counted { by: 2, is_gap: true }));
    }

    #[test]
    fn a_connection_below_all_others_is_another_one() {
        let mut numbers = Numbers::default();
        let wanted = [(1, false), (2, false), (2, false), (1, false), (2, false), (3, false)];
        assert_eq!(taken(&mut numbers, [70, 7, 8, 71, 9, 0]), wanted);
    }

    #[test]
    fn a_connection_that_fell_silent_is_not_gone_on_with() {
        for (later, wanted) in [(60, true), (61, false)] {
            let mut numbers = Numbers::default();
            taken(&mut numbers, [0, 1, 2, 0]);
            numbers.take(1, 10 * SECOND_NS);
            numbers.take(2, (10 + later) * SECOND_NS);
            let counted = numbers.take(3, (10 + later) * SECOND_NS);
            assert_eq!(counted, Some(Counted { by: 2, is_gap: wanted }));
            assert_eq!(numbers.stands(1), wanted);
        }
        let mut alone = Numbers::default();
        alone.take(0, 0);
        assert_eq!(alone.take(1, 900 * SECOND_NS), Some(Counted { by: 1, is_gap: false }));
    }

    #[test]
    fn a_connection_that_took_the_place_of_another_passes_its_number() {
        for (first, is_gap) in [(9, false), (5, true)] {
            let mut numbers = Numbers::default();
            for number in (0..=first).chain(0..=first) {
                assert!(!numbers.take(number, 0).unwrap().is_gap);
            }
            assert_eq!(numbers.take(first + 1, 0), Some(Counted { by: 2, is_gap }));
        }
    }

    #[test]
    fn connections_are_bounded_and_all_end_at_once() {
        let mut numbers = Numbers::default();
        taken(&mut numbers, [0; CONNECTIONS_MAX + 1]);
        assert_eq!((numbers.standing.len(), numbers.stands(1)), (CONNECTIONS_MAX, false));

        let unnumbered = numbers.unnumbered();
        assert!(numbers.stands(unnumbered));
        numbers.end();
        assert_eq!((numbers.standing.len(), numbers.stands(unnumbered)), (0, false));
        assert!(numbers.stands(numbers.unnumbered()));
    }
}
