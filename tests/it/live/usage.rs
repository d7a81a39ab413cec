//! The command line of `tickwire feed live`, and what it asks of TLS.

use std::process::Command;
use std::sync::Arc;

use super::binance::SPOT;
use super::kraken::Kraken;
use super::play::Play;
use super::venue::Venue;

fn exit_of(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tickwire"))
        .args(["feed", "live"])
        .args(arguments)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_was_asked_wrongly_is_told_with_code_2() {
    let binance = ["--venue", "binance", "--instruments"];
    let with = |more: &[&'static str]| [&binance[..], more].concat();
    let none: &[(&str, &str)] = &[];
    for (arguments, settings, told) in [
        (vec!["--venue", "nasdaq", "--instruments", "A"], none, "nasdaq"),
        (with(&["BTC USDT"]), none, "BTC USDT"),
        (with(&["BTCUSDT,KRAKEN:BTC/USD"]), none, "KRAKEN:BTC/USD"),
        (with(&["A", "--socket-url", "http://x"]), none, "--socket-url"),
        (with(&["A", "--rest-url", "ftp://x"]), none, "--rest-url"),
        (with(&["A"]), &[("TICKWIRE_LIVE__FRAME_BYTES_MAX", "0")], "live.frame_bytes_max"),
        (with(&["A"]), &[("TICKWIRE_LIVE__CA_FILE", "/none.pem")], "/none.pem"),
    ] {
        // No server is needed to say so.
        let embedded = ("TICKWIRE_KAFKA__EMBEDDED", "true");
        let (code, said) = exit_of(&arguments, &[settings, &[embedded]].concat());
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn a_private_venue_is_followed_over_tls_and_a_stranger_is_not() {
    let Some(venue) = Venue::new(Arc::new(Kraken)) else { return };
    let mut play = Play::start(venue, true, &[]).await;
    play.until_all_live().await;
    assert_eq!(play.stop().await, Some(0));

    let Some(venue) = Venue::new(Arc::new(SPOT)) else { return };
    let stranger = tempfile::NamedTempFile::new().unwrap();
    crate::secured::certificates::Authority::new("stranger").write(stranger.path());
    let trusted = [("CA_FILE", stranger.path().to_str().unwrap())];
    let mut play = Play::start(venue, true, &trusted).await;
    play.until_quietly("it is refused", |play| play.said().contains("invalid peer certificate"))
        .await;
    assert_eq!(play.stop().await, Some(0));
    assert_eq!(play.one("BTCUSDT").snapshots, 0);
}
