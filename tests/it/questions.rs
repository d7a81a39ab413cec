//! Questions of readers to the database, and what one costs the others.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::hub::TestHub;

const NAME: &str = "QUE:STION";

fn trade(nth: i64) -> Value {
    let ts = 1_772_359_200_000_000_000 + nth * 1_000_000;
    json!({"type": "trade", "instrument": NAME, "ts_event": ts, "ts_recv": ts, "qty": "1",
           "trade_id": format!("t{nth}"), "price": "100", "aggressor": null})
}

#[tokio::test]
async fn a_question_that_takes_too_long_is_the_askers_trouble_alone() {
    let settings =
        [("DATABASE__QUERY_TIMEOUT_MS", "1500"), ("DATABASE__POOL_CONNECTIONS_MAX", "2")];
    let hub = TestHub::start(&settings).await;
    for nth in 0..10 {
        hub.produce(NAME, &trade(nth));
    }
    hub.flush();
    hub.until_recorded().await;
    let url = hub.setting("TICKWIRE_DATABASE__URL");
    let (locking, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let path = format!("/api/v1/trades?instrument={NAME}");
    assert_eq!(hub.get(&path).await.0, 200);

    locking
        .batch_execute("begin; lock table history.trades in access exclusive mode")
        .await
        .unwrap();
    let answers = join_all((0..4).map(|_| hub.get(&path))).await;
    for (status, problem) in answers {
        assert_eq!((status, &problem["code"]), (503, &json!("unavailable")), "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("too long") || detail.contains("busy"), "{detail}");
    }
    let (_, ready) = hub.get("/readyz").await;
    assert_eq!(ready["dependencies"]["database"]["state"], "ok", "{ready}");

    locking.batch_execute("rollback").await.unwrap();
    let (status, answer) = hub.get(&path).await;
    assert_eq!((status, answer["trades"].as_array().map(Vec::len)), (200, Some(10)));
}
