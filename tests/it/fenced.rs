//! Others that believe to have what the hub has: a member of the group that takes its lasting name, as the
//! brokers think of a hub that they gave up and that comes back; a recorder of the same partition.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::{Value, json};
use tickwire::feeds::kafka::{MARKET_TOPIC, PARTITIONS};

use super::hub::TestHub;

const NAME: &str = "FEN:CED";

fn trade(nth: i64) -> Value {
    let ts = 1_772_359_200_000_000_000 + nth * 1_000_000;
    json!({"type": "trade", "instrument": NAME, "ts_event": ts, "ts_recv": ts, "qty": "1",
           "trade_id": format!("t{nth}"), "price": "100", "aggressor": null})
}

async fn until_trades(hub: &TestHub, count: u64) {
    hub.until(&format!("{count} trades"), async || {
        let (_, stats) = hub.get(&format!("/api/v1/stats?instruments={NAME}")).await;
        (stats["stats"][0]["trades"] == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reader_whose_name_was_taken_begins_anew_and_its_sessions_notice_nothing() {
    let hub = TestHub::start(&[]).await;
    hub.produce(NAME, &trade(0));
    hub.flush();
    until_trades(&hub, 1).await;
    let mut socket = hub.connect().await;
    socket.subscribe("trade", NAME, 0).await;
    let first = socket.next("snapshot").await;

    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let member = format!("{}-{}", host.trim(), hub.setting("TICKWIRE_HTTP__BIND"));
    let member: String =
        member.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let thief: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &hub.kafka.brokers)
        .set("group.id", hub.kafka.topic("tickwire-serve"))
        .set("group.instance.id", &member)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "10000")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    thief.subscribe(&[&hub.kafka.topic(MARKET_TOPIC)]).unwrap();
    hub.until("the name is taken", async || {
        thief.poll(Duration::from_millis(100));
        let held = thief.assignment().unwrap().count();
        (held == PARTITIONS as usize).then_some(())
    })
    .await;
    tokio::task::spawn_blocking(move || drop(thief)).await.unwrap();

    hub.until("the hub was told so, and began anew", async || {
        (1 <= hub.metric("tickwire_kafka_clients_replaced_total", "").await).then_some(())
    })
    .await;
    for nth in 1..=20 {
        hub.produce(NAME, &trade(nth));
    }
    hub.flush();
    until_trades(&hub, 21).await;
    let mut seq = first["seq"].as_u64().unwrap();
    while seq < 21 {
        let event = socket.next("event").await;
        assert_eq!(event["first"], seq + 1, "{event}");
        assert_eq!(event["missed"], Value::Null);
        seq = event["last"].as_u64().unwrap();
    }
    hub.until_recorded().await;
}

#[tokio::test]
async fn a_recorder_that_was_overtaken_stores_nothing_and_goes_on_from_what_is_stored() {
    let hub = TestHub::start(&[]).await;
    for nth in 0..5 {
        hub.produce(NAME, &trade(nth));
    }
    hub.flush();
    hub.until_recorded().await;
    // As another recorder would that has the partition now, and is two records behind.
    hub.sql(
        "update recorder.positions set next_offset = next_offset - 2,
            fold_offset = least(fold_offset, next_offset - 2) where 2 < next_offset",
    )
    .await;
    for nth in 5..10 {
        hub.produce(NAME, &trade(nth));
    }
    hub.flush();
    hub.until("it noticed", async || {
        (1 <= hub.metric("tickwire_recorder_failures_total", "").await).then_some(())
    })
    .await;
    hub.until_recorded().await;
    let rows = hub.sql("select count(*), count(distinct trade_id) from market.trades").await;
    assert_eq!(rows, [[Some("10".to_owned()), Some("10".to_owned())]]);
    let (_, days) = hub.get(&format!("/api/v1/bars?instrument={NAME}&interval=1d")).await;
    assert_eq!(days["bars"][0]["trades"], 10, "{days}");
}
