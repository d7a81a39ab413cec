//! Late trades, cancels and corrections, on all doors.

use serde_json::{Value, json};

use super::hub::{Folded, TestHub};

const NAME: &str = "BAR:X";
/// 2026-03-01T00:00:00Z, in nanoseconds.
const DAY: i64 = 1_772_323_200_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn at(event: Value, ts: i64) -> Value {
    let mut event = event;
    event["instrument"] = NAME.into();
    event["ts_event"] = ts.to_string().into();
    event["ts_recv"] = ts.to_string().into();
    event
}

fn trade(id: &str, ts: i64, price: &str, qty: &str) -> Value {
    at(json!({"type": "trade", "trade_id": id, "price": price, "qty": qty, "aggressor": null}), ts)
}

async fn bar(hub: &TestHub, interval: &str, start: i64) -> Value {
    let (status, body) = hub
        .get(&format!("/api/v1/bars?instrument={NAME}&interval={interval}&from={start}&limit=1"))
        .await;
    if status == 200 { body["bars"][0].clone() } else { Value::Null }
}

async fn until_bar(hub: &TestHub, interval: &str, start: i64, field: &str, value: Value) -> Value {
    hub.until(&format!("{interval} bar with {field} {value}"), async || {
        Some(bar(hub, interval, start).await).filter(|bar| bar[field] == value)
    })
    .await
}

/// The same bar in SQL, as REST writes it.
async fn stored(hub: &TestHub, interval: &str, start: i64) -> Vec<Option<String>> {
    let rows = hub
        .sql(&format!(
            "select open, high, low, close, volume, notional, vwap, trades, rev, state
             from market.bars_{interval} where instrument = '{NAME}' and start = history.at({start})"
        ))
        .await;
    rows.into_iter().next().unwrap_or_default()
}

fn same(bar: &Value, row: &[Option<String>]) -> bool {
    let fields =
        ["open", "high", "low", "close", "volume", "notional", "vwap", "trades", "rev", "state"];
    row.len() == fields.len()
        && fields.iter().zip(row).all(|(field, column)| match (&bar[field], column) {
            (Value::Null, None) => true,
            (Value::String(text), Some(column)) if *field != "state" => {
                // Numeric columns carry the decimals of their own row.
                let plain = |text: &str| match text.contains('.') {
                    true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                    false => text.to_owned(),
                };
                plain(text) == plain(column)
            }
            (Value::String(text), Some(column)) => text == column,
            (Value::Number(number), Some(column)) => number.to_string() == *column,
            _ => false,
        })
}

#[tokio::test]
async fn late_trades_cancels_and_corrections_revise_the_closed_bar_on_all_doors() {
    let hub = TestHub::start(&[("MARKET__IDLE_CLOSE_MS", "3600000")]).await;
    let start = DAY + 10 * 3600 * SECOND;
    hub.produce(NAME, &trade("a", start + SECOND, "100.5", "2"));
    hub.produce(NAME, &trade("b", start + 2 * SECOND, "101", "1"));
    // On the edge: the first instant of the next minute is not in this one.
    hub.produce(NAME, &trade("c", start + 60 * SECOND, "99", "1"));
    hub.flush();
    let open = until_bar(&hub, "1m", start, "trades", json!(2)).await;
    assert_eq!((&open["state"], &open["rev"]), (&json!("open"), &json!(0)));
    assert_eq!(open["vwap"], "100.666666666");

    let mut socket = hub.connect().await;
    socket.subscribe("bars.1m", NAME, 0).await;
    let mut folded = Folded::default();
    folded.take(&socket.next("snapshot").await);

    let beat = |ts: i64| at(json!({"type": "heartbeat"}), ts);
    hub.produce(NAME, &beat(start + 60 * SECOND + 249_999_999));
    hub.produce(NAME, &beat(start + 60 * SECOND + 250_000_000));
    hub.flush();
    let closed = until_bar(&hub, "1m", start, "state", json!("closed")).await;
    assert_eq!(closed["rev"], 0);

    // Late, before the open, out of order, in equal nanoseconds with another.
    hub.produce(NAME, &trade("late", start, "98.25", "0.5"));
    hub.produce(NAME, &trade("twin", start, "98.75", "0.5"));
    hub.flush();
    let late = until_bar(&hub, "1m", start, "rev", json!(2)).await;
    assert_eq!((&late["open"], &late["low"]), (&json!("98.25"), &json!("98.25")));
    // A repeat changes nothing; a correction and cancels do, the bar being made again.
    hub.produce(NAME, &trade("late", start, "98.25", "0.5"));
    let correct = json!({"type": "trade_correct", "trade_id": "b", "price": "100.75", "qty": "1"});
    hub.produce(NAME, &at(correct, start + 61 * SECOND));
    hub.produce(
        NAME,
        &at(json!({"type": "trade_cancel", "trade_id": "late"}), start + 62 * SECOND),
    );
    hub.flush();
    let bar4 = until_bar(&hub, "1m", start, "rev", json!(4)).await;
    assert_eq!((&bar4["open"], &bar4["close"]), (&json!("98.75"), &json!("100.75")));
    assert_eq!((&bar4["trades"], &bar4["volume"]), (&json!(3), &json!("3.5")));
    // A cancel before its trade: print and cancel follow as two items.
    let cancel = at(json!({"type": "trade_cancel", "trade_id": "early"}), start + 63 * SECOND);
    hub.produce(NAME, &cancel);
    hub.produce(NAME, &trade("early", start + 30 * SECOND, "5000", "9"));
    hub.flush();
    hub.until("the cancelled trade is stored as such", async || {
        let rows = hub.sql("select state from market.trades where trade_id = 'early'").await;
        rows.first().filter(|row| row[0].as_deref() == Some("canceled")).map(|_| ())
    })
    .await;
    assert_eq!(bar(&hub, "1m", start).await["high"], "100.75");

    let last = bar(&hub, "1m", start).await;
    let us = start / 1_000;
    while folded
        .data
        .as_array()
        .unwrap()
        .iter()
        .all(|bar| bar["start"] != us || bar["rev"] != last["rev"])
    {
        folded.take(&socket.next("delta").await);
    }
    let mine = folded.data.as_array().unwrap().iter().find(|bar| bar["start"] == us).unwrap();
    for field in ["open", "high", "low", "close", "volume", "notional", "vwap", "trades", "state"] {
        assert_eq!(mine[field], last[field], "{field}");
    }
    hub.until("SQL has the same bar", async || {
        same(&last, &stored(&hub, "1m", start).await).then_some(())
    })
    .await;

    // Final; then a trade that is too late is stored, and the bars that hold it are recomputed.
    hub.produce(NAME, &beat(start + 7_200 * SECOND));
    hub.flush();
    let settled = until_bar(&hub, "1m", start, "state", json!("final")).await;
    assert_eq!(settled["rev"], last["rev"]);
    hub.produce(NAME, &trade("too-late", start + 5 * SECOND, "120", "1"));
    hub.flush();
    let rev = settled["rev"].as_u64().unwrap() + 1;
    let again = until_bar(&hub, "1m", start, "rev", json!(rev)).await;
    assert_eq!((&again["high"], &again["trades"]), (&json!("120.00"), &json!(4)));
    assert_eq!(again["state"], "final");
    hub.until("SQL has the recomputed bar", async || {
        same(&again, &stored(&hub, "1m", start).await).then_some(())
    })
    .await;
    let cancel =
        at(json!({"type": "trade_cancel", "trade_id": "too-late"}), start + 7_201 * SECOND);
    hub.produce(NAME, &cancel);
    hub.flush();
    let back = until_bar(&hub, "1m", start, "rev", json!(rev + 1)).await;
    assert_eq!((&back["high"], &back["trades"]), (&settled["high"], &json!(3)));
}

#[tokio::test]
async fn hours_of_late_history_at_once_are_recomputed_bar_by_bar_beside_the_recording() {
    let hub = TestHub::start(&[("MARKET__IDLE_CLOSE_MS", "3600000")]).await;
    hub.produce(NAME, &trade("now", DAY + 20 * 3600 * SECOND, "100", "1"));
    // More bars than one transaction recomputes, newest first; in each minute two trades.
    let minutes = 600;
    for minute in (0..minutes).rev() {
        let start = DAY + minute * 60 * SECOND;
        hub.produce(NAME, &trade(&format!("a{minute}"), start + 2 * SECOND, "101.5", "1"));
        hub.produce(NAME, &trade(&format!("b{minute}"), start + SECOND, "100.5", "0.25"));
    }
    hub.flush();
    hub.until_recorded().await;
    // The day itself is not over.
    hub.until("all final bars are recomputed", async || {
        let left = hub.sql("select distinct interval_name from recorder.repairs").await;
        (left == [[Some("1d".to_owned())]]).then_some(())
    })
    .await;
    let rows = hub
        .sql(
            "select count(*), sum(volume), sum(trades), min(open), max(open), min(close), max(high)
             from market.bars_1m where start < '2026-03-01 19:00Z' and state = 'final'",
        )
        .await;
    let text: Vec<&str> = rows[0].iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(text, ["600", "750.00", "1200", "100.5", "100.5", "101.5", "101.5"]);
    let bars = hub.sql("select count(*), sum(trades) from market.bars_1h").await;
    assert_eq!(bars[0][1].as_deref(), Some("1200"));
}

#[tokio::test]
async fn a_bar_whose_trades_were_all_taken_back_stays_with_null_prices() {
    let hub = TestHub::start(&[("MARKET__IDLE_CLOSE_MS", "3600000")]).await;
    hub.produce(NAME, &trade("a", DAY + SECOND, "100", "123456789012345678"));
    hub.produce(NAME, &at(json!({"type": "trade_cancel", "trade_id": "a"}), DAY + 2 * SECOND));
    hub.flush();
    let empty = until_bar(&hub, "1m", DAY, "trades", json!(0)).await;
    for field in ["open", "high", "low", "close", "vwap"] {
        assert_eq!(empty[field], Value::Null, "{field}");
    }
    assert_eq!((&empty["volume"], &empty["notional"]), (&json!("0"), &json!("0")));
}

#[tokio::test]
async fn the_day_turns_by_the_watermark_and_remembers_the_close() {
    let hub = TestHub::start(&[("MARKET__IDLE_CLOSE_MS", "3600000")]).await;
    hub.produce(NAME, &trade("a", DAY - SECOND, "10", "1"));
    hub.produce(NAME, &trade("b", DAY + 1, "12.5", "1"));
    hub.flush();
    let stats = async |wanted: &str, value: Value| {
        hub.until(&format!("{wanted} is {value}"), async || {
            let (status, body) = hub.get(&format!("/api/v1/stats?instruments={NAME}")).await;
            Some(body["stats"][0].clone()).filter(|stats| status == 200 && stats[wanted] == value)
        })
        .await
    };
    // The last price counts at once, the next day's trades when it turns.
    let before = stats("last", json!("12.5")).await;
    assert_eq!((&before["open"], &before["prev_close"]), (&json!("10.0"), &Value::Null));
    hub.produce(NAME, &at(json!({"type": "heartbeat"}), DAY + 250_000_000));
    hub.flush();
    let after = stats("prev_close", json!("10.0")).await;
    assert_eq!((&after["open"], &after["change"]), (&json!("12.5"), &json!("2.5")));
    assert_eq!((&after["trades"], &after["volume"]), (&json!(1), &json!("1")));
}

#[tokio::test]
async fn a_silence_closes_bars_by_a_heartbeat_in_the_log() {
    let hub = TestHub::start(&[("MARKET__IDLE_CLOSE_MS", "300")]).await;
    let now = jiff::Timestamp::now().as_nanosecond() as i64;
    let start = now - now.rem_euclid(SECOND);
    hub.produce(NAME, &trade("a", now, "10", "1"));
    hub.flush();
    let closed = until_bar(&hub, "1s", start, "state", json!("closed")).await;
    assert_eq!(closed["rev"], 0);
    assert!(1 <= hub.metric("tickwire_idle_heartbeats_total", "").await);
}
