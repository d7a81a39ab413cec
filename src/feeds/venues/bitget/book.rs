//! The book: a snapshot and its updates. `books5` and `books15` are whole books each time, under
//! the action `snapshot`.

use crate::domain::market::{Body, ChecksumKind, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::Fields;

/// An event's venue time, its number and the one before, and its body.
pub(super) type Read = (Option<Nanos>, [Option<u64>; 2], Body);

/// Reads one element of a book channel.
pub(super) fn read(fields: Fields<'_>, action: &str) -> Result<Read, FrameError> {
    let (at, seq) = (fields.time()?, fields.seq()?);
    // 0 stands for none, as in a snapshot.
    let prev_seq = fields.prev_seq_id.and_then(|prev| u64::try_from(prev).ok());
    let prev_seq = prev_seq.filter(|prev| *prev != 0);
    let checksum = fields.checksum(ChecksumKind::Bitget);
    let (bids, asks) = (fields.bids.changes()?, fields.asks.changes()?);
    match action {
        "snapshot" => Ok((at, [seq, None], Body::BookSnapshot { bids, asks, checksum })),
        "update" => Ok((at, [seq, prev_seq], Body::BookDelta { bids, asks, checksum })),
        _ => Err(FrameError::Shape("neither snapshot nor update")),
    }
}
