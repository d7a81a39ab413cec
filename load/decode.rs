//! How fast a venue's frames become events, as a multiple of how fast the same frames are merely
//! parsed into JSON values.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tickwire::feeds::capture::{self, Captured, Record};
use tickwire::feeds::venues::venue;

/// Rounds of both, taken in turn; the best of each counts.
const ROUNDS: usize = 5;
const ROUND_AT_LEAST: Duration = Duration::from_millis(200);

pub fn run(name: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    let venue = venue(name).with_context(|| format!("there is no venue {name:?}"))?;
    let records: Vec<Record> = capture::merge(files)?.filter_map(Result::ok).collect();
    let texts: Vec<&str> = records
        .iter()
        .filter_map(|record| match &record.what {
            Captured::Message(text) => Some(text.as_str()),
            Captured::Response { body, .. } => Some(body.as_str()),
            Captured::Connected { .. } | Captured::Said(_) => None,
        })
        .collect();
    ensure!(!texts.is_empty(), "no frames");
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let (mut decoded, mut parsed) = (f64::MAX, f64::MAX);
    let (mut events, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        decoded = decoded.min(seconds_of(|| {
            let mut adapter = (venue.adapter)();
            let mut out = Vec::new();
            (events, refused) = (0, 0);
            for record in &records {
                let taken = adapter.take(record.frame(), record.recv, &mut out);
                refused += usize::from(taken.is_err());
                events += out.len();
                out.clear();
            }
        }));
        parsed = parsed.min(seconds_of(|| {
            for text in &texts {
                let _refused =
                    std::hint::black_box(serde_json::from_str::<serde_json::Value>(text));
            }
        }));
    }
    // Who refuses is fast.
    ensure!(refused == 0, "{refused} frames were refused");
    let frames = texts.len() as f64;
    println!(
        "{name}: {} frames of {} bytes, {events} events: {:.0} ns a frame, {:.0} ns as JSON values, {:.2} times as fast",
        texts.len(),
        bytes / texts.len(),
        decoded / frames * 1e9,
        parsed / frames * 1e9,
        parsed / decoded
    );
    Ok(())
}

/// Seconds that one call takes, of as many as fill a round.
fn seconds_of(mut work: impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut calls = 0;
    while began.elapsed() < ROUND_AT_LEAST {
        work();
        calls += 1;
    }
    began.elapsed().as_secs_f64() / f64::from(calls)
}
