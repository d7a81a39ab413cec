//! Answers of REST, `{"code", "msg", "data": […]}`: recent trades and the book. The line asks for
//! neither, but recordings have them.
//!
//! - Trades come newest first and name their symbols. They have no `count`: each is a fill.
//! - A book names none; the URL does, as `instId`. It has the number of the book channels, by which
//!   changes continue it of a channel that holds just its levels: `sz` a side were asked for, one where
//!   the URL has none and 400 at most, and fewer are all that there are. No change continues another;
//!   it is given nevertheless. While a channel is followed it is passed over.
//!
//! Source: okx.com/docs-v5, "Get trades", "Get trades history", "Get order book".

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::book::{self, Read};
use super::{Kind, trade};
use crate::domain::market::Body;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::{self, Item};
use crate::feeds::venues::choice::Source;
use crate::feeds::venues::reading::parameter;
use crate::wire::borrowed;

/// The book of an answer.
pub(super) const BOOK: Source = Source { name: "market/books", rank: 0 };
/// The trades of an answer.
pub(super) const FILLS: Source = Source { name: "market/trades", rank: 0 };

/// The most levels a side that an answer has.
const LEVELS_MAX: usize = 400;

/// How many levels a side a channel can have that holds just those of this book, which was asked for
/// so many: no more than are here, unless here are all; and no fewer, because it does not tell what
/// becomes of those beyond.
pub(super) fn depths(asked: usize, book: &Body) -> RangeInclusive<usize> {
    let Body::BookSnapshot { bids, asks, .. } = book else { return 0..=0 };
    let most = |levels: usize| if levels < asked { usize::MAX } else { levels };
    bids.len().max(asks.len())..=most(bids.len()).min(most(asks.len()))
}

/// What an answer tells of instruments, oldest first, each named; none where nothing is taken of it.
pub(super) type Answer<'a> = Option<(Kind, Vec<(Cow<'a, str>, Read)>)>;

/// What is in the answer to a request; of a book, the symbol too.
fn kind_of<'a>(url: Option<&'a str>, body: &str) -> Option<(Kind, &'a str)> {
    let Some(url) = url else {
        return body.contains("\"tradeId\"").then_some((Kind::Trades(FILLS), ""));
    };
    let path = url.split('?').next().unwrap_or_default();
    match path.rsplit_once("/market/")?.1 {
        "trades" | "history-trades" => Some((Kind::Trades(FILLS), "")),
        "books" => {
            let asked = parameter(url, "sz").and_then(|digits| digits.parse().ok()).unwrap_or(1);
            Some((Kind::Answer(LEVELS_MAX.min(asked)), parameter(url, "instId")?))
        }
        _ => None,
    }
}

/// Reads an answer.
pub(super) fn read<'a>(url: Option<&'a str>, body: &'a str) -> Result<Answer<'a>, FrameError> {
    let Some((kind, symbol)) = kind_of(url, body) else { return Ok(None) };
    let told = channel::read(body, |_| false)?;
    match told.code.0.as_ref() {
        "0" => {}
        "" => return Err(FrameError::Shape("no code")),
        code => return Err(FrameError::Venue(format!("{code} {}", told.msg.0))),
    }
    let data = told.unread.ok_or(FrameError::Shape("no data"))?;
    let rows: Vec<Item<'_>> = borrowed::from_str(data.get())?;
    let row = |item: Item<'a>| {
        let Item::Fields(mut fields) = item else { return Err(FrameError::Shape("no object")) };
        match kind {
            Kind::Answer(_) => Ok((Cow::Borrowed(symbol), book::read(fields, "snapshot")?)),
            _ => Ok((std::mem::take(&mut fields.inst_id.0), trade::read(fields)?)),
        }
    };
    let read: Result<_, FrameError> = rows.into_iter().rev().map(row).collect();
    read.map(|read| Some((kind, read)))
}
