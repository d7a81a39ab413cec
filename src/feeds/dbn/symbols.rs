//! Which instrument a record is of: `DATASET:RAW_SYMBOL`.
//!
//! The symbol, the first that is known: what the live gateway mapped the instrument id to, what the
//! metadata map it to on the record's UTC day, the raw symbol of its definition, the id itself. The
//! dataset is the metadata's, or that of the record's publisher where there are none. A blank or
//! comma, which no instrument's name may have, is written as `_` (options: `AAPL__240119C00190000`).

use std::collections::HashMap;

use ::dbn::{Metadata, Publisher, TsSymbolMap, UNDEF_TIMESTAMP};
use compact_str::CompactString;
use foldhash::fast::FixedState;

use crate::domain::market::Instrument;

/// The dataset of records whose publisher is not known either.
const NO_DATASET: &str = "DBN";
/// The most symbols kept that came with records; beyond, ids stand for new ones.
const SYMBOLS_MAX: usize = 1 << 21;

/// The instrument's name; the id stands for a symbol that makes none, being empty or too long.
#[must_use]
pub fn instrument_of(dataset: &str, symbol: Option<&str>, id: u32) -> Option<Instrument> {
    let named = symbol.and_then(|symbol| {
        let told = |c: char| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c };
        let symbol: String = symbol.chars().map(told).collect();
        Instrument::parse(&format!("{dataset}:{symbol}")).ok()
    });
    named.or_else(|| Instrument::parse(&format!("{dataset}:{id}")).ok())
}

/// What is known of the instrument ids of one file.
#[derive(Default)]
pub(super) struct Symbols {
    dataset: Option<String>,
    by_day: TsSymbolMap,
    mapped: HashMap<u32, String, FixedState>,
    /// By the dataset: an id is another instrument's in each.
    defined: HashMap<CompactString, HashMap<u32, String, FixedState>, FixedState>,
    /// How many are defined in all.
    defined_count: usize,
}

impl Symbols {
    /// Begins a file; what a live gateway mapped in another one holds no more.
    pub fn begin(&mut self, metadata: Option<&Metadata>) {
        let named = metadata.map(|metadata| metadata.dataset.to_uppercase());
        self.dataset = named.filter(|name| Instrument::check(&format!("{name}:X")).is_ok());
        // Metadata whose symbols are not instrument ids on either side map nothing.
        self.by_day =
            metadata.and_then(|at| TsSymbolMap::from_metadata(at).ok()).unwrap_or_default();
        self.mapped.clear();
    }

    /// Takes what the live gateway maps an id to.
    pub fn map(&mut self, id: u32, symbol: &str) {
        if self.mapped.len() < SYMBOLS_MAX || self.mapped.contains_key(&id) {
            self.mapped.insert(id, symbol.to_owned());
        }
    }

    /// Takes a definition's raw symbol; whether the id had another one, or none.
    pub fn define(&mut self, id: u32, publisher: u16, symbol: &str) -> bool {
        let dataset = self.dataset_of(publisher);
        let known = self.defined.get(dataset).and_then(|symbols| symbols.get(&id));
        let is_full = SYMBOLS_MAX <= self.defined_count && known.is_none();
        if symbol.is_empty() || is_full || known.is_some_and(|known| known == symbol) {
            return false;
        }
        let dataset = CompactString::from(dataset);
        let before = self.defined.entry(dataset).or_default().insert(id, symbol.to_owned());
        self.defined_count += usize::from(before.is_none());
        true
    }

    /// The file's dataset; where it says none, the publisher's.
    fn dataset_of(&self, publisher: u16) -> &str {
        let by_publisher = || Publisher::try_from(publisher).ok().map(|at| at.dataset().as_str());
        self.dataset.as_deref().or_else(by_publisher).unwrap_or(NO_DATASET)
    }

    /// The instrument of a record at `ts` (its index time: receive time, else event time).
    pub fn instrument(&self, id: u32, publisher: u16, ts: u64) -> Option<Instrument> {
        let dataset = self.dataset_of(publisher);
        let on_day = || self.by_day.get_for_ts(ts, id).filter(|_| ts != UNDEF_TIMESTAMP);
        let defined = || self.defined.get(dataset)?.get(&id);
        let symbol = self.mapped.get(&id).or_else(on_day).or_else(defined);
        instrument_of(dataset, symbol.map(String::as_str), id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_is_the_dataset_and_the_raw_symbol() {
        let name =
            |symbol: Option<&str>| instrument_of("GLBX.MDP3", symbol, 7).unwrap().to_string();

        assert_eq!(name(Some("ESH4")), "GLBX.MDP3:ESH4");
        assert_eq!(name(Some("UD:1V: GN 2312")), "GLBX.MDP3:UD:1V:_GN_2312");
        assert_eq!(name(Some(&"X".repeat(71))), "GLBX.MDP3:7");
        assert_eq!(name(None), "GLBX.MDP3:7");
    }

    #[test]
    fn a_fragment_takes_its_dataset_from_the_publisher() {
        let mut symbols = Symbols::default();
        symbols.begin(None);
        let name = |symbols: &Symbols, publisher| {
            symbols.instrument(5_482, publisher, 1).unwrap().to_string()
        };
        assert_eq!(name(&symbols, 1), "GLBX.MDP3:5482");
        assert!(symbols.define(5_482, 1, "ESH1"));
        assert!(!symbols.define(5_482, 1, "ESH1"), "nothing new");
        assert_eq!(name(&symbols, 1), "GLBX.MDP3:ESH1");
        assert_eq!(name(&symbols, 2), "XNAS.ITCH:5482", "an id of another dataset");
        assert_eq!(name(&symbols, 65_000), "DBN:5482");
        symbols.map(5_482, "ESM1");
        assert_eq!(name(&symbols, 1), "GLBX.MDP3:ESM1");
        symbols.begin(None);
        assert_eq!(name(&symbols, 1), "GLBX.MDP3:ESH1");
    }
}
