//! Several publishers under one name: without metadata, a publisher's dataset names the instrument.

use super::*;

/// NYSE Texas, NYSE National and IEX in DBEQ.BASIC.
const XCHI: u16 = 39;
const XCIS: u16 = 40;
const IEXG: u16 = 41;
/// ICE Europe, and trades agreed off its market.
const IFEU: u16 = 57;
const XOFF: u16 = 84;

fn of(publisher: u16, msg: MboMsg) -> MboMsg {
    MboMsg { hd: header::<MboMsg>(RType::Mbo, publisher), ..msg }
}

#[test]
fn the_totals_of_all_publishers_are_told() {
    let mut adapter = Adapter::default();
    let begun = [
        of(XCHI, order(b'R', b'N', 0, 0, 0, LAST)),
        of(XCHI, order(b'A', b'B', 1, 100, 5, LAST)),
        of(IEXG, order(b'A', b'B', 1, 100, 2, flags::TOB)),
        of(IEXG, order(b'A', b'A', 1, 102, 2, flags::TOB | LAST)),
        of(XCIS, order(b'A', b'A', 1, 102, 1, flags::TOB | LAST)),
    ];
    let expected =
        ["snapshot  | ", "delta 5@100 | ", "snapshot 7@100 | 2@102", "snapshot 7@100 | 3@102"];
    assert_eq!(told(&mut adapter, &begun), expected);
    let changed = [
        // A top and a clear take away what that publisher shows, and nothing else.
        of(IEXG, order(b'A', b'B', 9, 99, 1, flags::TOB | LAST)),
        of(XCHI, order(b'A', b'A', 2, 103, 4, LAST)),
        of(XCHI, order(b'R', b'N', 0, 0, 0, LAST)),
    ];
    let expected = ["delta 5@100 1@99 | ", "delta  | 4@103", "snapshot 1@99 | 3@102"];
    assert_eq!(told(&mut adapter, &changed), expected);
}

#[test]
fn an_event_of_one_publisher_amid_that_of_another_tells_the_others_last_end() {
    let mut adapter = Adapter::default();
    let begun = [
        of(XCHI, order(b'R', b'N', 0, 0, 0, LAST)),
        of(XCHI, order(b'A', b'B', 1, 100, 5, LAST)),
        of(XCHI, order(b'A', b'B', 2, 98, 1, LAST)),
        of(IEXG, order(b'A', b'B', 1, 100, 2, flags::TOB | LAST)),
        of(XCHI, order(b'M', b'B', 1, 97, 5, 0)),
        of(IEXG, order(b'A', b'B', 1, 100, 3, flags::TOB | LAST)),
        of(XCIS, order(b'A', b'B', 1, 98, 1, flags::TOB | LAST)),
        of(XCHI, order(b'M', b'B', 1, 98, 5, LAST)),
    ];
    let expected = [
        "snapshot  | ",
        "delta 5@100 | ",
        "delta 1@98 | ",
        "snapshot 7@100 1@98 | ",
        "delta 8@100 | ",
        "snapshot 8@100 2@98 | ",
        "delta 3@100 7@98 | ",
    ];
    assert_eq!(told(&mut adapter, &begun), expected);
}

#[test]
fn a_book_of_which_one_publishers_part_may_be_wrong_is_no_snapshot() {
    let mut adapter = Adapter::default();
    let msgs = [
        of(IEXG, order(b'A', b'B', 1, 100, 2, flags::TOB | LAST)),
        of(XCHI, order(b'A', b'B', 1, 100, 5, LAST)),
        of(XCHI, order(b'R', b'N', 0, 0, 0, LAST)),
    ];
    let expected = ["snapshot 2@100 | ", "Disconnect", "delta 7@100 | ", "snapshot 2@100 | "];
    assert_eq!(told(&mut adapter, &msgs), expected);
}

#[test]
fn off_market_trades_are_told_and_show_no_book() {
    let mut adapter = Adapter::default();
    let msgs = [
        of(XOFF, order(b'T', b'N', 7, 90, 1, LAST)),
        of(IFEU, order(b'R', b'N', 0, 0, 0, LAST)),
        of(IFEU, order(b'A', b'B', 1, 100, 5, LAST)),
        of(IFEU, order(b'T', b'A', 1, 100, 1, 0)),
        of(XOFF, order(b'T', b'N', 7, 90, 1, LAST)),
    ];
    let expected = [
        "trade p84-9 1@90",
        "snapshot  | ",
        "delta 5@100 | ",
        // The same sequence number at another publisher.
        "trade 9 1@100",
        "trade p84-9.1 1@90",
    ];
    assert_eq!(told(&mut adapter, &msgs), expected);
}

#[test]
fn publishers_that_nobody_knows_are_told_apart_by_who_came_first() {
    let mut adapter = Adapter::default();
    let msgs = [60_001, 60_002].map(|publisher| of(publisher, order(b'T', b'N', 7, 90, 1, LAST)));
    assert_eq!(told(&mut adapter, &msgs), ["trade 9 1@90", "trade p60002-9 1@90"]);
}

#[test]
fn the_quote_is_the_best_of_all_publishers() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    for msg in [
        top(XCHI, b'A', 99, 102),
        // A trade alone shows no book of its own.
        top(XCIS, b'T', 98, 101),
        top(IEXG, b'A', 99, 103),
        top(XCHI, b'A', 98, 101),
        top(IEXG, b'A', 97, 103),
    ] {
        adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    }
    let expected = [
        "snapshot 1@99 | 1@102",
        "quote 1@99 | 1@102",
        "trade p40-~1700000000000000000.0 1@1",
        "delta 2@99 | 1@103",
        "quote 2@99 | 1@102",
        "delta 1@99 1@98 | 0@102 1@101",
        "quote 1@99 | 1@101",
        "delta 0@99 1@97 | ",
        "quote 1@98 | 1@101",
    ];
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), expected);
}
