//! The log is replaced or trimmed: a new epoch and a word, never a wrong number.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use tickwire::feeds::kafka::{MARKET_TOPIC, PARTITIONS, make_missing_topics};

use super::hub::TestHub;

const NAME: &str = "LOG:X";
const START: i64 = 1_772_323_200_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn admin(hub: &TestHub) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &hub.kafka.brokers).create().unwrap()
}

fn at(nth: i64, mut event: Value) -> Value {
    let ts = START + nth * SECOND;
    event["instrument"] = NAME.into();
    event["ts_event"] = ts.into();
    event["ts_recv"] = ts.into();
    event
}

fn book(nth: i64) -> Value {
    at(
        nth,
        json!({"type": "book_snapshot", "bids": [["10", "1"]], "asks": [["11", "2"]], "seq": nth}),
    )
}

fn trade(nth: i64) -> Value {
    let price = format!("{}", 10 + nth);
    at(
        nth,
        json!({"type": "trade", "trade_id": format!("t{nth}"), "price": price, "qty": "1",
                   "aggressor": "buy"}),
    )
}

async fn until_last(hub: &TestHub, price: &str) -> Value {
    hub.until(&format!("the last price is {price}"), async || {
        let (status, body) = hub.get(&format!("/api/v1/stats?instruments={NAME}")).await;
        let stats = body["stats"][0].clone();
        (status == 200 && stats["last"] == price).then_some(stats)
    })
    .await
}

async fn until_recorded(hub: &TestHub, count: &str) {
    hub.until("the trades are recorded", async || {
        let rows = hub.sql("select count(*) from market.trades").await;
        (rows[0][0].as_deref() == Some(count)).then_some(())
    })
    .await;
}

async fn until_gap(hub: &TestHub) {
    hub.until("the gap is known in SQL", async || {
        let rows = hub.sql("select reason from market.gaps where instrument = 'LOG:X'").await;
        (!rows.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_that_is_replaced_while_the_hub_runs_begins_a_new_epoch() {
    let hub = TestHub::start(&[]).await;
    for nth in 0..5 {
        hub.produce(NAME, &trade(nth));
    }
    hub.produce(NAME, &book(5));
    hub.flush();
    until_last(&hub, "14").await;
    until_recorded(&hub, "5").await;
    let mut socket = hub.connect().await;
    socket.subscribe("book.1", NAME, 0).await;
    let before = socket.next("snapshot").await;
    assert_eq!(before["data"]["state"], "live");

    let topic = hub.kafka.topic(MARKET_TOPIC);
    admin(&hub).delete_topics(&[&topic], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    hub.until("the topic can be made again", async || {
        make_missing_topics(&hub.kafka).await.ok()?;
        hub.try_produce(NAME, &trade(7)).then_some(())
    })
    .await;

    let after = socket.next("snapshot").await;
    assert_ne!(after["epoch"], before["epoch"]);
    assert_eq!(after["data"]["state"], "unsynced");
    assert_eq!(after["data"]["bids"], before["data"]["bids"]);
    // What was folded stays: the day goes on with the trades of the new log.
    let stats = until_last(&hub, "17").await;
    assert_eq!((&stats["open"], &stats["trades"]), (&json!("10"), &json!(6)));
    until_gap(&hub).await;
    let (_, bars) = hub.get(&format!("/api/v1/bars?instrument={NAME}&interval=1d")).await;
    assert_eq!((&bars["bars"][0]["trades"], &bars["bars"][0]["gap"]), (&json!(6), &json!(true)));
}

#[tokio::test]
async fn a_log_that_was_trimmed_while_the_hub_was_away_begins_a_new_epoch() {
    let mut hub = TestHub::start(&[]).await;
    hub.produce(NAME, &book(0));
    hub.produce(NAME, &trade(1));
    hub.flush();
    until_last(&hub, "11").await;
    until_recorded(&hub, "1").await;
    let mut socket = hub.connect().await;
    socket.subscribe("quote", NAME, 0).await;
    let before = socket.next("snapshot").await;
    hub.stop().await;

    hub.produce(NAME, &trade(2));
    hub.produce(NAME, &trade(3));
    hub.flush();
    let mut ends = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let topic = hub.kafka.topic(MARKET_TOPIC);
        ends.add_partition_offset(&topic, partition, Offset::End).unwrap();
    }
    admin(&hub).delete_records(&ends, &AdminOptions::new()).await.unwrap();
    hub.produce(NAME, &trade(4));
    hub.flush();

    hub.run().await;
    let stats = until_last(&hub, "14").await;
    assert_eq!(stats["trades"], 2, "the trades in between are gone, and not made up");
    let mut socket = hub.connect().await;
    let resume = json!({NAME: {"epoch": before["epoch"], "seq": before["seq"]}});
    socket
        .send(json!({"op": "subscribe", "id": 1, "channel": "quote", "instruments": [NAME],
                     "resume": resume}))
        .await;
    let after = socket.next("snapshot").await;
    assert_ne!(after["epoch"], before["epoch"]);
    assert_eq!(after["data"]["state"], "unsynced");
    until_gap(&hub).await;
}

#[tokio::test]
async fn a_log_whose_last_record_was_appended_at_another_time_is_another_one() {
    let mut hub = TestHub::start(&[]).await;
    hub.produce(NAME, &trade(1));
    hub.flush();
    until_recorded(&hub, "1").await;
    hub.stop().await;
    hub.sql("update recorder.positions set ts_append = ts_append - 1").await;

    hub.run().await;
    until_gap(&hub).await;
    assert_eq!(hub.sql("select count(*) from market.trades").await[0][0].as_deref(), Some("1"));
}
