//! Best bid and ask: `bbo-tbt`, a book of one level, numbered as the book channels are.

use super::book::Read;
use crate::domain::market::Body;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::Fields;

/// Reads one element of the channel.
pub(super) fn read(fields: Fields<'_>) -> Result<Read, FrameError> {
    let (at, seq) = (fields.time()?, fields.seq()?);
    let [bid, ask] = fields.best()?;
    Ok((at, [seq, None], Body::Quote { bid, ask }))
}
