//! Load scenarios that print ratios, never absolute claims: an outside client of the hub.
//!
//! `cargo run --release --bin tickwire-load -- ingest --brokers HOST:PORT` preloads records into
//! topics of its own, then lets a bare librdkafka loop that only counts, and the hub's serving
//! role, read them one after the other on the same single core, and prints their rates.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tickwire::domain::market::{Aggressor, Body, Decimal, Event, Instrument, Trade};
use tickwire::wire::record;

const PARTITIONS: i32 = 16;
const START: i64 = 1_760_000_000_000_000_000;

#[derive(Parser)]
#[command(name = "tickwire-load")]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// How fast the hub folds a log, as a share of how fast one can merely count it.
    Ingest {
        /// Kafka.
        #[arg(long)]
        brokers: String,
        /// Records, one event each: 60 % quotes, 25 % three-level deltas, 15 % trades.
        #[arg(long, default_value_t = 2_000_000)]
        records: u64,
        /// Instruments.
        #[arg(long, default_value_t = 50)]
        symbols: u64,
        /// The core that both readers run on.
        #[arg(long, default_value_t = 1)]
        core: usize,
        /// The hub's binary.
        #[arg(long, default_value = "target/release/tickwire")]
        hub: String,
    },
    /// Reads a topic and only counts; what the hub is compared with.
    Count {
        /// Kafka.
        #[arg(long)]
        brokers: String,
        /// The topic.
        #[arg(long)]
        topic: String,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().scenario {
        Scenario::Ingest { brokers, records, symbols, core, hub } => {
            ingest(&brokers, records, symbols, core, &hub)
        }
        Scenario::Count { brokers, topic } => count(&brokers, &topic),
    }
}

fn ingest(brokers: &str, records: u64, symbols: u64, core: usize, hub: &str) -> anyhow::Result<()> {
    let prefix = format!("load{:08x}.", rand::random::<u32>());
    let topic = format!("{prefix}md.v1");
    make_topic(brokers, &topic)?;
    let began = Instant::now();
    preload(brokers, &topic, records, symbols)?;
    println!("{records} records of {symbols} symbols preloaded in {:.1?}", began.elapsed());
    let pin = core.to_string();
    let this = std::env::current_exe()?;
    let mut rates = Vec::new();
    for round in 1..=2 {
        let output = Command::new("taskset")
            .args(["-c", &pin])
            .arg(&this)
            .args(["count", "--brokers", brokers, "--topic", &topic])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let bare: f64 =
            text.trim().parse().with_context(|| format!("the counter said {text:?}"))?;
        let hub_rate = hub_rate(brokers, &topic, records, &pin, hub)?;
        println!(
            "round {round}: bare loop {:.0} k records/s, hub {:.0} k records/s, ratio {:.0} %",
            bare / 1e3,
            hub_rate / 1e3,
            100.0 * hub_rate / bare
        );
        rates.push(100.0 * hub_rate / bare);
    }
    let best = rates.into_iter().fold(0.0, f64::max);
    println!("ratio: {best:.0} %");
    Ok(())
}

fn make_topic(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let wanted = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1))
        .set("message.timestamp.type", "LogAppendTime");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = runtime.block_on(admin.create_topics([&wanted], &AdminOptions::new()))?;
    ensure!(made.iter().all(Result::is_ok), "{made:?}");
    Ok(())
}

fn preload(brokers: &str, topic: &str, records: u64, symbols: u64) -> anyhow::Result<()> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .set("linger.ms", "20")
        .set("queue.buffering.max.messages", "1000000")
        .create()?;
    let names: Vec<Instrument> = (0..symbols)
        .map(|nth| Instrument::parse(&format!("LOAD:S{nth:03}")))
        .collect::<Result<_, _>>()?;
    for nth in 0..records {
        let name = &names[usize::try_from(nth % symbols)?];
        let value = record::encode(name, &event(nth, symbols));
        let mut letter = BaseRecord::<str, str>::to(topic).key(name.as_str()).payload(&value);
        while let Err((_, back)) = producer.send(letter) {
            letter = back;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    producer.flush(Duration::from_secs(120))?;
    Ok(())
}

/// The nth event: the first of a symbol is its book.
fn event(nth: u64, symbols: u64) -> Event {
    let price = |at: u64| Decimal::from_mantissa(1_000_000 + at.cast_signed(), 2);
    let qty = |at: u64| Decimal::from_mantissa(1_000 + (at % 977).cast_signed(), 3);
    let level = |at: u64| (price(at), qty(at ^ nth));
    let ts_event = START + nth.cast_signed() * 50_000;
    let body = match (nth / symbols).wrapping_mul(2_654_435_761) % 100 {
        _ if nth < symbols => Body::BookSnapshot {
            bids: (0..50).map(|at| (price(at), qty(at))).collect(),
            asks: (51..101).map(|at| (price(at), qty(at))).collect(),
            checksum: None,
        },
        0..60 => Body::Quote { bid: Some(level(nth % 40)), ask: Some(level(60 + nth % 40)) },
        60..85 => Body::BookDelta {
            bids: vec![level(nth % 50), level(nth % 49)],
            asks: vec![level(51 + nth % 50)],
            checksum: None,
        },
        _ => Body::Trade(Box::new(Trade {
            trade_id: nth.to_string().into(),
            price: price(50 + nth % 3),
            qty: qty(nth),
            aggressor: Some(Aggressor::Buy),
            count: 1,
            conditions: "".into(),
        })),
    };
    Event { ts_event, ts_recv: Some(ts_event), seq: None, prev_seq: None, body }
}

/// The settings that let librdkafka fetch as fast as it can, the same as the hub's.
fn count(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "tickwire-load-count")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "262144")
        .create()?;
    let mut total = 0;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let (low, high) = consumer.fetch_watermarks(topic, partition, Duration::from_secs(10))?;
        total += u64::try_from(high - low)?;
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut seen, mut began) = (0_u64, None);
    while seen < total {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            message?;
            seen += 1;
            began.get_or_insert_with(Instant::now);
        }
    }
    let took = began.context("the topic is empty")?.elapsed();
    println!("{}", seen as f64 / took.as_secs_f64());
    Ok(())
}

/// Ends the hub when the measurement ends, however it does.
struct Hub(Child);

impl Drop for Hub {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn hub_rate(brokers: &str, topic: &str, records: u64, pin: &str, hub: &str) -> anyhow::Result<f64> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    // Nothing is saved within a round: the next hub begins at the log's start again.
    let (state_prefix, _) = topic.split_at(topic.len() - "md.v1".len());
    let child = Command::new("taskset")
        .args(["-c", pin, hub, "hub", "--roles", "serve"])
        .env("TICKWIRE_KAFKA__BROKERS", brokers)
        .env("TICKWIRE_KAFKA__PREFIX", state_prefix)
        .env("TICKWIRE_KAFKA__SAVE_EVERY_MS", "600000")
        .env("TICKWIRE_HTTP__BIND", format!("127.0.0.1:{port}"))
        .env("TICKWIRE_HTTP__WORKERS", "1")
        .env("TICKWIRE_HTTP__SYMBOL_THREADS", "1")
        .env("TICKWIRE_LOG__FILTER", "warn")
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| hub.to_owned())?;
    let _hub = Hub(child);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut first: Option<(Instant, u64)> = None;
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            ensure!(Instant::now() < deadline, "the hub did not fold all records in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
            let Some(seen) = events_folded(port).await else { continue };
            if first.is_none() && records / 20 < seen {
                first = Some((Instant::now(), seen));
            }
            if records <= seen {
                let (began, before) = first.context("it was over before it was seen")?;
                return Ok((seen - before) as f64 / began.elapsed().as_secs_f64());
            }
        }
    })
}

/// The hub's own count, read as any monitoring would.
async fn events_folded(port: u16) -> Option<u64> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    let line = text.lines().find(|line| line.starts_with("tickwire_events_total "))?;
    line.rsplit_once(' ')?.1.parse().ok()
}
