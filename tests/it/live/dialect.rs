//! What the scripted server has to know of a venue: one small implementation each.

use std::path::PathBuf;

use tickwire::domain::market::{Level, Market, write_mantissa};

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

/// One venue's way to speak, over a recording of it.
pub trait Dialect: Send + Sync {
    /// Its name on the command line, and in instruments.
    fn venue(&self) -> (&'static str, &'static str);

    /// The symbols that are followed.
    fn symbols(&self) -> &'static [&'static str];

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

    /// What comes first on a new socket.
    fn welcome(&self) -> Option<String> {
        None
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
