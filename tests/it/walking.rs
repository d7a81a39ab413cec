//! The whole road once: from the log to a socket, to REST and to SQL.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::hub::{Folded, Socket, TestHub};

fn python_has_websockets() -> bool {
    let probe = Command::new("python3").args(["-c", "import websockets"]).status();
    probe.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn the_python_example_folds_exactly_what_rest_says() {
    assert!(python_has_websockets(), "python3 needs the package websockets: ./test installs it");
    let hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "5000", "--instruments", "3", "--count", "200"]);
    let known = || async { Some(hub.get("/api/v1/quotes?instruments=SIM:ACME").await.0 == 200) };
    hub.until("the instrument is known", async || known().await.filter(|known| *known)).await;
    let mut feed =
        hub.feed_in_background(&["sim", "--rate", "800", "--instruments", "3", "--count", "2000"]);
    let follow = Command::new("python3")
        .args(["docs/examples/follow.py", &hub.ws_url(), "SIM:ACME", "6"])
        .output()
        .unwrap();
    assert!(feed.wait().unwrap().success());
    assert!(follow.status.success(), "{}", String::from_utf8_lossy(&follow.stderr));
    let folded: Value = serde_json::from_slice(&follow.stdout).unwrap();

    let (_, book) = hub.get("/api/v1/book?instrument=SIM:ACME&depth=5").await;
    assert_eq!(folded["book.5"]["data"]["bids"], book["bids"]);
    assert_eq!(folded["book.5"]["data"]["asks"], book["asks"]);
    let (_, quotes) = hub.get("/api/v1/quotes?instruments=SIM:ACME").await;
    for field in ["bid", "bid_qty", "ask", "ask_qty"] {
        assert_eq!(folded["quote"]["data"][field], quotes["quotes"][0][field], "{field}");
    }
    assert!(1 < folded["quote"]["seq"].as_u64().unwrap());
}

fn python_lines(arguments: &[&str]) -> String {
    let output = Command::new("python3").args(arguments).output().unwrap();
    let (said, failed) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(said),
        String::from_utf8_lossy(failed)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_reader_written_from_the_page_alone_reads_the_golden_frames() {
    let said = python_lines(&["tests/decode_msgpack.py", "--golden", "tests/golden/frames.json"]);
    assert_eq!(said.lines().count(), 6, "{said}");
}

#[tokio::test]
async fn a_reader_written_from_the_page_alone_folds_message_pack_to_what_rest_says() {
    let hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "5000", "--instruments", "2", "--count", "100"]);
    hub.until("the instrument is known", async || {
        let (status, _) = hub.get("/api/v1/stats?instruments=SIM:ACME").await;
        (status == 200).then_some(())
    })
    .await;
    let mut feed =
        hub.feed_in_background(&["sim", "--rate", "1000", "--instruments", "2", "--count", "2000"]);
    let said = python_lines(&["tests/decode_msgpack.py", &hub.ws_url(), "SIM:ACME", "9"]);
    assert!(feed.wait().unwrap().success());
    let folded: Value = serde_json::from_str(&said).unwrap();

    let (_, book) = hub.get("/api/v1/book?instrument=SIM:ACME&depth=5").await;
    let (_, quotes) = hub.get("/api/v1/quotes?instruments=SIM:ACME").await;
    let (_, stats) = hub.get("/api/v1/stats?instruments=SIM:ACME").await;
    let (_, bars) = hub.get("/api/v1/bars?instrument=SIM:ACME&interval=1s&limit=10000").await;
    assert_eq!(folded["book.5"]["data"]["bids"], book["bids"]);
    assert_eq!(folded["book.5"]["data"]["asks"], book["asks"]);
    let same = |channel: &str, of: &Value, fields: &[&str]| {
        for field in fields {
            assert_eq!(folded[channel]["data"][field], of[*field], "{channel} {field}");
        }
    };
    same("quote", &quotes["quotes"][0], &["bid", "bid_qty", "ask", "ask_qty"]);
    let sums = ["last", "open", "high", "low", "volume", "notional", "vwap", "trades", "change"];
    same("stats", &stats["stats"][0], &sums);
    let last = |list: &Value| list.as_array().unwrap().last().unwrap().clone();
    let (ours, theirs) = (last(&folded["bars.1s"]["data"]), last(&bars["bars"]));
    for field in ["open", "high", "low", "close", "volume", "notional", "vwap", "trades", "rev"] {
        assert_eq!(ours[field], theirs[field], "bar {field}");
    }
    assert!(10 < folded["trade"]["data"].as_array().unwrap().len());
}

fn take(socket: &mut Socket, folded: &mut BTreeMap<String, Folded>) {
    for message in socket.messages.drain(..) {
        assert_ne!(message["op"], "error", "{message}");
        if let Some(channel) = message["channel"].as_str()
            && message["op"] != "subscribed"
        {
            folded.entry(channel.to_owned()).or_default().take(&message);
        }
    }
}

#[tokio::test]
async fn every_channel_in_every_class_ends_where_the_hub_is() {
    let hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "5000", "--instruments", "2", "--count", "50"]);
    hub.until("the instrument is known", async || {
        Some(())
            .filter(|()| true)
            .and(Some(hub.get("/api/v1/stats?instruments=SIM:ACME").await))
            .filter(|(status, _)| *status == 200)
    })
    .await;
    let mut socket = hub.connect().await;
    let channels =
        ["quote", "stats", "book.1", "book.5", "book.1000", "trade", "bars.1s", "bars.1m"];
    for (nth, channel) in channels.into_iter().enumerate() {
        socket.subscribe(channel, "SIM:ACME", [0, 10, 50, 250][nth % 4]).await;
    }
    let mut feed =
        hub.feed_in_background(&["sim", "--rate", "2000", "--instruments", "2", "--count", "6000"]);
    let mut folded = BTreeMap::new();
    while feed.try_wait().unwrap().is_none() {
        socket.take_frame().await;
        take(&mut socket, &mut folded);
    }
    // The marker is the last event: once it is seen on the slowest channel, all else was.
    let ts = 1_900_000_000_000_000_000_i64;
    hub.produce(
        "SIM:ACME",
        &json!({"type": "trade", "instrument": "SIM:ACME", "ts_event": ts, "ts_recv": ts,
                "trade_id": "last", "price": "400.00", "qty": "1.000", "aggressor": null}),
    );
    hub.flush();
    let seen = |message: &Value| {
        message["channel"] == "trade" && message["data"].to_string().contains("\"last\"")
    };
    while !socket.messages.iter().any(seen) {
        take(&mut socket, &mut folded);
        socket.take_frame().await;
    }
    let quiet = Duration::from_millis(600);
    while tokio::time::timeout(quiet, socket.take_frame()).await.is_ok_and(|open| open) {
        take(&mut socket, &mut folded);
        if socket.messages.is_empty() && folded["stats"].data["last"] == "400.00" {
            break;
        }
    }
    take(&mut socket, &mut folded);

    let (_, stats) = hub.get("/api/v1/stats?instruments=SIM:ACME").await;
    for (name, value) in folded["stats"].data.as_object().unwrap() {
        if name != "ts" {
            assert_eq!(value, &stats["stats"][0][name], "{name}");
        }
    }
    for depth in [1, 5, 1000] {
        let (_, book) = hub.get(&format!("/api/v1/book?instrument=SIM:ACME&depth={depth}")).await;
        let mine = &folded[&format!("book.{depth}")].data;
        assert_eq!((&mine["bids"], &mine["asks"]), (&book["bids"], &book["asks"]), "{depth}");
    }
    assert_eq!(folded["trade"].missed, 0);
    let sold = hub.sql("select count(*) from market.trades where instrument = 'SIM:ACME'").await;
    assert!(sold[0][0].is_some());
    let (_, bars) = hub.get("/api/v1/bars?instrument=SIM:ACME&interval=1m&limit=1000").await;
    let minutes = bars["bars"].as_array().unwrap();
    for bar in folded["bars.1m"].data.as_array().unwrap() {
        let us = bar["start"].as_i64().unwrap();
        let start = jiff::Timestamp::from_microsecond(us).unwrap().to_string();
        let same = minutes.iter().find(|known| known["start"] == start.as_str()).unwrap();
        for field in ["open", "high", "low", "close", "volume", "notional", "vwap", "trades", "rev"]
        {
            assert_eq!(bar[field], same[field], "{field} of {start}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_carried_out_gets_its_code_and_costs_nothing_else() {
    let hub = TestHub::start(&[]).await;
    hub.produce("X:A", &json!({"type": "heartbeat", "instrument": "X:A", "ts_event": 1}));
    hub.flush();
    let mut socket = hub.connect().await;
    let refused = [
        (json!({"op": "fly", "id": 1}), "unknown_op"),
        (json!({"id": 2}), "bad_request"),
        (
            json!({"op": "subscribe", "id": 3, "channel": "nope", "instruments": []}),
            "unknown_channel",
        ),
        (json!({"op": "subscribe", "id": 4, "channel": "quote"}), "bad_request"),
        (
            json!({"op": "subscribe", "id": 5, "channel": "quote", "instruments": "X:A"}),
            "bad_request",
        ),
    ];
    for (request, code) in refused {
        socket.send(request.clone()).await;
        let answer = socket.next("error").await;
        assert_eq!((&answer["id"], answer["code"].as_str().unwrap()), (&request["id"], code));
    }
    socket.subscribe("quote", "X:NONE", 0).await;
    let answer = socket.next("subscribed").await;
    assert_eq!(answer["errors"]["X:NONE"]["code"], "unknown_instrument");
    hub.until("the instrument is known", async || {
        Some(hub.get("/api/v1/quotes?instruments=X:A").await.0).filter(|status| *status == 200)
    })
    .await;
    socket.subscribe("quote", "X:A", 33).await;
    assert_eq!(socket.next("subscribed").await["tick_ms"], 50);
    assert_eq!(socket.next("snapshot").await["data"]["bid"], Value::Null);
    socket.send(json!({"op": "ping", "id": "p"})).await;
    assert_eq!(socket.next("pong").await["id"], "p");

    for (path, status, code) in [
        ("/api/v1/quotes", 400, "bad_parameter"),
        ("/api/v1/quotes?instruments=X:NONE", 404, "unknown_instrument"),
        ("/api/v1/book?instrument=X:A&depth=0", 400, "bad_parameter"),
        ("/api/v1/bars?instrument=X:A&interval=2m", 400, "bad_parameter"),
        ("/api/v1/bars?instrument=X:A&interval=1m&limit=50001", 400, "bad_parameter"),
        ("/api/v1/trades?instrument=X:A&limit=10001", 400, "bad_parameter"),
        ("/api/v1/trades?instrument=X:A&from=yesterday", 400, "bad_parameter"),
        ("/nowhere", 404, "not_found"),
    ] {
        let (seen, problem) = hub.get(path).await;
        assert_eq!((seen, problem["code"].as_str().unwrap()), (status, code), "{path}");
    }
}
