//! The book: a snapshot and its updates. `books5`, `books15` and `books50` are whole books each time,
//! under the action `snapshot`.
//!
//! Several connections may tell one channel: a `seq` that the book has changes nothing, and a snapshot
//! behind it is passed over, if it is late by no more than seconds. Where one connection leaves the
//! channel, `pseq` says whether another goes on with it.
//!
//! At a release or a restart numbers may begin anew: an update then has a `pseq` of 0, or a `seq`
//! below its `pseq`. What stands behind it cannot be told from what is old, so the instrument is given
//! as lost there, and is had again by a subscription. Source: bitget.com/api-doc/uta, "Depth Channel".

use crate::domain::market::{Body, ChecksumKind, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::Fields;

/// An event's venue time, its number and the one before, and its body.
pub(super) type Read = (Option<Nanos>, [Option<u64>; 2], Body);

/// Reads one element of a book channel.
pub(super) fn read(fields: Fields<'_>, action: &str) -> Result<Read, FrameError> {
    let (at, seq) = (fields.time()?, fields.seq()?);
    let prev_seq = fields.prev_seq_id.0.and_then(|prev| u64::try_from(prev).ok());
    let checksum = fields.checksum(ChecksumKind::Bitget);
    let (bids, asks) = (fields.bids.changes()?, fields.asks.changes()?);
    match action {
        "snapshot" => Ok((at, [seq, None], Body::BookSnapshot { bids, asks, checksum })),
        "update" if prev_seq == Some(0) || (seq.is_some() && seq < prev_seq) => {
            Ok((at, [None, None], Body::Disconnect))
        }
        "update" => Ok((at, [seq, prev_seq], Body::BookDelta { bids, asks, checksum })),
        _ => Err(FrameError::Shape("neither snapshot nor update")),
    }
}
