//! A row in, an event out.

use compact_str::CompactString;
use jiff::civil::Date;

use super::layout::{Column, Kind, Layout, LayoutError, Places};
use crate::domain::market::{Aggressor, Body, Decimal, Event, LevelChange, Nanos, Trade};
use crate::feeds::venues::prints::Prints;
use crate::wire::ingest::TRADE_ID_BYTES_MAX;

/// What a row comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// An event.
    Event(Event),
    /// Its time is not wanted.
    Outside,
}

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    /// It has no such column.
    #[error("no {0}")]
    Missing(&'static str),
    /// The time is none of the form that was told.
    #[error("{0:?} is not the time that was told")]
    Time(String),
    /// Not an exact decimal number (or integer, where a scale was told), or one that makes no sense
    /// there.
    #[error("{name} {text:?} is no number that can be there")]
    Number {
        /// The column.
        name: &'static str,
        /// What stands in it.
        text: String,
    },
    /// Neither a word for buying nor one for selling.
    #[error("side {0:?}")]
    Side(String),
    /// A trade id that is empty or longer than 128 bytes.
    #[error("an id of {0} bytes")]
    Id(usize),
}

/// Reads the rows of an instrument's files, one after the other.
pub struct RowReader<'a> {
    layout: &'a Layout,
    kind: Kind,
    places: Places,
    date: Option<Date>,
    joined: String,
    /// The last time without an id, and how many trades it had.
    unnamed: Prints,
}

impl<'a> RowReader<'a> {
    /// A reader of that layout; where its columns stand is told with each file.
    ///
    /// # Errors
    ///
    /// Where the columns make neither trades nor quotes.
    pub fn new(layout: &'a Layout) -> Result<Self, LayoutError> {
        let kind = layout.columns.kind()?;
        let places = Places::default();
        Ok(Self {
            layout,
            kind,
            places,
            date: None,
            joined: String::new(),
            unnamed: Prints::default(),
        })
    }

    /// Begins a file: where its columns stand, and its date.
    pub fn begin(&mut self, places: Places, date: Option<Date>) {
        (self.places, self.date) = (places, date);
    }

    /// Takes a row; `cell` gives the text at a place, none behind the row's end.
    ///
    /// # Errors
    ///
    /// [`BadRow`]; the rows after it are taken as if it had not been there.
    pub fn take<'r>(&mut self, cell: impl Fn(usize) -> Option<&'r str>) -> Result<Row, BadRow> {
        let places = self.places;
        let at = |column: Column| places[column as usize].and_then(&cell).map(str::trim);
        let time = at(Column::Time).ok_or(BadRow::Missing("time"))?;
        let ts_event = self.time(at(Column::Date), time)?;
        let sessions = &self.layout.sessions;
        if !sessions.is_all() {
            let wall = self.layout.zone.wall(ts_event);
            if !wall.is_some_and(|wall| sessions.holds(wall)) {
                return Ok(Row::Outside);
            }
        }
        let body = match self.kind {
            Kind::Trade => {
                let price = price(self.layout, "price", at(Column::Price))?;
                let qty = self.qty("qty", at(Column::Qty))?;
                if qty.is_zero() {
                    return Err(number("qty", at(Column::Qty)));
                }
                let aggressor = at(Column::Side).map_or(Ok(None), |word| self.side(word))?;
                // The last, because it counts: a row that is refused must not.
                let trade_id = self.id(at(Column::Id), ts_event)?;
                let conditions = CompactString::default();
                let trade = Trade { trade_id, price, qty, aggressor, count: 1, conditions };
                Body::Trade(Box::new(trade))
            }
            Kind::Quote => Body::Quote {
                bid: self.level("bid", at(Column::Bid), at(Column::BidQty))?,
                ask: self.level("ask", at(Column::Ask), at(Column::AskQty))?,
            },
        };
        Ok(Row::Event(Event { ts_event, ts_recv: None, seq: None, prev_seq: None, body }))
    }

    fn time(&mut self, date: Option<&str>, time: &str) -> Result<Nanos, BadRow> {
        let text = match date {
            None => time,
            Some(date) => {
                self.joined.clear();
                self.joined.extend([date, " ", time]);
                &self.joined
            }
        };
        let read = self.layout.time.read(text, &self.layout.zone, self.date);
        read.ok_or_else(|| BadRow::Time(text.to_owned()))
    }

    fn qty(&self, name: &'static str, text: Option<&str>) -> Result<Decimal, BadRow> {
        let qty = decimal(self.layout.qty_scale, name, text)?;
        if qty.is_negative() { Err(number(name, text)) } else { Ok(qty) }
    }

    /// A side of a quote; none where its price is empty, or a word for that. A quantity that is not
    /// told is zero.
    fn level(
        &self,
        name: &'static str,
        at: Option<&str>,
        qty: Option<&str>,
    ) -> Result<Option<LevelChange>, BadRow> {
        let told = |text: &Option<&str>| text.is_some_and(|text| !is_nothing(text));
        if !told(&at) {
            return Ok(None);
        }
        let price = price(self.layout, name, at)?;
        let qty = if told(&qty) { self.qty(name, qty)? } else { Decimal::default() };
        Ok(Some((price, qty)))
    }

    /// Who took: `buy`, `b`, `bid`, `true` and the like, FIX's 1 and 2 too; empty is not known.
    fn side(&self, word: &str) -> Result<Option<Aggressor>, BadRow> {
        let side = match word.to_ascii_lowercase().as_str() {
            "" | "n" | "none" | "unknown" => return Ok(None),
            "b" | "buy" | "bid" | "buyer" | "true" | "1" => Aggressor::Buy,
            "s" | "sell" | "a" | "ask" | "seller" | "false" | "0" | "-1" | "2" => Aggressor::Sell,
            _ => return Err(BadRow::Side(word.to_owned())),
        };
        Ok(Some(match (self.layout.side_is_maker, side) {
            (false, side) => side,
            (true, Aggressor::Buy) => Aggressor::Sell,
            (true, Aggressor::Sell) => Aggressor::Buy,
        }))
    }

    /// The venue's id, or the time and a counter where there is no such column.
    fn id(&mut self, id: Option<&str>, ts: Nanos) -> Result<CompactString, BadRow> {
        if self.places[Column::Id as usize].is_some() {
            let id = id.ok_or(BadRow::Missing("id"))?;
            let fits = (1..=TRADE_ID_BYTES_MAX).contains(&id.len()) && !id.contains('\0');
            return if fits { Ok(id.into()) } else { Err(BadRow::Id(id.len())) };
        }
        Ok(self.unnamed.next_id(ts))
    }
}

fn price(layout: &Layout, name: &'static str, text: Option<&str>) -> Result<Decimal, BadRow> {
    decimal(layout.price_scale, name, text)
}

fn decimal(scale: Option<u8>, name: &'static str, text: Option<&str>) -> Result<Decimal, BadRow> {
    let digits = text.ok_or(BadRow::Missing(name))?;
    let read = match scale {
        None => Decimal::parse_scientific(digits).ok().or_else(|| bare_point(digits)),
        Some(scale) => digits.parse().ok().map(|units| Decimal::from_mantissa(units, scale)),
    };
    read.ok_or_else(|| number(name, text))
}

/// A number with nothing on one side of its point, as `.5` and `5.`.
fn bare_point(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
    let (whole, fraction) = digits.split_once('.')?;
    let number = match (whole, fraction) {
        ("" | "-", "") => return None,
        ("" | "-", fraction) => format!("{whole}0.{fraction}{exponent}"),
        (whole, "") => format!("{whole}{exponent}"),
        _ => return None,
    };
    Decimal::parse_scientific(&number).ok()
}

/// Empty, or what programs write for it.
fn is_nothing(text: &str) -> bool {
    text.is_empty() || ["nan", "null", "none"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn number(name: &'static str, text: Option<&str>) -> BadRow {
    BadRow::Number { name, text: text.unwrap_or_default().to_owned() }
}
