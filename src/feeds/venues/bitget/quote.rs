//! Best bid and ask: `books1`, a book of one level, numbered as `books` is.

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
