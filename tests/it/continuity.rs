//! Kill it at any time: nothing is lost, nothing doubled, and a client goes on where it stood.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::hub::{Folded, Socket, TestHub};

/// More of the same: `TICKWIRE_TEST_KILLS=10 TICKWIRE_TEST_RATE=20000 ./test killed_again`.
fn of_environment(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn follow(socket: &mut Socket, folded: &BTreeMap<String, Folded>) {
    for channel in ["quote", "book.10", "trade", "bars.1s"] {
        let mut request = json!({
            "op": "subscribe", "id": channel, "channel": channel, "instruments": ["SIM:ACME"],
            "tick_ms": 10,
        });
        if let Some(known) = folded.get(channel) {
            request["resume"] = json!({"SIM:ACME": {"epoch": known.epoch, "seq": known.seq}});
        }
        socket.send(request).await;
    }
}

fn take_all(socket: &mut Socket, folded: &mut BTreeMap<String, Folded>) {
    for message in socket.messages.drain(..) {
        assert_ne!(message["op"], "error", "{message}");
        let Some(channel) = message["channel"].as_str() else { continue };
        if message["op"] != "subscribed" {
            folded.entry(channel.to_owned()).or_default().take(&message);
        }
    }
}

#[tokio::test]
async fn a_hub_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let kills = of_environment("TICKWIRE_TEST_KILLS", 3);
    let rate = of_environment("TICKWIRE_TEST_RATE", 4_000);
    let mut hub = TestHub::start(&[]).await;
    let start = jiff::Timestamp::now().as_nanosecond().to_string();
    // Each kill takes some seconds until the hub serves again.
    let (count, rate) = ((rate * 5 * kills).to_string(), rate.to_string());
    let arguments =
        ["sim", "--rate", &rate, "--instruments", "5", "--count", &count, "--start", &start];
    let mut feed = hub.feed_in_background(&arguments);
    hub.until("the instrument is known", async || {
        Some(hub.get("/api/v1/quotes?instruments=SIM:ACME").await.0).filter(|status| *status == 200)
    })
    .await;
    let mut folded = BTreeMap::new();
    let mut resumed = 0;
    for kill in 0..=kills {
        let mut socket = hub.connect().await;
        follow(&mut socket, &folded).await;
        for _ in 0..4 {
            socket.next("subscribed").await;
        }
        let before = folded.get("trade").map_or(0, |known: &Folded| known.seq);
        let grown = |folded: &BTreeMap<String, Folded>| {
            folded.get("trade").is_some_and(|known| before + 50 < known.seq)
        };
        while feed.try_wait().unwrap().is_none() && !(kill < kills && grown(&folded)) {
            assert!(socket.take_frame().await);
            take_all(&mut socket, &mut folded);
        }
        if kill < kills {
            hub.kill();
            hub.run().await;
            resumed += 1;
        } else {
            let quiet = Duration::from_millis(1_500);
            while tokio::time::timeout(quiet, socket.take_frame()).await.is_ok_and(|open| open) {
                take_all(&mut socket, &mut folded);
                let (_, quotes) = hub.get("/api/v1/quotes?instruments=SIM:ACME").await;
                if quotes["stale_ms"].as_u64().unwrap() > 1_000 {
                    break;
                }
            }
            take_all(&mut socket, &mut folded);
        }
    }
    assert_eq!(resumed, kills);
    assert!(folded["trade"].resumed && folded["quote"].resumed);
    let (_, book) = hub.get("/api/v1/book?instrument=SIM:ACME&depth=10").await;
    let mine = &folded["book.10"].data;
    assert_eq!((&mine["bids"], &mine["asks"]), (&book["bids"], &book["asks"]));

    recount(&hub, &start).await;
    let distinct =
        "select count(*), count(distinct trade_id), max(split_part(trade_id, '-', 2)::int)
        from market.trades where instrument = 'SIM:ACME'";
    let rows = hub.sql(distinct).await;
    assert_eq!(rows[0][0], rows[0][1], "a trade is stored twice");
    assert_eq!(rows[0][0], rows[0][2], "a trade is not stored");
    // What the client saw after its first snapshot are the last trades, all of them.
    let seen = folded["trade"].items.len() as i64;
    let stored: i64 = rows[0][0].as_ref().unwrap().parse().unwrap();
    assert!(50 * kills as i64 <= seen && seen <= stored, "{seen} of {stored}");
    let ids: Vec<&str> =
        folded["trade"].items.iter().filter_map(|item| item["trade_id"].as_str()).collect();
    let numbers: Vec<i64> =
        ids.iter().map(|id| id.rsplit_once('-').unwrap().1.parse().unwrap()).collect();
    // Every print since the first one arrived, or the client was told how many it missed.
    assert!(numbers.is_sorted(), "prints are out of order");
    let span = numbers.last().unwrap() - numbers.first().unwrap() + 1;
    assert_eq!(span, seen + folded["trade"].missed as i64, "a print is missing and was not told");
    assert_eq!(numbers.last(), Some(&stored));
}

/// Every stored bar is counted again from the stored trades, in another language.
async fn recount(hub: &TestHub, start: &str) {
    let total = async || hub.sql("select count(*) from market.trades").await[0][0].clone();
    let mut before = None;
    hub.until("recording has caught up", async || {
        let now = total().await;
        let done = now == before;
        before = now;
        if !done {
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        done.then_some(())
    })
    .await;
    let columns = "instrument, ts_ns, trade_id, price, qty, state";
    let trades =
        hub.sql(&format!("select {columns} from market.trades order by instrument, ts_ns")).await;
    let mut bars = Vec::new();
    for interval in ["1s", "1m", "5m", "15m", "1h", "4h", "1d"] {
        let rows = hub
            .sql(&format!(
                "select instrument, '{interval}', (extract(epoch from start))::bigint, open, high,
                    low, close, volume, notional, vwap, trades from market.bars_{interval}"
            ))
            .await;
        bars.extend(rows);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = json!({ "start": start, "trades": trades, "bars": bars }).to_string();
    std::fs::write(&file, text).unwrap();
    let output = Command::new("python3").arg("tests/recount.py").arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("bars equal"), "{said}");
}

#[tokio::test]
async fn a_planned_stop_says_bye_and_the_client_resumes() {
    let mut hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "5000", "--instruments", "1", "--count", "500"]);
    hub.until("the instrument is known", async || {
        Some(hub.get("/api/v1/quotes?instruments=SIM:ACME").await.0).filter(|status| *status == 200)
    })
    .await;
    let mut socket = hub.connect().await;
    socket.subscribe("quote", "SIM:ACME", 0).await;
    let snapshot = socket.next("snapshot").await;
    hub.stop().await;
    assert!(socket.next("bye").await["reconnect_after_ms"].is_u64());

    hub.run().await;
    let mut socket = hub.connect().await;
    let resume = json!({"SIM:ACME": {"epoch": snapshot["epoch"], "seq": snapshot["seq"]}});
    socket
        .send(json!({"op": "subscribe", "id": 1, "channel": "quote", "instruments": ["SIM:ACME"],
                     "tick_ms": 0, "resume": resume}))
        .await;
    let resumed = socket.next("resumed").await;
    assert_eq!((&resumed["epoch"], &resumed["seq"]), (&snapshot["epoch"], &snapshot["seq"]));
}
