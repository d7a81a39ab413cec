//! Clients that do not read: they are told less, then closed; nobody else notices.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hub::{Folded, PATIENCE, Socket, TestHub, narrow_connection};

/// Loud ones: almost every event changes a deep book.
const LOUD: [&str; 3] = ["book.1000", "quote", "trade"];

/// Some hundred frames fill it: it needs no feed that takes a whole machine.
const SMALL_BUFFER: (&str, &str) = ("LIMITS__SESSION_SEND_BUFFER_BYTES", "16384");

async fn known(hub: &TestHub) {
    hub.feed(&["sim", "--rate", "5000", "--instruments", "3", "--count", "300"]);
    hub.until("the instruments are known", async || {
        let (status, _) = hub.get("/api/v1/stats?instruments=SIM:ACME").await;
        (status == 200).then_some(())
    })
    .await;
}

/// More than a narrow connection takes, until it is killed.
fn loud_feed(hub: &TestHub) -> Child {
    hub.feed_in_background(&["sim", "--rate", "1000", "--instruments", "3"])
}

fn end(mut feed: Child) {
    feed.kill().unwrap();
    feed.wait().unwrap();
}

async fn names(hub: &TestHub) -> Vec<String> {
    let (_, list) = hub.get("/api/v1/instruments").await;
    let names = list["instruments"].as_array().unwrap().iter();
    names.map(|one| one["instrument"].as_str().unwrap().to_owned()).collect()
}

async fn follow_all(socket: &mut Socket, names: &[String], tick_ms: u64) {
    for channel in LOUD {
        socket
            .send(json!({"op": "subscribe", "id": channel, "channel": channel,
                         "instruments": names, "tick_ms": tick_ms}))
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
        // Long enough for one that reads again on a busy machine.
        ("LIMITS__SESSION_FROZEN_MS", "12000"),
        ("LIMITS__SESSION_MAILBOX_FRAMES", "256"),
        SMALL_BUFFER,
    ])
    .await;
    known(&hub).await;
    let names = names(&hub).await;
    let mut healthy = hub.connect().await;
    let mut slow = narrow_connection(&hub.ws_url()).await;
    // Ten frames a second: on a busy machine too its mailbox never fills.
    follow_all(&mut healthy, &names, 100).await;
    follow_all(&mut slow, &names, 0).await;
    let feed = loud_feed(&hub);
    let (mut all, mut merged) = (BTreeMap::new(), BTreeMap::new());
    let (fed, conflated) = (Cell::new(false), Cell::new(0));
    let follow = async {
        while !fed.get() {
            assert!(healthy.take_frame().await);
            assert_eq!(fold(&mut healthy, &mut all), 0, "a client that reads is never conflated");
        }
        assert_eq!(read_out(&mut healthy, &mut all).await, 0);
    };
    // It pauses until its frames are refused (nobody else's can be), then reads to the end.
    let catch_up = async {
        hub.until("frames are refused", async || {
            (0 < hub.metric("tickwire_session_frames_refused_total", "").await).then_some(())
        })
        .await;
        while !fed.get() {
            let read = tokio::time::timeout(Duration::from_millis(200), slow.take_frame()).await;
            assert!(read.unwrap_or(true), "who reads again is not closed: {:?}", slow.closed);
            conflated.set(conflated.get() + fold(&mut slow, &mut merged));
        }
        read_out(&mut slow, &mut merged).await;
    };
    // One that never reads comes once the slow one has caught up.
    let stand_still = async {
        let limit = 2 * PATIENCE;
        hub.until_within(limit, "merged changes say so", async || {
            (0 < conflated.get()).then_some(())
        })
        .await;
        let mut frozen = narrow_connection(&hub.ws_url()).await;
        follow_all(&mut frozen, &names, 0).await;
        hub.until_within(limit, "the frozen one is closed", async || {
            (hub.metric("tickwire_sessions_too_slow_total", "").await == 1).then_some(())
        })
        .await;
        end(feed);
        fed.set(true);
        frozen
    };
    let ((), (), mut frozen) = tokio::join!(follow, catch_up, stand_still);

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
        SMALL_BUFFER,
    ])
    .await;
    known(&hub).await;
    let mut frozen = narrow_connection(&hub.ws_url()).await;
    follow_all(&mut frozen, &names(&hub).await, 0).await;
    let feed = loud_feed(&hub);
    hub.until("the frozen one is cut", async || {
        (hub.metric("tickwire_sessions_cut_total", "").await == 1).then_some(())
    })
    .await;
    hub.until("its session is gone", async || {
        (hub.metric("tickwire_sessions", "").await == 0).then_some(())
    })
    .await;
    end(feed);
}
