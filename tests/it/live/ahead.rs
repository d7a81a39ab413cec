//! A venue whose clock is decades ahead of this machine's: Binance's recording with other times.

use std::path::PathBuf;

use tickwire::domain::market::Market;

use super::binance::SPOT;
use super::dialect::{Dialect, Said};
use super::faults::{ends_well, start};

struct Ahead;

/// Milliseconds of 2024 become those of 2087.
fn later(text: &str) -> String {
    ["E", "T"].into_iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("\"{name}\":172"), &format!("\"{name}\":372"))
    })
}

impl Dialect for Ahead {
    fn venue(&self) -> (&'static str, &'static str) {
        SPOT.venue()
    }

    fn symbols(&self) -> &'static [&'static str] {
        SPOT.symbols()
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        SPOT.files()
    }

    fn records_max(&self) -> usize {
        SPOT.records_max()
    }

    fn message(&self, text: &str) -> Option<String> {
        SPOT.message(&later(text))
    }

    fn is_ahead(&self) -> bool {
        true
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        SPOT.hear(text)
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        SPOT.snapshot(symbol, market)
    }

    fn asked(&self, path: &str) -> Option<String> {
        SPOT.asked(path)
    }
}

#[tokio::test]
async fn a_venue_whose_clock_is_far_ahead_is_told_once_and_followed_all_the_same() {
    let Some(mut play) = start(Ahead, &[]).await else { return };
    let told = "the venue's clock is further ahead of this machine's";
    play.until("it is told", |play| play.said().contains(told)).await;
    let compared = play.one("BTCUSDT").compared;
    play.until("it goes on", |play| compared + 20 < play.one("BTCUSDT").compared).await;

    assert_eq!(play.said().matches(told).count(), 1, "{}", play.said());
    assert!(0 < play.metric("tickwire_live_skewed_events_total", "").await);
    assert!(0 < play.metric("tickwire_live_venue_ahead_least_milliseconds", "").await);
    ends_well(play, "BTCUSDT").await;
}
