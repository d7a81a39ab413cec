//! What the scripted server has to know of a venue: one small implementation each.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tickwire::domain::market::{Level, Market, write_mantissa};

/// Copies of recordings, written anew by `rewrite`; `copy` stands in their names.
pub fn rewritten(files: &[PathBuf], copy: &str, rewrite: fn(&str) -> String) -> Vec<PathBuf> {
    let write = |file: &PathBuf| {
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{copy}-{name}"));
        std::fs::write(&path, rewrite(&text)).unwrap();
        path
    };
    files.iter().map(write).collect()
}

/// What a client's message makes the server do, in order.
pub enum Said {
    /// This is answered.
    Text(String),
    /// From here on the symbol's messages are sent.
    Follow(String),
    /// Followed by its snapshot, on the socket.
    Snapshot(String),
    /// The symbol's messages are not sent any more.
    Leave(String),
}

/// A change of a book, to be written as the venue does.
pub struct Change<'a> {
    pub symbol: &'a str,
    /// Price and quantity as the venue wrote them; a quantity of zero removes.
    pub bids: &'a [(String, String)],
    pub asks: &'a [(String, String)],
    /// Its number, one more than that of the change before it.
    pub seq: u64,
    /// Milliseconds.
    pub at: i64,
    /// The book with it.
    pub after: &'a Market,
}

/// One venue's way to speak, over a recording of it.
pub trait Dialect: Send + Sync {
    /// Its name on the command line, and in instruments.
    fn venue(&self) -> (&'static str, &'static str);

    /// The symbols that are followed.
    fn symbols(&self) -> &'static [&'static str];

    /// How a symbol stands in messages.
    fn in_messages<'s>(&self, symbol: &'s str) -> &'s str {
        symbol
    }

    /// The recording; none where it is not there.
    fn files(&self) -> Option<Vec<PathBuf>>;

    /// How many records of it are played at most.
    fn records_max(&self) -> usize {
        usize::MAX
    }

    /// A recorded message as the venue sends it today; none where it is not sent.
    fn message(&self, text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// Whether the recording is too short to be played as it is, and its changes are walked back and
    /// forth.
    fn is_walked(&self) -> bool {
        false
    }

    /// A change of a walk.
    fn change(&self, change: &Change<'_>) -> String {
        unreachable!("{} is not walked", change.symbol)
    }

    /// Messages that must have been heard before those of the recording can be understood.
    fn introductions(&self, books: &BTreeMap<String, Market>) -> Vec<String> {
        let _ = books;
        Vec::new()
    }

    /// Whether the numbers are the socket's, and say nothing of when a book was so.
    fn numbers_sockets(&self) -> bool {
        false
    }

    /// A message as it goes to a socket whose messages are numbered; `number` is that of the one
    /// before it.
    fn numbered(&self, text: String, number: &mut u64) -> String {
        let _ = number;
        text
    }

    /// Whether its clock is far ahead.
    fn is_ahead(&self) -> bool {
        false
    }

    /// Whether its texts come in binary frames.
    fn is_binary(&self) -> bool {
        false
    }

    /// What comes first on a new socket.
    fn welcome(&self) -> Option<String> {
        None
    }

    /// What is said before a socket is closed.
    fn farewell(&self) -> Option<&'static str> {
        None
    }

    /// Whether clients answered what the venue asks of them.
    fn is_answered(&self) -> bool {
        true
    }

    /// What a client's message asks for.
    fn hear(&self, text: &str) -> Vec<Said>;

    /// A book's snapshot, as the venue writes it to the socket or as a REST body.
    fn snapshot(&self, symbol: &str, market: &Market) -> String;

    /// The symbol whose snapshot a REST path asks for.
    fn asked(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// A change made to be one that itself says that something before it is missing; none where this
    /// one cannot.
    fn telling(&self, text: &str) -> Option<String> {
        unreachable!("no change tells of a loss: {text}")
    }

    /// A message whose checksum is another one.
    fn with_wrong_checksum(&self, text: &str, checksum: i64) -> String {
        text.replace(&checksum.to_string(), &(checksum ^ 1).to_string())
    }
}

/// The levels of a side, `price` and `quantity` as the venue wrote them.
pub fn texts<'a>(
    market: &Market,
    side: impl Iterator<Item = (i64, &'a Level)>,
) -> Vec<(String, String)> {
    let (price_exp, qty_exp) = (market.price_exp(), market.qty_exp());
    let levels = side.map(|(price, level)| {
        (text(price, price_exp, level.price_scale), text(level.qty, qty_exp, level.qty_scale))
    });
    levels.collect()
}

/// A mantissa at the scale it was written with.
fn text(mantissa: i64, exp: u8, written: u8) -> String {
    let mantissa = i128::from(mantissa);
    let mantissa = if written < exp {
        mantissa / 10_i128.pow(u32::from(exp - written))
    } else {
        mantissa * 10_i128.pow(u32::from(written - exp))
    };
    let mut text = String::new();
    write_mantissa(&mut text, mantissa, written);
    text
}

/// The venue's time of a book, in milliseconds.
pub fn millis(market: &Market) -> i64 {
    market.clock().greatest().unwrap() / 1_000_000
}

/// Rows of texts as JSON.
pub fn rows(rows: &[(String, String)]) -> String {
    serde_json::to_string(rows).unwrap()
}

/// Both sides of a book as JSON, bids first.
pub fn sides(market: &Market) -> [String; 2] {
    let book = market.book();
    [rows(&texts(market, book.bids())), rows(&texts(market, book.asks()))]
}
