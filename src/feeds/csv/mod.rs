//! Vendors' tick files, CSV, as market events.
//!
//! - `layout` says where in a row what stands and how it is written: the command line's words.
//! - `time` reads times in a zone; `session` says which of them are wanted.
//! - `row` makes an event of a row. Pure: no file, socket, clock or log.
//! - `file` reads the rows of a file, `play` sends them into the log.
//!
//! Numbers are taken by their text, exactly. A row that cannot be read is counted with its line and
//! passed over; it is never the end of a file.

mod file;
mod layout;
mod play;
mod row;
mod session;
mod time;

pub use file::{FileError, Rows};
pub use layout::{Column, Columns, Kind, Layout, LayoutError};
pub use play::{Passed, play, read};
pub use row::{BadRow, Row, RowReader};
pub use session::Sessions;
pub use time::{TimeForm, Zone, date_of};

#[cfg(test)]
mod tests;
