//! `tickwire verify`: every set holds, as docs/truth.md says; and a wrong rule of each kind fails.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tickwire::domain::market::{Body, Decimal, Event, Instrument, Nanos};
use tickwire::feeds::venues::candle::{CandleRule, Empty, Open, VwapDigits};
use tickwire::feeds::venues::{Adapter, Frame, FrameError, Venue, venue};
use tickwire::truth::{Row, capture_rows, markdown, verify};

use super::{files, root};

#[test]
fn every_set_holds_and_the_page_says_so() {
    let root = root();
    if !root.is_dir() {
        println!("SKIPPED: no recorded data under {}", root.display());
        return;
    }
    let rows = verify(&root).unwrap();
    let table = markdown(&rows);
    let failed: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{table}");
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/truth.md")).unwrap();
    for line in table.lines() {
        assert!(page.contains(line), "docs/truth.md does not have: {line}");
    }
    // And the other way: a row that the page has, of a set that is here, was printed.
    let is_here = |line: &&str| {
        let set = line.trim_start_matches("| ").split([' ', '/']).next().unwrap_or_default();
        root.join(set).is_dir()
    };
    for line in page.lines().filter(|line| line.starts_with("| ")).filter(is_here) {
        assert!(table.contains(line), "not printed: {line}");
    }
}

#[test]
fn the_command_tells_by_its_exit_code() {
    let empty = tempfile::tempdir().unwrap();
    let run = |dir: &Path| {
        Command::new(env!("CARGO_BIN_EXE_tickwire")).arg("verify").arg(dir).output().unwrap()
    };
    let output = run(empty.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no recorded set"));

    let Some(files) = files("kraken-rest-xbtusdt-20251110", &["trades.json.gz", "ohlc_1m.json.gz"])
    else {
        return;
    };
    let set = empty.path().join("kraken-rest");
    std::fs::create_dir(&set).unwrap();
    for file in &files {
        std::fs::copy(file, set.join(file.file_name().unwrap())).unwrap();
    }
    assert_eq!(run(empty.path()).status.code(), Some(0));
    // One digit of one trade's quantity.
    rewrite(&set.join("trades.json.gz"), |text| {
        let middle = text.len() / 2;
        let at = middle + text[middle..].find(r#""0."#).unwrap() + 3;
        let digit = if text.as_bytes()[at] == b'1' { "2" } else { "1" };
        text.replace_range(at..=at, digit);
    });
    let output = run(empty.path());
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("**not explained**"), "{printed}");
}

/// Changes the text of a packed file.
fn rewrite(file: &Path, change: impl FnOnce(&mut String)) {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    change(&mut text);
    std::fs::remove_file(file).unwrap();
    let mut packed = GzEncoder::new(std::fs::File::create(file).unwrap(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap();
}

/// The rows that do not hold.
fn failing(rows: &[Row]) -> Vec<&str> {
    rows.iter().filter(|row| !row.holds()).map(|row| row.compared.as_str()).collect()
}

fn checked(venue: &Venue, files: &[PathBuf]) -> Vec<Row> {
    capture_rows("set", venue, files).unwrap()
}

/// Copies recorded files into a folder of a set, and gives that and the copies.
fn copied(set: &str, names: &[&str]) -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    let files = files(set, names)?;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(set);
    std::fs::create_dir(&folder).unwrap();
    let copies = files.iter().map(|file| {
        let copy = folder.join(file.file_name().unwrap());
        std::fs::copy(file, &copy).unwrap();
        copy
    });
    let copies = copies.collect();
    Some((dir, copies))
}

/// An adapter that breaks what another gives.
struct Broken {
    sound: Box<dyn Adapter + Send>,
    deltas: usize,
    change: fn(usize, &mut Event) -> bool,
}

impl Adapter for Broken {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let before = out.len();
        self.sound.take(frame, recv, out)?;
        for (instrument, mut event) in out.split_off(before) {
            self.deltas += usize::from(matches!(event.body, Body::BookDelta { .. }));
            if (self.change)(self.deltas, &mut event) {
                out.push((instrument, event));
            }
        }
        Ok(())
    }
}

/// Adapters of `venue` whose 600th delta is not there.
fn losing(name: &'static str) -> Box<dyn Adapter + Send> {
    let sound = (venue(name).unwrap().adapter)();
    let change =
        |nth: usize, event: &mut Event| nth != 600 || !matches!(event.body, Body::BookDelta { .. });
    Box::new(Broken { sound, deltas: 0, change })
}

/// Adapters of `venue` that make a wrong quantity of every bid of each twentieth delta.
fn flipping(name: &'static str) -> Box<dyn Adapter + Send> {
    let sound = (venue(name).unwrap().adapter)();
    let change = |nth: usize, event: &mut Event| {
        if let Body::BookDelta { bids, .. } = &mut event.body
            && nth.is_multiple_of(20)
        {
            bids.iter_mut().for_each(|(_, qty)| *qty = Decimal::parse("7.77").unwrap());
        }
        true
    };
    Box::new(Broken { sound, deltas: 0, change })
}

const BOOKS: &str = "kraken-ws-book-crc32-20210417";
const FUTURES: &str = "binance-usdm-klines-20210722";
const FUTURES_FILES: [&str; 2] =
    ["BINANCE_FUTURES.http.0.0.txt.gz", "BINANCE_FUTURES.ws.1.0.txt.gz"];

#[test]
fn a_wrong_quantity_fails_the_checksums() {
    let Some(files) = files(BOOKS, &["kraken_book1000.txt.gz"]) else { return };
    let sound = *venue("kraken").unwrap();
    assert_eq!(failing(&checked(&sound, &files)), Vec::<&str>::new());

    let broken = Venue { adapter: || flipping("kraken"), ..sound };
    assert_eq!(failing(&checked(&broken, &files)), ["the venue's checksums of its book"]);
}

#[test]
fn a_lost_change_shows_as_a_gap_and_wrong_ones_in_the_tops() {
    let Some(files) = files(FUTURES, &FUTURES_FILES) else { return };
    let sound = *venue("binance-usdm").unwrap();

    let broken = Venue { adapter: || losing("binance-usdm"), ..sound };
    let rows = checked(&broken, &files);
    assert!(failing(&rows).contains(&"changes of a book without a gap before them"), "{rows:#?}");
    let broken = Venue { adapter: || flipping("binance-usdm"), ..sound };
    let rows = checked(&broken, &files);
    let tops = "tops of the book and the venue's best bid and ask";
    assert!(failing(&rows).contains(&tops), "{rows:#?}");
}

#[test]
fn another_venues_rules_fail_the_candles() {
    let Some(files) = files("kraken-rest-xbtusdt-20251110", &["trades.json.gz", "ohlc_1m.json.gz"])
    else {
        return;
    };
    let sound = *venue("kraken").unwrap();
    let with = |candles: CandleRule| {
        let rows = checked(&Venue { candles, ..sound }, &files);
        failing(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(with(sound.candles), Vec::<String>::new());
    assert_eq!(
        with(CandleRule { vwap_digits: Some(VwapDigits::Exactly(2)), ..sound.candles }),
        ["vwap, cut at the venue's digits"]
    );
    assert_eq!(
        with(CandleRule { empty: Empty::Absent, ..sound.candles }),
        ["bars that have a candle"]
    );
    // A trade that is counted in another minute.
    fn late(name: &'static str) -> Box<dyn Adapter + Send> {
        let sound = (venue(name).unwrap().adapter)();
        let change = |_: usize, event: &mut Event| {
            event.ts_event += 1_000_000_000;
            true
        };
        Box::new(Broken { sound, deltas: 0, change })
    }
    let rows = checked(&Venue { adapter: || late("kraken"), ..sound }, &files);
    assert!(!failing(&rows).is_empty());
}

#[test]
fn one_wrong_number_fails_a_roll_up() {
    for (set, names) in [
        ("fx-fxcm-eurusd-201405", ["20140504_eurusd_tick.csv.gz", "20140504_eurusd_minute.csv.gz"]),
        (
            "coinbase-btcusd-bars-2016-2018",
            ["20161007_btcusd_second.csv.gz", "20161007_btcusd_minute.csv.gz"],
        ),
        (
            "dukascopy-btcusd-2023",
            [
                "vendor/ticks-BTC-USD-2023-2-20-12.json.gz",
                "decoded/btcusd-s1-bid-2023-02-20T12-2023-02-20T13.json.gz",
            ],
        ),
    ] {
        let Some((dir, copies)) = copied(set, &names) else { return };
        assert_eq!(failing(&verify(dir.path()).unwrap()), Vec::<&str>::new(), "{set}");
        rewrite(&copies[1], |text| {
            // The last digit of the last price.
            let at = text.rfind(|c: char| c.is_ascii_digit() && c != '0').unwrap();
            let digit = if text.as_bytes()[at] == b'1' { "2" } else { "1" };
            text.replace_range(at..=at, digit);
        });
        assert_eq!(failing(&verify(dir.path()).unwrap()).len(), 1, "{set}");
    }
}

#[test]
fn days_that_begin_elsewhere_fail_the_roll_up() {
    let names =
        ["20140505_eurusd_minute.csv.gz", "20140506_eurusd_minute.csv.gz", "eurusd_hour.csv.gz"];
    let Some((dir, copies)) = copied("fx-fxcm-eurusd-201405", &names) else { return };
    assert_eq!(failing(&verify(dir.path()).unwrap()), Vec::<&str>::new());

    // An hour that is called by another name.
    rewrite(&copies[2], |text| *text = text.replace(" 07:00", " 07:30"));
    assert_eq!(failing(&verify(dir.path()).unwrap()), ["minute to hour"]);
}

#[test]
fn symbols_that_lie_beside_each_other_are_not_mixed() {
    let names = ["20161007_btcusd_second.csv.gz", "20161007_btcusd_minute.csv.gz"];
    let Some((dir, copies)) = copied("coinbase-btcusd-bars-2016-2018", &names) else { return };
    for copy in &copies {
        let name = copy.file_name().unwrap().to_str().unwrap().replace("btcusd", "ethusd");
        std::fs::copy(copy, copy.with_file_name(&name)).unwrap();
        // Ten times the price.
        rewrite(&copy.with_file_name(&name), |text| {
            let scaled = |(nth, line): (usize, &str)| {
                let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
                if nth != 0 {
                    cells[1..5].iter_mut().for_each(|price| price.insert(0, '1'));
                }
                cells.join(",")
            };
            let lines: Vec<String> = text.lines().enumerate().map(scaled).collect();
            *text = lines.join("\n");
        });
    }
    let rows = verify(dir.path()).unwrap();
    assert_eq!(failing(&rows), Vec::<&str>::new());
    let sets: Vec<&str> = rows.iter().map(|row| row.set.rsplit('/').next().unwrap()).collect();
    assert_eq!(sets, ["btcusd", "ethusd"]);
}

#[test]
fn connections_that_are_merged_keep_their_own_numbers() {
    let Some((_dir, copies)) = copied("venue-captures-misc", &["BITFINEX.ws.11.0.txt.gz"]) else {
        return;
    };
    let other = copies[0].with_file_name("BITFINEX.ws.12.0.txt.gz");
    std::fs::copy(&copies[0], &other).unwrap();
    rewrite(&other, |text| *text = text.replace("\"symbol\":\"t", "\"symbol\":\"tX"));
    let sound = *venue("bitfinex").unwrap();
    let alone = checked(&sound, &copies);
    let both = checked(&sound, &[copies[0].clone(), other]);

    assert_eq!(failing(&both), Vec::<&str>::new());
    for (alone, both) in alone.iter().zip(&both) {
        assert_eq!((2 * alone.equal, 2 * alone.total), (both.equal, both.total), "{both:?}");
    }
}

#[test]
fn a_set_that_cannot_be_read_costs_the_others_nothing() {
    let names = ["20161007_btcusd_second.csv.gz", "20161007_btcusd_minute.csv.gz"];
    let Some((dir, _)) = copied("coinbase-btcusd-bars-2016-2018", &names) else { return };
    let damaged = dir.path().join("lean-damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("20161007_btcusd_minute.csv.gz"), b"no gzip").unwrap();
    let rows = verify(dir.path()).unwrap();

    assert_eq!(rows.len(), 2);
    assert!(rows[0].holds() && !rows[1].holds(), "{rows:#?}");
}

#[test]
fn a_file_beside_the_folders_of_sets_hides_none_of_them() {
    let names = ["20161007_btcusd_second.csv.gz", "20161007_btcusd_minute.csv.gz"];
    let Some((dir, copies)) = copied("coinbase-btcusd-bars-2016-2018", &names) else { return };
    // Parts of a set may lie in folders that are none themselves.
    let within = copies[0].with_file_name("seconds");
    std::fs::create_dir(&within).unwrap();
    std::fs::rename(&copies[0], within.join(copies[0].file_name().unwrap())).unwrap();
    std::fs::write(dir.path().join("COINBASE.ws.1.0.txt"), "1.0: {\"type\":\"subscriptions\"}\n")
        .unwrap();
    let rows = verify(dir.path()).unwrap();

    assert_eq!(failing(&rows), Vec::<&str>::new());
    let compared: Vec<&str> = rows.iter().map(|row| row.compared.as_str()).collect();
    assert!(compared.contains(&"second to minute"), "{rows:#?}");
    assert!(compared.contains(&"frames understood"), "{rows:#?}");
}

#[test]
fn a_candle_that_opens_at_the_close_before_fails_the_usual_rule() {
    let Some(files) = files("bitget-ws-book-checksum-20220407", &["BITGET.ws.1.0.txt.gz"]) else {
        return;
    };
    let sound = *venue("bitget").unwrap();
    let candles = CandleRule { open: Open::FirstTrade, ..sound.candles };
    let rows = checked(&Venue { candles, ..sound }, &files);

    assert!(
        failing(&rows).contains(&"bars and the venue's candles (O H L C V, count where told)"),
        "{rows:#?}"
    );
}

#[test]
fn another_scale_and_another_order_fail_the_candles() {
    let names = ["phemex_book_trades.txt.gz", "phemex_klines.txt.gz"];
    let Some(files) = files("phemex-trades-klines-20210703", &names) else { return };
    let sound = *venue("phemex").unwrap();
    fn scaled() -> Box<dyn Adapter + Send> {
        let change = |_: usize, event: &mut Event| {
            if let Body::Trade(trade) = &mut event.body {
                let scale = trade.qty.scale();
                trade.qty = Decimal::from_mantissa(10 * trade.qty.at(scale).unwrap(), scale);
            }
            true
        };
        Box::new(Broken { sound: (venue("phemex").unwrap().adapter)(), deltas: 0, change })
    }
    /// As if the newest of a list were the oldest.
    struct Reversed(Box<dyn Adapter + Send>);
    impl Adapter for Reversed {
        fn take(
            &mut self,
            frame: Frame<'_>,
            recv: Nanos,
            out: &mut Vec<(Instrument, Event)>,
        ) -> Result<(), FrameError> {
            let before = out.len();
            self.0.take(frame, recv, out)?;
            out[before..].reverse();
            Ok(())
        }
    }
    let bars = "bars and the venue's candles (O H L C V, count where told)";
    let reversed: fn() -> Box<dyn Adapter + Send> =
        || Box::new(Reversed((venue("phemex").unwrap().adapter)()));
    for adapter in [scaled, reversed] {
        let rows = checked(&Venue { adapter, ..sound }, &files);
        assert!(failing(&rows).contains(&bars), "{rows:#?}");
    }
}

#[test]
fn one_wrong_value_of_a_dbn_record_and_one_lost_order_fail() {
    let schemas = root().join("databento-dbn-schemas");
    if !schemas.is_dir() {
        println!("SKIPPED: no recorded data under {}", root().display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("databento-one");
    std::fs::create_dir_all(folder.join("dbn")).unwrap();
    for name in ["dbn/test_data.mbp-10.dbn", "dbn/test_data.mbp-10.v1.dbn.zst"] {
        std::fs::copy(schemas.join(name), folder.join(name)).unwrap();
    }
    let mut text = String::new();
    let list = std::fs::File::open(schemas.join("expected.jsonl.gz")).unwrap();
    GzDecoder::new(list).read_to_string(&mut text).unwrap();
    let is_of_them = |line: &&str| {
        line.contains("dbn/test_data.mbp-10.dbn\"") || line.contains("mbp-10.v1.dbn.zst")
    };
    let lines: Vec<&str> = text.lines().filter(is_of_them).collect();
    std::fs::write(folder.join("expected.jsonl"), lines.join("\n")).unwrap();
    assert_eq!(failing(&verify(dir.path()).unwrap()), Vec::<&str>::new());

    // A size in one of the ten levels.
    let wrong = lines.join("\n").replacen("\"ask_sz\": 34", "\"ask_sz\": 35", 1);
    std::fs::write(folder.join("expected.jsonl"), wrong).unwrap();
    let rows = verify(dir.path()).unwrap();
    assert_eq!(failing(&rows).len(), 1, "{rows:#?}");

    let orders = root().join("databento-esh4-mbo-20231224");
    let file = orders.join("esh4-glbx-mdp3-20231225.mbo.dbn.zst");
    let lacking = dir.path().join("databento-lacking");
    std::fs::create_dir(&lacking).unwrap();
    let mut reader = tickwire::feeds::dbn::Reader::open(file).unwrap();
    let mut bytes = Vec::new();
    let metadata = reader.metadata().unwrap().clone();
    dbn::encode::dbn::MetadataEncoder::new(&mut bytes).encode(&metadata).unwrap();
    let mut nth = 0;
    while let Some(record) = reader.next_record().unwrap() {
        nth += 1;
        if nth != 8_726 {
            bytes.extend_from_slice(record.as_ref());
        }
    }
    std::fs::write(lacking.join("one.mbo.dbn"), bytes).unwrap();
    let rows = verify(&lacking).unwrap();
    assert_eq!(failing(&rows), ["cancels and modifies that find their order"], "{rows:#?}");
}
