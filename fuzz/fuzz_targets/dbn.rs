//! A DBN file through the reader, the adapter, the log's records and the fold.
#![no_main]

use std::collections::BTreeMap;
use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use tickwire::domain::market::{Market, Moment, Policy};
use tickwire::feeds::dbn::{Adapter, Reader};
use tickwire::wire::{ingest, record};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::read("bytes".into(), Box::new(Cursor::new(bytes.to_vec()))) else {
        return;
    };
    let (mut adapter, mut given) = (Adapter::default(), Vec::new());
    adapter.begin(reader.metadata());
    while let Ok(Some(record)) = reader.next_record() {
        let _refused = adapter.take(record, &mut given);
    }
    adapter.finish(&mut given);
    let mut markets = BTreeMap::new();
    for (instrument, event) in &given {
        let text = record::encode(instrument, event);
        let mut read = Vec::new();
        let key = Some(instrument.as_str().as_bytes());
        assert!(ingest::decode(key, None, text.as_bytes(), &mut read).is_ok(), "{text}");
        assert_eq!(read, std::slice::from_ref(event));
        let market = markets.entry(instrument.clone()).or_insert_with(|| Market::new("m"));
        if let Ok(admission) = market.admit(&read) {
            market.accept(admission);
            market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new());
        }
    }
});
