//! Records made by hand, where no file shows the case.

use ::dbn::{
    BboMsg, BidAskPair, FlagSet, MboMsg, Mbp1Msg, Mbp10Msg, RType, RecordHeader, RecordRef,
};
use ::dbn::{SType, SymbolMappingMsg, TradeMsg, UNDEF_PRICE, flags};

use super::*;
use crate::domain::market::{Body, Event, Instrument};

mod files;
mod publishers;
mod streams;

const LAST: u8 = flags::LAST;

/// What a session begins with: an empty book.
fn clear() -> MboMsg {
    order(b'R', b'N', 0, 0, 0, 0)
}

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

/// A trade at a price of 10^-9 units.
fn trade(price: i64, size: u32) -> TradeMsg {
    TradeMsg {
        hd: header::<TradeMsg>(RType::Mbp0, 1),
        price,
        size,
        ts_recv: 1_700_000_000_000_000_001,
        ..TradeMsg::default()
    }
}

/// One unit at each price.
fn pair(bid: i64, ask: i64) -> BidAskPair {
    let (bid_px, ask_px) = (bid * 1_000_000_000, ask * 1_000_000_000);
    BidAskPair { bid_px, ask_px, bid_sz: 1, ask_sz: 1, bid_ct: 1, ask_ct: 1 }
}

/// A quote at the end of an interval.
fn bbo(bid: i64, ask: i64) -> BboMsg {
    BboMsg {
        hd: header::<BboMsg>(RType::Bbo1S, 1),
        ts_recv: 1_700_000_001_000_000_000,
        levels: [pair(bid, ask)],
        ..BboMsg::default_for_schema(::dbn::Schema::Bbo1S)
    }
}

/// The top of a publisher's book.
fn top(publisher: u16, action: u8, bid: i64, ask: i64) -> Mbp1Msg {
    Mbp1Msg {
        hd: header::<Mbp1Msg>(RType::Mbp1, publisher),
        price: 1_000_000_000,
        size: 1,
        action: action as std::ffi::c_char,
        ts_recv: 1_700_000_000_000_000_001,
        levels: [pair(bid, ask)],
        ..Mbp1Msg::default()
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
        Body::Quote { bid, ask } => {
            let best = |at: &Option<_>| side(at.as_slice());
            format!("quote {} | {}", best(bid), best(ask))
        }
        body => format!("{body:?}"),
    }
}

#[test]
fn an_event_is_told_at_its_end_and_a_clear_begins_anew() {
    let mut adapter = Adapter::default();
    let begun = [
        clear(),
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
    assert!(told(&mut adapter, &[clear(), order(b'A', b'B', 1, 100, 5, 0)]).is_empty());
    // Another instrument's later record is not when it happened.
    let mut later = TradeMsg { ts_recv: 1_800_000_000_000_000_000, ..trade(1, 5) };
    (later.hd.instrument_id, later.hd.ts_event) = (8, later.ts_recv);
    adapter.take(RecordRef::from(&later), &mut Vec::new()).unwrap();
    let mut out = Vec::new();
    adapter.finish(&mut out);
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["snapshot 5@100 | "]);
    assert_eq!(out[0].1.ts_event, 1_700_000_000_000_000_000);
}

#[test]
fn a_snapshot_that_was_cut_off_is_shown_and_lost() {
    let mut adapter = Adapter::default();
    assert!(told(&mut adapter, &[order(b'A', b'B', 1, 100, 5, flags::SNAPSHOT)]).is_empty());
    let mut out = Vec::new();
    adapter.finish(&mut out);
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["snapshot 5@100 | ", "Disconnect"]);
}

#[test]
fn a_book_that_may_be_bad_is_told_to_be_lost_until_the_flag_ends() {
    let mut adapter = Adapter::default();
    told(&mut adapter, &[clear(), order(b'A', b'B', 1, 100, 5, LAST)]);
    let bad = LAST | flags::MAYBE_BAD_BOOK;
    let lost = [order(b'A', b'B', 2, 100, 1, bad), order(b'A', b'B', 3, 100, 1, bad)];
    let expected = ["Disconnect", "delta 6@100 | ", "delta 7@100 | "];
    assert_eq!(told(&mut adapter, &lost), expected);
    let whole = [order(b'R', b'N', 0, 0, 0, LAST), order(b'A', b'B', 2, 100, 1, LAST)];
    assert_eq!(told(&mut adapter, &whole), ["snapshot  | ", "delta 1@100 | "]);
    // Without a clear too.
    let ended = [order(b'A', b'B', 3, 99, 1, bad), order(b'A', b'B', 4, 99, 1, LAST)];
    assert_eq!(
        told(&mut adapter, &ended),
        ["Disconnect", "delta 1@99 | ", "snapshot 1@100 2@99 | "]
    );
}

#[test]
fn a_stream_that_begins_amid_a_book_vouches_for_none_until_a_clear_or_a_snapshot() {
    let mut adapter = Adapter::default();
    let amid = [
        order(b'T', b'A', 0, 100, 5, LAST),
        order(b'C', b'B', 1, 100, 5, LAST),
        order(b'A', b'B', 2, 99, 1, LAST),
        order(b'C', b'B', 2, 99, 1, LAST),
    ];
    let expected = ["trade 9 5@100", "Disconnect", "delta 1@99 | ", "delta 0@99 | "];
    assert_eq!(told(&mut adapter, &amid), expected);
    let whole = [clear(), order(b'A', b'B', 3, 98, 1, LAST)];
    assert_eq!(told(&mut adapter, &whole), ["snapshot 1@98 | "]);
}

#[test]
fn a_snapshot_without_a_clear_replaces_the_book_and_is_of_its_receive_time() {
    let mut adapter = Adapter::default();
    let mut first = order(b'A', b'B', 1, 100, 5, flags::SNAPSHOT);
    first.hd.ts_event = 1_600_000_000_000_000_000;
    let last = MboMsg { flags: FlagSet::new(flags::SNAPSHOT | LAST), order_id: 2, ..first.clone() };
    let mut out = Vec::new();
    for msg in [&first, &last] {
        adapter.take(RecordRef::from(msg), &mut out).unwrap();
    }
    assert_eq!(short(&out[0]), "snapshot 10@100 | ");
    assert_eq!(out[0].1.ts_event, 1_700_000_000_000_000_001);
    // Another one behind a change.
    let again = [
        order(b'C', b'B', 1, 100, 5, 0),
        order(b'A', b'B', 3, 99, 1, flags::SNAPSHOT),
        order(b'A', b'A', 4, 101, 1, flags::SNAPSHOT | LAST),
    ];
    assert_eq!(told(&mut adapter, &again), ["snapshot 1@99 | 1@101"]);
}

#[test]
fn another_instrument_id_behind_the_same_name_has_a_book_of_its_own() {
    let mut adapter = Adapter::default();
    for (id, symbol) in [(7, "ES.c.0"), (8, "ES.c.0")] {
        let mapping =
            SymbolMappingMsg::new(id, 0, SType::RawSymbol, symbol, SType::RawSymbol, symbol, 0, 0);
        adapter.take(RecordRef::from(&mapping.unwrap()), &mut Vec::new()).unwrap();
    }
    told(&mut adapter, &[clear(), order(b'A', b'B', 1, 100, 5, LAST)]);
    let rolled = |msg: MboMsg| {
        let mut msg = msg;
        msg.hd.instrument_id = 8;
        msg
    };
    let amid = [rolled(order(b'A', b'B', 2, 90, 1, LAST))];
    assert_eq!(told(&mut adapter, &amid), ["Disconnect", "delta 1@90 | "]);
    let whole = [rolled(clear()), rolled(order(b'A', b'B', 3, 91, 1, LAST))];
    assert_eq!(told(&mut adapter, &whole), ["snapshot 1@91 | "]);
}

#[test]
fn records_of_levels_are_no_orders() {
    let mut adapter = Adapter::default();
    // Both sides of a top share an order id; one without a price takes its side away.
    let top = [
        order(b'A', b'B', 77, 100, 5, flags::TOB),
        order(b'A', b'A', 77, 101, 3, flags::TOB | LAST),
        order(b'A', b'B', 78, 99, 2, flags::TOB),
        order(b'A', b'A', 78, 101, 4, flags::TOB | LAST),
        MboMsg { price: UNDEF_PRICE, ..order(b'A', b'B', 79, 0, 0, flags::TOB | LAST) },
    ];
    let expected = ["snapshot 5@100 | 3@101", "delta 0@100 2@99 | 4@101", "delta 0@99 | "];
    assert_eq!(told(&mut adapter, &top), expected);
    let level = flags::MBP | LAST;
    let mut adapter = Adapter::default();
    let levels = [
        order(b'A', b'B', 0, 100, 5, level),
        order(b'A', b'B', 0, 99, 6, level),
        order(b'A', b'A', 0, 100, 1, level),
        order(b'M', b'B', 0, 100, 7, level),
        order(b'A', b'B', 0, 100, 4, level),
        order(b'C', b'B', 0, 100, 1, level),
        order(b'C', b'B', 0, 100, 3, level),
        order(b'M', b'B', 0, 99, 0, level),
    ];
    let expected = [
        "snapshot 5@100 | ",
        "delta 6@99 | ",
        "delta  | 1@100",
        "delta 7@100 | ",
        "delta 4@100 | ",
        "delta 3@100 | ",
        "delta 0@100 | ",
        "delta 0@99 | ",
    ];
    assert_eq!(told(&mut adapter, &levels), expected);
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
    let books: Vec<String> = out.iter().map(short).filter(|at| !at.starts_with("quote")).collect();
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
    for msg in [clear(), order(b'A', b'B', 1, 100, 5, LAST)] {
        adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    }
    adapter.take(RecordRef::from(&depth), &mut out).unwrap();
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["snapshot 5@100 | "]);
}

#[test]
fn where_quotes_were_told_the_order_book_tells_its_top_and_coarser_quotes_are_silent() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    adapter.take(RecordRef::from(&bbo(99, 102)), &mut out).unwrap();
    for msg in [clear(), order(b'A', b'B', 1, 100, 5, LAST), order(b'A', b'B', 2, 98, 5, LAST)] {
        adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    }
    adapter.take(RecordRef::from(&bbo(99, 102)), &mut out).unwrap();
    let expected = ["quote 1@99 | 1@102", "snapshot 5@100 | ", "quote 5@100 | ", "delta 5@98 | "];
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), expected);
    // The last trade's time is not the quote's.
    assert_eq!(out[0].1.ts_event, 1_700_000_001_000_000_000);
}

#[test]
fn quotes_go_on_beside_an_order_book_that_may_be_wrong() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    let amid = order(b'A', b'B', 1, 100, 5, LAST);
    adapter.take(RecordRef::from(&amid), &mut out).unwrap();
    adapter.take(RecordRef::from(&bbo(99, 102)), &mut out).unwrap();
    let expected = ["Disconnect", "delta 5@100 | ", "quote 1@99 | 1@102"];
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), expected);
}

#[test]
fn levels_that_may_be_bad_are_told_to_be_lost_and_whole_when_the_flag_ends() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    let bad = FlagSet::new(LAST | flags::MAYBE_BAD_BOOK);
    for msg in [
        top(1, b'A', 99, 102),
        Mbp1Msg { flags: bad, ..top(1, b'A', 99, 102) },
        top(1, b'A', 99, 102),
    ] {
        adapter.take(RecordRef::from(&msg), &mut out).unwrap();
    }
    let expected = [
        "snapshot 1@99 | 1@102",
        "quote 1@99 | 1@102",
        "Disconnect",
        // The same quote again: the hub's is lost with the book.
        "quote 1@99 | 1@102",
        "snapshot 1@99 | 1@102",
    ];
    assert_eq!(out.iter().map(short).collect::<Vec<_>>(), expected);
}

#[test]
fn a_record_without_time_price_or_length_is_refused() {
    let mut adapter = Adapter::default();
    let mut out = Vec::new();
    let mut trade = trade(UNDEF_PRICE, 1);
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
