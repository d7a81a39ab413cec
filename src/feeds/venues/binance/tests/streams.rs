//! Which stream makes the book: changes, the best levels, or REST.

use super::*;

#[test]
fn best_levels_are_a_book_where_no_changes_of_it_are_heard() {
    let mut usdm = Binance::usdm();
    let best = futures_delta(111, 115, 105).replace("btcusdt@depth", "btcusdt@depth5@100ms");
    let given = taken(&mut usdm, Frame::Message(&best)).unwrap();
    assert_eq!(owners(&given), [("BINANCE-USDM:BTCUSDT", true)]);
    assert_eq!((given[0].1.seq, given[0].1.ts_event), (Some(115), 1_000_000_000));
    let other = best.replace("depth5@100ms", "rpiDepth@500ms");
    assert_eq!(events(&mut usdm, &other), []);
    // The whole book is another: its changes do not continue the best levels.
    assert_eq!(events(&mut usdm, &futures_delta(116, 120, 115)), []);

    let mut spot = Binance::spot();
    let best = streamed("btcusdt@depth20@100ms", 160);
    let given = taken(&mut spot, Frame::Message(&best)).unwrap();
    assert_eq!(owners(&given), [("BINANCE:BTCUSDT", true)]);
}

#[test]
fn a_whole_book_before_the_best_levels_comes_again_where_the_first_change_joins_it() {
    let best = streamed("btcusdt@depth20@100ms", 102);
    let saved = streamed("btcusdt@depthSnapshot", 100);
    for is_saved in [false, true] {
        let opened = |first, last| {
            let mut spot = Binance::spot();
            let given =
                if is_saved { events(&mut spot, &saved) } else { asked(&mut spot, &snapshot(100)) };
            assert_eq!(given.len(), 1);
            assert_eq!(events(&mut spot, &best).len(), 1);
            let given = sequences(&events(&mut spot, &spot_delta(first, last)));
            (spot, given)
        };
        let (mut spot, given) = opened(100, 105);
        assert_eq!(given, [(Some(100), None), (Some(105), Some(100))]);
        assert_eq!(sequences(&events(&mut spot, &spot_delta(106, 110)))[0].1, Some(105));
        // An old change may come first.
        let (mut spot, given) = opened(91, 99);
        assert_eq!(given, [(Some(100), None), (Some(99), Some(90))]);
        assert_eq!(sequences(&events(&mut spot, &spot_delta(100, 105)))[0].1, Some(100));
        // Where what changed between the two is missing, the best levels go on.
        let (mut spot, given) = opened(103, 105);
        assert_eq!((given, events(&mut spot, &best).len()), (vec![], 1));
    }
}

/// The levels of the book that an event gives, and whether one does.
fn whole(given: &[Event]) -> Option<[usize; 2]> {
    given.iter().find_map(|event| match &event.body {
        Body::BookSnapshot { bids, asks, .. } => Some([bids.len(), asks.len()]),
        _ => None,
    })
}

/// A REST body of so many levels a side.
fn deep(last: u64, [bids, asks]: [usize; 2]) -> String {
    let side = |count: usize, price: &dyn Fn(usize) -> usize| {
        let rows: Vec<String> =
            (0..count).map(|nth| format!(r#"["{}","1"]"#, price(nth))).collect();
        rows.join(",")
    };
    let (bids, asks) = (side(bids, &|nth| 9_000 - nth), side(asks, &|nth| 9_001 + nth));
    format!(r#"{{"lastUpdateId":{last},"bids":[{bids}],"asks":[{asks}]}}"#)
}

fn polled(spot: &mut Binance, limit: &str, body: &str) -> Vec<Event> {
    let url = format!("https://api.binance.com/api/v3/depth?symbol=BTCUSDT{limit}");
    let given = taken(spot, Frame::Response { url: Some(&url), body }).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

/// What spot's stream of the best levels says, received at that second.
fn best_at(spot: &mut Binance, second: Nanos, last: i64) -> Vec<Event> {
    let (mut out, text) = (Vec::new(), streamed("btcusdt@depth20@100ms", last));
    spot.take(Frame::Message(&text), second * 1_000_000_000, &mut out).unwrap();
    out.into_iter().map(|(_, event)| event).collect()
}

/// The change from `first` to `last`, received at that second.
fn change_at(spot: &mut Binance, second: Nanos, (first, last): (u64, u64)) -> Vec<Event> {
    let (mut out, text) = (Vec::new(), spot_delta(first, last));
    spot.take(Frame::Message(&text), second * 1_000_000_000, &mut out).unwrap();
    out.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn a_shallower_whole_book_does_not_replace_the_one_that_changes_follow() {
    let followed = || {
        let mut spot = Binance::spot();
        events(&mut spot, &spot_delta(98, 99));
        assert_eq!(polled(&mut spot, "&limit=1000", &deep(100, [600, 700])).len(), 1);
        assert_eq!(events(&mut spot, &spot_delta(100, 101)).len(), 1);
        spot
    };
    for (limit, levels) in [
        ("&limit=5", [5, 5]),
        ("", [5, 5]),
        ("&limit=20", [20, 7]),
        ("&limit=3", [3, 3]),
        ("&limit=100", [100, 100]),
        ("", [100, 90]),
        ("&limit=500", [500, 500]),
    ] {
        let mut spot = followed();
        assert_eq!(polled(&mut spot, limit, &deep(101, levels)), [], "{limit} {levels:?}");
        assert_eq!(sequences(&events(&mut spot, &spot_delta(102, 102)))[0].1, Some(101));
    }
    let mut spot = followed();
    assert_eq!(events(&mut spot, &deep(101, [20, 20])), [], "spot's bare stream");
    // What was asked as deep may have fewer levels by now.
    for (limit, levels) in [("&limit=1000", [400, 90]), ("", [900, 600]), ("&limit=5000", [2, 2])] {
        let given = polled(&mut followed(), limit, &deep(101, levels));
        assert_eq!(whole(&given), Some(levels), "{limit}");
    }
    let given = polled(&mut followed(), "&limit=1000", &deep(50, [900, 900]));
    assert_eq!(given, [], "from before the changes");
}

#[test]
fn a_rest_book_cut_at_the_best_levels_is_nothing_that_changes_can_follow() {
    for (limit, levels) in [("&limit=5", [5, 5]), ("", [20, 20]), ("&limit=10", [3, 10])] {
        let body = deep(100, levels);
        let mut spot = Binance::spot();
        assert_eq!(whole(&polled(&mut spot, limit, &body)), Some(levels));
        let given = events(&mut spot, &spot_delta(100, 101));
        assert_eq!((given[0].body.clone(), given.len()), (Body::Disconnect, 2), "{limit}");
        assert_eq!(polled(&mut spot, limit, &body), [], "behind the changes at once");
    }
    for (limit, levels) in [("&limit=1000", [20, 20]), ("", [20, 19]), ("&limit=20", [19, 19])] {
        let mut spot = Binance::spot();
        assert_eq!(whole(&polled(&mut spot, limit, &deep(100, levels))), Some(levels));
        let given = events(&mut spot, &spot_delta(100, 101));
        assert_eq!(sequences(&given), [(Some(101), Some(100))], "all levels there are, {levels:?}");
    }
}

#[test]
fn the_best_levels_make_the_book_while_changes_have_none() {
    let mut spot = Binance::spot();
    assert_eq!(change_at(&mut spot, 1, (10, 10)).len(), 1);
    for last in 11..40 {
        assert_eq!(whole(&best_at(&mut spot, 1, 11)), Some([1, 1]));
        assert_eq!(change_at(&mut spot, 1, (last, last)), [], "kept");
    }
    // Nothing takes over that misses changes.
    assert_eq!(asked(&mut spot, &snapshot(5)), []);
    let given = sequences(&asked(&mut spot, &snapshot(37)));
    assert_eq!(given, [(37, None), (38, Some(37)), (39, Some(38))].map(|(n, p)| (Some(n), p)));
    assert_eq!(best_at(&mut spot, 1, 39), []);
    assert_eq!(sequences(&change_at(&mut spot, 1, (40, 40))), [(Some(40), Some(39))]);
    // Nor does the book outlast a gap.
    assert_eq!(change_at(&mut spot, 1, (42, 42)).len(), 1);
    assert_eq!(best_at(&mut spot, 1, 42).len(), 1);
    assert_eq!(change_at(&mut spot, 1, (43, 43)), []);
}

#[test]
fn what_makes_the_book_gives_way_when_only_the_other_is_heard_for_a_minute() {
    let mut spot = Binance::spot();
    change_at(&mut spot, 1, (98, 99));
    asked(&mut spot, &snapshot(100));
    change_at(&mut spot, 1, (100, 101));
    assert_eq!([200, 261].map(|second| best_at(&mut spot, second, 101).len()), [0; 2], "the same");
    assert_eq!([270, 330].map(|second| best_at(&mut spot, second, 102).len()), [0; 2]);
    // The changes were silent too, and go on.
    assert_eq!(change_at(&mut spot, 330, (102, 102)).len(), 1);
    assert_eq!([331, 336, 391].map(|second| best_at(&mut spot, second, 103).len()), [0; 3]);
    assert_eq!(best_at(&mut spot, 397, 103).len(), 1);

    assert_eq!(
        [405, 465].map(|second| change_at(&mut spot, second as Nanos, (second, second)).len()),
        [0; 2]
    );
    assert_eq!(best_at(&mut spot, 465, 465).len(), 1);
    assert_eq!(
        [471, 531].map(|second| change_at(&mut spot, second as Nanos, (second, second)).len()),
        [0; 2]
    );
    let given = change_at(&mut spot, 532, (532, 532));
    assert_eq!((given[0].body.clone(), given.len()), (Body::Disconnect, 2));
    assert_eq!(change_at(&mut spot, 533, (533, 533)).len(), 1);
}

#[test]
fn best_levels_that_were_asked_for_are_a_book_again_a_minute_after_the_last_change() {
    let mut spot = Binance::spot();
    let mut asked_at = |second: Nanos| {
        let url = Some("https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=5");
        let (body, mut out) = (deep(100, [5, 5]), Vec::new());
        spot.take(Frame::Response { url, body: &body }, second * 1_000_000_000, &mut out).unwrap();
        if second == 300 {
            spot.take(Frame::Message(&spot_delta(98, 99)), 301, &mut out).unwrap();
        }
        out.into_iter().map(|(_, event)| event).collect::<Vec<_>>()
    };
    assert_eq!([1, 2].map(|second| asked_at(second).len()), [1; 2]);
    let given = asked_at(300);
    assert_eq!((given[1].body.clone(), given.len()), (Body::Disconnect, 3));
    assert_eq!([301, 361, 362, 363].map(|second| asked_at(second).len()), [0, 0, 1, 1]);
}

#[test]
fn a_shallower_book_that_tells_nothing_new_replaces_none_however_quiet_it_is() {
    let mut spot = Binance::spot();
    change_at(&mut spot, 1, (98, 99));
    let mut asked_at = |second: Nanos, limit: usize| {
        let url = format!("https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit={limit}");
        let (body, mut out) = (deep(100, [limit; 2]), Vec::new());
        let frame = Frame::Response { url: Some(&url), body: &body };
        spot.take(frame, second * 1_000_000_000, &mut out).unwrap();
        out.len()
    };
    assert_eq!(
        [(2, 1_000), (10, 500), (90, 500)].map(|(at, limit)| asked_at(at, limit)),
        [1, 0, 0]
    );
}
