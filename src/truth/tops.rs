//! The top of the hub's book against the best bid and ask that the venue publishes.

use std::collections::BTreeMap;

use super::Row;
use super::replay::{BookTop, Folded, Out, Top, same_top};
use crate::feeds::venues::Venue;
use crate::feeds::venues::candle::TopRule;

/// Compares all tops of a capture.
pub(super) fn rows(set: &str, venue: &Venue, folded: &Folded) -> Vec<Row> {
    let (mut equal, mut total) = (0, 0);
    let mut skipped = Vec::new();
    for out in folded.instruments.values() {
        let compared = match venue.tops {
            TopRule::LastAtOrBefore => last_at_or_before(out),
            TopRule::SameNumber => same_number(out),
            TopRule::InOrder => in_order(out),
            TopRule::Unrelated => continue,
        };
        total += compared.len();
        equal += compared.iter().filter(|(_, is_equal)| *is_equal).count();
        if venue.tops == TopRule::LastAtOrBefore {
            skipped.extend(unquoted(out, &compared));
        }
    }
    if total == 0 {
        return Vec::new();
    }
    let list: Vec<String> = skipped.iter().map(u64::to_string).collect();
    let reason = format!(
        "a state of the book of which the venue quoted nothing, equal before and after it ({})",
        list.join(", ")
    );
    let row = Row::new(set, "tops of the book and the venue's best bid and ask", equal, total);
    // More of them would be another rule.
    let is_few = skipped.len() <= (total / 1_000).max(1);
    vec![row.explain(if is_few { skipped.len() } else { 0 }, reason)]
}

/// The numbers of differences between two tops that are equal, where no quote has the number of the
/// change: the venue said nothing of that very state.
fn unquoted(out: &Out, compared: &[(u64, bool)]) -> Vec<u64> {
    let quotes = by_number(out);
    let triples = compared.windows(3);
    let is_alone = |three: &&[(u64, bool)]| three[0].1 && !three[1].1 && three[2].1;
    triples
        .filter(is_alone)
        .filter(|three| !quotes.contains_key(&three[1].0))
        .map(|three| three[1].0)
        .collect()
}

fn by_number(out: &Out) -> BTreeMap<u64, &Top> {
    out.quotes.iter().filter_map(|(_, seq, top)| Some(((*seq)?, top))).collect()
}

fn last_at_or_before(out: &Out) -> Vec<(u64, bool)> {
    let quotes = by_number(out);
    let compare = |book: &BookTop| {
        let seq = book.seq.filter(|_| book.is_change)?;
        let (_, quote) = quotes.range(..=seq).next_back()?;
        Some((seq, same_top(&book.top, quote)))
    };
    out.tops.iter().filter_map(compare).collect()
}

fn same_number(out: &Out) -> Vec<(u64, bool)> {
    let changes = out.tops.iter().filter(|book| book.is_newer);
    let books: BTreeMap<u64, &Top> =
        changes.filter_map(|book| Some((book.seq?, &book.top))).collect();
    // What a snapshot holds already was changed before there was a book to compare.
    let Some((&first, _)) = books.first_key_value() else { return Vec::new() };
    let is_equal =
        |seq: &u64, quote: &Top| books.get(seq).is_some_and(|book| same_top(book, quote));
    let quotes = by_number(out);
    quotes.range(first..).map(|(seq, quote)| (*seq, is_equal(seq, quote))).collect()
}

fn in_order(out: &Out) -> Vec<(u64, bool)> {
    // Only the last top of each message is one that the venue shows.
    let lasts: BTreeMap<usize, &Top> =
        out.tops.iter().map(|book| (book.message, &book.top)).collect();
    let mut tops = lasts.values().peekable();
    let mut rows = Vec::with_capacity(out.quotes.len());
    for (nth, (_, _, quote)) in out.quotes.iter().enumerate() {
        let mut ahead = tops.clone();
        let is_found = ahead.by_ref().any(|top| same_top(top, quote));
        if is_found {
            // The same top may be quoted again.
            while tops.peek().is_some_and(|top| !same_top(top, quote)) {
                tops.next();
            }
        }
        rows.push((nth as u64, is_found));
    }
    rows
}
