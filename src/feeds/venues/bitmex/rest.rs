//! REST bodies: the lists of `/trade` and of `/orderBook/L2`, told by the fields of their rows, which
//! name their contract. Others give nothing; candles are read by [`super::candle`].

use super::Contract;
use super::frame::Row;
use super::{book, trade};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed;

/// Takes a body.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    url: Option<&str>,
    body: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let has = |field: &str| body.contains(field);
    if !body.trim_start().starts_with('[') || !has("\"side\"") || !has("\"size\"") {
        return Ok(());
    }
    if has("\"trdMatchID\"") {
        let mut rows: Vec<(Option<Nanos>, Row<'_>)> = Vec::new();
        for row in borrowed::from_str::<Vec<Row<'_>>>(body)? {
            rows.push((row.time()?, row));
        }
        // Equal times keep their order: newest first, all of it is turned round.
        let is_asked_newest_first = url.is_some_and(|url| url.contains("reverse=true"));
        let is_newest_first = match (rows.first(), rows.last()) {
            (Some((first, _)), Some((last, _))) => last < first,
            _ => false,
        };
        if is_newest_first || is_asked_newest_first {
            rows.reverse();
        }
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<Row<'_>> = rows.into_iter().map(|(_, row)| row).collect();
        trade::again(roster, &rows, recv, out)
    } else if has("\"id\"") {
        book::listing(roster, &borrowed::from_str::<Vec<Row<'_>>>(body)?, recv, out)
    } else {
        Ok(())
    }
}
