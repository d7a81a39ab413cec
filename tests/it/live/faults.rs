//! Fault by fault: what breaks is said first, then put right by one snapshot, and harms no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickwire::domain::market::MarketState;
use tickwire::domain::market::MarketState::{ChecksumFailed, Disconnected, Live, Unsynced};

use super::dialect::Dialect;
use super::play::Play;
use super::venue::{Message, Out, RestFault, SnapshotFault, Venue};

/// What a fault does to the books.
#[derive(Clone, Copy)]
pub struct Expected {
    /// The states of the symbol's book from `live` to `live`.
    pub states: &'static [&'static [MarketState]],
    /// Snapshots that come of it.
    pub snapshots: usize,
    /// Whether the other symbols go through the same.
    pub all: bool,
}

/// Where a book was before a fault.
pub struct Before {
    states: BTreeMap<String, usize>,
    snapshots: BTreeMap<String, usize>,
}

pub fn before(play: &Play) -> Before {
    let each = |count: &dyn Fn(&super::log::Followed) -> usize| {
        play.log.followed.iter().map(|(symbol, one)| (symbol.clone(), count(one))).collect()
    };
    Before { states: each(&|one| one.states.len()), snapshots: each(&|one| one.snapshots) }
}

/// Waits until the fault was seen and put right, and compares.
pub async fn is_put_right(
    play: &mut Play,
    fault: &str,
    symbol: &str,
    before: &Before,
    expected: Expected,
) {
    let lost = before.states[symbol];
    play.until(fault, |play| lost < play.one(symbol).states.len()).await;
    play.until_all_live().await;
    for (other, one) in &play.log.followed {
        let states = &one.states[before.states[other]..];
        let snapshots = one.snapshots - before.snapshots[other];
        if other == symbol || expected.all {
            let said = play.said();
            assert!(expected.states.contains(&states), "{fault}, {other}: {states:?}\n{said}");
            assert_eq!(snapshots, expected.snapshots, "{fault}, {other}\n{}", play.said());
        } else {
            assert!(
                states.is_empty() && snapshots == 0,
                "{fault} disturbed {other}: {states:?}\n{}",
                play.said()
            );
        }
    }
}

/// A change that is seen in the ten best levels, so that the checksum after it is another one.
fn shows(last: Option<i64>, first: &Message, second: &Message) -> bool {
    match (first.checksum, second.checksum) {
        (Some(first), Some(_)) => last.is_some_and(|last| last != first),
        _ => true,
    }
}

/// Plays to the next change of `symbol` that can be missed.
pub async fn to_a_change_of(play: &mut Play, symbol: &str) {
    let mut last = None;
    play.until("a change that shows", |play| {
        let state = play.venue.state.lock();
        let mut changes = state
            .messages
            .iter()
            .filter(|message| message.is_change && message.symbol.as_deref() == Some(symbol));
        let (first, second) = (changes.next().unwrap(), changes.next().unwrap());
        let is_next = std::ptr::eq(first, &raw const state.messages[0]);
        let found = is_next && shows(last, first, second);
        if is_next {
            last = first.checksum;
        }
        found
    })
    .await;
}

pub async fn start(dialect: impl Dialect + 'static, settings: &[(&str, &str)]) -> Option<Play> {
    let venue = Venue::new(Arc::new(dialect))?;
    let mut play = Play::start(venue, false, settings).await;
    play.until_all_live().await;
    Some(play)
}

/// The next event after a `disconnect` may be anything, the snapshot too.
pub const LOST: &[&[MarketState]] = &[&[Disconnected, Unsynced, Live], &[Disconnected, Live]];
/// First the books are said to be lost, then the connection that does not give them again.
const TWICE: &[&[MarketState]] = &[
    &[Disconnected, Live],
    &[Disconnected, Unsynced, Live],
    &[Disconnected, Unsynced, Disconnected, Live],
    &[Disconnected, Unsynced, Disconnected, Unsynced, Live],
];
/// A number shows what is missing.
pub const GAP: Expected = Expected { states: &[&[Unsynced, Live]], snapshots: 1, all: false };
/// The next checksum shows it.
pub const FAILED: Expected =
    Expected { states: &[&[ChecksumFailed, Live]], snapshots: 1, all: false };
/// The book is said to be lost.
pub const GIVEN_UP: Expected = Expected { states: LOST, snapshots: 1, all: false };
/// With all others.
pub const ALL_LOST: Expected = Expected { states: LOST, snapshots: 1, all: true };
/// With its connection.
pub const REPLACED: Expected = Expected { states: TWICE, snapshots: 1, all: true };

pub async fn gap(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    play.venue.play(|_| Vec::new());
    is_put_right(play, "a gap", symbol, &before, expected).await;
}

pub async fn duplicate(play: &mut Play, symbol: &str) {
    to_a_change_of(play, symbol).await;
    let (before, compared) = (before(play), play.one(symbol).compared);
    play.venue.play(|message| vec![message.text.clone(), message.text.clone()]);
    play.until("more changes", |play| compared + 5 < play.one(symbol).compared).await;
    assert_eq!(play.one(symbol).states.len(), before.states[symbol], "a duplicate is none");
}

pub async fn reordered(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    let mut first = String::new();
    play.venue.play(|message| {
        first.clone_from(&message.text);
        Vec::new()
    });
    play.until("its next change", |play| {
        let state = play.venue.state.lock();
        let next = &state.messages[0];
        next.is_change && next.symbol.as_deref() == Some(symbol)
    })
    .await;
    play.venue.play(|message| vec![message.text.clone(), first]);
    is_put_right(play, "a reordered pair", symbol, &before, expected).await;
}

/// Half a frame may lack the very name that it is about.
pub async fn half_a_frame(play: &mut Play, symbol: &str, mut expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    let name = play.venue.dialect.in_messages(symbol).to_lowercase();
    play.venue.play(|message| {
        let half = &message.text[..message.text.len() * 3 / 4];
        expected.all |= !half.to_lowercase().contains(&name);
        vec![half.to_owned()]
    });
    is_put_right(play, "half a frame", symbol, &before, expected).await;
}

pub async fn wrong_checksum(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    let dialect = play.venue.dialect.clone();
    play.venue.play(|message| {
        vec![dialect.with_wrong_checksum(&message.text, message.checksum.unwrap())]
    });
    is_put_right(play, "a wrong checksum", symbol, &before, expected).await;
}

pub async fn close(play: &mut Play, symbol: &str) {
    let before = before(play);
    play.venue.state.lock().send(Out::Close);
    is_put_right(play, "a closed socket", symbol, &before, ALL_LOST).await;
}

/// The socket after a closed one is closed within its first snapshot.
pub async fn close_in_a_snapshot(play: &mut Play, symbol: &str) {
    play.venue.state.lock().snapshot_fault = Some(SnapshotFault::Cut);
    close(play, symbol).await;
    assert_eq!(play.venue.state.lock().snapshot_fault, None);
}

/// A gap whose snapshot is no good: the next one is.
pub async fn snapshot_fault(
    play: &mut Play,
    symbol: &str,
    fault: SnapshotFault,
    expected: Expected,
) {
    play.venue.state.lock().snapshot_fault = Some(fault);
    gap(play, symbol, expected).await;
    assert_eq!(play.venue.state.lock().snapshot_fault, None);
}

/// A change that itself says that something is missing.
pub async fn telling(play: &mut Play, symbol: &str) {
    let dialect = play.venue.dialect.clone();
    let text = loop {
        to_a_change_of(play, symbol).await;
        let told = dialect.telling(&play.venue.state.lock().messages[0].text);
        match told {
            Some(text) => break text,
            None => play.venue.play(|message| vec![message.text.clone()]),
        }
    };
    let before = before(play);
    play.venue.play(|_| vec![text]);
    is_put_right(play, "a change that tells of a loss", symbol, &before, GIVEN_UP).await;
}

/// The venue tells that it will close, and the client does not wait for that.
pub async fn farewell(play: &mut Play, symbol: &str) {
    let Some(text) = play.venue.dialect.farewell() else { return };
    let before = before(play);
    play.venue.state.lock().send(Out::Text(text.to_owned()));
    is_put_right(play, "a farewell", symbol, &before, ALL_LOST).await;
    assert_eq!(play.disconnects("closing").await, 1);
}

pub async fn silence(play: &mut Play, symbol: &str) {
    let before = before(play);
    let lost = before.states[symbol];
    play.until_quietly("the silence is noticed", |play| lost < play.one(symbol).states.len()).await;
    is_put_right(play, "silence", symbol, &before, ALL_LOST).await;
}

/// Its end comes while nothing is said.
pub async fn lifetime(play: &mut Play, symbol: &str) {
    let before = before(play);
    let lost = before.states[symbol];
    play.until_quietly("the end of its time", |play| lost < play.one(symbol).states.len()).await;
    is_put_right(play, "a lifetime", symbol, &before, ALL_LOST).await;
    assert_eq!(play.disconnects("lifetime").await, 1);
}

pub async fn refused(play: &mut Play, symbol: &str) {
    let before = before(play);
    let failures = play.metric("tickwire_live_connect_failures_total", "").await;
    {
        let mut state = play.venue.state.lock();
        state.accepts = false;
        state.send(Out::Close);
    }
    while play.metric("tickwire_live_connect_failures_total", "").await == failures {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    play.venue.state.lock().accepts = true;
    is_put_right(play, "no connection", symbol, &before, ALL_LOST).await;
}

pub async fn rest_fault(play: &mut Play, symbol: &str, fault: RestFault, expected: Expected) {
    play.venue.state.lock().rest_faults.push_back((symbol.to_owned(), fault));
    gap(play, symbol, expected).await;
    assert!(play.venue.state.lock().rest_faults.is_empty());
}

pub async fn ends_well(mut play: Play, symbol: &str) {
    let compared = play.one(symbol).compared;
    play.until("it goes on well", |play| compared + 50 < play.one(symbol).compared).await;
    assert!(play.venue.dialect.is_answered());
    assert_eq!(play.stop().await, Some(0), "{}", play.said());
    // It is in the log, but may not have been fetched yet.
    let is_over =
        |play: &mut Play| play.log.followed.values().all(|one| one.state() == Disconnected);
    play.until_quietly("an end is said of all", is_over).await;
    for (symbol, one) in &play.log.followed {
        println!("{symbol}: {} books equal, {} changes of state", one.compared, one.states.len());
    }
}
