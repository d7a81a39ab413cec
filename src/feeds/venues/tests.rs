//! What holds for every adapter.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::market::{Body, Market, Moment, Policy};
use crate::wire::{ingest, record};

/// Frames of every venue, as its documents or its captures have them.
fn samples() -> Vec<&'static str> {
    [
        binance::tests::SAMPLES,
        kraken::tests::SAMPLES,
        coinbase::tests::SAMPLES,
        deribit::tests::SAMPLES,
        bitfinex::tests::SAMPLES,
        gemini::tests::SAMPLES,
        phemex::tests::SAMPLES,
        hitbtc::tests::SAMPLES,
        okx::tests::SAMPLES,
        bitget::tests::SAMPLES,
        bitmex::tests::SAMPLES,
        kucoin::tests::SAMPLES,
        bitstamp::tests::SAMPLES,
        gateio::tests::SAMPLES,
    ]
    .concat()
}

/// What may stand where something else was.
const PIECES: [&str; 16] = [
    "",
    "-",
    "0",
    "9",
    "1e400",
    "18446744073709551615",
    "99999999999999999999",
    "null",
    "true",
    "[",
    "]",
    "{}",
    "\"",
    ",",
    "\u{20ac}",
    ".",
];

/// One frame after some changes of its text.
fn mutated(frame: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut text: Vec<char> = frame.chars().collect();
    for &(at, length, piece) in changes {
        let at = at % (text.len() + 1);
        let end = (at + length).min(text.len());
        text.splice(at..end, PIECES[piece].chars());
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_frame_panics_and_all_that_is_given_fits_the_log_and_the_fold(
        frames in prop::collection::vec(
            (0..samples().len(), prop::collection::vec((0_usize..400, 0_usize..9, 0..PIECES.len()), 0..4)),
            1..12,
        ),
        recv in prop_oneof![Just(0), 1_i64..1 << 61],
    ) {
        let samples = samples();
        for venue in VENUES {
            let mut adapter = (venue.adapter)();
            // It is given none of the frames that the other refuses, and must go on like it.
            let mut twin = (venue.adapter)();
            let mut markets = BTreeMap::new();
            for (frame, changes) in &frames {
                let text = mutated(samples[*frame], changes);
                for frame in [Frame::Message(&text), Frame::Response { url: Some(&text), body: &text }] {
                    let mut out = Vec::new();
                    let outcome = adapter.take(frame, recv, &mut out);
                    prop_assert!(outcome.is_ok() || out.is_empty(), "{}", text);
                    if outcome.is_ok() {
                        let mut same = Vec::new();
                        twin.take(frame, recv, &mut same).unwrap();
                        prop_assert_eq!(&same, &out, "{} {}", venue.name, text);
                    }
                    for (instrument, event) in &out {
                        let key = Some(instrument.as_str().as_bytes());
                        let mut read = Vec::new();
                        let value = record::encode(instrument, event);
                        ingest::decode(key, None, value.as_bytes(), &mut read).unwrap();
                        prop_assert_eq!(&read[0], event);
                        let market =
                            markets.entry(instrument.clone()).or_insert_with(|| Market::new("m"));
                        if let Ok(admission) = market.admit(&read) {
                            market.accept(admission);
                            let (moment, policy) = (Moment::default(), Policy::default());
                            market.apply(event, moment, &policy, &mut Vec::new());
                        }
                    }
                }
            }
            let mut out = Vec::new();
            adapter.take(Frame::Lost, recv, &mut out).unwrap();
        }
    }
}

/// A JSON text with blanks around each of its marks.
fn spaced(text: &str) -> String {
    let (mut out, mut in_string, mut is_escaped) = (String::new(), false, false);
    for c in text.chars() {
        let is_mark = !in_string && "[]{}:,".contains(c);
        out.push_str(if is_mark { " \t" } else { "" });
        out.push(c);
        out.push_str(if is_mark { "  " } else { "" });
        in_string ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    out
}

#[test]
fn blanks_between_the_parts_of_a_frame_change_nothing() {
    for venue in VENUES {
        let (mut adapter, mut twin) = ((venue.adapter)(), (venue.adapter)());
        for text in samples() {
            let wide = spaced(text);
            let mut out = [Vec::new(), Vec::new()];
            let plain = adapter.take(Frame::Message(text), 1, &mut out[0]).is_ok();
            assert_eq!(twin.take(Frame::Message(&wide), 1, &mut out[1]).is_ok(), plain, "{text}");
            assert_eq!(out[0], out[1], "{} {text}", venue.name);
        }
    }
}

#[test]
fn every_sample_is_taken_by_its_venue() {
    let all = samples();
    let taken = |venue: &Venue, frame: &str| {
        let mut adapter = (venue.adapter)();
        let mut out = Vec::new();
        // What a subscription says must be known for some.
        for frame in &all {
            adapter.take(Frame::Message(frame), 1, &mut out).ok();
        }
        let response = Frame::Response { url: None, body: frame };
        adapter.take(Frame::Message(frame), 1, &mut out).is_ok()
            || adapter.take(response, 1, &mut out).is_ok()
    };
    for frame in &all {
        assert!(VENUES.iter().any(|venue| taken(venue, frame)), "{frame}");
    }
}

#[test]
fn every_venue_has_samples_that_say_something() {
    let all = samples();
    for venue in VENUES {
        let mut adapter = (venue.adapter)();
        let mut out = Vec::new();
        for frame in &all {
            adapter.take(Frame::Message(frame), 1, &mut out).ok();
        }
        let traded = out.iter().any(|(_, event)| matches!(event.body, Body::Trade(_)));
        assert!(traded, "{} has none in `samples`", venue.name);
    }
}

#[test]
fn venues_are_known_by_their_names_alone() {
    for venue in VENUES {
        assert!(venue.prefix == venue.name.to_ascii_uppercase(), "{}", venue.name);
    }
    assert!(adapter_for("BINANCE").is_none() && adapter_for("nowhere").is_none());
}

/// All that is said to a venue, and where: `tests/golden/lines.txt` is what the venues' documents ask
/// for. A changed line is seen there.
#[test]
fn what_is_said_to_each_venue_is_what_its_documents_ask_for() {
    let told = include_str!("../../../tests/golden/lines.txt");
    let symbols = |name: &str| match name {
        "kraken" => ["BTC/USD", "ETH/USD"],
        "bitfinex" => ["tBTCUSD", "tETHUSD"],
        "bitget" => ["BTCUSDT", "BTCUSDT_UMCBL"],
        "kucoin" => ["BTC-USDT", "XBTUSDTM"],
        "coinbase" | "okx" | "okcoin" => ["BTC-USD", "ETH-USD"],
        "gateio" => ["BTC_USDT", "ETH_USDT"],
        "deribit" => ["BTC-PERPETUAL", "ETH-PERPETUAL"],
        _ => ["BTCUSDT", "ETHUSDT"],
    };
    let mut lines = String::new();
    for venue in VENUES {
        let mut line = (venue.line)();
        let symbols = symbols(venue.name).map(str::to_owned);
        let url = line.socket_url(line.terms().socket_url);
        let greeting = if line.awaits_greeting() { ", once it has greeted" } else { "" };
        lines += &format!("{} at {url}{greeting}\n", venue.name);
        for text in line.subscribe(&symbols) {
            lines += &format!("  {text}\n");
        }
        for text in line.renew(&symbols[0]) {
            lines += &format!("  again: {text}\n");
        }
        if let Some(path) = line.snapshot_path(&symbols[0]) {
            lines += &format!("  snapshot: {}{path}\n", line.terms().rest_url);
        }
        if let Some(text) = line.ping() {
            lines += &format!("  ping: {text}\n");
        }
    }
    assert_eq!(told, lines, "tests/golden/lines.txt should be:\n{lines}");
}
