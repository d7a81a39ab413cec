//! What REST answers: Advanced Trade's book and trades, which name their product, and Exchange's
//! trades, whose product stands in the URL. Other bodies give nothing.
//!
//! Lists of trades are newest first. A book has no number that the changes count by, so it is given
//! only where none are followed, and the first change behind it loses the product.

use compact_str::ToCompactString;
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, price, quantity};
use super::super::roster::Roster;
use super::super::sided;
use super::advanced::Print;
use super::{Product, needed, time_of, trade};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos, Trade};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// An answer of Advanced Trade's.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    pricebook: Option<Book<'a>>,
    #[serde(borrow, default)]
    trades: Option<Vec<Print<'a>>>,
    /// Of a refusal, of either protocol.
    #[serde(borrow, default)]
    message: Option<Cell<'a>>,
}

/// `pricebook`.
#[derive(Deserialize)]
struct Book<'a> {
    #[serde(borrow)]
    product_id: Cell<'a>,
    bids: Vec<Row>,
    asks: Vec<Row>,
    #[serde(borrow, default)]
    time: Option<Cell<'a>>,
}

#[derive(Deserialize)]
struct Row {
    price: DecimalField,
    size: DecimalField,
}

/// A trade of Exchange's.
#[derive(Deserialize)]
struct Match<'a> {
    trade_id: Option<u64>,
    #[serde(borrow)]
    side: Cell<'a>,
    price: Option<DecimalField>,
    size: Option<DecimalField>,
    #[serde(borrow, default)]
    time: Option<Cell<'a>>,
}

/// The product of an Exchange URL that ends in `/products/PRODUCT/` and this.
pub(super) fn product_in<'a>(url: &'a str, what: &str) -> Option<&'a str> {
    let path = url.split('?').next()?.trim_end_matches('/');
    let (_, product) = path.strip_suffix(what)?.strip_suffix('/')?.rsplit_once("/products/")?;
    (!product.contains('/')).then_some(product)
}

/// Takes an answer.
pub(super) fn take(
    roster: &mut Roster<Product>,
    url: Option<&str>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if let Some(symbol) = url.and_then(|url| product_in(url, "trades"))
        && text.trim_start().starts_with('[')
    {
        let matches: Vec<Match<'_>> = borrowed::from_str(text)?;
        let read = |of: &Match<'_>| of.read().map(|(at, trade)| (symbol, at, trade));
        let all = matches.iter().rev().map(read).collect::<Result<_, _>>()?;
        return trades(roster, all, recv, out);
    }
    let answer: Answer<'_> = match borrowed::from_str(text) {
        Ok(answer) => answer,
        Err(error) if is_taken(text) => return Err(error.into()),
        Err(_) => return Ok(()),
    };
    match answer {
        Answer { pricebook: Some(told), .. } => book(roster, &told, recv, out),
        Answer { trades: Some(prints), .. } => {
            let all = prints.iter().rev().map(Print::read).collect::<Result<_, _>>()?;
            trades(roster, all, recv, out)
        }
        Answer { message: Some(text), .. } => Err(FrameError::Venue(text.0.into_owned())),
        _ => Ok(()),
    }
}

/// Whether an answer names what is taken here.
fn is_taken(text: &str) -> bool {
    ["\"pricebook\"", "\"trades\""].iter().any(|name| text.contains(name))
}

impl Match<'_> {
    fn read(&self) -> Result<(Nanos, Trade), FrameError> {
        let at = time_of("time", self.time.as_ref())?;
        let maker_bought = sided::is_bid(&self.side.0).ok_or(FrameError::Value("side"))?;
        let trade_id = needed(self.trade_id, "no trade_id")?.to_compact_string();
        Ok((at, trade::checked(trade_id, self.price, self.size, maker_bought)?))
    }
}

/// Gives trades, oldest first.
fn trades(
    roster: &mut Roster<Product>,
    all: Vec<(&str, Nanos, Trade)>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    roster.check(all.iter().map(|(symbol, ..)| *symbol))?;
    for (symbol, at, trade) in all {
        let listed = roster.get(symbol)?;
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

fn levels(rows: &[Row]) -> Result<Vec<LevelChange>, FrameError> {
    rows.iter().map(|row| Ok((price(row.price)?, quantity(row.size)?))).collect()
}

fn book(
    roster: &mut Roster<Product>,
    told: &Book<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = told.time.as_ref().map(|time| time_of("time", Some(time))).transpose()?;
    let (bids, asks) = (levels(&told.bids)?, levels(&told.asks)?);
    let listed = roster.get(&told.product_id.0)?;
    if !listed.state.maker.takes_answer() {
        return Ok(());
    }
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    out.push((listed.instrument.clone(), listed.event(at, recv, body)));
    Ok(())
}
