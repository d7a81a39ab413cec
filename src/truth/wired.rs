//! An event by way of the log: written as a record of `md.v1`, and read back.

use crate::domain::market::{Event, Instrument};
use crate::wire::{ingest, record};

/// The event that a hub would read.
///
/// # Errors
///
/// Where it is refused there, or comes back as another one.
pub(super) fn over_the_wire(instrument: &Instrument, event: &Event) -> Result<Event, String> {
    let key = Some(instrument.as_str().as_bytes());
    let text = record::encode(instrument, event);
    let mut read = Vec::new();
    ingest::decode(key, Some(b"application/json"), text.as_bytes(), &mut read)
        .map_err(|refused| format!("{refused:?}: {text}"))?;
    match read.pop() {
        Some(back) if back == *event => Ok(back),
        back => Err(format!("{event:?} came back from the wire as {back:?}")),
    }
}
