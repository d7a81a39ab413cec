//! How much later a quote reaches a socket than a bare consumer of the same log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::hub::{Hub, PARTITIONS, Wanted, fresh_prefix, make_topic, stay_on};
use crate::quotes::{Feed, Times, instrument, now_ns};
use crate::socket::Socket;

/// The pause between two rounds of the symbols' desk.
const SWEEP_MS: f64 = 10.0;
const CLASSES_MS: [u64; 3] = [0, 20, 50];
const QUOTES: usize = 20;
const EVERY: Duration = Duration::from_millis(10);

pub fn run(brokers: &str, binary: &str, seconds: u64, core: usize) -> anyhow::Result<()> {
    stay_on(core ^ 1)?;
    let prefix = fresh_prefix();
    let topic = format!("{prefix}md.v1");
    make_topic(brokers, &topic)?;
    let core = Some(core);
    let hub = Hub::start(&Wanted {
        binary,
        roles: "serve",
        brokers,
        prefix: &prefix,
        core,
        settings: &[],
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(hub.until_ready())?;
    let feed = Feed::start(brokers, &topic, QUOTES, EVERY)?;
    let over = Arc::new(AtomicBool::new(false));
    let bare = {
        let (brokers, topic, over) = (brokers.to_owned(), topic.clone(), over.clone());
        std::thread::spawn(move || bare(&brokers, &topic, &over))
    };
    let mut by_class = runtime.block_on(async {
        while hub.metric("tickwire_instruments").await.is_none_or(|known| known < QUOTES as f64) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sockets =
            CLASSES_MS.map(|tick_ms| tokio::spawn(follow(hub.port, tick_ms, over.clone())));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        over.store(true, Ordering::Release);
        let mut by_class = Vec::new();
        for socket in sockets {
            by_class.push(socket.await??);
        }
        anyhow::Ok(by_class)
    })?;
    drop(feed);
    let mut bare = bare.join().map_err(|_| anyhow::anyhow!("the bare consumer panicked"))??;
    let bare_p99 = bare.quantile(990);
    println!(
        "bare consumer    p50 {:6.1} ms, p99 {bare_p99:6.1} ms ({} quotes)",
        bare.quantile(500),
        bare.len()
    );
    for (tick_ms, times) in CLASSES_MS.into_iter().zip(&mut by_class) {
        let limit = tick_ms as f64 + SWEEP_MS + 3.0 * bare_p99;
        let p99 = times.quantile(990);
        println!(
            "socket, {tick_ms:4} ms  p50 {:6.1} ms, p99 {p99:6.1} ms: {:.0} % of tick + sweep + 3 × bare p99 = {limit:.1} ms",
            times.quantile(500),
            100.0 * p99 / limit
        );
    }
    Ok(())
}

/// The same settings as the hub's reader, and nothing behind it.
fn bare(brokers: &str, topic: &str, over: &AtomicBool) -> anyhow::Result<Times> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "tickwire-load-latency")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "262144")
        .set("fetch.wait.max.ms", "20")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::End)?;
    }
    consumer.assign(&list)?;
    let mut times = Times::default();
    while !over.load(Ordering::Acquire) {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message?;
        let value: Value = serde_json::from_slice(message.payload().unwrap_or_default())?;
        if let Some(ts_ns) = value["ts_event"].as_i64() {
            times.add((now_ns() - ts_ns) as f64 / 1e6);
        }
    }
    Ok(times)
}

async fn follow(port: u16, tick_ms: u64, over: Arc<AtomicBool>) -> anyhow::Result<Times> {
    let mut socket = Socket::open(port, "tickwire.v1.json").await?;
    let instruments: Vec<String> = (0..QUOTES).map(instrument).collect();
    let command = json!({"op": "subscribe", "id": 1, "channel": "quote",
        "instruments": instruments, "tick_ms": tick_ms});
    socket.send(false, command.to_string().as_bytes()).await?;
    let mut times = Times::default();
    while !over.load(Ordering::Acquire) {
        let frame = socket.next().await?;
        let now_us = now_ns() / 1_000;
        let messages: Vec<Value> = serde_json::from_slice(&frame)?;
        for message in messages.iter().filter(|message| message["op"] == "delta") {
            // The time of the last of the changes that a tick brings together.
            if let Some(ts_us) = message["data"]["ts"].as_i64() {
                times.add((now_us - ts_us) as f64 / 1e3);
            }
        }
    }
    Ok(times)
}
