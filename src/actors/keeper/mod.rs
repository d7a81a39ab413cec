//! Keeps what must outlive the process: saved markets, positions, dead letters, idle heartbeats.
//!
//! One thread, one queue: what was sent before a position is stored before that position is.

mod errand;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

pub use self::errand::{DeadLetter, Errand, Errands, ErrandsTaken, Left, Round, Rounds, Saved};
use crate::config;
use crate::domain::market::{Body, Event, Instrument, Nanos};
use crate::feeds::kafka::{
    DEAD_LETTER_TOPIC, KafkaError, Letter, MARKET_TOPIC, StateWriter, Writer,
};
use crate::telemetry::{DeadLetterLabel, metrics};
use crate::wire::record;

const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Longer than the writer tries a record, so that its fate is known.
const FLUSH_PATIENCE: Duration = Duration::from_secs(35);
/// The same once the hub is to stop.
const LAST_FLUSH_PATIENCE: Duration = Duration::from_secs(5);
/// What is left of a dead letter that Kafka refuses, in bytes.
const TRUNCATED_BYTES: usize = 64 * 1024;

/// A round of saving takes no longer.
const ROUND_MAX: Duration = Duration::from_secs(60);
/// Dead letters not known to have arrived before the keeper waits for them: how many, how many bytes.
const UNBURIED_MAX: (usize, usize) = (256, 32 * 1024 * 1024);

/// The keeper.
pub struct Keeper {
    settings: config::Kafka,
    writer: Writer,
    rounds: Arc<Rounds>,
    stop: Arc<AtomicBool>,
    round: Option<(Round, Instant)>,
    came: usize,
    forget: HashMap<(i32, Instrument), Vec<(i64, u64)>>,
    left: HashMap<(i32, Instrument), Vec<(i64, u64)>>,
    /// Dead letters that are not known to have arrived; sent again after a failure.
    unburied: Vec<DeadLetter>,
    /// Whether brokers take no letters as large as records may be.
    cuts: bool,
    ok: bool,
}

impl Keeper {
    /// A keeper that writes through `writer`.
    #[must_use]
    pub fn new(
        settings: config::Kafka,
        writer: Writer,
        rounds: Arc<Rounds>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            settings,
            writer,
            rounds,
            round: None,
            came: 0,
            forget: HashMap::new(),
            left: HashMap::new(),
            unburied: Vec::new(),
            cuts: false,
            ok: true,
            stop,
        }
    }

    /// Works until told to stop.
    pub fn run(mut self, errands: &ErrandsTaken) {
        loop {
            match errands.next(Duration::from_secs(1)) {
                Ok(Errand::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(errand) => self.take(errand),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.end_overdue_round();
        }
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the last records were not delivered");
        }
    }

    fn take(&mut self, errand: Errand) {
        match errand {
            Errand::DeadLetter(letter) => {
                let label = DeadLetterLabel { reason: letter.reason.clone() };
                metrics().dead_letters.get_or_create(&label).inc();
                tracing::warn!(
                    reason = letter.reason,
                    partition = letter.partition,
                    offset = letter.offset,
                    "a record was refused"
                );
                self.bury(&letter);
                self.unburied.push(letter);
                let bytes: usize = self.unburied.iter().map(DeadLetter::bytes).sum();
                if UNBURIED_MAX.0 < self.unburied.len() || UNBURIED_MAX.1 < bytes {
                    self.confirm_burials();
                }
            }
            Errand::Round(round) => {
                self.came = 0;
                self.round = Some((round, Instant::now()));
                self.finish_if_whole();
            }
            Errand::Saved(saved) => self.store(saved),
            Errand::GiveUp => {
                self.ok = false;
                self.came += 1;
                self.finish_if_whole();
            }
            Errand::Heartbeat { name, partition, ts } => self.beat(&name, partition, ts),
            Errand::Remove { partition, name, from } => {
                let states = StateWriter::new(&self.writer, &self.settings, partition);
                // First the place, so that whoever finds no state begins where it can be made anew.
                let outcome =
                    states.position(&from).and_then(|()| states.remove(name.as_str(), &[]));
                self.note(outcome, "that unreadable state is removed");
            }
            Errand::Stop => {}
        }
    }

    /// Waits until all that was written has arrived.
    fn flush(&self) -> Result<(), KafkaError> {
        self.writer.flush_while(|waited| {
            let stops = self.stop.load(Ordering::Acquire);
            waited < if stops { LAST_FLUSH_PATIENCE } else { FLUSH_PATIENCE }
        })
    }

    fn bury(&mut self, letter: &DeadLetter) {
        let topic = self.settings.topic(DEAD_LETTER_TOPIC);
        let source = self.settings.topic(MARKET_TOPIC);
        let (partition, offset) = (letter.partition.to_string(), letter.offset.to_string());
        let headers = [
            ("reason", letter.reason.as_str()),
            ("source-topic", &source),
            ("source-partition", &partition),
            ("source-offset", &offset),
            ("truncated", "true"),
        ];
        let send = |value: Option<&[u8]>, headers: &[(&str, &str)]| {
            let key = letter.key.as_deref();
            let sent = Letter { topic: &topic, partition: None, key, value, headers };
            self.writer.send(sent, SEND_PATIENCE)
        };
        let whole = letter.value.as_deref();
        let cut = whole.map(|value| &value[..value.len().min(TRUNCATED_BYTES)]);
        let outcome = if self.cuts && whole != cut {
            send(cut, &headers)
        } else {
            send(whole, &headers[..4]).or_else(|error| {
                tracing::warn!(%error, offset, partition, "a dead letter is cut");
                send(cut, &headers)
            })
        };
        self.note(outcome, "a dead letter");
    }

    /// Waits until all dead letters have arrived, however long the brokers are away: nothing may
    /// move past a record that is neither folded nor buried.
    fn confirm_burials(&mut self) {
        while let Err(error) = self.flush() {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            tracing::error!(%error, "dead letters did not arrive and are sent again");
            self.bury_again();
        }
        self.unburied.clear();
    }

    fn bury_again(&mut self) {
        // Brokers that refused a letter as too large would refuse it again.
        self.cuts |= self.writer.refused_as_too_large();
        let letters = std::mem::take(&mut self.unburied);
        letters.iter().for_each(|letter| self.bury(letter));
        self.unburied = letters;
    }

    fn store(&mut self, saved: Saved) {
        // It is told once, in time or not.
        for left in saved.left {
            self.left.insert((left.partition, saved.name.clone()), left.minutes);
        }
        if self.round.as_ref().is_none_or(|(round, _)| round.number != saved.round) {
            return;
        }
        self.came += 1;
        let states = StateWriter::new(&self.writer, &self.settings, saved.partition);
        let outcome = states.market(saved.name.as_str(), &saved.parts);
        metrics().state_saves.inc();
        // It may have come back.
        self.left.remove(&(saved.partition, saved.name.clone()));
        self.forget.insert((saved.partition, saved.name), saved.forget);
        self.note(outcome, "a market");
        self.finish_if_whole();
    }

    /// Stores the positions once every market of the round has arrived.
    fn finish_if_whole(&mut self) {
        let came = self.came;
        let Some((round, _)) = self.round.take_if(|(round, _)| round.markets <= came) else {
            return;
        };
        let arrived = self.flush();
        let buried = arrived.is_ok();
        self.note(arrived, "the markets of a round");
        if self.ok {
            self.unburied.clear();
        } else if !buried {
            self.bury_again();
        }
        if self.ok {
            let outcome = self.store_positions(&round);
            self.note(outcome, "positions");
        }
        if self.ok {
            self.left.clear();
        }
        self.forget.clear();
        let failed = !std::mem::replace(&mut self.ok, true);
        if failed {
            metrics().state_save_failures.inc();
        } else {
            metrics().state_rounds.inc();
        }
        self.rounds.failed.store(failed, Ordering::Release);
        self.rounds.open.store(false, Ordering::Release);
    }

    /// A round whose markets do not all answer fails; the next saves everything.
    fn end_overdue_round(&mut self) {
        if let Some((round, _)) = self.round.as_mut().filter(|(_, at)| ROUND_MAX < at.elapsed()) {
            tracing::error!(round = round.number, "a round of saving was not answered in time");
            round.markets = 0;
            self.ok = false;
            self.finish_if_whole();
        }
    }

    fn store_positions(&self, round: &Round) -> Result<(), KafkaError> {
        for (partition, position) in &round.positions {
            StateWriter::new(&self.writer, &self.settings, *partition).position(position)?;
        }
        self.flush()?;
        // Only what the market saved before this one named; this one is durable now.
        for ((partition, name), minutes) in &self.forget {
            let states = StateWriter::new(&self.writer, &self.settings, *partition);
            states.forget(name.as_str(), minutes)?;
        }
        for ((partition, name), minutes) in &self.left {
            let states = StateWriter::new(&self.writer, &self.settings, *partition);
            states.remove(name.as_str(), minutes)?;
        }
        if !self.left.is_empty() {
            self.flush()?;
        }
        Ok(())
    }

    fn beat(&mut self, name: &Instrument, partition: i32, ts: Nanos) {
        let body = Body::Heartbeat;
        let event = Event { ts_event: ts, ts_recv: None, seq: None, prev_seq: None, body };
        let value = record::encode(name, &event);
        let topic = self.settings.topic(MARKET_TOPIC);
        metrics().idle_heartbeats.inc();
        let outcome = self.writer.send(
            Letter {
                topic: &topic,
                partition: Some(partition),
                key: Some(name.as_str().as_bytes()),
                value: Some(value.as_bytes()),
                headers: &[("content-type", "application/json"), ("origin", "hub")],
            },
            SEND_PATIENCE,
        );
        if let Err(error) = outcome {
            tracing::warn!(%error, instrument = %name, "an idle heartbeat");
        }
    }

    fn note(&mut self, outcome: Result<(), KafkaError>, what: &str) {
        if let Err(error) = outcome {
            self.ok = false;
            tracing::error!(%error, what, "was not stored");
        }
    }
}
