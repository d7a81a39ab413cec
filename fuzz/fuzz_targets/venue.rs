//! Frames of one venue, a line each, through its adapter, the log's records and the fold.
//!
//! `TICKWIRE_FUZZ_VENUE` names the venue. A line that begins with `>` is an HTTP body. Two adapters
//! take the lines, one of them only those that the other accepts: they must go on alike. A reader of
//! candles takes them too.
#![no_main]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tickwire::domain::market::{Market, Moment, Policy};
use tickwire::feeds::venues::{Frame, VENUES, Venue, names, venue};
use tickwire::wire::{ingest, record};

/// The venue that is fuzzed; without a name the first.
fn chosen() -> &'static Venue {
    static CHOSEN: OnceLock<&'static Venue> = OnceLock::new();
    CHOSEN.get_or_init(|| match std::env::var("TICKWIRE_FUZZ_VENUE") {
        Ok(name) => venue(&name).unwrap_or_else(|| panic!("{name:?} is none of {}", names())),
        Err(_) => &VENUES[0],
    })
}

fuzz_target!(|text: &str| {
    let venue = chosen();
    let (mut all, mut accepted) = ((venue.adapter)(), (venue.adapter)());
    let mut witness = (venue.witness)();
    let mut markets = BTreeMap::new();
    for (nth, line) in text.lines().enumerate() {
        let frame = match line.strip_prefix('>') {
            Some(body) => Frame::Response { url: None, body },
            None => Frame::Message(line),
        };
        let recv = 1 + nth as i64;
        let mut candles = Vec::new();
        let witnessed = witness.take(frame, &mut candles);
        assert!(witnessed.is_ok() || candles.is_empty(), "a refused frame gave a candle");
        let mut out = Vec::new();
        if all.take(frame, recv, &mut out).is_err() {
            assert!(out.is_empty(), "a refused frame gave something");
            continue;
        }
        let mut undisturbed = Vec::new();
        assert!(accepted.take(frame, recv, &mut undisturbed).is_ok());
        assert_eq!(out, undisturbed, "a refused frame before this one shows");
        for (instrument, event) in &out {
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
    }
});
