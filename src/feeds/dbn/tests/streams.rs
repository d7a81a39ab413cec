//! Files of orders that follow one another, and holes between them.

use ::dbn::{Metadata, Schema};

use super::files::metadata;
use super::*;

fn orders(start: u64, end: u64) -> Metadata {
    metadata(Some(Schema::Mbo), start, end)
}

fn of_id(instrument_id: u32, msg: MboMsg) -> MboMsg {
    let mut msg = msg;
    msg.hd.instrument_id = instrument_id;
    msg
}

fn begun() -> [MboMsg; 3] {
    [clear(), order(b'A', b'B', 1, 100, 5, 0), order(b'A', b'A', 2, 101, 3, LAST)]
}

#[test]
fn behind_a_hole_between_files_the_book_is_lost_until_a_clear_or_a_snapshot() {
    let mut adapter = Adapter::default();
    adapter.begin(Some(&orders(0, 1)));
    assert_eq!(told(&mut adapter, &begun()), ["snapshot 5@100 | 3@101"]);
    adapter.begin(Some(&orders(5, 6)));
    let amid = [order(b'T', b'A', 0, 90, 1, LAST), order(b'A', b'B', 10, 90, 1, LAST)];
    let expected = ["trade 9 1@90", "Disconnect", "delta 1@90 | "];
    assert_eq!(told(&mut adapter, &amid), expected);
    let whole = [order(b'R', b'N', 0, 0, 0, LAST), order(b'A', b'B', 11, 91, 1, LAST)];
    assert_eq!(told(&mut adapter, &whole), ["snapshot  | ", "delta 1@91 | "]);
    // The same times again are no continuation either, and a snapshot needs no disconnect.
    adapter.begin(Some(&orders(5, 6)));
    let snapshot = [order(b'A', b'B', 12, 92, 1, flags::SNAPSHOT | LAST)];
    assert_eq!(told(&mut adapter, &snapshot), ["snapshot 1@92 | "]);
}

#[test]
fn a_file_that_goes_on_where_the_last_one_ended_keeps_its_books() {
    let mut adapter = Adapter::default();
    adapter.begin(Some(&orders(0, 1)));
    told(&mut adapter, &begun());
    // One without a record of this instrument, and one of another schema, are no hole.
    adapter.begin(Some(&orders(1, 2)));
    adapter.begin(Some(&metadata(Some(Schema::Definition), 7, 8)));
    adapter.begin(Some(&orders(2, 3)));
    assert_eq!(
        told(&mut adapter, &[order(b'C', b'B', 1, 100, 2, LAST)]),
        ["snapshot 3@100 | 3@101"]
    );
}

#[test]
fn fragments_which_tell_no_times_go_on() {
    let mut adapter = Adapter::default();
    adapter.begin(None);
    told(&mut adapter, &begun());
    adapter.begin(None);
    assert_eq!(
        told(&mut adapter, &[order(b'C', b'B', 1, 100, 2, LAST)]),
        ["snapshot 3@100 | 3@101"]
    );
}

#[test]
fn files_of_the_same_day_one_for_each_symbol_are_no_hole() {
    let mut adapter = Adapter::default();
    let begins = |id| begun().map(|msg| of_id(id, msg));
    let goes_on = |id| [of_id(id, order(b'A', b'B', 3, 99, 1, LAST))];
    adapter.begin(Some(&orders(0, 1)));
    told(&mut adapter, &begins(7));
    adapter.begin(Some(&orders(0, 1)));
    told(&mut adapter, &begins(8));
    for id in [7, 8] {
        adapter.begin(Some(&orders(1, 2)));
        let expected = ["snapshot 5@100 1@99 | 3@101"];
        assert_eq!(told(&mut adapter, &goes_on(id)), expected, "{id}");
    }
}

#[test]
fn an_instrument_that_appears_behind_the_snapshots_of_others_began_empty() {
    let listed =
        [of_id(8, order(b'A', b'B', 5, 7, 1, LAST)), of_id(8, order(b'A', b'A', 6, 8, 1, LAST))];
    let mut adapter = Adapter::default();
    let snapshot = [
        order(b'R', b'N', 0, 0, 0, flags::SNAPSHOT),
        order(b'A', b'B', 1, 100, 1, flags::SNAPSHOT | LAST),
    ];
    adapter.begin(Some(&orders(0, 1)));
    told(&mut adapter, &snapshot);
    assert_eq!(told(&mut adapter, &listed), ["snapshot 1@7 | ", "delta  | 1@8"]);
    // Behind a hole it is an old one; what nobody heard of begins amid, too.
    adapter.begin(Some(&orders(2, 3)));
    let amid = ["Disconnect", "delta 1@7 | ", "delta  | 1@8"];
    assert_eq!(told(&mut adapter, &listed), amid);
    assert_eq!(told(&mut adapter, &listed.clone().map(|msg| of_id(9, msg))), amid);
}

#[test]
fn a_clear_tells_of_other_instruments_where_a_publisher_begins_with_it() {
    let listed = [of_id(8, order(b'A', b'B', 5, 7, 1, LAST))];
    let mut adapter = Adapter::default();
    told(&mut adapter, &[clear()]);
    assert_eq!(told(&mut adapter, &listed), ["snapshot 1@7 | "]);
    let mut adapter = Adapter::default();
    told(&mut adapter, &[order(b'A', b'B', 1, 100, 1, LAST), clear()]);
    assert_eq!(told(&mut adapter, &listed), ["Disconnect", "delta 1@7 | "]);
}

#[test]
fn a_snapshot_cut_by_the_end_of_a_file_goes_on_in_the_next_one() {
    let first = order(b'A', b'B', 1, 100, 5, flags::SNAPSHOT);
    let last = order(b'A', b'A', 2, 101, 3, flags::SNAPSHOT | LAST);
    let mut adapter = Adapter::default();
    adapter.begin(Some(&orders(0, 1)));
    assert!(told(&mut adapter, std::slice::from_ref(&first)).is_empty());
    adapter.begin(Some(&orders(1, 2)));
    assert_eq!(told(&mut adapter, std::slice::from_ref(&last)), ["snapshot 5@100 | 3@101"]);
    // That one has ended: the next file begins with another one.
    adapter.begin(Some(&orders(2, 3)));
    assert_eq!(told(&mut adapter, &[last]), ["snapshot  | 3@101"]);
}

#[test]
fn records_of_a_snapshot_that_each_have_an_end_do_not_clear_each_other() {
    let mut adapter = Adapter::default();
    let ends = flags::SNAPSHOT | LAST;
    let msgs = [
        order(b'R', b'N', 0, 0, 0, ends),
        order(b'A', b'B', 1, 100, 1, ends),
        order(b'A', b'A', 2, 101, 1, ends),
        order(b'C', b'B', 1, 100, 1, LAST),
        // Behind a change it is another one.
        order(b'A', b'B', 3, 99, 1, ends),
    ];
    let expected =
        ["snapshot  | ", "delta 1@100 | ", "delta  | 1@101", "delta 0@100 | ", "snapshot 1@99 | "];
    assert_eq!(told(&mut adapter, &msgs), expected);
}
