//! A hub that has just started, or does not hold a symbol, answers from the warm cache and says so.

use serde_json::{Value, json};

use super::hub::TestHub;

const NAME: &str = "COLD:X";

fn redis() -> Option<String> {
    let url = std::env::var("TICKWIRE_TEST_REDIS").ok();
    if url.is_none() {
        println!("SKIPPED what the warm cache does: TICKWIRE_TEST_REDIS names no Redis");
    }
    url
}

fn at(nth: i64, mut event: Value) -> Value {
    let ts = 1_772_323_200_000_000_000_i64 + nth * 1_000_000_000;
    event["instrument"] = NAME.into();
    event["ts_event"] = ts.into();
    event["ts_recv"] = ts.into();
    event
}

async fn fill(hub: &TestHub) {
    let book = json!({"type": "book_snapshot", "bids": [["10", "1"], ["9", "2"]],
                      "asks": [["11", "1"], ["12", "5"]]});
    hub.produce(NAME, &at(0, book));
    for nth in 1..4 {
        let trade = json!({"type": "trade", "trade_id": format!("t{nth}"),
                           "price": format!("{}.5", 9 + nth), "qty": "1", "aggressor": "buy"});
        hub.produce(NAME, &at(nth, trade));
    }
    hub.flush();
    hub.until("the copy is written", async || {
        let stats = hub.get(&format!("/api/v1/stats?instruments={NAME}")).await;
        let copied = hub.metric("tickwire_cache_writes_total", "").await;
        (stats.1["stats"][0]["last"] == "12.5" && 0 < copied).then_some(())
    })
    .await;
}

const PATHS: [&str; 3] =
    ["quotes?instruments=COLD:X", "stats?instruments=COLD:X", "book?instrument=COLD:X"];

async fn answers(hub: &TestHub) -> Vec<Value> {
    let mut all = Vec::new();
    for path in PATHS {
        let (status, mut answer) = hub.get(&format!("/api/v1/{path}")).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let known = answer.as_object_mut().unwrap();
        all.push(known.remove("source").unwrap());
        known.retain(|name, _| name != "as_of" && name != "stale_ms");
        all.push(answer);
    }
    all
}

#[tokio::test]
async fn a_hub_without_the_symbol_answers_from_redis_and_says_how_old_that_is() {
    let Some(url) = redis() else { return };
    // Not before the test is over does anything go stale.
    let settings = [("REDIS__URL", url.as_str()), ("MARKET__STALE_AFTER_MS", "600000")];
    let owner = TestHub::start(&settings).await;
    fill(&owner).await;
    let warm = answers(&owner).await;
    let mut settings = settings.to_vec();
    let prefix = owner.setting("TICKWIRE_REDIS__PREFIX");
    settings.push(("REDIS__PREFIX", &prefix));
    let other = TestHub::start(&settings).await;

    other
        .until("the copy is of the last trade", async || {
            let (_, answer) = other.get("/api/v1/stats?instruments=COLD:X").await;
            (answer["stats"][0]["last"] == "12.5").then_some(())
        })
        .await;
    let cold = answers(&other).await;
    for (warm, cold) in warm.chunks(2).zip(cold.chunks(2)) {
        assert_eq!((&warm[0], &cold[0]), (&json!("memory"), &json!("redis")));
        assert_eq!(warm[1], cold[1]);
    }
    let (_, book) = other.get("/api/v1/book?instrument=COLD:X&depth=1").await;
    assert_eq!((&book["bids"], &book["asks"]), (&json!([["10.0", "1"]]), &json!([["11.0", "1"]])));
    assert!(book["stale_ms"].as_u64().unwrap() < 600_000, "{book}");
    let (_, bars) = other.get("/api/v1/bars?instrument=COLD:X&interval=1s").await;
    assert_eq!(bars["source"], "redis");
    assert_eq!(bars["bars"].as_array().unwrap().len(), 3);
    let (status, _) = other.get("/api/v1/quotes?instruments=COLD:NONE").await;
    assert_eq!(status, 404, "what nobody knows is not known");
}

#[tokio::test]
async fn without_redis_nothing_is_wrong_only_colder() {
    let hub =
        TestHub::start(&[("REDIS__URL", "redis://127.0.0.1:9"), ("REDIS__WRITE_EVERY_MS", "50")])
            .await;
    hub.produce(NAME, &at(0, json!({"type": "trade", "trade_id": "t", "price": "1", "qty": "1"})));
    hub.flush();
    hub.until("the trade is folded", async || {
        let (_, answer) = hub.get("/api/v1/stats?instruments=COLD:X").await;
        (answer["source"] == "memory" && answer["stats"][0]["last"] == "1").then_some(())
    })
    .await;
    hub.until("the failure is told", async || {
        let (status, answer) = hub.get("/readyz").await;
        let told = answer["dependencies"]["redis"]["state"] == "down";
        (status == 200 && told && 0 < hub.metric("tickwire_cache_failures_total", "").await)
            .then_some(())
    })
    .await;
    let (status, _) = hub.get("/api/v1/quotes?instruments=COLD:NONE").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn check_tries_redis_too() {
    let Some(url) = redis() else { return };
    let hub = TestHub::start(&[("REDIS__URL", &url)]).await;
    let (good, said) = hub.check(&[]);
    assert!(good && said.contains("redis: ok, answers"), "{said}");
    let (good, said) = hub.check(&[("TICKWIRE_REDIS__URL", "redis://127.0.0.1:9")]);
    assert!(!good && said.contains("redis: redis: "), "{said}");
}
