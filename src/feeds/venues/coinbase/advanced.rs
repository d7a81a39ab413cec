//! Advanced Trade: `{"channel", "timestamp", "sequence_num", "events": […]}`.
//!
//! - `l2_data`: each event is a `snapshot` or an `update` of one product, with rows `{"side": "bid"
//!   or "offer", "price_level", "new_quantity"}`.
//! - `market_trades`: trades of one or more products. The snapshot repeats the last ones before the
//!   subscription, with their ids; newest first.
//! - `heartbeats`: once a second, so that silence can be told from loss; moves all products' time.
//! - The others carry nothing that is taken here, but their numbers count.
//!
//! A recording can hold a few connections as one ([`Numbers`]). A change continues only a book of its
//! own connection, the one that told the product whole last. Where another had made it, what came by
//! that one may have ended unheard: the product is given as lost first.
//!
//! [`Numbers`]: super::numbers::Numbers

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, price, quantity, trade_id};
use super::super::sided::{self, Word};
use super::super::silence::Taken;
use super::numbers::Counted;
use super::{Coinbase, Product, Told, needed, time_of, trade};
use crate::domain::market::{Body, Event, Instrument, Nanos, Trade};
use crate::wire::number::DecimalField;

/// What stands in `events`.
#[derive(Debug, Deserialize)]
pub(super) struct Happening<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow, default)]
    product_id: Option<Cell<'a>>,
    updates: Option<Vec<Row>>,
    #[serde(borrow, default)]
    trades: Option<Vec<Print<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Row {
    side: Word,
    price_level: DecimalField,
    new_quantity: DecimalField,
}

/// A trade; REST's have the same.
#[derive(Debug, Deserialize)]
pub(super) struct Print<'a> {
    #[serde(borrow)]
    trade_id: Cell<'a>,
    #[serde(borrow)]
    product_id: Cell<'a>,
    price: Option<DecimalField>,
    size: Option<DecimalField>,
    #[serde(borrow)]
    side: Cell<'a>,
    #[serde(borrow, default)]
    time: Option<Cell<'a>>,
}

/// What a message gives to one product.
struct Given<'a> {
    symbol: &'a str,
    at: Nanos,
    body: Body,
}

impl Coinbase {
    /// Takes a message with a `channel`.
    pub(super) fn advanced(
        &mut self,
        told: Told<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let number = told.sequence_num;
        let mut given = Vec::new();
        let mut heard = None;
        match told.channel.as_ref().map_or("", |channel| channel.0.as_ref()) {
            "l2_data" => {
                let at = time_of("timestamp", told.timestamp.as_ref())?;
                for happening in &told.events {
                    given.push(book(happening, at)?);
                }
            }
            "market_trades" => {
                for happening in &told.events {
                    prints(happening, &mut given)?;
                }
            }
            "heartbeats" => heard = Some(time_of("timestamp", told.timestamp.as_ref())?),
            _ => {}
        }
        self.roster.check(given.iter().map(|given| given.symbol))?;
        let by = match number {
            Some(number) => match self.number(number, recv, out) {
                Some(by) => by,
                None => return Ok(()),
            },
            None => self.numbers.unnumbered(),
        };
        for Given { symbol, at, body } in given {
            let listed = self.roster.get(symbol)?;
            let maker = &mut listed.state.maker;
            let taken = match body {
                Body::BookSnapshot { .. } => maker.begins(by, recv),
                Body::BookDelta { .. } => {
                    maker.goes_on(by, recv, |connection| self.numbers.stands(connection))
                }
                _ => Taken::Given,
            };
            match taken {
                Taken::Passed => continue,
                Taken::Given => {}
                Taken::Anew => {
                    listed.state.book = None;
                    let event = listed.event(Some(at), recv, Body::Disconnect);
                    out.push((listed.instrument.clone(), event));
                }
            }
            let mut event = listed.event(Some(at), recv, body);
            let is_delta = matches!(event.body, Body::BookDelta { .. });
            if is_delta || matches!(event.body, Body::BookSnapshot { .. }) {
                let last = std::mem::replace(&mut listed.state.book, number);
                // A message can change the same book twice; the second change has no number of its own.
                if !is_delta || last != number {
                    event.seq = number;
                    event.prev_seq = last.filter(|_| is_delta);
                }
            }
            out.push((listed.instrument.clone(), event));
        }
        if let Some(at) = heard {
            self.roster.beat(at, recv, out);
        }
        Ok(())
    }

    /// Counts a message, and tells which connection it came by; none where it was told before. After a
    /// gap every product has lost something.
    pub(super) fn number(
        &mut self,
        number: u64,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Option<u64> {
        let Counted { by, is_gap } = self.numbers.take(number, recv)?;
        if is_gap {
            self.roster.lose(recv, out, Product::lose);
        }
        Some(by)
    }
}

fn book<'a>(happening: &'a Happening<'_>, at: Nanos) -> Result<Given<'a>, FrameError> {
    let symbol = needed(happening.product_id.as_ref(), "no product_id")?;
    let mut sides = [Vec::new(), Vec::new()];
    for row in needed(happening.updates.as_ref(), "no updates")? {
        let Word(is_bid) = row.side;
        let level = (price(row.price_level)?, quantity(row.new_quantity)?);
        sides[usize::from(!is_bid)].push(level);
    }
    let [bids, asks] = sides;
    let body = match happening.kind.0.as_ref() {
        "snapshot" => Body::BookSnapshot { bids, asks, checksum: None },
        "update" => Body::BookDelta { bids, asks, checksum: None },
        _ => return Err(FrameError::Shape("neither snapshot nor update")),
    };
    Ok(Given { symbol: &symbol.0, at, body })
}

fn prints<'a>(happening: &'a Happening<'_>, given: &mut Vec<Given<'a>>) -> Result<(), FrameError> {
    // Newest first.
    for print in needed(happening.trades.as_ref(), "no trades")?.iter().rev() {
        let (symbol, at, trade) = print.read()?;
        given.push(Given { symbol, at, body: Body::Trade(Box::new(trade)) });
    }
    Ok(())
}

impl Print<'_> {
    /// Its product, its time and what it says.
    pub(super) fn read(&self) -> Result<(&str, Nanos, Trade), FrameError> {
        let at = time_of("time", self.time.as_ref())?;
        let maker_bought = sided::is_bid(&self.side.0.to_ascii_lowercase());
        let maker_bought = maker_bought.ok_or(FrameError::Value("side"))?;
        let trade_id = trade_id(&self.trade_id.0)?;
        let trade = trade::checked(trade_id, self.price, self.size, maker_bought)?;
        Ok((&self.product_id.0, at, trade))
    }
}
