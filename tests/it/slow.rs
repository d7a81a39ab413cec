//! Clients that do not read: they are told less, then closed; nobody else notices.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hub::{Folded, Socket, TestHub, narrow_connection};

/// Loud ones: each event changes a deep book, and raw followers get each by itself.
const LOUD: [&str; 3] = ["book.1000", "quote", "trade"];

async fn known(hub: &TestHub) {
    hub.feed(&["sim", "--rate", "5000", "--instruments", "3", "--count", "300"]);
    hub.until("the instruments are known", async || {
        let (status, _) = hub.get("/api/v1/stats?instruments=SIM:ACME").await;
        (status == 200).then_some(())
    })
    .await;
}

async fn names(hub: &TestHub) -> Vec<String> {
    let (_, list) = hub.get("/api/v1/instruments").await;
    let names = list["instruments"].as_array().unwrap().iter();
    names.map(|one| one["instrument"].as_str().unwrap().to_owned()).collect()
}

async fn follow_all(socket: &mut Socket, names: &[String]) {
    for channel in LOUD {
        socket
            .send(json!({"op": "subscribe", "id": channel, "channel": channel,
                         "instruments": names, "tick_ms": 0}))
            .await;
    }
}

/// Folds what came; every change must follow the one before.
fn fold(socket: &mut Socket, folded: &mut BTreeMap<(String, String), Folded>) -> u64 {
    let mut conflated = 0;
    for message in socket.messages.drain(..) {
        assert_ne!(message["op"], "error", "{message}");
        let (Some(channel), Some(name)) =
            (message["channel"].as_str(), message["instrument"].as_str())
        else {
            continue;
        };
        conflated += u64::from(message["con"] == true);
        folded.entry((channel.into(), name.into())).or_default().take(&message);
    }
    conflated
}

/// Reads until nothing comes any more but heartbeats.
async fn read_out(socket: &mut Socket, folded: &mut BTreeMap<(String, String), Folded>) -> u64 {
    let (mut conflated, mut heard) = (0, Instant::now());
    while heard.elapsed() < Duration::from_secs(2) {
        let waited = tokio::time::timeout(Duration::from_millis(200), socket.take_frame()).await;
        if !waited.unwrap_or(true) {
            break;
        }
        if socket.messages.iter().any(|message| message["channel"].is_string()) {
            heard = Instant::now();
        }
        conflated += fold(socket, folded);
    }
    conflated
}

async fn same_as_rest(hub: &TestHub, folded: &BTreeMap<(String, String), Folded>, name: &str) {
    let (_, book) = hub.get(&format!("/api/v1/book?instrument={name}&depth=1000")).await;
    let ours: &Folded = &folded[&("book.1000".to_owned(), name.to_owned())];
    assert_eq!((&ours.data["bids"], &ours.data["asks"]), (&book["bids"], &book["asks"]));
    assert_eq!(Value::from(ours.seq), book["seq"]);
}

#[tokio::test]
async fn who_pauses_is_told_merged_changes_and_who_stands_still_is_closed_with_4008() {
    let hub = TestHub::start(&[
        ("LIMITS__SESSION_FROZEN_MS", "4000"),
        ("LIMITS__SESSION_MAILBOX_FRAMES", "16"),
    ])
    .await;
    known(&hub).await;
    let names = names(&hub).await;
    let mut healthy = hub.connect().await;
    let mut slow = narrow_connection(&hub.ws_url()).await;
    let mut frozen = narrow_connection(&hub.ws_url()).await;
    for socket in [&mut healthy, &mut slow, &mut frozen] {
        follow_all(socket, &names).await;
    }
    let mut feed = hub.feed_in_background(&[
        "sim",
        "--rate",
        "6000",
        "--instruments",
        "3",
        "--count",
        "60000",
    ]);
    let (mut all, mut merged) = (BTreeMap::new(), BTreeMap::new());
    let mut conflated = 0;
    // The slow one reads once its frames are refused, and catches up before it is too slow.
    while feed.try_wait().unwrap().is_none() {
        assert!(healthy.take_frame().await);
        assert_eq!(fold(&mut healthy, &mut all), 0, "a client that reads is never conflated");
        if 0 < hub.metric("tickwire_session_frames_refused_total", "").await && conflated == 0 {
            conflated += read_out(&mut slow, &mut merged).await;
        }
    }
    hub.until("the frozen one is closed", async || {
        (hub.metric("tickwire_sessions_too_slow_total", "").await == 1).then_some(())
    })
    .await;
    read_out(&mut healthy, &mut all).await;
    conflated += read_out(&mut slow, &mut merged).await;

    assert!(0 < conflated, "merged changes say so");
    assert_eq!(slow.closed, None);
    for name in &names {
        same_as_rest(&hub, &all, name).await;
        same_as_rest(&hub, &merged, name).await;
        let trades = &all[&("trade".to_owned(), name.clone())];
        assert_eq!(trades.missed, 0);
    }
    // It finds what it was sent until then, and why that is all.
    while frozen.take_frame().await {}
    assert_eq!(frozen.closed, Some(4008));
    assert_eq!(hub.metric("tickwire_sessions_cut_total", "").await, 0);
}

#[tokio::test]
async fn who_does_not_even_take_the_close_frame_is_cut() {
    let hub = TestHub::start(&[
        ("LIMITS__SESSION_FROZEN_MS", "500"),
        ("LIMITS__SESSION_CLOSING_MS", "500"),
        ("LIMITS__SESSION_MAILBOX_FRAMES", "16"),
    ])
    .await;
    known(&hub).await;
    let mut frozen = narrow_connection(&hub.ws_url()).await;
    follow_all(&mut frozen, &names(&hub).await).await;
    let mut feed = hub.feed_in_background(&[
        "sim",
        "--rate",
        "6000",
        "--instruments",
        "3",
        "--count",
        "60000",
    ]);
    hub.until("the frozen one is cut", async || {
        (hub.metric("tickwire_sessions_cut_total", "").await == 1).then_some(())
    })
    .await;
    hub.until("its session is gone", async || {
        (hub.metric("tickwire_sessions ", "").await == 0).then_some(())
    })
    .await;
    feed.kill().unwrap();
    feed.wait().unwrap();
}
