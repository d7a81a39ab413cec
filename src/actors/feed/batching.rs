//! Records on their way to symbols.

use crate::actors::keeper::{DeadLetter, Errand, Errands};
use crate::actors::symbol::{Batch, BatchRecord, Held};
use crate::domain::market::Moment;
use crate::feeds::kafka::Record;
use crate::wire::ingest;

/// A record that is looked at after the poll, when symbols can be started.
pub(super) struct Stranger {
    pub(super) key: Box<[u8]>,
    keyless: bool,
    value: Vec<u8>,
    is_null: bool,
    content_type: Option<Vec<u8>>,
    partition: i32,
    offset: i64,
    ts_append: Option<i64>,
    by_hub: bool,
}

impl Stranger {
    pub(super) fn of(record: &Record<'_>) -> Self {
        Self {
            key: record.key.unwrap_or_default().into(),
            keyless: record.key.is_none(),
            value: record.value.to_vec(),
            is_null: record.is_null,
            content_type: record.content_type.map(<[u8]>::to_vec),
            partition: record.partition,
            offset: record.offset,
            ts_append: record.ts_append,
            by_hub: record.by_hub,
        }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            partition: self.partition,
            offset: self.offset,
            ts_append: self.ts_append,
            key: (!self.keyless).then_some(&*self.key),
            value: &self.value,
            is_null: self.is_null,
            content_type: self.content_type.as_deref(),
            by_hub: self.by_hub,
        }
    }
}

pub(super) fn add(
    batch: &mut Option<Batch>,
    record: &Record<'_>,
) -> Result<(), ingest::IngestError> {
    if let Some(batch) = batch {
        return add_to(batch, record);
    }
    let mut fresh = Batch {
        partition: record.partition,
        records: Vec::new(),
        events: Vec::new(),
        raw: Vec::new(),
        held: Held::new(0),
    };
    add_to(&mut fresh, record)?;
    *batch = Some(fresh);
    Ok(())
}

pub(super) fn add_to(batch: &mut Batch, record: &Record<'_>) -> Result<(), ingest::IngestError> {
    let (event, byte) = (batch.events.len(), batch.raw.len());
    ingest::decode(record.key, record.content_type, record.value, &mut batch.events)?;
    batch.raw.extend_from_slice(record.value);
    batch.records.push(BatchRecord {
        offset: record.offset,
        moment: Moment { ts_append: record.ts_append, by_hub: record.by_hub },
        events: event..batch.events.len(),
        raw: byte..batch.raw.len(),
    });
    Ok(())
}

pub(super) fn bury(keeper: &Errands, record: &Record<'_>, reason: &str) {
    let letter = DeadLetter {
        partition: record.partition,
        offset: record.offset,
        reason: reason.to_owned(),
        key: record.key.map(<[u8]>::to_vec),
        value: (!record.is_null).then(|| record.value.to_vec()),
    };
    keeper.send(Errand::DeadLetter(letter));
}
