//! Where in a row what stands, and how it is written.

use std::str::FromStr;

use super::session::Sessions;
use super::time::{TimeForm, Zone};
use crate::domain::market::Instrument;

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The venue's time, or its time of day where `Date` is a column too.
    Time,
    /// The date; joined with a blank in front of the time.
    Date,
    /// A trade's price.
    Price,
    /// A trade's quantity.
    Qty,
    /// A trade's side.
    Side,
    /// A trade's id.
    Id,
    /// The best bid.
    Bid,
    /// The quantity at the best bid.
    BidQty,
    /// The best ask.
    Ask,
    /// The quantity at the best ask.
    AskQty,
}

impl Column {
    /// All of them, with their names on the command line.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Time, "time"),
        (Self::Date, "date"),
        (Self::Price, "price"),
        (Self::Qty, "qty"),
        (Self::Side, "side"),
        (Self::Id, "id"),
        (Self::Bid, "bid"),
        (Self::BidQty, "bid_qty"),
        (Self::Ask, "ask"),
        (Self::AskQty, "ask_qty"),
    ];
}

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Trades.
    Trade,
    /// Best bids and asks.
    Quote,
}

/// A layout that makes no sense, with the text that was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Not `name=header`.
    #[error("columns are written name=header, not {0:?}")]
    Form(String),
    /// A name that there is not, or that was given twice.
    #[error("{0:?} is no column, or is given twice; there are {names}", names = names())]
    Column(String),
    /// Without a header line, columns are counted.
    #[error("without a header line a column is a number from 1, not {0:?}")]
    Position(String),
    /// Columns of no kind of rows, or of two.
    #[error(
        "trades need time, price and qty, quotes need time and bid or ask; both at once cannot be"
    )]
    Kind,
}

fn names() -> String {
    Column::ALL.map(|(_, name)| name).join(", ")
}

/// Which column stands where: the header's words, or numbers from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<(Column, String)>);

impl FromStr for Columns {
    type Err = LayoutError;

    /// Reads `time=timestamp,price=px,…`.
    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let mut columns: Vec<(Column, String)> = Vec::new();
        for part in text.split(',') {
            let (name, header) =
                part.split_once('=').ok_or_else(|| LayoutError::Form(part.to_owned()))?;
            let known = Column::ALL.into_iter().find(|(_, known)| *known == name.trim());
            let column = known.map(|(column, _)| column);
            let fresh = column.filter(|at| columns.iter().all(|(held, _)| held != at));
            let column = fresh.ok_or_else(|| LayoutError::Column(name.trim().to_owned()))?;
            columns.push((column, header.trim().to_owned()));
        }
        let columns = Self(columns);
        columns.kind().map(|_| columns)
    }
}

impl Columns {
    fn has(&self, column: Column) -> bool {
        self.0.iter().any(|(held, _)| *held == column)
    }

    /// What rows of these columns are.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Kind`] where they are neither trades nor quotes, or both.
    pub fn kind(&self) -> Result<Kind, LayoutError> {
        let all = |columns: &[Column]| columns.iter().all(|column| self.has(*column));
        let any = |columns: &[Column]| columns.iter().any(|column| self.has(*column));
        let trade = [Column::Price, Column::Qty, Column::Side, Column::Id];
        let quote = [Column::Bid, Column::BidQty, Column::Ask, Column::AskQty];
        match (any(&trade), any(&quote)) {
            (true, false) if all(&[Column::Time, Column::Price, Column::Qty]) => Ok(Kind::Trade),
            (false, true) if self.has(Column::Time) && any(&[Column::Bid, Column::Ask]) => {
                Ok(Kind::Quote)
            }
            _ => Err(LayoutError::Kind),
        }
    }

    /// Where each column stands, from 0, in a file with that header line.
    ///
    /// # Errors
    ///
    /// The header's word that is not there.
    pub fn in_header<'a>(
        &self,
        header: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Places, String> {
        self.places(|word| header.clone().position(|cell| cell.trim() == word))
            .map_err(|word| word.to_owned())
    }

    /// Where each column stands, from 0, where columns were given as numbers.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Position`] where one is no number from 1.
    pub fn by_position(&self) -> Result<Places, LayoutError> {
        self.places(|word| word.parse::<usize>().ok()?.checked_sub(1))
            .map_err(|word| LayoutError::Position(word.to_owned()))
    }

    fn places(&self, place: impl Fn(&str) -> Option<usize>) -> Result<Places, &str> {
        let mut places = [None; Column::ALL.len()];
        for (column, word) in &self.0 {
            places[*column as usize] = Some(place(word).ok_or(word.as_str())?);
        }
        Ok(places)
    }
}

/// Where each column stands, from 0, by the order of [`Column`].
pub type Places = [Option<usize>; Column::ALL.len()];

/// All that is said of the files.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Whose rows they are.
    pub instrument: Instrument,
    /// What stands where.
    pub columns: Columns,
    /// Whether the first line names the columns.
    pub has_header: bool,
    /// What stands between two cells.
    pub delimiter: u8,
    /// How times are written.
    pub time: TimeForm,
    /// The zone of times that say none, and of sessions.
    pub zone: Zone,
    /// Prices are integers of 10^-n; none where they are written as decimals.
    pub price_scale: Option<u8>,
    /// As `price_scale`, for quantities.
    pub qty_scale: Option<u8>,
    /// Whether a side is that of the resting order, not of who took.
    pub side_is_maker: bool,
    /// Which times are wanted.
    pub sessions: Sessions,
    /// Whether the last line of a file is its oldest.
    pub newest_first: bool,
}
