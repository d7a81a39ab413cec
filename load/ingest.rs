//! How fast the hub folds a log, as a share of how fast one can merely count it.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tickwire::domain::market::{Aggressor, Body, Decimal, Event, Instrument, Trade};
use tickwire::wire::record;

use crate::hub::{Hub, PARTITIONS, Wanted, fresh_prefix, make_topic};

const START: i64 = 1_760_000_000_000_000_000;

pub fn ingest(
    brokers: &str,
    records: u64,
    symbols: u64,
    core: usize,
    hub: &str,
) -> anyhow::Result<()> {
    let prefix = fresh_prefix();
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
        let hub_rate = hub_rate(brokers, &prefix, records, core, hub)?;
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
pub fn count(brokers: &str, topic: &str) -> anyhow::Result<()> {
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

fn hub_rate(
    brokers: &str,
    prefix: &str,
    records: u64,
    core: usize,
    binary: &str,
) -> anyhow::Result<f64> {
    // Nothing is saved within a round: the next hub begins at the log's start again.
    let settings = [("KAFKA__SAVE_EVERY_MS", "600000")];
    let core = Some(core);
    let hub =
        Hub::start(&Wanted { binary, roles: "serve", brokers, prefix, core, settings: &settings })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut first: Option<(Instant, f64)> = None;
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            ensure!(Instant::now() < deadline, "the hub did not fold all records in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
            let Some(seen) = hub.metric("tickwire_events_total").await else { continue };
            if first.is_none() && records as f64 / 20.0 < seen {
                first = Some((Instant::now(), seen));
            }
            if records as f64 <= seen {
                let (began, before) = first.context("it was over before it was seen")?;
                return Ok((seen - before) / began.elapsed().as_secs_f64());
            }
        }
    })
}
