//! Files that follow one another, and what they say of themselves.

use std::io::Cursor;
use std::num::NonZeroU64;

use ::dbn::{CbboMsg, Cmbp1Msg, Metadata, Schema};

use super::*;

pub(super) fn metadata(schema: Option<Schema>, start: u64, end: u64) -> Metadata {
    Metadata::builder()
        .dataset("EQUS.MINI")
        .schema(schema)
        .start(start)
        .end(NonZeroU64::new(end))
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .build()
}

fn first_of<'a, R>(adapter: &mut Adapter, record: &'a R) -> Vec<String>
where
    R: ::dbn::Record + ::dbn::HasRType,
    RecordRef<'a>: From<&'a R>,
{
    let mut out = Vec::new();
    adapter.take(RecordRef::from(record), &mut out).unwrap();
    out.iter().map(short).collect()
}

#[test]
fn a_trade_has_the_same_id_in_every_file_that_tells_it() {
    let mut adapter = Adapter::default();
    let told = "trade ~1700000000000000000.0 1@1".to_owned();
    let again = "trade ~1700000000000000000.1 1@1".to_owned();
    let (day, next, later) = (1_000, 2_000, 3_000);

    adapter.begin(Some(&metadata(Some(Schema::Mbp1), day, next)));
    assert_eq!(first_of(&mut adapter, &top(95, b'T', 99, 102)).last(), Some(&told));
    adapter.begin(Some(&metadata(Some(Schema::Tbbo), day, next)));
    assert_eq!(first_of(&mut adapter, &top(95, b'T', 99, 102)).last(), Some(&told));
    adapter.begin(Some(&metadata(Some(Schema::Mbp1), day, next)));
    assert_eq!(first_of(&mut adapter, &top(95, b'T', 99, 102)).last(), Some(&told));
    // A file that goes on where that one ends: another trade of the same nanosecond.
    adapter.begin(Some(&metadata(Some(Schema::Mbp1), next, later)));
    assert_eq!(first_of(&mut adapter, &top(95, b'T', 99, 102)).last(), Some(&again));
    adapter.begin(None);
    let msg = |rtype| Cmbp1Msg {
        hd: header::<Cmbp1Msg>(rtype, 95),
        price: 1_000_000_000,
        size: 1,
        action: b'T' as std::ffi::c_char,
        ..Cmbp1Msg::default_for_schema(Schema::Cmbp1)
    };
    for rtype in [RType::Cmbp1, RType::Tcbbo] {
        assert_eq!(first_of(&mut adapter, &msg(rtype)).last(), Some(&told), "{rtype:?}");
    }
}

#[test]
fn who_tells_the_book_is_seen_anew_with_each_file() {
    let mut adapter = Adapter::default();
    adapter.begin(Some(&metadata(Some(Schema::Mbo), 1_000, 2_000)));
    assert_eq!(
        told(&mut adapter, &[clear(), order(b'A', b'B', 1, 100, 5, LAST)]),
        ["snapshot 5@100 | "]
    );
    adapter.begin(Some(&metadata(Some(Schema::Mbp1), 1_000, 2_000)));
    let expected = ["snapshot 1@99 | 1@102", "quote 1@99 | 1@102"];
    assert_eq!(first_of(&mut adapter, &top(1, b'A', 99, 102)), expected);
    // The orders that were known go on, with quotes, because some were told.
    adapter.begin(Some(&metadata(Some(Schema::Mbo), 2_000, 3_000)));
    let expected = ["snapshot 5@100 1@98 | ", "quote 5@100 | "];
    assert_eq!(told(&mut adapter, &[order(b'A', b'B', 2, 98, 1, LAST)]), expected);
}

#[test]
fn quotes_of_an_interval_are_of_its_end() {
    let mut adapter = Adapter::default();
    let msg = CbboMsg {
        hd: header::<CbboMsg>(RType::Cbbo1S, 1),
        ts_recv: 1_700_000_002_000_000_000,
        ..CbboMsg::default_for_schema(Schema::Cbbo1S)
    };
    let mut out = Vec::new();
    adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    assert_eq!(out[0].1.ts_event, 1_700_000_002_000_000_000);
}

#[test]
fn a_live_mapping_to_a_number_is_named_by_what_was_asked_for() {
    let name = |stype_in, asked: &str, given: &str| {
        let mut adapter = Adapter::default();
        let mapping =
            SymbolMappingMsg::new(7, 0, stype_in, asked, SType::InstrumentId, given, 0, 0);
        let mut out = Vec::new();
        adapter.take(RecordRef::from(&mapping.unwrap()), &mut out).unwrap();
        adapter.take(RecordRef::from(&trade(1, 1)), &mut out).unwrap();
        out[0].0.to_string()
    };
    assert_eq!(name(SType::Continuous, "ES.c.0", "5482"), "GLBX.MDP3:ES.c.0");
    assert_eq!(name(SType::RawSymbol, "ESH1", "ESH1"), "GLBX.MDP3:ESH1");
    assert_eq!(name(SType::InstrumentId, "5482", "5482"), "GLBX.MDP3:5482");
    // What stands for many names none of them.
    assert_eq!(name(SType::Parent, "ES.FUT", "5482"), "GLBX.MDP3:5482");
    assert_eq!(name(SType::RawSymbol, "ALL_SYMBOLS", "5482"), "GLBX.MDP3:5482");
}

#[test]
fn a_definition_names_what_comes_behind_it() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    let mut definition = ::dbn::InstrumentDefMsg {
        hd: header::<::dbn::InstrumentDefMsg>(RType::InstrumentDef, 1),
        ..Default::default()
    };
    definition.raw_symbol[0] = b'X' as std::ffi::c_char;
    adapter.take(RecordRef::from(&trade(1, 1)), &mut out).unwrap();
    adapter.take(RecordRef::from(&definition), &mut Vec::new()).unwrap();
    adapter.take(RecordRef::from(&trade(1, 1)), &mut out).unwrap();
    let names: Vec<&str> = out.iter().map(|(instrument, _)| instrument.as_str()).collect();
    assert_eq!(names, ["GLBX.MDP3:7", "GLBX.MDP3:X"]);
}

#[test]
fn an_empty_file_is_no_dbn() {
    let Err(error) = Reader::read("empty".into(), Box::new(Cursor::new(Vec::new()))) else {
        panic!("read")
    };
    assert!(matches!(error.fault, Fault::NotDbn(_)), "{error}");
}
