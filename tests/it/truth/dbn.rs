//! DBN: every file to its end, each schema as its events, and the CME's book over Christmas. That every
//! record is as the vendor's own library has it, `verified` holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dbn::MboMsg;
use tickwire::domain::by_order::{ByOrder, Counts};
use tickwire::domain::market::{
    Aggressor, Body, Decimal, Event, Instrument, Level, Market, Moment, Policy, Side,
};
use tickwire::feeds::dbn::{Adapter, Fault, Reader, apply};
use tickwire::wire::{ingest, record};

use super::files;

const SCHEMAS: &str = "databento-dbn-schemas";
const ORDERS: &str = "databento-esh4-mbo-20231224";
const ORDER_FILES: [&str; 2] =
    ["esh4-glbx-mdp3-20231224.mbo.dbn.zst", "esh4-glbx-mdp3-20231225.mbo.dbn.zst"];

fn schemas() -> Option<PathBuf> {
    files(SCHEMAS, &["expected.jsonl.gz"]).map(|files| files[0].parent().unwrap().to_path_buf())
}

/// The files under a folder whose name is wanted, relative to it.
fn names(dir: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for sub in ["dbn", "python/GLBX.MDP3", "python/LIVE"] {
        for entry in std::fs::read_dir(dir.join(sub)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if wanted(&name) {
                names.push(format!("{sub}/{name}"));
            }
        }
    }
    names.sort();
    names
}

#[test]
fn fragments_of_any_version_give_the_records_of_whole_files() {
    let Some(dir) = schemas() else { return };
    let mut files = 0;
    for name in names(&dir, |name| name.contains(".frag")) {
        let mut reader = Reader::open(dir.join(&name)).unwrap();
        assert!(reader.metadata().is_none(), "{name}");
        let mut adapter = Adapter::default();
        adapter.begin(None);
        let (mut found, mut records) = (Vec::new(), 0);
        while let Some(record) = reader.next_record().unwrap() {
            assert_eq!(record.header().rtype, dbn::enums::rtype::INSTRUMENT_DEF);
            adapter.take(record, &mut found).unwrap();
            records += 1;
        }
        let expected = if name.contains("multi-frame") { 8 } else { 2 };
        assert_eq!(records, expected, "{name}");
        files += 1;
    }
    assert_eq!(files, 7);
}

#[test]
fn dbz_and_what_is_no_dbn_are_refused_with_a_reason() {
    let Some(dir) = schemas() else { return };
    let legacy = names(&dir, |name| name.ends_with(".dbz"));
    for name in &legacy {
        let Err(error) = Reader::open(dir.join(name)) else { panic!("{name}") };
        assert!(matches!(error.fault, Fault::Legacy), "{error}");
    }
    assert_eq!(legacy.len(), 10);
    let Err(error) = Reader::open(dir.join("README.md")) else { panic!() };
    assert!(matches!(error.fault, Fault::NotDbn(_)), "{error}");
    let whole = std::fs::read(dir.join("dbn/test_data.mbo.dbn")).unwrap();
    let cut = std::io::Cursor::new(whole[..whole.len() - 5].to_vec());
    let mut reader = Reader::read("cut".into(), Box::new(cut)).unwrap();
    assert!(reader.next_record().unwrap().is_some());
    let error = reader.next_record().unwrap_err();
    assert!(matches!(error.fault, Fault::CutShort(51)) && error.records == 1, "{error}");
}

/// What the records of a file come to, over the wire and back.
fn events_of(adapter: &mut Adapter, file: &Path) -> Vec<(Instrument, Event)> {
    let mut reader = Reader::open(file).unwrap();
    adapter.begin(reader.metadata());
    let mut events = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        adapter.take(record, &mut events).unwrap();
    }
    for (instrument, event) in &mut events {
        let text = record::encode(instrument, event);
        let mut read = Vec::new();
        let key = Some(instrument.as_str().as_bytes());
        ingest::decode(key, None, text.as_bytes(), &mut read).unwrap();
        assert_eq!(&read[0], event, "{text}");
    }
    events
}

fn name_of(body: &Body) -> &'static str {
    match body {
        Body::Instrument(_) => "instrument",
        Body::Status { .. } => "status",
        Body::Statistic(_) => "statistic",
        Body::Imbalance(_) => "imbalance",
        Body::Disconnect => "disconnect",
        body => super::kind_of(body),
    }
}

#[test]
fn each_schema_becomes_its_events() {
    let Some(dir) = schemas() else { return };
    type Kinds = &'static [(&'static str, usize)];
    let cases: [(&str, &str, Kinds); 15] = [
        // It begins amid a book, with a cancel.
        ("mbo", "GLBX.MDP3:ESH1", &[("disconnect", 1)]),
        ("mbp-1", "GLBX.MDP3:ESH1", &[("book_delta", 1), ("book_snapshot", 1), ("quote", 2)]),
        ("mbp-10", "GLBX.MDP3:ESH1", &[("book_delta", 1), ("book_snapshot", 1), ("quote", 1)]),
        ("tbbo", "GLBX.MDP3:ESH1", &[("trade", 2), ("quote", 2)]),
        ("trades", "GLBX.MDP3:ESH1", &[("trade", 2)]),
        ("bbo-1s", "GLBX.MDP3:ESH1", &[("quote", 4)]),
        ("bbo-1m", "GLBX.MDP3:ESH1", &[("quote", 4)]),
        ("cbbo-1s", "GLBX.MDP3:ESH1", &[("quote", 2)]),
        ("cmbp-1", "GLBX.MDP3:ESH1", &[("quote", 2)]),
        ("ohlcv-1s", "GLBX.MDP3:ESH1", &[]),
        ("ohlcv-1d", "GLBX.MDP3:ESH1", &[]),
        ("status", "GLBX.MDP3:ESH1", &[("status", 4)]),
        ("definition", "XNAS.ITCH:MSFT", &[]),
        ("statistics", "GLBX.MDP3:146945", &[("statistic", 2)]),
        ("imbalance", "XNAS.ITCH:SPOT", &[("imbalance", 2)]),
    ];
    for (schema, instrument, counts) in cases {
        let events =
            events_of(&mut Adapter::default(), &dir.join(format!("dbn/test_data.{schema}.dbn")));
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for (named, event) in &events {
            assert_eq!(named.as_str(), instrument, "{schema}");
            *kinds.entry(name_of(&event.body)).or_default() += 1;
        }
        let counts: BTreeMap<&str, usize> = counts.iter().copied().filter(|at| at.1 != 0).collect();
        assert_eq!(kinds, counts, "{schema}");
    }
}

#[test]
fn a_live_stream_of_all_schemas_names_its_instruments_and_tells_each_trade_once() {
    let Some(dir) = schemas() else { return };
    let events =
        events_of(&mut Adapter::default(), &dir.join("python/LIVE/test_data.live.dbn.zst"));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut trades = Vec::new();
    for (instrument, event) in &events {
        assert_eq!(instrument.as_str(), "GLBX.MDP3:ESZ4");
        *kinds.entry(name_of(&event.body)).or_default() += 1;
        if let Body::Trade(trade) = &event.body {
            trades.push((trade.trade_id.as_str(), trade.price.to_string(), trade.qty.to_string()));
            assert_eq!(trade.aggressor, Some(Aggressor::Buy));
        }
    }
    // The same two trades, in mbp-1 and in trades: by the same ids, so that the hub takes each once.
    let first = ("5109302", "4756".to_owned(), "2".to_owned());
    let second = ("5116924", "4756".to_owned(), "1".to_owned());
    assert_eq!(trades, [first.clone(), first, second.clone(), second]);
    let definition = events.iter().find_map(|(_, event)| match &event.body {
        Body::Instrument(definition) => Some(definition),
        _ => None,
    });
    let definition = definition.unwrap();
    assert_eq!(
        (definition.tick_size.to_string(), definition.lot_size.to_string()),
        ("0.25".into(), "1".into())
    );
    assert_eq!(definition.base.as_deref(), Some("ES"));
    assert_eq!(definition.quote.as_deref(), Some("USD"));
    assert_eq!(definition.kind.as_deref(), Some("future"));
    println!("{kinds:?}");
}

/// What the book of a file of orders comes to.
#[derive(Debug, Default, PartialEq)]
struct Replayed {
    best: [Option<(i64, u64)>; 2],
    orders: usize,
    levels: [usize; 2],
    unknown_cancels: u64,
    ends: usize,
    crossed: usize,
}

/// Replays order files under a rule of how a message changes a book.
fn replay(files: &[PathBuf], rule: impl Fn(&mut ByOrder, &MboMsg)) -> (Replayed, Counts) {
    let (mut book, mut replayed) = (ByOrder::default(), Replayed::default());
    for file in files {
        let mut reader = Reader::open(file).unwrap();
        while let Some(record) = reader.next_record().unwrap() {
            let msg: &MboMsg = record.try_get().unwrap();
            rule(&mut book, msg);
            if msg.flags.is_last() {
                replayed.ends += 1;
                replayed.crossed += usize::from(book.is_crossed());
            }
        }
    }
    for (nth, side) in [Side::Bid, Side::Ask].into_iter().enumerate() {
        replayed.best[nth] = book.best(side).map(|at| (at.price, at.qty));
        replayed.levels[nth] = book.depth(side);
    }
    replayed.orders = book.len();
    replayed.unknown_cancels = book.counts().unknown_cancels;
    (replayed, book.counts())
}

/// What the data set's README says of the second file.
fn truth() -> Replayed {
    Replayed {
        best: [Some((4_810_000_000_000, 22)), Some((4_810_250_000_000, 28))],
        orders: 11_217,
        levels: [922, 565],
        unknown_cancels: 0,
        ends: 47_022,
        crossed: 891,
    }
}

#[test]
fn cmes_orders_over_christmas_make_the_book_of_the_readme() {
    let Some(files) = files(ORDERS, &ORDER_FILES) else { return };
    let (replayed, counts) = replay(&files[1..], apply);
    assert_eq!(replayed, truth());
    assert_eq!(counts, Counts::default());

    // The snapshot twice: order by order its 8,725 are replaced by id (the adapter, which knows of
    // snapshots, begins the book anew). One more end, of the first file.
    let (both, counts) = replay(&files, apply);
    assert_eq!(both, Replayed { ends: 47_023, crossed: 891, ..truth() });
    assert_eq!(counts, Counts { replaced: 8_725, ..Counts::default() });
}

#[test]
fn one_wrong_rule_makes_another_book() {
    let Some(files) = files(ORDERS, &ORDER_FILES) else { return };
    // Trades take from the best of the other side, and then the cancels do so again.
    let (trades_take, _) = replay(&files[1..], |book, msg| {
        let resting = match (msg.action as u8, msg.side as u8) {
            (b'T', b'B') => Some(Side::Ask),
            (b'T', b'A') => Some(Side::Bid),
            _ => None,
        };
        if let Some((side, best)) = resting.and_then(|side| Some((side, book.best(side)?))) {
            let first = book.queue(side, best.price).next().unwrap();
            book.cancel(first.id, msg.size);
        }
        apply(book, msg);
    });
    assert_ne!(trades_take, truth());
    assert!(0 < trades_take.unknown_cancels);

    let (fills_take, _) = replay(&files[1..], |book, msg| {
        if msg.action as u8 == b'F' {
            book.cancel(msg.order_id, msg.size);
        }
        apply(book, msg);
    });
    assert_ne!(fills_take, truth());

    // A modify that does nothing.
    let (no_modify, _) = replay(&files[1..], |book, msg| {
        if msg.action as u8 != b'M' {
            apply(book, msg);
        }
    });
    assert_ne!(no_modify, truth());
}

#[test]
fn the_hubs_own_fold_of_the_events_ends_with_the_same_book() {
    let Some(files) = files(ORDERS, &ORDER_FILES) else { return };
    for files in [&files[1..], &files[..]] {
        let (mut adapter, mut market) = (Adapter::default(), Market::new("truth"));
        let (mut volume, mut trades, mut crossed, mut ids) =
            (0, 0, 0, std::collections::HashSet::new());
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for file in files {
            for (instrument, event) in events_of(&mut adapter, file) {
                assert_eq!(instrument.as_str(), "GLBX.MDP3:ESH4");
                *kinds.entry(name_of(&event.body)).or_default() += 1;
                if let Body::Trade(trade) = &event.body {
                    volume += trade.qty.at(0).unwrap();
                    trades += 1;
                    assert!(ids.insert(trade.trade_id.clone()), "{}", trade.trade_id);
                }
                let admission = market.admit(std::slice::from_ref(&event)).unwrap();
                market.accept(admission);
                let changes =
                    market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
                assert!(!changes.unsynced_delta && !changes.gap && !changes.skewed);
                let is_book =
                    matches!(event.body, Body::BookDelta { .. } | Body::BookSnapshot { .. });
                crossed += usize::from(is_book && market.book().is_crossed());
            }
        }
        let instrument = Instrument::parse("GLBX.MDP3:ESH4").unwrap();
        let book = adapter.orders(&instrument).unwrap();
        assert_eq!(book.counts(), Counts::default());
        let (price_exp, qty_exp) = (market.price_exp(), market.qty_exp());
        let rows = |side| -> Vec<(i64, i64)> {
            let scale = 10_i64.pow(u32::from(9 - price_exp));
            book.levels(side).map(|at| (at.price / scale, at.qty as i64)).collect()
        };
        let held = |(price, level): (i64, &Level)| (price, level.qty);
        assert_eq!(qty_exp, 0);
        assert_eq!(market.book().bids().map(held).collect::<Vec<_>>(), rows(Side::Bid));
        assert_eq!(market.book().asks().map(held).collect::<Vec<_>>(), rows(Side::Ask));
        assert_eq!((rows(Side::Bid).len(), rows(Side::Ask).len()), (922, 565));
        let price = |text: &str| Decimal::parse(text).unwrap().at(price_exp).unwrap();
        assert_eq!(market.book().best_bid(), Some((price("4810"), 22)));
        assert_eq!(market.book().best_ask(), Some((price("4810.25"), 28)));
        assert_eq!((trades, volume), (2_973, 9_892));
        assert_eq!(market.stats().volume, 9_892);
        assert_eq!(kinds["book_snapshot"], files.len());
        println!("{kinds:?}, crossed after {crossed} book events");
    }
}
