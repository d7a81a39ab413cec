//! Records of `md.v1`, JSON or MessagePack, through the decoder and the fold. What is taken is
//! written again and comes back the same; a refused record gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tickwire::domain::market::{Instrument, Market, Moment, Policy};
use tickwire::wire::{ingest, record};

/// The instrument of all seeds: a record of another is refused for its key.
const NAME: &str = "SIM:ACME";

fuzz_target!(|value: &[u8]| {
    let Ok(instrument) = Instrument::parse(NAME) else { return };
    let mut events = Vec::new();
    if ingest::decode(Some(NAME.as_bytes()), None, value, &mut events).is_err() {
        assert!(events.is_empty(), "a refused record gave something");
        return;
    }
    let mut again = Vec::new();
    let text = record::encode_all(&instrument, &events);
    assert!(ingest::decode(Some(NAME.as_bytes()), None, text.as_bytes(), &mut again).is_ok());
    assert_eq!(events, again, "{text}");
    let mut market = Market::new("m");
    let Ok(admission) = market.admit(&events) else { return };
    market.accept(admission);
    for event in &events {
        market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new());
    }
});
