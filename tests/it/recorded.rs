//! Recorded markets through Kafka: what the venues published is what all doors say.

use std::path::PathBuf;

use serde_json::Value;

use super::hub::TestHub;

fn data(set: &str) -> Option<PathBuf> {
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
async fn krakens_own_candles_are_what_rest_and_sql_say() {
    let Some(dir) = data("kraken-rest-xbtusdt-20251110") else { return };
    let hub = TestHub::start(&[]).await;
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
    let Some(dir) = data("kraken-ws-book-crc32-20210417") else { return };
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
