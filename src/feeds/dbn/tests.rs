//! Records made by hand, where no file shows the case.

use ::dbn::{BidAskPair, MboMsg, Mbp10Msg, RType, RecordHeader, RecordRef, TradeMsg, UNDEF_PRICE};
use ::dbn::{FlagSet, flags};

use super::*;
use crate::domain::market::{Body, Event, Instrument};

const LAST: u8 = flags::LAST;

fn header<T: ::dbn::HasRType>(rtype: RType, publisher: u16) -> RecordHeader {
    RecordHeader::new::<T>(rtype as u8, publisher, 7, 1_700_000_000_000_000_000)
}

/// An order message: action, side, id, price in whole units, size, flags.
fn order(action: u8, side: u8, id: u64, price: i64, size: u32, flags: u8) -> MboMsg {
    MboMsg {
        hd: header::<MboMsg>(RType::Mbo, 1),
        order_id: id,
        price: price * 1_000_000_000,
        size,
        flags: FlagSet::new(flags),
        action: action as std::ffi::c_char,
        side: side as std::ffi::c_char,
        ts_recv: 1_700_000_000_000_000_001,
        sequence: 9,
        ..MboMsg::default()
    }
}

/// What messages come to, in short: `snapshot`, `delta`, `trade` with what is in them.
fn told(adapter: &mut Adapter, msgs: &[MboMsg]) -> Vec<String> {
    let mut out = Vec::new();
    for msg in msgs {
        adapter.take(RecordRef::from(msg), &mut out).unwrap();
    }
    out.iter().map(short).collect()
}

fn short((_, event): &(Instrument, Event)) -> String {
    let side = |levels: &[(crate::domain::market::Decimal, crate::domain::market::Decimal)]| {
        let rows: Vec<String> = levels.iter().map(|(at, qty)| format!("{qty}@{at}")).collect();
        rows.join(" ")
    };
    match &event.body {
        Body::BookSnapshot { bids, asks, .. } => {
            format!("snapshot {} | {}", side(bids), side(asks))
        }
        Body::BookDelta { bids, asks, .. } => format!("delta {} | {}", side(bids), side(asks)),
        Body::Trade(trade) => format!("trade {} {}@{}", trade.trade_id, trade.qty, trade.price),
        body => format!("{body:?}"),
    }
}

#[test]
fn an_event_is_told_at_its_end_and_a_clear_begins_anew() {
    let mut adapter = Adapter::default();
    let begun = [
        order(b'A', b'B', 1, 100, 5, 0),
        order(b'A', b'A', 2, 101, 3, LAST),
        order(b'T', b'B', 0, 101, 2, 0),
        order(b'T', b'B', 0, 101, 1, 0),
        order(b'F', b'A', 2, 101, 3, 0),
        order(b'C', b'A', 2, 101, 3, LAST),
        order(b'A', b'B', 3, 100, 1, 0),
        order(b'C', b'B', 3, 100, 1, LAST),
    ];
    let expected = ["snapshot 5@100 | 3@101", "trade 9 2@101", "trade 9.1 1@101", "delta  | 0@101"];
    assert_eq!(told(&mut adapter, &begun), expected);
    let cleared = [
        order(b'R', b'N', 0, 0, 0, flags::SNAPSHOT),
        order(b'A', b'B', 4, 99, 2, flags::SNAPSHOT),
        order(b'A', b'B', 5, 98, 2, flags::SNAPSHOT | LAST),
        order(b'M', b'B', 5, 99, 1, LAST),
    ];
    let expected = ["snapshot 2@99 2@98 | ", "delta 3@99 0@98 | "];
    assert_eq!(told(&mut adapter, &cleared), expected);
}

#[test]
fn what_has_no_end_is_told_behind_the_last_file() {
    let mut adapter = Adapter::default();
    assert!(told(&mut adapter, &[order(b'A', b'B', 1, 100, 5, 0)]).is_empty());
    let mut out = Vec::new();
    adapter.finish(&mut out);
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["snapshot 5@100 | "]);
}

#[test]
fn a_book_that_may_be_bad_is_told_to_be_lost_until_it_is_whole_again() {
    let mut adapter = Adapter::default();
    told(&mut adapter, &[order(b'A', b'B', 1, 100, 5, LAST)]);
    let bad = LAST | flags::MAYBE_BAD_BOOK;
    let lost = [order(b'A', b'B', 2, 100, 1, bad), order(b'A', b'B', 3, 100, 1, bad)];
    let expected = ["Disconnect", "delta 6@100 | ", "delta 7@100 | "];
    assert_eq!(told(&mut adapter, &lost), expected);
    let whole = [order(b'R', b'N', 0, 0, 0, LAST), order(b'A', b'B', 2, 100, 1, LAST)];
    assert_eq!(told(&mut adapter, &whole), ["snapshot  | ", "delta 1@100 | "]);
}

#[test]
fn books_of_two_publishers_are_not_mixed() {
    let mut adapter = Adapter::default();
    // Without metadata the publisher's dataset names the instrument: both are of one dataset.
    let of = |publisher, id| MboMsg {
        hd: header::<MboMsg>(RType::Mbo, publisher),
        ..order(b'A', b'B', id, 100, 5, LAST)
    };
    let mut out = Vec::new();
    adapter.take(RecordRef::from(&of(60_001, 1)), &mut out).unwrap();
    let refused = adapter.take(RecordRef::from(&of(60_002, 2)), &mut out);
    assert_eq!((refused, out.len()), (Err(Refused::SecondPublisher(60_002)), 1));
}

#[test]
fn levels_that_leave_the_depth_are_removed() {
    let level = |bid: i64, bid_sz, ask: i64, ask_sz| {
        let px = |whole: i64| if whole == 0 { UNDEF_PRICE } else { whole * 1_000_000_000 };
        BidAskPair { bid_px: px(bid), ask_px: px(ask), bid_sz, ask_sz, bid_ct: 1, ask_ct: 1 }
    };
    let depth = |top: &[BidAskPair]| {
        let mut msg = Mbp10Msg { hd: header::<Mbp10Msg>(RType::Mbp10, 1), ..Mbp10Msg::default() };
        msg.levels = std::array::from_fn(|at| top.get(at).cloned().unwrap_or(level(0, 0, 0, 0)));
        (msg.ts_recv, msg.action) = (u64::MAX, b'A' as std::ffi::c_char);
        msg
    };
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    for msg in [
        depth(&[level(100, 1, 101, 1), level(99, 1, 102, 1)]),
        depth(&[level(100, 1, 101, 1), level(99, 1, 102, 1)]),
        depth(&[level(99, 2, 102, 1), level(98, 1, 0, 0)]),
    ] {
        adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    }
    let books: Vec<String> = out.iter().map(short).filter(|at| !at.starts_with("Quote")).collect();
    assert_eq!(books, ["snapshot 1@100 1@99 | 1@101 1@102", "delta 0@100 2@99 1@98 | 0@101"]);
    assert_eq!(out.len() - books.len(), 2, "a quote where the top differs");
    assert_eq!(out[0].1.ts_recv, None, "no receive time is none");
}

#[test]
fn orders_take_over_from_levels_and_never_the_other_way() {
    let mut adapter = Adapter::default();
    let depth = Mbp10Msg {
        hd: header::<Mbp10Msg>(RType::Mbp10, 1),
        levels: std::array::from_fn(|_| BidAskPair {
            bid_px: 1,
            ask_px: 2,
            bid_sz: 1,
            ask_sz: 1,
            bid_ct: 1,
            ask_ct: 1,
        }),
        ts_recv: 1,
        ..Mbp10Msg::default()
    };
    let mut out = Vec::new();
    adapter.take(RecordRef::from(&order(b'A', b'B', 1, 100, 5, LAST)), &mut out).unwrap();
    adapter.take(RecordRef::from(&depth), &mut out).unwrap();
    let books = out.iter().map(short).filter(|at| !at.starts_with("Quote")).collect::<Vec<_>>();
    assert_eq!(books, ["snapshot 5@100 | "]);
}

#[test]
fn a_record_without_time_price_or_length_is_refused() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    let mut trade = TradeMsg {
        hd: header::<TradeMsg>(RType::Mbp0, 1),
        price: UNDEF_PRICE,
        size: 1,
        ts_recv: 5,
        ..TradeMsg::default()
    };
    assert_eq!(adapter.take(RecordRef::from(&trade), &mut out), Err(Refused::NoTrade));
    (trade.price, trade.sequence) = (1, 0);
    adapter.take(RecordRef::from(&trade), &mut out).unwrap();
    assert_eq!(short(&out[0]), "trade ~1700000000000000000.0 1@0.000000001");
    (trade.hd.ts_event, trade.ts_recv) = (u64::MAX, u64::MAX);
    assert_eq!(adapter.take(RecordRef::from(&trade), &mut out), Err(Refused::NoTime));
    trade.hd.rtype = RType::Mbp10 as u8;
    let short = MessageError::TooShort { kind: RType::Mbp10 as u8, bytes: 48 };
    assert_eq!(adapter.take(RecordRef::from(&trade), &mut out), Err(Refused::Message(short)));
    trade.hd.rtype = 0xee;
    let unknown = Refused::Message(MessageError::Unknown(0xee));
    assert_eq!(adapter.take(RecordRef::from(&trade), &mut out), Err(unknown));
}
