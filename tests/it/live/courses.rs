//! Which faults a kind of venue goes through, one after the other.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tickwire::domain::market::MarketState::{self, ChecksumFailed, Disconnected, Live, Unsynced};

use super::dialect::Dialect;
use super::faults::{
    ALL_LOST, Expected, FAILED, GAP, GIVEN_UP, REPLACED, before, close, close_in_a_snapshot,
    duplicate, ends_well, farewell, gap, half_a_frame, is_put_right, lifetime, refused, reordered,
    rest_fault, silence, snapshot_fault, start, telling, to_a_change_of, wrong_checksum,
};
use super::venue::{Out, RestFault, SnapshotFault};

/// The faults of a venue whose changes are numbered and whose snapshot is asked by REST.
pub async fn numbered_by_rest(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    gap(&mut play, symbol, GAP).await;
    duplicate(&mut play, symbol).await;
    reordered(&mut play, symbol, GAP).await;
    half_a_frame(&mut play, symbol, GIVEN_UP).await;
    let stale: &[&[MarketState]] = &[&[Unsynced, Live, Unsynced, Live]];
    let twice = Expected { states: stale, snapshots: 2, all: false };
    rest_fault(&mut play, symbol, RestFault::Stale, twice).await;
    rest_fault(&mut play, symbol, RestFault::Cut, GAP).await;
    let questions = play.venue.state.lock().questions;
    rest_fault(&mut play, symbol, RestFault::TooMany, GAP).await;
    assert_eq!(play.venue.state.lock().questions, questions + 2);
    close(&mut play, symbol).await;
    farewell(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    assert_eq!(play.metric("tickwire_live_records_lost_total", "").await, 0);
    ends_well(play, symbol).await;
}

/// The faults of a venue where each lost change shows, as `lost` says, and a book comes with its
/// subscription.
pub async fn seen_on_the_socket(dialect: impl Dialect + 'static, symbol: &str, lost: Expected) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    gap(&mut play, symbol, lost).await;
    duplicate(&mut play, symbol).await;
    reordered(&mut play, symbol, lost).await;
    // Where a number shows what else it held, only a book that it names is doubted.
    let doubted = Expected { all: lost.states != GAP.states, ..GIVEN_UP };
    half_a_frame(&mut play, symbol, if lost.all { lost } else { doubted }).await;
    if play.venue.state.lock().has_checksums() {
        wrong_checksum(&mut play, symbol, FAILED).await;
    }
    close_in_a_snapshot(&mut play, symbol).await;
    farewell(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    assert_eq!(play.metric("tickwire_live_records_lost_total", "").await, 0);
    ends_well(play, symbol).await;
}

/// The faults that show at a venue where a lost change does not, and a book comes with its
/// subscription: nothing says that the change was there.
pub async fn seen_by_the_connection_alone(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    duplicate(&mut play, symbol).await;
    half_a_frame(&mut play, symbol, ALL_LOST).await;
    close_in_a_snapshot(&mut play, symbol).await;
    farewell(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    ends_well(play, symbol).await;
}

/// The same where a book is asked by REST.
pub async fn seen_by_the_connection_and_rest(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    duplicate(&mut play, symbol).await;
    // What half a frame held may be missing in the snapshot too.
    play.venue.state.lock().rest_faults.push_back((symbol.to_owned(), RestFault::Lagging));
    half_a_frame(&mut play, symbol, REPLACED).await;
    assert_eq!(play.venue.state.lock().sockets, 2, "nothing is joined to what has a hole");
    for faults in [&[RestFault::Stale][..], &[RestFault::Cut, RestFault::TooMany]] {
        let questions = play.venue.state.lock().questions;
        play.venue
            .state
            .lock()
            .rest_faults
            .extend(faults.iter().map(|fault| (symbol.to_owned(), *fault)));
        close(&mut play, symbol).await;
        let state = play.venue.state.lock();
        assert!(state.rest_faults.is_empty());
        assert_eq!(state.questions, questions + state.books.len() + faults.len(), "{faults:?}");
    }
    farewell(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    refused(&mut play, symbol).await;
    ends_well(play, symbol).await;
}

/// What is no text, or more of it than is taken; all the same to every venue.
pub async fn no_frames(dialect: impl Dialect + 'static, symbol: &str) {
    const BYTES_MAX: usize = 1_000_000;
    let settings = [("FRAME_BYTES_MAX", &*BYTES_MAX.to_string())];
    let Some(mut play) = start(dialect, &settings).await else { return };
    let whole = " ".repeat(BYTES_MAX + 1);
    for (reason, out) in [
        ("oversized", Out::Text(whole)),
        ("binary", Out::Binary(vec![0xff; 100])),
        ("not_text", Out::Letters(vec![0xC3, 0x28])),
    ] {
        let before = before(&play);
        let refused = play.metric("tickwire_live_frames_refused_total", "").await;
        play.venue.state.lock().send(out);
        is_put_right(&mut play, reason, symbol, &before, ALL_LOST).await;
        assert_eq!(play.disconnects(reason).await, 1, "{reason}");
        assert_eq!(play.metric("tickwire_live_frames_refused_total", "").await, refused + 1);
    }
    ends_well(play, symbol).await;
}

/// The log refuses records, which whoever reads it misses.
pub async fn refused_by_the_log(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    to_a_change_of(&mut play, symbol).await;
    let before = before(&play);
    let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    play.broker.as_ref().unwrap().request_errors(RDKafkaApiKey::Produce, &[error]);
    // Those behind the ones that are missing may show it first.
    let states: &[&[MarketState]] = &[
        &[Disconnected, Live],
        &[Disconnected, Unsynced, Live],
        &[Unsynced, Disconnected, Live],
        &[Unsynced, Disconnected, Unsynced, Live],
    ];
    let expected = Expected { states, snapshots: 1, all: true };
    is_put_right(&mut play, "records that are lost", symbol, &before, expected).await;
    assert!(0 < play.metric("tickwire_live_records_lost_total", "").await);
    assert_eq!(play.disconnects("log").await, 1);
    ends_well(play, symbol).await;
}

/// A venue whose changes themselves can say that something before them is missing.
pub async fn told_by_a_change(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    telling(&mut play, symbol).await;
    telling(&mut play, symbol).await;
    ends_well(play, symbol).await;
}

/// Snapshots on the socket that do not come, or do not hold.
pub async fn bad_snapshots(dialect: impl Dialect + 'static, symbol: &str) {
    // Long enough for what the venue lets be said in a second.
    let settings = [("RECOVERY_TIMEOUT_MS", "1500")];
    let Some(mut play) = start(dialect, &settings).await else { return };
    // Changes behind a subscription that was given up may not be laid over the book before it.
    let states: &[&[MarketState]] = &[
        &[ChecksumFailed, Live],
        &[ChecksumFailed, Disconnected, Live],
        &[ChecksumFailed, Disconnected, Unsynced, Live],
    ];
    let withheld = Expected { states, ..FAILED };
    snapshot_fault(&mut play, symbol, SnapshotFault::Withheld, withheld).await;
    let twice = Expected { snapshots: 2, ..FAILED };
    snapshot_fault(&mut play, symbol, SnapshotFault::WrongChecksum, twice).await;
    assert_eq!(play.venue.state.lock().sockets, 1, "it is had again on the same socket");
    ends_well(play, symbol).await;
}

/// Each book has a connection of its own, opened one after the other; who loses one does not disturb
/// the others.
pub async fn apart(dialect: impl Dialect + 'static, symbol: &str) {
    // The venue says nothing before all are there.
    let settings = [("CONNECTION_INSTRUMENTS_MAX", "1"), ("SILENCE_MAX_MS", "30000")];
    let Some(mut play) = start(dialect, &settings).await else { return };
    let books = play.venue.state.lock().books.len();
    assert!(1 < books && play.venue.state.lock().sockets == books, "one socket a book");
    assert_eq!(play.metric("tickwire_live_connections", "").await, books as u64);
    let before = before(&play);
    play.venue.state.lock().send_to(symbol, Out::Close);
    is_put_right(&mut play, "one of several sockets", symbol, &before, GIVEN_UP).await;
    assert_eq!(play.venue.state.lock().sockets, books + 1);
    gap(&mut play, symbol, GAP).await;
    ends_well(play, symbol).await;
}

/// A panic costs its connection, which says so and begins anew.
pub async fn panicked(dialect: impl Dialect + 'static, symbol: &str) {
    let Some(mut play) = start(dialect, &[]).await else { return };
    let before = before(&play);
    play.venue.state.lock().send(Out::Text("panic in the feed!".into()));
    is_put_right(&mut play, "a panic", symbol, &before, ALL_LOST).await;
    assert_eq!(play.metric("tickwire_live_connections", "").await, 1);
    ends_well(play, symbol).await;
}

/// A connection whose time is over is replaced by another, however well it is.
pub async fn replaced_in_time(dialect: impl Dialect + 'static, symbol: &str) {
    let settings = [("LIFETIME_MAX_MS", "4000"), ("SILENCE_MAX_MS", "30000")];
    let Some(mut play) = start(dialect, &settings).await else { return };
    lifetime(&mut play, symbol).await;
    ends_well(play, symbol).await;
}
