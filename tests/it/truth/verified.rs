//! `tickwire verify`: every set holds, as docs/truth.md says; and a wrong rule of each kind fails.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tickwire::domain::market::{Body, Decimal, Event, Instrument, Nanos};
use tickwire::feeds::venues::candle::{CandleRule, Empty};
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
        with(CandleRule { vwap_digits: Some(2), ..sound.candles }),
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
        let Some(files) = files(set, &names) else { return };
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(set);
        std::fs::create_dir(&folder).unwrap();
        let copies: Vec<PathBuf> =
            files.iter().map(|file| folder.join(file.file_name().unwrap())).collect();
        for (file, copy) in files.iter().zip(&copies) {
            std::fs::copy(file, copy).unwrap();
        }
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
