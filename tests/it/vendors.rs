//! Vendors' files through real servers: what they hold is what all doors say.

use std::process::Command;

use serde_json::Value;

use super::hub::TestHub;
use super::truth;

const ORDERS: &str = "databento-esh4-mbo-20231224";
const FXCM: &str = "fx-fxcm-eurusd-201405";

#[tokio::test]
async fn cmes_orders_over_christmas_end_with_the_same_book_on_all_doors() {
    let file = "esh4-glbx-mdp3-20231225.mbo.dbn.zst";
    let Some(files) = truth::files(ORDERS, &[file]) else { return };
    let hub = TestHub::start(&[("MARKET__STALE_AFTER_MS", "600000")]).await;
    hub.feed(&["dbn", "--speed", "max", files[0].to_str().unwrap()]);
    let name = "GLBX.MDP3:ESH4";
    let book = hub
        .until("the book is at its end", async || {
            let (status, book) =
                hub.get(&format!("/api/v1/book?instrument={name}&depth=1000")).await;
            let is_last = book["ts"].as_str()?.starts_with("2023-12-25T23:59:59.446724");
            (status == 200 && is_last).then_some(book)
        })
        .await;
    let number = |cell: &Value| cell.as_str().unwrap().parse::<f64>().unwrap();
    let level = |side: &str| (number(&book[side][0][0]), number(&book[side][0][1]));
    assert_eq!((level("bids"), level("asks")), ((4_810.0, 22.0), (4_810.25, 28.0)));
    let levels = |side: &str| book[side].as_array().unwrap().len();
    assert_eq!((levels("bids"), levels("asks")), (922, 565));
    let (_, stats) = hub.get(&format!("/api/v1/stats?instruments={name}")).await;
    assert_eq!(number(&stats["stats"][0]["volume"]), 9_892.0);
    hub.until_recorded().await;
    let rows = hub.sql("select count(*), sum(qty)::text from market.trades").await;
    assert_eq!(rows[0], [Some("2973".to_owned()), Some("9892".to_owned())]);
    assert_eq!(hub.metric("tickwire_dead_letters_total", "").await, 0);
}

#[tokio::test]
async fn a_vendors_ticks_are_recorded_quote_by_quote() {
    let Some(files) = truth::files(FXCM, &["20140504_eurusd_tick.csv.gz"]) else { return };
    let hub = TestHub::start(&[]).await;
    let columns = ["--columns", "time=ms_of_day,bid=bid,ask=ask"];
    let times = ["--time-format", "ms_of_day", "--time-zone", "-05:00", "--speed", "max"];
    let file = [files[0].to_str().unwrap()];
    let begun = ["csv", "--instrument", "FXCM:EURUSD"];
    hub.feed(&[&begun[..], &columns, &times, &file].concat());
    hub.until("the last quote is there", async || {
        let (status, quotes) = hub.get("/api/v1/quotes?instruments=FXCM:EURUSD").await;
        let last = quotes["quotes"][0]["ts"].as_str()? > "2014-05-05T04:59:5";
        (status == 200 && last).then_some(())
    })
    .await;
    hub.until_recorded().await;
    let rows = hub.sql("select min(ts)::date::text, count(*) > 1000 from market.quotes").await;
    assert_eq!(rows[0][0].as_deref(), Some("2014-05-04"));
}

#[tokio::test]
async fn published_figures_are_stored() {
    let names = ["python/LIVE/test_data.live.dbn.zst", "dbn/test_data.imbalance.dbn"];
    let Some(files) = truth::files("databento-dbn-schemas", &names) else { return };
    let hub = TestHub::start(&[]).await;
    let files = [files[0].to_str().unwrap(), files[1].to_str().unwrap()];
    hub.feed(&[&["dbn", "--speed", "max"][..], &files].concat());
    hub.until("all figures are stored", async || {
        let rows = hub.sql("select count(*) from market.statistics").await;
        let auctions = hub.sql("select count(*) from market.imbalances").await;
        (rows[0][0].as_deref() == Some("9") && auctions[0][0].as_deref() == Some("2")).then_some(())
    })
    .await;
    let open = "select instrument, qty::text, price::text from market.statistics
        where statistic = 'open_interest'";
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(hub.sql(open).await, [[text("GLBX.MDP3:ESZ4"), text("1768"), None]]);
    let lacking = "select auction, side, qty::text, ref_price::text, price::text
        from market.imbalances order by ts limit 1";
    let first = [text("O"), text("buy"), text("2000"), text("229.43"), None];
    assert_eq!(hub.sql(lacking).await, [first]);
    assert_eq!(hub.metric("tickwire_dead_letters_total", "").await, 0);
}

#[test]
fn a_file_that_cannot_be_read_is_a_failure_and_a_wrong_call_is_misuse() {
    let ended = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("feed")
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = ended(&["dbn", "Cargo.toml"]);
    assert!(code == Some(1) && said.contains("this is not DBN"), "{code:?} {said}");
    let (code, said) = ended(&["dbn", "no-such-file.dbn"]);
    assert!(code == Some(1) && said.contains("no-such-file.dbn"), "{code:?} {said}");
    assert_eq!(ended(&["dbn"]).0, Some(2));
    let csv = ["csv", "--instrument", "X:Y", "--columns", "time=t,bid=b", "Cargo.toml"];
    let (code, said) = ended(&csv);
    assert!(code == Some(1) && said.contains("the header line has no \"t\""), "{code:?} {said}");
    let (code, said) = ended(&["csv", "--instrument", "x", "--columns", "time=t,bid=b", "a"]);
    assert!(code == Some(2) && said.contains("--instrument"), "{code:?} {said}");
}
