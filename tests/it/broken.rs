//! Broken frames against every decoder, some seconds each: the mutations of `tickwire-load mutate`,
//! of recorded frames where they are there.

use std::path::PathBuf;

use crate::mutate::{Scenario, run};
use crate::truth::files;

/// How many are tried of each; all decoders together take about a minute of one core.
const COUNT: u64 = 40_000;

/// What is tried: a decoder, and the recorded files that are changed.
const RECORDED: [(&str, &str, &[&str]); 15] = [
    ("binance", "binance-spot-btcusdt-20240808", &["btcusdt_20240808.txt.gz"]),
    (
        "binance-usdm",
        "binance-usdm-klines-20210722",
        &["BINANCE_FUTURES.http.0.0.txt.gz", "BINANCE_FUTURES.ws.1.0.txt.gz"],
    ),
    ("kraken", "kraken-ws-book-crc32-20210417", &["kraken_book1000.txt.gz", "kraken_trade.txt.gz"]),
    ("coinbase", "venue-captures-misc", &["COINBASE.ws.28.0.txt.gz"]),
    ("okx", "okx-ws-book-checksum-20220513", &["okx.txt.gz"]),
    ("bitget", "bitget-ws-book-checksum-20220407", &["BITGET.ws.1.0.txt.gz"]),
    ("bitmex", "bitmex-ws-20210722", &["BITMEX.ws.1.0.txt.gz"]),
    ("kucoin", "kucoin-ws-20210425", &["KUCOIN.http.0.0.txt.gz", "KUCOIN.ws.1.0.txt.gz"]),
    (
        "phemex",
        "phemex-trades-klines-20210703",
        &["phemex_book_trades.txt.gz", "phemex_klines.txt.gz"],
    ),
    ("hitbtc", "hitbtc-trades-candles-20210715", &["HITBTC.ws.1.0.txt.gz"]),
    ("bitstamp", "venue-captures-misc", &["BITSTAMP.http.0.0.txt.gz", "BITSTAMP.ws.1.0.txt.gz"]),
    ("deribit", "venue-captures-misc", &["DERIBIT.ws.1.0.txt.gz"]),
    ("bitfinex", "venue-captures-misc", &["BITFINEX.ws.11.0.txt.gz"]),
    ("gateio", "venue-captures-misc", &["GATEIO.http.0.0.txt.gz", "GATEIO.ws.1.0.txt.gz"]),
    ("gemini", "venue-captures-misc", &["GEMINI.ws.1.0.txt.gz"]),
];

/// Runs one; it must have taken some and refused some, each with a reason.
fn holds(target: &str, files: Vec<PathBuf>, count: u64) {
    let scenario = Scenario { target: target.to_owned(), from: None, count, seed: 7, files };
    let outcomes = run(&scenario).unwrap_or_else(|error| panic!("{target}: {error:?}"));
    let refused: u64 = outcomes.refused.values().sum();
    println!("{target}: {} taken, {refused} refused", outcomes.accepted);
    assert!(0 < outcomes.accepted && 0 < outcomes.events && 0 < refused, "{target}");
    assert!(!outcomes.refused.contains_key(""), "{target}: refused without a reason");
}

#[test]
fn every_venues_decoder_refuses_broken_frames_with_a_reason_and_forgets_them() {
    for (venue, set, names) in RECORDED {
        // The greatest recordings have frames of 100 KB, which are slow to change.
        let Some(files) = files(set, names) else { continue };
        holds(venue, files, COUNT);
    }
}

#[test]
fn the_logs_decoder_and_the_commands_decoder_refuse_broken_bytes_with_a_reason() {
    holds("md", Vec::new(), 4 * COUNT);
    holds("command", Vec::new(), 4 * COUNT);
}

#[test]
fn vendors_files_that_are_broken_are_read_up_to_there() {
    holds("csv", Vec::new(), COUNT);
    let names =
        ["mbo", "mbp-1", "mbp-10", "trades", "bbo-1s", "definition", "statistics", "status"]
            .map(|schema| format!("dbn/test_data.{schema}.dbn"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(files) = files("databento-dbn-schemas", &names) else { return };
    holds("dbn", files, COUNT / 4);
}
