//! The terminal in Chromium, in front of a real hub that carries it.

use std::path::Path;
use std::process::Command;

use super::hub::TestHub;

/// Why the page cannot be tried here; `./test` installs and builds what it needs where it can.
fn hindrance() -> Option<&'static str> {
    if !Path::new("web/dist/index.html").exists() {
        return Some("web/dist is not built");
    }
    if !Path::new("web/node_modules/.bin/playwright").exists() {
        return Some("web/node_modules lacks playwright");
    }
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    (!Path::new(&chromium).exists()).then_some("there is no Chromium")
}

#[tokio::test]
async fn the_page_shows_what_the_hub_says_and_survives_its_kill_without_a_reload() {
    if let Some(why) = hindrance() {
        println!("SKIPPED the page in front of a real hub: {why}");
        return;
    }
    let mut hub = TestHub::start(&[]).await;
    let (status, policy) = hub.header("/", "content-security-policy").await;
    assert_eq!(status, 200);
    assert!(policy.unwrap().starts_with("default-src 'self'"));
    let client = reqwest::Client::new();
    let head = client.head(hub.url("/")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap()), (200, String::new()));
    let refused = client.post(hub.url("/")).send().await.unwrap();
    assert_eq!(refused.status(), 405);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let mut feed = hub.feed_in_background(&["sim", "--rate", "300", "--instruments", "12"]);
    hub.until("the instruments are known", async || {
        let (_, list) = hub.get("/api/v1/instruments").await;
        (list["instruments"].as_array()?.len() == 12).then_some(())
    })
    .await;
    let mut browser = Command::new("node_modules/.bin/playwright")
        .args(["test", "real"])
        .current_dir("web")
        .env("TICKWIRE_URL", hub.url("/"))
        .env("TICKWIRE_KILL", format!("kill -9 {}", hub.pid()))
        .env("TICKWIRE_PAUSE", format!("kill -STOP {}", feed.id()))
        .env("TICKWIRE_CONTINUE", format!("kill -CONT {}", feed.id()))
        .spawn()
        .unwrap();
    let outcome = loop {
        if let Some(outcome) = browser.try_wait().unwrap() {
            break outcome;
        }
        if hub.is_dead() {
            hub.run().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    feed.kill().unwrap();
    feed.wait().unwrap();
    assert!(outcome.success());
}
