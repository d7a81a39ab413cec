//! Fault by fault: what breaks is said first, then put right by one snapshot, and harms no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickwire::domain::market::MarketState;
use tickwire::domain::market::MarketState::{ChecksumFailed, Disconnected, Live, Unsynced};

use super::binance::{SPOT, USDM};
use super::dialect::Dialect;
use super::kraken::Kraken;
use super::play::Play;
use super::venue::{Message, Out, RestFault, Venue};

/// What a fault does to the books.
struct Expected {
    /// The states of the symbol's book from `live` to `live`.
    states: &'static [&'static [MarketState]],
    /// Snapshots that come of it.
    snapshots: usize,
    /// Whether the other symbols go through the same.
    all: bool,
}

/// Where a book was before a fault.
struct Before {
    states: BTreeMap<String, usize>,
    snapshots: BTreeMap<String, usize>,
}

fn before(play: &Play) -> Before {
    let each = |count: &dyn Fn(&super::log::Followed) -> usize| {
        play.log.followed.iter().map(|(symbol, one)| (symbol.clone(), count(one))).collect()
    };
    Before { states: each(&|one| one.states.len()), snapshots: each(&|one| one.snapshots) }
}

/// Waits until the fault was seen and put right, and compares.
async fn is_put_right(
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
async fn to_a_change_of(play: &mut Play, symbol: &str) {
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

async fn start(dialect: impl Dialect + 'static, settings: &[(&str, &str)]) -> Option<Play> {
    let venue = Venue::new(Arc::new(dialect))?;
    let mut play = Play::start(venue, false, settings).await;
    play.until_all_live().await;
    Some(play)
}

const GAP: &[&[MarketState]] = &[&[Unsynced, Live]];
/// The next event after a `disconnect` may be anything, the snapshot too.
const LOST: &[&[MarketState]] = &[&[Disconnected, Unsynced, Live], &[Disconnected, Live]];

async fn gap(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    play.venue.play(|_| Vec::new());
    is_put_right(play, "a gap", symbol, &before, expected).await;
}

async fn duplicate(play: &mut Play, symbol: &str) {
    to_a_change_of(play, symbol).await;
    let (before, compared) = (before(play), play.one(symbol).compared);
    play.venue.play(|message| vec![message.text.clone(), message.text.clone()]);
    play.until("more changes", |play| compared + 5 < play.one(symbol).compared).await;
    assert_eq!(play.one(symbol).states.len(), before.states[symbol], "a duplicate is none");
}

async fn reordered(play: &mut Play, symbol: &str, expected: Expected) {
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

async fn half_a_frame(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    play.venue.play(|message| vec![message.text[..message.text.len() * 3 / 4].to_owned()]);
    is_put_right(play, "half a frame", symbol, &before, expected).await;
}

async fn wrong_checksum(play: &mut Play, symbol: &str, expected: Expected) {
    to_a_change_of(play, symbol).await;
    let before = before(play);
    let dialect = play.venue.dialect.clone();
    play.venue.play(|message| {
        vec![dialect.with_wrong_checksum(&message.text, message.checksum.unwrap())]
    });
    is_put_right(play, "a wrong checksum", symbol, &before, expected).await;
}

async fn close(play: &mut Play, symbol: &str) {
    let before = before(play);
    play.venue.state.lock().send(Out::Close);
    let expected = Expected { states: LOST, snapshots: 1, all: true };
    is_put_right(play, "a closed socket", symbol, &before, expected).await;
}

async fn silence(play: &mut Play, symbol: &str) {
    let before = before(play);
    let lost = before.states[symbol];
    play.until_quietly("the silence is noticed", |play| lost < play.one(symbol).states.len()).await;
    let expected = Expected { states: LOST, snapshots: 1, all: true };
    is_put_right(play, "silence", symbol, &before, expected).await;
}

async fn refused(play: &mut Play, symbol: &str) {
    let before = before(play);
    let failures = play.metric("tickwire_live_connect_failures_total", "").await;
    {
        let mut state = play.venue.state.lock();
        state.accepts = false;
        state.send(Out::Close);
    }
    while play.metric("tickwire_live_connect_failures_total", "").await < failures + 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    play.venue.state.lock().accepts = true;
    let expected = Expected { states: LOST, snapshots: 1, all: true };
    is_put_right(play, "no connection", symbol, &before, expected).await;
}

async fn rest_fault(play: &mut Play, symbol: &str, fault: RestFault, expected: Expected) {
    play.venue.state.lock().rest_faults.push_back(fault);
    gap(play, symbol, expected).await;
    assert!(play.venue.state.lock().rest_faults.is_empty());
}

async fn ends_well(mut play: Play, symbol: &str) {
    let compared = play.one(symbol).compared;
    play.until("it goes on well", |play| compared + 50 < play.one(symbol).compared).await;
    assert_eq!(play.stop().await, Some(0), "{}", play.said());
    play.log.poll();
    for (symbol, one) in &play.log.followed {
        assert_eq!(one.state(), Disconnected, "{symbol}: an end is said");
        println!("{symbol}: {} books equal, {} changes of state", one.compared, one.states.len());
    }
}

/// The faults of a venue whose changes are numbered and whose snapshot is asked by REST.
async fn numbered_by_rest(dialect: impl Dialect + 'static, symbol: &str) {
    let one = |states| Expected { states, snapshots: 1, all: false };
    let Some(mut play) = start(dialect, &[]).await else { return };
    gap(&mut play, symbol, one(GAP)).await;
    duplicate(&mut play, symbol).await;
    reordered(&mut play, symbol, one(GAP)).await;
    half_a_frame(&mut play, symbol, one(LOST)).await;
    let stale: &[&[MarketState]] = &[&[Unsynced, Live, Unsynced, Live]];
    let twice = Expected { states: stale, snapshots: 2, all: false };
    rest_fault(&mut play, symbol, RestFault::Stale, twice).await;
    rest_fault(&mut play, symbol, RestFault::Cut, one(GAP)).await;
    let questions = play.venue.state.lock().questions;
    rest_fault(&mut play, symbol, RestFault::TooMany, one(GAP)).await;
    assert_eq!(play.venue.state.lock().questions, questions + 2);
    close(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    assert_eq!(play.metric("tickwire_live_records_lost_total", "").await, 0);
    ends_well(play, symbol).await;
}

#[tokio::test]
async fn binances_spot_book_is_never_wrong_while_it_says_live() {
    numbered_by_rest(SPOT, "BTCUSDT").await;
}

#[tokio::test]
async fn binances_futures_books_are_never_wrong_while_they_say_live() {
    numbered_by_rest(USDM, "SUSHIUSDT").await;
}

#[tokio::test]
async fn krakens_books_are_never_wrong_while_they_say_live() {
    const FAILED: &[&[MarketState]] = &[&[ChecksumFailed, Live]];
    let one = |states| Expected { states, snapshots: 1, all: false };
    let Some(mut play) = start(Kraken, &[]).await else { return };
    let symbol = "XMR/USD";
    gap(&mut play, symbol, one(FAILED)).await;
    duplicate(&mut play, symbol).await;
    reordered(&mut play, symbol, one(FAILED)).await;
    wrong_checksum(&mut play, symbol, one(FAILED)).await;
    // No number would show what else it held.
    half_a_frame(&mut play, symbol, Expected { states: LOST, snapshots: 1, all: true }).await;
    close(&mut play, symbol).await;
    play.venue.state.lock().cuts_snapshot = true;
    close(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    ends_well(play, symbol).await;
}
