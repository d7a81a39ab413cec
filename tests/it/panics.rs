//! A panic in one symbol interrupts that symbol alone.

use serde_json::{Value, json};

use super::hub::{Folded, Socket, TestHub};

const BROKEN: &str = "PAN:BROKEN";
const HEALTHY: &str = "PAN:HEALTHY";
const START: i64 = 1_772_359_200_000_000_000;

fn trade(name: &str, nth: i64, conditions: &[&str]) -> Value {
    let ts = START + nth * 1_000_000;
    json!({"type": "trade", "instrument": name, "ts_event": ts, "ts_recv": ts, "qty": "1",
           "trade_id": format!("t{nth}"), "price": format!("{}", 100 + nth), "aggressor": null,
           "conditions": conditions})
}

async fn until_folded(socket: &mut Socket, folded: &mut Folded, name: &str, last_id: &str) {
    while folded.items.last().is_none_or(|item| item["trade_id"] != last_id) {
        let message = socket
            .wait_for(name, |message| {
                message["instrument"] == name && message["channel"] == "trade"
            })
            .await;
        if message["op"] != "subscribed" {
            folded.take(&message);
        }
    }
}

#[tokio::test]
async fn a_symbol_that_panics_is_rebuilt_and_the_others_notice_nothing() {
    let hub = TestHub::start(&[]).await;
    for name in [BROKEN, HEALTHY] {
        hub.produce(name, &trade(name, 0, &[]));
    }
    hub.flush();
    for name in [BROKEN, HEALTHY] {
        hub.until("the instrument is known", async || {
            let (status, _) = hub.get(&format!("/api/v1/stats?instruments={name}")).await;
            (status == 200).then_some(())
        })
        .await;
    }
    let mut socket = hub.connect().await;
    for name in [BROKEN, HEALTHY] {
        socket.subscribe("trade", name, 0).await;
    }
    for nth in 1..=20 {
        for name in [BROKEN, HEALTHY] {
            hub.produce(name, &trade(name, nth, &[]));
        }
    }
    hub.produce(BROKEN, &trade(BROKEN, 21, &["panic!"]));
    for nth in 22..=40 {
        for name in [BROKEN, HEALTHY] {
            hub.produce(name, &trade(name, nth, &[]));
        }
    }
    hub.flush();

    let mut healthy = Folded::default();
    until_folded(&mut socket, &mut healthy, HEALTHY, "t40").await;
    assert_eq!((healthy.items.len(), healthy.missed), (39, 0));
    let mut broken = Folded::default();
    until_folded(&mut socket, &mut broken, BROKEN, "t40").await;
    assert_eq!((broken.items.len(), broken.missed), (39, 0), "all but the one put aside");
    assert_eq!(hub.metric("tickwire_symbol_panics_total", "").await, 2);
    assert_eq!(hub.metric("tickwire_dead_letters_total", "panicked").await, 1);
    let (_, stats) = hub.get(&format!("/api/v1/stats?instruments={BROKEN}")).await;
    assert_eq!(
        (&stats["stats"][0]["last"], &stats["stats"][0]["trades"]),
        (&json!("140"), &json!(40))
    );
}

#[tokio::test]
async fn a_session_that_panics_ends_alone() {
    let hub = TestHub::start(&[]).await;
    hub.produce(HEALTHY, &trade(HEALTHY, 0, &[]));
    hub.flush();
    hub.until("the instrument is known", async || {
        let (status, _) = hub.get(&format!("/api/v1/stats?instruments={HEALTHY}")).await;
        (status == 200).then_some(())
    })
    .await;
    // One thread holds all connections of a test hub.
    let (mut doomed, mut neighbour) = (hub.connect().await, hub.connect().await);
    for socket in [&mut doomed, &mut neighbour] {
        socket.subscribe("trade", HEALTHY, 0).await;
        socket.next("snapshot").await;
    }
    doomed.send(json!({"op": "ping", "id": "panic!"})).await;
    while doomed.take_frame().await {}

    for nth in 1..=20 {
        hub.produce(HEALTHY, &trade(HEALTHY, nth, &[]));
    }
    hub.flush();
    let mut healthy = Folded { seq: 1, ..Folded::default() };
    until_folded(&mut neighbour, &mut healthy, HEALTHY, "t20").await;
    assert_eq!((healthy.items.len(), healthy.missed), (20, 0));
    hub.until("its place is free", async || {
        (hub.metric("tickwire_sessions", "").await == 1).then_some(())
    })
    .await;
    assert_eq!(hub.metric("tickwire_session_panics_total", "").await, 1);
    let mut again = hub.connect().await;
    again.subscribe("trade", HEALTHY, 0).await;
    assert_eq!(again.next("snapshot").await["seq"], 21);
}

#[tokio::test]
async fn a_record_that_the_recorder_panics_at_is_put_aside_and_named_in_the_gaps() {
    let hub = TestHub::start(&[]).await;
    for nth in 0..=20 {
        hub.produce(HEALTHY, &trade(HEALTHY, nth, &[]));
        let conditions: &[&str] = if nth == 10 { &["panic in the recorder!"] } else { &[] };
        hub.produce(BROKEN, &trade(BROKEN, nth, conditions));
    }
    hub.flush();
    hub.until_recorded().await;
    let rows = hub
        .sql(
            "select instrument, count(*), count(distinct trade_id) from market.trades
             group by instrument order by instrument",
        )
        .await;
    let row = |name: &str, count: &str| [name, count, count].map(|text| Some(text.to_owned()));
    assert_eq!(rows, [row(BROKEN, "20"), row(HEALTHY, "21")]);
    let gaps = hub.sql("select instrument, reason from market.gaps").await;
    let named = [BROKEN, "a record could not be folded"].map(|text| Some(text.to_owned()));
    assert_eq!(gaps, [named]);
    assert_eq!(hub.metric("tickwire_recorder_panics_total", "").await, 1);
    let (_, stats) = hub.get(&format!("/api/v1/stats?instruments={BROKEN}")).await;
    assert_eq!(stats["stats"][0]["trades"], 21, "the symbols fold it all the same");
}
