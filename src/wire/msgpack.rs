//! Reading MessagePack that others wrote.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Arrays and maps within each other; as deep as the reader of JSON goes.
const DEPTH_MAX: usize = 128;

/// Why bytes are not one value.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Cut short, or not of the wanted kind.
    #[error("{0}")]
    Decode(rmp_serde::decode::Error),
    /// Something follows the value.
    #[error("something follows the value")]
    Trailing,
}

/// One value with nothing behind it.
///
/// # Errors
///
/// [`ReadError`] where it is cut short, of another kind, or followed by something.
pub fn read_whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ReadError> {
    let mut rest = rmp_serde::Deserializer::from_read_ref(bytes);
    rest.set_max_depth(DEPTH_MAX);
    let read = T::deserialize(&mut rest).map_err(ReadError::Decode)?;
    // Nothing behind it: not even a marker can be read.
    match IgnoredAny::deserialize(&mut rest) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(read),
        _ => Err(ReadError::Trailing),
    }
}
