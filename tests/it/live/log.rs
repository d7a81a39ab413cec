//! The log as a hub folds it, held to the venue's true books at every event.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tickwire::domain::market::{Body, Market, MarketState};
use tickwire::feeds::kafka::{MARKET_TOPIC, PARTITIONS};
use tickwire::wire::ingest;

use super::venue::{Top, Venue, fold, top};

/// What the log said of an instrument so far.
pub struct Followed {
    pub market: Market,
    /// Every state that the book had, in order, without repeats.
    pub states: Vec<MarketState>,
    pub snapshots: usize,
    pub heartbeats: usize,
    /// Moments at which the book was compared.
    pub compared: usize,
    /// Where among the true tops the last one was found.
    at: usize,
    last_ts: i64,
}

/// The log.
pub struct Log {
    consumer: BaseConsumer,
    venue: Venue,
    pub followed: BTreeMap<String, Followed>,
}

impl Followed {
    pub fn state(&self) -> MarketState {
        *self.states.last().unwrap()
    }
}

impl Log {
    pub fn new(brokers: &str, venue: Venue) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "tests")
            .set("fetch.wait.max.ms", "10")
            .create()
            .unwrap();
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            all.add_partition_offset(MARKET_TOPIC, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&all).unwrap();
        let new = || Followed {
            market: Market::new("log"),
            states: vec![MarketState::Unsynced],
            snapshots: 0,
            heartbeats: 0,
            compared: 0,
            at: 0,
            last_ts: 0,
        };
        let symbols = venue.dialect.symbols().iter();
        let followed = symbols.map(|symbol| ((*symbol).to_owned(), new())).collect();
        Self { consumer, venue, followed }
    }

    /// Takes what is there.
    pub fn poll(&mut self) {
        while let Some(record) = self.consumer.poll(Duration::from_millis(2)) {
            let record = record.unwrap();
            let kind = record.headers().unwrap().get(0).value;
            let (key, value) = (record.key().unwrap(), record.payload().unwrap());
            let mut events = Vec::new();
            ingest::decode(Some(key), kind, value, &mut events).unwrap();
            let name = std::str::from_utf8(key).unwrap();
            let symbol = name.split_once(':').unwrap().1;
            let one = self.followed.get_mut(symbol).unwrap_or_else(|| panic!("{name}"));
            for event in events {
                let changes = fold(&mut one.market, &event);
                assert!(self.venue.dialect.is_ahead() || !changes.skewed, "{event:?}");
                one.snapshots += usize::from(matches!(event.body, Body::BookSnapshot { .. }));
                if matches!(event.body, Body::Heartbeat) {
                    one.heartbeats += 1;
                    assert!(one.last_ts < event.ts_event, "a heartbeat goes back");
                }
                one.last_ts = one.last_ts.max(event.ts_event);
                let state = one.market.book_state;
                if one.state() != state {
                    one.states.push(state);
                }
                let is_book =
                    matches!(event.body, Body::BookSnapshot { .. } | Body::BookDelta { .. });
                if is_book && matches!(state, MarketState::Live | MarketState::Crossed) {
                    let shown = (one.market.book().venue_seq(), top(&one.market));
                    one.at = self.venue.find(symbol, &shown, one.at);
                    one.compared += 1;
                }
            }
        }
    }
}

impl Venue {
    /// Where the true book was as it is shown: at its number, else not before the last found.
    pub fn find(&self, symbol: &str, (seq, shown): &(Option<u64>, Top), from: usize) -> usize {
        let state = self.state.lock();
        let tops = &state.tops[symbol];
        let found = match seq {
            Some(_) if !self.dialect.numbers_sockets() => {
                tops.iter().position(|(known, top)| known == seq && top == shown)
            }
            _ => tops[from..].iter().position(|(_, top)| top == shown).map(|at| from + at),
        };
        found.unwrap_or_else(|| panic!("{symbol} was never so at {seq:?}: {shown:?}"))
    }
}
