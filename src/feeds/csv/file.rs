//! The rows of a file, plain or gzip, oldest first.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use ::csv::{Reader, ReaderBuilder, StringRecord};
use jiff::civil::Date;

use super::layout::{Layout, LayoutError, Places};
use super::time::date_of;
use crate::feeds::capture;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened, read or unpacked.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Its header line has no such column.
    #[error("{}: the header line has no {word:?}", file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The column that was asked for.
        word: String,
    },
    /// Its times need a date, and neither its name nor the caller says one.
    #[error("{}: no date: the name holds none (YYYYMMDD or YYYY-MM-DD), and none was told", file.display())]
    NoDate {
        /// The file.
        file: PathBuf,
    },
    /// Without a header line, columns are counted.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// A row of more lines than this is taken for a quotation mark that nothing closes.
const ROW_LINES_MAX: u64 = 64;

/// A line of a file: its number from 1, and its cells, or why they cannot be told.
pub type Line = (u64, Result<StringRecord, ::csv::Error>);

/// Reads one file.
pub struct Rows {
    file: PathBuf,
    lines: Lines,
    /// Where its columns stand.
    pub places: Places,
    /// Its date, where it is known.
    pub date: Option<Date>,
}

enum Lines {
    /// As they come.
    Oldest(Box<Reader<Box<dyn BufRead + Send>>>),
    /// All of them, to be taken from the end.
    Newest(Vec<Line>),
}

impl Rows {
    /// Opens a file and reads its header line, where it has one. A file whose newest line comes
    /// first is held in memory whole.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn open(path: &Path, layout: &Layout, date: Option<Date>) -> Result<Self, FileError> {
        let file = path.to_path_buf();
        let unreadable = |error: io::Error| FileError::Unreadable { file: file.clone(), error };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let date = date.or_else(|| date_of(name));
        if date.is_none() && layout.time.needs_date() {
            return Err(FileError::NoDate { file });
        }
        let plain = capture::unpacked(path).map_err(unreadable)?;
        let mut reader = ReaderBuilder::new()
            .has_headers(layout.has_header)
            .delimiter(layout.delimiter)
            .flexible(true)
            .from_reader(plain);
        let places = if layout.has_header {
            let header = reader.headers().map_err(|error| unreadable(error.into()))?;
            if header.is_empty() {
                // Nothing at all is in it: it has no rows.
                let lines = Lines::Newest(Vec::new());
                return Ok(Self { file, lines, places: Places::default(), date });
            }
            let no_column = |word| FileError::NoColumn { file: file.clone(), word };
            layout.columns.in_header(header.iter()).map_err(no_column)?
        } else {
            layout.columns.by_position()?
        };
        let mut rows = Self { file, lines: Lines::Oldest(Box::new(reader)), places, date };
        if layout.newest_first {
            let lines: Result<Vec<Line>, FileError> = rows.by_ref().collect();
            rows.lines = Lines::Newest(lines?);
        }
        Ok(rows)
    }
}

impl Iterator for Rows {
    type Item = Result<Line, FileError>;

    /// An error ends the file; a line that is not text is one that cannot be told.
    fn next(&mut self) -> Option<Self::Item> {
        let reader = match &mut self.lines {
            Lines::Newest(lines) => return lines.pop().map(Ok),
            Lines::Oldest(reader) => reader,
        };
        let mut cells = StringRecord::new();
        let at = reader.position().line();
        match reader.read_record(&mut cells) {
            Ok(false) => None,
            Ok(true) => {
                let first = cells.position().map_or(at, |at| at.line());
                if ROW_LINES_MAX < reader.position().line().saturating_sub(first) {
                    let file = self.file.display();
                    let last = reader.position().line();
                    tracing::warn!(%file, first, last, "one row: a quotation mark is not closed");
                }
                Some(Ok((first, Ok(cells))))
            }
            Err(error) if error.is_io_error() => {
                self.lines = Lines::Newest(Vec::new());
                Some(Err(FileError::Unreadable { file: self.file.clone(), error: error.into() }))
            }
            Err(error) => {
                let at = error.position().map_or(at, |at| at.line());
                Some(Ok((at, Err(error))))
            }
        }
    }
}
