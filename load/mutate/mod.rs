//! Frames that no venue sends, against the decoders: none may panic, a refused one gives nothing and
//! changes nothing that later frames could show, and what is given is taken by the fold.
//!
//! `tickwire-load mutate` runs it at length; the tests of the project run it shortly.

mod file;
mod mutation;
mod seeds;
mod venue;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tickwire::domain::market::{Event, Instrument, Market, Moment, Policy};
use tickwire::feeds::venues;
use tickwire::wire::{command, ingest, record};

use self::mutation::Mutation;

/// Markets kept at once, and events that they take; all are forgotten when there are more. Trades are
/// known for as long as their time is near, which may be for ever where it stands still.
const MARKETS_MAX: usize = 256;
const EVENTS_MAX: usize = 200_000;

/// What is to be tried.
pub struct Scenario {
    /// A venue, `md`, `command`, `dbn` or `csv`.
    pub target: String,
    /// Whose frames the files have, for `md`.
    pub from: Option<String>,
    /// Frames, records, requests, rows or files that are tried.
    pub count: u64,
    /// The same seed makes the same ones.
    pub seed: u64,
    /// Recordings.
    pub files: Vec<PathBuf>,
}

/// What became of them.
#[derive(Default)]
pub struct Outcomes {
    /// How many were taken.
    pub accepted: u64,
    /// How many were not, by the reason.
    pub refused: BTreeMap<String, u64>,
    /// What they gave.
    pub events: u64,
    /// Events whose numbers do not fit their instrument's.
    pub not_admitted: u64,
}

/// Tries what a scenario says.
///
/// # Errors
///
/// A panic, something that a refused one gave or changed, something that the log or the fold does not
/// take: with the bytes that did it.
pub fn run(scenario: &Scenario) -> anyhow::Result<Outcomes> {
    let mut mutation = Mutation::new(scenario.seed);
    let mut outcomes = Outcomes::default();
    let count = scenario.count;
    match scenario.target.as_str() {
        "command" => {
            let seeds = seeds::with_msgpack(seeds::commands())?;
            for _ in 0..count {
                let bytes = mutation.next(&seeds);
                guarded(&bytes, || outcomes.command(&bytes))?;
            }
        }
        "md" => {
            let mut texts = seeds::records();
            if let Some(from) = &scenario.from {
                let venue =
                    venues::venue(from).with_context(|| format!("there is no venue {from:?}"))?;
                texts.extend(seeds::records_of(venue, &seeds::frames(&scenario.files)?));
            }
            let seeds = seeds::with_msgpack(texts)?;
            let mut fold = Fold::default();
            for _ in 0..count {
                let bytes = mutation.next(&seeds);
                guarded(&bytes, || outcomes.record(&bytes, &mut fold))?;
            }
        }
        "dbn" => file::dbn(&mut outcomes, &scenario.files, &mut mutation, count)?,
        "csv" => file::csv(&mut outcomes, &mut mutation, count)?,
        name => {
            let venue =
                venues::venue(name).with_context(|| format!("there is no venue {name:?}"))?;
            let frames = seeds::frames(&scenario.files)?;
            ensure!(!frames.is_empty(), "no frames");
            venue::run(&mut outcomes, venue, &frames, &mut mutation, count)?;
        }
    }
    Ok(outcomes)
}

/// Runs a check; a panic is an error that shows the frame.
fn guarded<T>(bytes: &[u8], check: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(4_096)]).into_owned();
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(outcome) => outcome.with_context(shown),
        Err(_) => anyhow::bail!("a panic at: {}", shown()),
    }
}

/// Markets that take what is accepted.
#[derive(Default)]
struct Fold {
    markets: BTreeMap<Instrument, Market>,
    taken: usize,
}

impl Fold {
    /// Folds events of one instrument; false where they do not fit its numbers.
    fn take(&mut self, instrument: &Instrument, events: &[Event]) -> bool {
        self.taken += events.len();
        if MARKETS_MAX < self.markets.len() || EVENTS_MAX < self.taken {
            (self.markets, self.taken) = (BTreeMap::new(), 0);
        }
        let market = self.markets.entry(instrument.clone()).or_insert_with(|| Market::new("m"));
        let Ok(admission) = market.admit(events) else { return false };
        market.accept(admission);
        for event in events {
            market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new());
        }
        market.forget_bars();
        true
    }
}

impl Outcomes {
    fn refuse(&mut self, why: &impl std::fmt::Display) {
        let text = why.to_string();
        // What is in the frame would make a line of each: what is quoted, or stands behind a colon.
        let (head, behind) = text.split_once('"').unwrap_or((&text, ""));
        let tail = behind.rsplit_once('"').map_or("", |(_, tail)| tail);
        let gap = if behind.is_empty() { "" } else { "…" };
        let reason = format!("{head}{gap}{tail}");
        let reason = reason.split(':').next().unwrap_or_default();
        *self.refused.entry(reason.to_owned()).or_default() += 1;
    }

    fn command(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let outcome = match std::str::from_utf8(bytes) {
            Ok(text) => command::decode_json(text),
            Err(_) => command::decode_msgpack(bytes),
        };
        match outcome {
            Ok(commands) => {
                self.accepted += 1;
                self.events += commands.iter().filter(|command| command.is_ok()).count() as u64;
            }
            Err(error) => self.refuse(&error.message),
        }
        Ok(())
    }

    fn record(&mut self, bytes: &[u8], fold: &mut Fold) -> anyhow::Result<()> {
        let mut events = Vec::new();
        let key = seeds::named(bytes);
        match ingest::decode(Some(key.as_bytes()), None, bytes, &mut events) {
            Ok(()) => {
                self.accepted += 1;
                self.events += events.len() as u64;
                let instrument = Instrument::parse(&key)?;
                self.not_admitted += u64::from(!fold.take(&instrument, &events));
            }
            Err(error) => {
                ensure!(events.is_empty(), "a refused record gave something");
                self.refuse(&error);
            }
        }
        Ok(())
    }

    /// What was given goes by way of the log into the fold.
    fn given(&mut self, given: &[(Instrument, Event)], fold: &mut Fold) -> anyhow::Result<()> {
        self.events += given.len() as u64;
        for (instrument, event) in given {
            let text = record::encode(instrument, event);
            let mut read = Vec::new();
            let key = Some(instrument.as_str().as_bytes());
            ingest::decode(key, None, text.as_bytes(), &mut read).context("not fit for the log")?;
            ensure!(read.len() == 1 && read[0] == *event, "the log loses something");
            self.not_admitted += u64::from(!fold.take(instrument, &read));
        }
        Ok(())
    }
}
