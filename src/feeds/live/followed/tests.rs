//! What becomes of the instruments of one connection.

use super::*;
use crate::domain::market::{Decimal, LevelChange};
use crate::feeds::venues;

fn followed(venue: &str, names: &[&str]) -> Followed {
    let venue = venues::venue(venue).unwrap();
    let named = |symbol: &&str| {
        let name = format!("{}:{symbol}", venue.prefix);
        (Instrument::parse(&name).unwrap(), (*symbol).to_owned())
    };
    let settings = config::Live::default();
    let instruments = names.iter().map(named).collect();
    let metrics = Arc::new(LiveMetrics::default());
    let way = (venue.line)().terms().recovery;
    Followed::new(venue, way, (&settings, 5_000_000_000), instruments, metrics)
}

fn at(ms: u64) -> Now {
    Now { ms, wall: 1_000_000_000_000 + Nanos::try_from(ms).unwrap() * 1_000_000 }
}

/// A snapshot of the instrument, stamped so many nanoseconds before the moment.
fn snapshot(followed: &mut Followed, name: &str, now: Now, age: Nanos) -> Records {
    let level =
        |price| -> LevelChange { (Decimal::from_mantissa(price, 0), Decimal::from_mantissa(1, 0)) };
    let (bids, asks) = (vec![level(9)], vec![level(11)]);
    let event = said(now.wall - age, now.wall, Body::BookSnapshot { bids, asks, checksum: None });
    followed.take(&mut vec![(Instrument::parse(name).unwrap(), event)], now)
}

fn kinds(records: &Records) -> Vec<(String, Vec<&'static str>)> {
    let kind = |event: &Event| match event.body {
        Body::Disconnect => "disconnect",
        Body::BookSnapshot { .. } => "snapshot",
        Body::Heartbeat => "heartbeat",
        _ => "other",
    };
    let named = |(name, events): &(Instrument, Vec<Event>)| {
        (name.as_str().to_owned(), events.iter().map(kind).collect())
    };
    records.iter().map(named).collect()
}

#[test]
fn the_first_event_of_an_instrument_stands_behind_a_disconnect_of_its_time() {
    let mut all = followed("kraken", &["A/B"]);
    let first = snapshot(&mut all, "KRAKEN:A/B", at(0), 7);
    // Apart, so that an event that the hub refuses does not take the `disconnect` along.
    let name = || "KRAKEN:A/B".to_owned();
    assert_eq!(kinds(&first), [(name(), vec!["disconnect"]), (name(), vec!["snapshot"])]);
    assert_eq!(first[0].1[0].ts_event, first[1].1[0].ts_event);
    let second = snapshot(&mut all, "KRAKEN:A/B", at(5), 7);
    assert_eq!(kinds(&second), [("KRAKEN:A/B".into(), vec!["snapshot"])]);
}

#[test]
fn a_quiet_instrument_gets_one_heartbeat_a_second_that_the_venue_has_passed() {
    let mut all = followed("kraken", &["A/B", "C/D"]);
    snapshot(&mut all, "KRAKEN:A/B", at(0), 300_000_000);
    let mut times = Vec::new();
    for ms in (0..=3_400).step_by(50) {
        // The other is not quiet, and its events are on their way for 40 ms.
        snapshot(&mut all, "KRAKEN:C/D", at(ms), 40_000_000);
        for (name, events) in all.tick(at(ms)) {
            assert_eq!(name.as_str(), "KRAKEN:A/B");
            times.extend(events.iter().map(|event| (ms, at(ms).wall - event.ts_event)));
        }
    }
    // The slowest event was on its way for 300 ms.
    let slowest = 300_000_000;
    assert_eq!(times, [(1_000, slowest), (2_000, slowest), (3_000, slowest)]);
}

#[test]
fn a_book_that_the_adapter_says_is_lost_is_asked_for_again() {
    let lost = |followed: &mut Followed, is_connected: bool| {
        let event = disconnect(at(1).wall, at(1).wall);
        let mut events = vec![(Instrument::parse("OKX:A-B").unwrap(), event)];
        if is_connected {
            followed.take(&mut events, at(1))
        } else {
            followed.end(&mut events, at(1))
        }
    };
    let mut all = followed("okx", &["A-B"]);
    all.connected(0);
    let asked = |all: &mut Followed, now| all.ask(now, |_| true).map(|(name, ..)| name.to_string());
    while asked(&mut all, 0).is_some() {}
    snapshot(&mut all, "OKX:A-B", at(0), 0);
    assert_eq!(asked(&mut all, 1), None);

    assert_eq!(kinds(&lost(&mut all, true)), [("OKX:A-B".into(), vec!["disconnect"])]);
    assert_eq!(asked(&mut all, 60_000).as_deref(), Some("OKX:A-B"));
    // What ends with its connection comes back with the next one.
    let mut all = followed("okx", &["A-B"]);
    snapshot(&mut all, "OKX:A-B", at(0), 0);
    lost(&mut all, false);
    assert_eq!(asked(&mut all, 60_000), None);
}

#[test]
fn no_rest_snapshot_is_asked_before_its_subscription_was_said() {
    let mut all = followed("bitstamp", &["ab", "cd"]);
    all.connected(0);
    let asked = |all: &mut Followed, now| all.ask(now, |_| true).map(|(name, ..)| name.to_string());
    // What is heard was subscribed.
    let body = Body::BookDelta { bids: Vec::new(), asks: Vec::new(), checksum: None };
    let event = said(at(1).wall, at(1).wall, body);
    all.take(&mut vec![(Instrument::parse("BITSTAMP:cd").unwrap(), event)], at(1));
    assert_eq!(asked(&mut all, 1).as_deref(), Some("BITSTAMP:cd"));
    assert_eq!(asked(&mut all, 60_000), None, "the rest is still to be said");

    all.expire(60_000);
    assert_eq!(asked(&mut all, 64_999), None);
    assert_eq!(asked(&mut all, 65_000).as_deref(), Some("BITSTAMP:ab"));
}

#[test]
fn a_number_that_the_hub_refuses_takes_no_disconnect_along() {
    let mut all = followed("kraken", &["A/B"]);
    snapshot(&mut all, "KRAKEN:A/B", at(0), 0);
    let fine = (Decimal::from_mantissa(1, 18), Decimal::from_mantissa(1, 0));
    let large = (Decimal::from_mantissa(i64::MAX, 0), Decimal::from_mantissa(1, 0));
    let body = Body::BookDelta { bids: vec![fine, large], asks: Vec::new(), checksum: None };
    let event = said(at(1).wall, at(1).wall, body);
    let name = Instrument::parse("KRAKEN:A/B").unwrap();
    let records = all.take(&mut vec![(name, event)], at(1));

    let name = || "KRAKEN:A/B".to_owned();
    assert_eq!(kinds(&records), [(name(), vec!["other"]), (name(), vec!["disconnect"])]);
}

#[test]
fn a_refused_frame_costs_those_it_names_or_all() {
    let error = || FrameError::Value("price");
    for (text, concerned) in
        [(r#"{"symbol":"A\/B"}"#, &["KRAKEN:A/B"][..]), ("{}", &["KRAKEN:A/B", "KRAKEN:C/D"])]
    {
        let mut all = followed("kraken", &["A/B", "C/D"]);
        for name in ["KRAKEN:A/B", "KRAKEN:C/D"] {
            snapshot(&mut all, name, at(0), 0);
        }
        let lost = kinds(&all.refuse(text, &error(), at(1)));
        let expected: Vec<_> =
            concerned.iter().map(|name| ((*name).to_owned(), vec!["disconnect"])).collect();
        assert_eq!(lost, expected, "{text}");
        // What is lost already is not told again.
        assert!(all.refuse(text, &error(), at(2)).is_empty());
    }
}

#[test]
fn a_refused_frame_costs_all_products_that_its_symbol_may_mean() {
    let names = ["BITGET:BTCUSDT", "BITGET:BTCUSDT_UMCBL", "BITGET:ETHUSDT_UMCBL"];
    let mut all = followed("bitget", &names.map(|name| &name[7..]));
    for name in names {
        snapshot(&mut all, name, at(0), 0);
    }
    let text = r#"{"arg":{"instType":"USDT-FUTURES","instId":"BTCUSDT"}}"#;
    let lost = kinds(&all.refuse(text, &FrameError::Value("price"), at(1)));
    let lost: Vec<_> = lost.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(lost, names[..2]);
}

#[test]
fn an_unknown_kind_of_message_is_harmless_where_numbers_show_every_gap() {
    let mut all = followed("binance", &["AB"]);
    snapshot(&mut all, "BINANCE:AB", at(0), 0);
    let unknown = FrameError::Shape("no event type");
    assert!(all.refuse("{}", &unknown, at(1)).is_empty());
    assert_eq!(all.refuse(r#"{"s":"AB"}"#, &unknown, at(1)).len(), 1);
}
