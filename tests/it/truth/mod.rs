//! Recorded venue data through the adapters and the fold, against what the venues themselves say.
//!
//! The data is not part of the project: it is looked for at `TICKWIRE_DATA`, else at
//! `../shared/data`. Without it a test says that it was skipped, and passes.

mod binance;
mod bitfinex;
mod bitget;
mod bitmex;
mod bitstamp;
mod candles;
mod coinbase;
mod dbn;
mod deribit;
mod fxcm;
mod gateio;
mod gemini;
mod hitbtc;
mod kraken;
mod kucoin;
mod okx;
mod phemex;
mod verified;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tickwire::domain::market::{
    Body, Changes, Event, Instrument, Market, Moment, Policy, PublishedBar,
};
use tickwire::feeds::capture;
use tickwire::feeds::venues::adapter_for;
use tickwire::wire::{ingest, record, saved};

/// Where recorded data is looked for.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    std::env::var_os("TICKWIRE_DATA").map_or(here, PathBuf::from)
}

/// The files of a data set, or none where the data is not there.
pub fn files(set: &str, names: &[&str]) -> Option<Vec<PathBuf>> {
    let root = root();
    let files: Vec<PathBuf> = names.iter().map(|name| root.join(set).join(name)).collect();
    if files.iter().all(|file| file.is_file()) {
        return Some(files);
    }
    println!("SKIPPED: no recorded data {set} under {}", root.display());
    None
}

/// How events get from the adapter to the fold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    /// As they are.
    Direct,
    /// Written as records of `md.v1` and read back.
    Wire,
}

/// One event after it was folded.
struct Step<'a> {
    instrument: &'a Instrument,
    event: &'a Event,
    changes: Changes,
    market: &'a Market,
}

/// What a capture came to.
#[derive(Default)]
struct Folded {
    markets: BTreeMap<Instrument, Market>,
    published: BTreeMap<Instrument, Vec<PublishedBar>>,
    /// Records of the capture.
    records: usize,
    /// Events of each kind.
    kinds: BTreeMap<&'static str, usize>,
}

impl Folded {
    /// All markets as they would be saved.
    fn bytes(&self) -> Vec<u8> {
        self.markets.values().flat_map(|market| saved::encode(market).unwrap()).collect()
    }

    fn kind(&self, name: &str) -> usize {
        self.kinds.get(name).copied().unwrap_or_default()
    }
}

fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::Trade(_) => "trade",
        Body::Quote { .. } => "quote",
        Body::BookSnapshot { .. } => "book_snapshot",
        Body::BookDelta { .. } => "book_delta",
        _ => "other",
    }
}

/// Folds captures; `keep` may change an event or drop it, `watch` sees each one folded.
fn fold_kept(
    venue: &str,
    files: &[PathBuf],
    route: Route,
    mut keep: impl FnMut(&mut Event) -> bool,
    mut watch: impl FnMut(Step<'_>),
) -> Folded {
    let policy = Policy::default();
    let mut adapter = adapter_for(venue).unwrap();
    let mut folded = Folded::default();
    let mut out = Vec::new();
    for record in capture::merge(files).unwrap() {
        let record = record.unwrap();
        folded.records += 1;
        adapter.take(record.frame(), record.recv, &mut out).unwrap();
        for (instrument, mut event) in out.drain(..) {
            if !keep(&mut event) {
                continue;
            }
            if route == Route::Wire {
                event = over_the_wire(&instrument, &event);
            }
            *folded.kinds.entry(kind_of(&event.body)).or_default() += 1;
            let market =
                folded.markets.entry(instrument.clone()).or_insert_with(|| Market::new("truth"));
            let published = folded.published.entry(instrument.clone()).or_default();
            let admission = market.admit(std::slice::from_ref(&event)).unwrap();
            market.accept(admission);
            let changes = market.apply(&event, Moment::default(), &policy, published);
            assert!(!changes.skewed, "{instrument} {event:?}");
            watch(Step { instrument: &instrument, event: &event, changes, market });
        }
    }
    folded
}

/// Folds captures as they are.
fn fold(venue: &str, files: &[PathBuf], route: Route, watch: impl FnMut(Step<'_>)) -> Folded {
    fold_kept(venue, files, route, |_| true, watch)
}

fn over_the_wire(instrument: &Instrument, event: &Event) -> Event {
    let key = Some(instrument.as_str().as_bytes());
    let text = record::encode(instrument, event);
    let mut read = Vec::new();
    ingest::decode(key, Some(b"application/json"), text.as_bytes(), &mut read).unwrap();
    assert_eq!(read, std::slice::from_ref(event), "{text}");
    read.remove(0)
}

/// The same capture comes to the same bytes: again, and over the wire.
fn assert_same_bytes(venue: &str, files: &[PathBuf]) {
    let once = fold(venue, files, Route::Direct, |_| {}).bytes();
    assert!(once == fold(venue, files, Route::Direct, |_| {}).bytes(), "a replay differs");
    assert!(once == fold(venue, files, Route::Wire, |_| {}).bytes(), "the wire loses something");
}
