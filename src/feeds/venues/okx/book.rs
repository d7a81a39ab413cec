//! The book: a snapshot and its updates, each numbered and naming the number before it.
//!
//! - A snapshot has `prevSeqId` −1; `books5` has no `action` and is a whole book each time.
//! - After a minute without change the venue repeats the last number, with no levels.
//! - Several connections may tell one channel: a number that the book has changes nothing, and a
//!   snapshot behind it is passed over, if it is late by no more than seconds. Where one connection
//!   leaves the channel, the number says whether another goes on with it.
//! - After maintenance numbers may begin anew: one message then has a `seqId` below its
//!   `prevSeqId`. What stands behind it cannot be told from what is old, so the instrument is given
//!   as lost there, and is had again by a subscription.

use crate::domain::market::{Body, ChecksumKind, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::Fields;

/// An event's venue time, its number and the one before, and its body.
pub(super) type Read = (Option<Nanos>, [Option<u64>; 2], Body);

/// Reads one element of a book channel.
pub(super) fn read(fields: Fields<'_>, action: &str) -> Result<Read, FrameError> {
    let (at, seq) = (fields.time()?, fields.seq()?);
    let prev_seq = fields.prev_seq_id.0.and_then(|prev| u64::try_from(prev).ok());
    let checksum = fields.checksum(ChecksumKind::Okx);
    let (bids, asks) = (fields.bids.changes()?, fields.asks.changes()?);
    match action {
        "snapshot" | "" => Ok((at, [seq, None], Body::BookSnapshot { bids, asks, checksum })),
        "update" if seq.is_some() && seq < prev_seq => Ok((at, [None, None], Body::Disconnect)),
        "update" => Ok((at, [seq, prev_seq], Body::BookDelta { bids, asks, checksum })),
        _ => Err(FrameError::Shape("neither snapshot nor update")),
    }
}
