//! Frames that no venue sends, against the decoders: none may panic, a refused one gives nothing and
//! changes nothing that later frames could show, and what is given is taken by the fold.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tickwire::domain::market::{Event, Instrument, Market, Moment, Policy};
use tickwire::feeds::capture::{self, Captured};
use tickwire::feeds::venues::{Adapter, Frame, Venue, venue};
use tickwire::wire::{command, ingest, record};

use crate::mutation::Mutation;

/// Markets kept at once; all are forgotten when there are more.
const MARKETS_MAX: usize = 256;
/// Frames that one pair of adapters takes before fresh ones go on.
const FRAMES_A_RUN: u64 = 2_000;
/// What the process may grow to.
const MEMORY_KIB_MAX: u64 = 1024 * 1024;

/// What clients say over the WebSocket.
const COMMANDS: [&str; 5] = [
    r#"{"op":"subscribe","id":1,"channel":"quote","instruments":["SIM:ACME"],"tick_ms":50,"resume":{"SIM:ACME":{"epoch":"a.0","seq":41}}}"#,
    r#"{"op":"unsubscribe","id":2,"channel":"book.25","instruments":["SIM:ACME","SIM:B"]}"#,
    r#"{"op":"auth","id":3,"token":"t"}"#,
    r#"[{"op":"ping","id":4},{"op":"subscribe","id":"x","channel":"bars.1m","instruments":["SIM:ACME"]}]"#,
    r#"{"op":"subscribe","id":5,"channel":"trade","instruments":["SIM:ACME"]}"#,
];

pub struct Scenario {
    /// A venue, `md` or `command`.
    pub target: String,
    /// Whose frames the files have, for `md`.
    pub from: Option<String>,
    pub count: u64,
    pub seed: u64,
    pub files: Vec<PathBuf>,
}

/// Frames by what became of them.
#[derive(Default)]
struct Outcomes {
    accepted: u64,
    refused: BTreeMap<String, u64>,
    events: u64,
    not_admitted: u64,
}

pub fn run(scenario: &Scenario) -> anyhow::Result<()> {
    let mut mutation = Mutation::new(scenario.seed);
    let frames = frames(&scenario.files)?;
    let mut outcomes = Outcomes::default();
    match scenario.target.as_str() {
        "command" => {
            let seeds = with_msgpack(COMMANDS.iter().map(|text| (*text).to_owned()).collect())?;
            for _ in 0..scenario.count {
                let bytes = mutation.next(&seeds);
                guarded(&bytes, || outcomes.command(&bytes))?;
            }
        }
        "md" => {
            let from = scenario.from.as_deref().context("--from says whose frames these are")?;
            let venue = venue(from).with_context(|| format!("there is no venue {from:?}"))?;
            let seeds = with_msgpack(records(venue, &frames))?;
            let mut fold = Fold::default();
            for _ in 0..scenario.count {
                let bytes = mutation.next(&seeds);
                guarded(&bytes, || outcomes.record(&bytes, &mut fold))?;
            }
        }
        name => {
            let venue = venue(name).with_context(|| format!("there is no venue {name:?}"))?;
            ensure!(!frames.is_empty(), "no frames");
            outcomes.venue(venue, &frames, &mut mutation, scenario.count)?;
        }
    }
    let memory = peak_kib()?;
    println!(
        "{}: {} frames, seed {}: {} accepted with {} events ({} not admitted by the fold), {} refused; peak {} MiB",
        scenario.target,
        scenario.count,
        scenario.seed,
        outcomes.accepted,
        outcomes.events,
        outcomes.not_admitted,
        outcomes.refused.values().sum::<u64>(),
        memory / 1024,
    );
    for (why, count) in &outcomes.refused {
        println!("  {count:>10} {why}");
    }
    ensure!(memory < MEMORY_KIB_MAX, "memory grew to {memory} KiB");
    Ok(())
}

/// The texts of recordings.
fn frames(files: &[PathBuf]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    if files.is_empty() {
        return Ok(frames);
    }
    for record in capture::merge(files)? {
        match record?.what {
            Captured::Message(text) => frames.push(text.into_bytes()),
            Captured::Response { body, .. } => frames.push(body.into_bytes()),
            Captured::Connected { .. } => {}
        }
    }
    Ok(frames)
}

/// Frames as records of `md.v1`.
fn records(venue: &Venue, frames: &[Vec<u8>]) -> Vec<String> {
    let mut adapter = (venue.adapter)();
    let mut out = Vec::new();
    for text in frames.iter().filter_map(|frame| std::str::from_utf8(frame).ok()) {
        let _refused = adapter.take(Frame::Message(text), 1, &mut out);
    }
    out.iter().map(|(instrument, event)| record::encode(instrument, event)).collect()
}

/// Texts, and the same in MessagePack.
fn with_msgpack(texts: Vec<String>) -> anyhow::Result<Vec<Vec<u8>>> {
    ensure!(!texts.is_empty(), "no seeds");
    let mut seeds = Vec::with_capacity(texts.len() * 2);
    for text in texts {
        seeds.push(rmp_serde::to_vec(&Packed(&serde_json::from_str(&text)?))?);
        seeds.push(text.into_bytes());
    }
    Ok(seeds)
}

/// A value as MessagePack has it: whole numbers as such. Here they are kept by their text, and
/// would be written as a map with it.
struct Packed<'a>(&'a Value);

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match number.as_u64() {
                Some(number) => serializer.serialize_u64(number),
                None => serializer.serialize_str(number.as_str()),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Packed)),
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(name, value)| (name, Packed(value))))
            }
        }
    }
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
}

impl Fold {
    /// Folds events of one instrument; false where they do not fit its numbers.
    fn take(&mut self, instrument: &Instrument, events: &[Event]) -> bool {
        if MARKETS_MAX < self.markets.len() {
            self.markets.clear();
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
        // What is in the frame would make a line of each.
        let end = text.find([':', '"']).unwrap_or(text.len());
        *self.refused.entry(text[..end].to_owned()).or_default() += 1;
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
        let key = named(bytes);
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

    /// Two adapters take the same frames, but one of them none that the other refuses: they must
    /// go on alike.
    fn venue(
        &mut self,
        venue: &Venue,
        seeds: &[Vec<u8>],
        mutation: &mut Mutation,
        count: u64,
    ) -> anyhow::Result<()> {
        let fresh = || -> [Box<dyn Adapter + Send>; 2] { [(venue.adapter)(), (venue.adapter)()] };
        let mut fold = Fold::default();
        let mut pair = fresh();
        // A run goes along the recording, with mutations between its frames.
        let mut next = 0;
        for nth in 0..count {
            if nth % FRAMES_A_RUN == 0 {
                pair = fresh();
                next = 0;
            }
            let bytes = if mutation.below(2) == 0 && next < seeds.len() {
                next += 1;
                seeds[next - 1].clone()
            } else {
                mutation.next(seeds)
            };
            let is_response = mutation.below(8) == 0;
            let recv = mutation.below(1 << 60) as i64;
            guarded(&bytes, || self.frame(&mut pair, &bytes, is_response, recv, &mut fold))?;
            if nth % FRAMES_A_RUN == FRAMES_A_RUN - 1 {
                guarded(b"", || self.taken(&mut pair, Frame::Lost, recv, &mut fold))?;
            }
        }
        Ok(())
    }

    fn frame(
        &mut self,
        pair: &mut [Box<dyn Adapter + Send>; 2],
        bytes: &[u8],
        is_response: bool,
        recv: i64,
        fold: &mut Fold,
    ) -> anyhow::Result<()> {
        // A socket refuses what is not text before any adapter sees it.
        let text = String::from_utf8_lossy(bytes);
        let frame = if is_response {
            Frame::Response { url: None, body: &text }
        } else {
            Frame::Message(&text)
        };
        self.taken(pair, frame, recv, fold)
    }

    fn taken(
        &mut self,
        [all, accepted]: &mut [Box<dyn Adapter + Send>; 2],
        frame: Frame<'_>,
        recv: i64,
        fold: &mut Fold,
    ) -> anyhow::Result<()> {
        let mut out = Vec::new();
        if let Err(error) = all.take(frame, recv, &mut out) {
            ensure!(out.is_empty(), "a refused frame gave something");
            self.refuse(&error);
            return Ok(());
        }
        self.accepted += 1;
        self.events += out.len() as u64;
        let mut undisturbed = Vec::new();
        let outcome = accepted.take(frame, recv, &mut undisturbed);
        ensure!(outcome.is_ok() && out == undisturbed, "a refused frame before this one shows");
        for (instrument, event) in &out {
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

/// The instrument that a record names, if it can be seen; only such a key is taken.
fn named(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let quoted = text.split_once("\"instrument\":\"").and_then(|(_, rest)| rest.split_once('"'));
    // In MessagePack a byte or two tell the length of the name behind the key.
    let packed = bytes.windows(11).position(|window| window == b"\xaainstrument").and_then(|at| {
        let behind = &bytes[at + 11..];
        let (length, from) = match *behind {
            [0xd9, length, ..] => (usize::from(length), 2),
            [head @ 0xa0..=0xbf, ..] => (usize::from(head & 0x1f), 1),
            _ => return None,
        };
        std::str::from_utf8(behind.get(from..from + length)?).ok()
    });
    let named = quoted.map(|(name, _)| name).or(packed).map(str::to_owned);
    named.filter(|name| Instrument::check(name).is_ok()).unwrap_or_else(|| "SIM:ACME".to_owned())
}

/// The most memory the process has had.
fn peak_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmHWM")?.parse()?)
}
