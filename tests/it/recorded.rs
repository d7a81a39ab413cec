//! Recorded markets through Kafka: what the venues published is what all doors say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tickwire::domain::market::{Market, Moment, Policy};
use tickwire::feeds::capture;
use tickwire::feeds::venues::adapter_for;
use tickwire::wire::data::{self, Exps};

use super::hub::{Folded, TestHub};

fn recorded(set: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TICKWIRE_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let dir = root.unwrap_or(beside).join(set);
    if dir.is_dir() {
        return Some(dir);
    }
    println!("SKIPPED: the recorded set {set} is not there; TICKWIRE_DATA says where it is");
    None
}

fn path(dir: &std::path::Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn krakens_own_candles_are_what_rest_the_socket_and_sql_say() {
    let Some(dir) = recorded("kraken-rest-xbtusdt-20251110") else { return };
    let hub = TestHub::start(&[]).await;
    // Something must be heard of an instrument before it can be followed.
    let name = "KRAKEN:XBT/USDT";
    hub.produce(name, &json!({"type": "heartbeat", "instrument": name, "ts_event": 1}));
    hub.flush();
    hub.until("the instrument is known", async || {
        let (status, _) = hub.get(&format!("/api/v1/stats?instruments={name}")).await;
        (status == 200).then_some(())
    })
    .await;
    let mut socket = hub.connect().await;
    socket.subscribe("bars.1m", name, 20).await;
    hub.feed(&["replay", "--venue", "kraken", "--speed", "max", &path(&dir, "trades.json.gz")]);
    let ohlc =
        flate2::read::GzDecoder::new(std::fs::File::open(dir.join("ohlc_1m.json.gz")).unwrap());
    let ohlc: Value = serde_json::from_reader(ohlc).unwrap();
    let url = "/api/v1/bars?instrument=KRAKEN:XBT/USDT&interval=1m&limit=5000";
    let bars = hub
        .until("all minutes are there", async || {
            let (status, body) = hub.get(url).await;
            let bars = body["bars"].as_array().cloned().unwrap_or_default();
            (status == 200 && 273 <= bars.len()).then_some(bars)
        })
        .await;
    let mut followed = Folded::default();
    while followed.data.as_array().is_none_or(|followed| followed.len() < bars.len()) {
        assert!(socket.take_frame().await);
        for message in socket.messages.drain(..).filter(|message| message["channel"].is_string()) {
            if message["op"] != "subscribed" {
                followed.take(&message);
            }
        }
    }
    hub.until("all whole minutes are recorded", async || {
        let rows = hub.sql("select count(*) from market.bars_1m").await;
        (272 <= rows[0][0].as_ref()?.parse::<i64>().ok()?).then_some(())
    })
    .await;
    let sql = hub
        .sql(
            "select (extract(epoch from start))::bigint, open, high, low, close, volume, trades,
                trunc(vwap, 1) from market.bars_1m",
        )
        .await;
    let number = |text: &str| text.parse::<plain::Plain>().unwrap();
    let (mut equal, mut empty) = (0, 0);
    for candle in ohlc["result"]["XBTUSDT"].as_array().unwrap() {
        let start = candle[0].as_i64().unwrap();
        // Whole minutes covered by the trades: 17:24 to 00:12 UTC.
        if !(1_762_795_440..=1_762_819_920).contains(&start) {
            continue;
        }
        let label = jiff::Timestamp::from_second(start).unwrap().to_string();
        let bar = bars.iter().find(|bar| bar["start"] == label.as_str());
        if candle[7] == 0 {
            assert!(bar.is_none(), "a bar where nothing traded: {label}");
            empty += 1;
            continue;
        }
        let bar = bar.unwrap_or_else(|| panic!("no bar at {label}"));
        let told = followed.data.as_array().unwrap().iter();
        let told = told.clone().find(|bar| bar["start"] == start * 1_000_000);
        let told = told.unwrap_or_else(|| panic!("no bar on the socket at {label}"));
        for field in ["open", "high", "low", "close", "volume", "notional", "vwap", "trades"] {
            assert_eq!(told[field], bar[field], "{field} on the socket at {label}");
        }
        let row = sql.iter().find(|row| row[0] == Some(start.to_string()));
        for (nth, field) in ["open", "high", "low", "close"].into_iter().enumerate() {
            let theirs = number(candle[nth + 1].as_str().unwrap());
            assert_eq!(number(bar[field].as_str().unwrap()), theirs, "{field} at {label}");
            if let Some(row) = row {
                assert_eq!(number(row[nth + 1].as_ref().unwrap()), theirs, "{field} at {label}");
            }
        }
        let volume = number(candle[6].as_str().unwrap());
        assert_eq!(number(bar["volume"].as_str().unwrap()), volume, "{label}");
        assert_eq!(bar["trades"], candle[7], "{label}");
        let (whole, fraction) = bar["vwap"].as_str().unwrap().split_once('.').unwrap();
        assert_eq!(format!("{whole}.{}", &fraction[..1]), candle[5].as_str().unwrap(), "{label}");
        if let Some(row) = row {
            assert_eq!(number(row[5].as_ref().unwrap()), volume, "{label}");
            assert_eq!(row[6].as_deref(), Some(candle[7].to_string().as_str()), "{label}");
            assert_eq!(row[7].as_deref(), candle[5].as_str(), "{label}");
        }
        equal += 1;
    }
    assert_eq!((equal, empty), (272, 137));
}

#[tokio::test]
async fn krakens_checksums_hold_in_the_hub() {
    let Some(dir) = recorded("kraken-ws-book-crc32-20210417") else { return };
    let hub = TestHub::start(&[]).await;
    hub.feed(&[
        "replay",
        "--venue",
        "kraken",
        "--speed",
        "max",
        &path(&dir, "kraken_book1000.txt.gz"),
    ]);
    let name = "tickwire_book_checksums_total";
    hub.until("2,546 checksums are compared", async || {
        (hub.metric(name, "venue=\"kraken\"").await == 2_546).then_some(())
    })
    .await;
    assert_eq!(hub.metric(name, "result=\"match\"").await, 2_546);
}

/// Each state of the top of the book, by the number of the change that made it.
type Tops = BTreeMap<u64, (Value, Value)>;

/// What the pure fold makes of a capture, through the same adapter.
fn tops_offline(venue: &str, files: &[String]) -> Tops {
    let mut adapter = adapter_for(venue).unwrap();
    let (mut market, mut tops, mut found) = (Market::new("offline"), Tops::new(), Vec::new());
    for captured in capture::merge(files).unwrap() {
        let captured = captured.unwrap();
        adapter.take(captured.frame(), captured.recv, &mut found).unwrap();
        for (_, event) in found.drain(..) {
            let admission = market.admit(std::slice::from_ref(&event)).unwrap();
            market.accept(admission);
            market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
            let exps = Exps::of(&market);
            let side = |levels: Vec<(i64, i64)>| {
                let mut text = String::new();
                data::levels(&mut text, &levels, exps);
                serde_json::from_str::<Value>(&text).unwrap()
            };
            let top = market.book().top(1);
            tops.insert(market.book_seq, (side(top.bids), side(top.asks)));
        }
    }
    tops
}

/// Replays files through Kafka and holds every top on the raw class against the pure fold, change by
/// change; how many different ones there were.
async fn raw_tops_are_the_folds(hub: &TestHub, venue: &str, name: &str, files: &[String]) -> usize {
    hub.produce(name, &json!({"type": "heartbeat", "instrument": name, "ts_event": 1}));
    hub.flush();
    hub.until("the instrument is known", async || {
        Some(hub.get(&format!("/api/v1/quotes?instruments={name}")).await.0).filter(|at| *at == 200)
    })
    .await;
    let mut socket = hub.connect().await;
    socket.subscribe("book.1", name, 0).await;
    let mut replay = vec!["replay", "--venue", venue, "--speed", "max"];
    replay.extend(files.iter().map(String::as_str));
    hub.feed(&replay);
    let offline = tops_offline(venue, files);
    let last = *offline.last_key_value().unwrap().0;
    let (mut folded, mut seen) = (Folded::default(), Tops::new());
    loop {
        let waited = tokio::time::timeout(Duration::from_millis(300), socket.take_frame()).await;
        let quiet = waited.is_err();
        assert!(waited.unwrap_or(true), "the socket is closed");
        for message in socket.messages.drain(..).filter(|message| message["channel"] == "book.1") {
            if message["op"] != "subscribed" {
                folded.take(&message);
                seen.insert(folded.seq, (folded.data["bids"].clone(), folded.data["asks"].clone()));
            }
        }
        // What cannot be seen in the top is not sent: the end may lie beyond the last change seen.
        if quiet {
            let (_, book) = hub.get(&format!("/api/v1/book?instrument={name}")).await;
            if book["seq"] == last {
                break;
            }
        }
    }
    // Decimals grow in the capture's first moments; from then on texts are equal too.
    let (mut compared, mut before) = (0, None);
    for (seq, top) in &offline {
        let known = seen.range(..=seq).next_back().map(|(_, top)| top);
        let Some(known) = known else { continue };
        if Some(top) != before {
            assert_eq!(as_numbers(known), as_numbers(top), "after change {seq}");
            compared += 1;
        }
        before = Some(top);
    }
    println!("{name}: {compared} tops equal");
    compared
}

#[tokio::test]
async fn the_raw_top_of_binances_futures_is_the_pure_folds_change_by_change() {
    let Some(dir) = recorded("binance-usdm-btcusdt-20240808") else { return };
    let hub = TestHub::start(&[]).await;
    let files = [path(&dir, "btcusdt_20240808.txt.gz")];
    let name = "BINANCE-USDM:BTCUSDT";
    assert!(3_000 < raw_tops_are_the_folds(&hub, "binance-usdm", name, &files).await);
}

#[tokio::test]
async fn the_raw_top_of_binances_book_is_the_pure_folds_change_by_change() {
    let Some(dir) = recorded("binance-spot-btcusdt-20240808") else { return };
    // Nothing but the log is to change an answer, however long this takes.
    let patient = [("MARKET__IDLE_CLOSE_MS", "600000"), ("MARKET__STALE_AFTER_MS", "600000")];
    let mut hub = TestHub::start(&patient).await;
    let files = ["btcusdt_20240808.txt.gz", "btcusdt_20240809.txt.gz"].map(|file| path(&dir, file));
    let name = "BINANCE:BTCUSDT";
    assert!(4_000 < raw_tops_are_the_folds(&hub, "binance", name, &files).await);

    // The same log without saved state gives the same bytes.
    let questions = [
        format!("/api/v1/book?instrument={name}&depth=1000"),
        format!("/api/v1/stats?instruments={name}"),
        format!("/api/v1/bars?instrument={name}&interval=1s&limit=50000"),
    ];
    let answers = async |hub: &TestHub| {
        let mut answers = Vec::new();
        for question in &questions {
            let (status, mut body) = hub.get(question).await;
            assert_eq!(status, 200);
            for moment in ["as_of", "stale_ms", "source"] {
                body.as_object_mut().unwrap().remove(moment);
            }
            answers.push(body.to_string());
        }
        answers
    };
    // Final bars are the database's to tell.
    hub.until_recorded().await;
    let first = answers(&hub).await;
    hub.stop().await;
    hub.forget_saved_state().await;
    hub.run().await;
    assert_eq!(answers(&hub).await, first);
}

fn as_numbers((bids, asks): &(Value, Value)) -> Vec<plain::Plain> {
    let texts = |side: &Value| {
        let rows = side.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap().clone());
        rows.map(|text| text.as_str().unwrap().parse().unwrap()).collect::<Vec<plain::Plain>>()
    };
    [texts(bids), texts(asks)].into_iter().flatten().collect()
}

/// Decimal texts compared as numbers, exactly.
mod plain {
    /// A decimal without trailing zeros.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Plain(String);

    impl std::str::FromStr for Plain {
        type Err = ();

        fn from_str(text: &str) -> Result<Self, ()> {
            let plain = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => text,
            };
            Ok(Self(plain.to_owned()))
        }
    }
}
