//! Many sockets that all follow the same quotes: does one core keep up, and what does an update cost?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::hub::{Hub, Wanted, fresh_prefix, make_topic, stay_on};
use crate::quotes::{Feed, Times, instrument, now_ns};
use crate::socket::Socket;

/// Sockets that read every message and check that none is missing; the others only count.
const CHECKED: usize = 5;

pub struct Scenario {
    pub brokers: String,
    pub hub: String,
    pub sockets: usize,
    pub quotes: usize,
    pub tick_ms: u64,
    pub seconds: u64,
    pub core: usize,
}

#[derive(Default)]
struct Counted {
    frames: AtomicU64,
    updates: AtomicU64,
    bytes: AtomicU64,
    over: AtomicBool,
}

pub fn run(scenario: &Scenario) -> anyhow::Result<()> {
    stay_on(scenario.core ^ 1)?;
    let prefix = fresh_prefix();
    let topic = format!("{prefix}md.v1");
    make_topic(&scenario.brokers, &topic)?;
    let hub = Hub::start(&Wanted {
        binary: &scenario.hub,
        roles: "serve",
        brokers: &scenario.brokers,
        prefix: &prefix,
        core: Some(scenario.core),
        settings: &[],
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(scenario, &hub, &topic))
}

async fn measure(scenario: &Scenario, hub: &Hub, topic: &str) -> anyhow::Result<()> {
    let &Scenario { sockets, quotes, tick_ms, seconds, .. } = scenario;
    hub.until_ready().await?;
    // Twice a tick, so that every tick finds every quote changed.
    let every = Duration::from_millis(tick_ms) / 2;
    let feed = Feed::start(&scenario.brokers, topic, quotes, every)?;
    while hub.metric("tickwire_instruments").await.is_none_or(|known| known < quotes as f64) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let counted = Arc::new(Counted::default());
    let mut checked = Vec::new();
    for nth in 0..sockets {
        if nth < CHECKED {
            checked.push(tokio::spawn(check(hub.port, quotes, tick_ms, counted.clone())));
        } else {
            tokio::spawn(count(hub.port, quotes, tick_ms, counted.clone()));
        }
        if nth % 50 == 49 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    while hub.metric("tickwire_sessions").await.is_none_or(|open| open < sockets as f64) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Everybody's snapshot is behind by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let read =
        |counted: &Counted| (load(&counted.frames), load(&counted.updates), load(&counted.bytes));
    let refused = "tickwire_session_frames_refused_total";
    let (before, cpu_before, began) = (read(&counted), hub.cpu_s()?, Instant::now());
    let refused_before = hub.metric(refused).await.context(refused)?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (after, cpu_s, took_s) =
        (read(&counted), hub.cpu_s()? - cpu_before, began.elapsed().as_secs_f64());
    let refused_s = hub.metric(refused).await.context(refused)? - refused_before;
    drop(feed);
    counted.over.store(true, Ordering::Release);
    let mut times = Times::default();
    for socket in checked {
        times.join(socket.await??);
    }
    let updates = after.1 - before.1;
    let wanted = (sockets * quotes) as f64 * 1_000.0 / tick_ms as f64;
    println!("{sockets} sockets × {quotes} quotes × {} ticks/s, hub on one core", 1_000 / tick_ms);
    println!(
        "delivered      {:.0} k updates/s of {:.0} k ({:.1} %), {:.0} k frames/s, {:.1} MiB/s",
        updates / took_s / 1e3,
        wanted / 1e3,
        100.0 * updates / took_s / wanted,
        (after.0 - before.0) / took_s / 1e3,
        (after.2 - before.2) / took_s / f64::from(1 << 20)
    );
    println!(
        "hub            {:.0} % of its core, {:.2} µs an update, {:.0} MiB resident",
        100.0 * cpu_s / took_s,
        1e6 * cpu_s / updates,
        hub.resident_mib()?
    );
    println!(
        "falling behind {refused_s:.0} frames refused by mailboxes, {:.0} sessions conflated",
        hub.metric("tickwire_conflations_total").await.unwrap_or(0.0)
    );
    println!(
        "quote to client p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms ({} updates, none missing)",
        times.quantile(500),
        times.quantile(990),
        times.quantile(999),
        times.len()
    );
    Ok(())
}

fn subscription(quotes: usize, tick_ms: u64) -> Value {
    let instruments: Vec<String> = (0..quotes).map(instrument).collect();
    json!({"op": "subscribe", "id": 1, "channel": "quote", "instruments": instruments,
           "tick_ms": tick_ms})
}

/// Reads as cheaply as can be: the number of messages stands at the head of a frame's array.
async fn count(
    port: u16,
    quotes: usize,
    tick_ms: u64,
    counted: Arc<Counted>,
) -> anyhow::Result<()> {
    let mut socket = Socket::open(port, "tickwire.v1.msgpack").await?;
    let command = rmp_serde::to_vec_named(&subscription(quotes, tick_ms))?;
    socket.send(true, &command).await?;
    while !counted.over.load(Ordering::Acquire) {
        let frame = socket.next().await?;
        let messages = match frame[..] {
            [first @ 0x90..=0x9f, ..] => u64::from(first & 0x0f),
            [0xdc, high, low, ..] => u64::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        counted.frames.fetch_add(1, Ordering::Relaxed);
        counted.updates.fetch_add(messages, Ordering::Relaxed);
        counted.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Reads everything; a gap ends the measurement.
async fn check(
    port: u16,
    quotes: usize,
    tick_ms: u64,
    counted: Arc<Counted>,
) -> anyhow::Result<Times> {
    let mut socket = Socket::open(port, "tickwire.v1.json").await?;
    socket.send(false, subscription(quotes, tick_ms).to_string().as_bytes()).await?;
    let mut last = std::collections::HashMap::new();
    let mut times = Times::default();
    while !counted.over.load(Ordering::Acquire) {
        let frame = socket.next().await?;
        let now_us = now_ns() / 1_000;
        let messages: Vec<Value> = serde_json::from_slice(&frame)?;
        counted.frames.fetch_add(1, Ordering::Relaxed);
        counted.updates.fetch_add(messages.len() as u64, Ordering::Relaxed);
        counted.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
        for message in messages {
            let Some(name) = message["instrument"].as_str() else { continue };
            match message["op"].as_str() {
                Some("snapshot") => {
                    last.insert(name.to_owned(), message["seq"].as_u64());
                }
                Some("delta") => {
                    let known = last.get(name).copied().flatten().context("no snapshot")?;
                    ensure!(message["first"] == known + 1, "a gap after {known}: {message}");
                    last.insert(name.to_owned(), message["last"].as_u64());
                    if let Some(ts_us) = message["data"]["ts"].as_i64() {
                        times.add((now_us - ts_us) as f64 / 1e3);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(times)
}
