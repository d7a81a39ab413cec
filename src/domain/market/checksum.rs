//! The venues' own checksums of their books.

use serde::{Deserialize, Serialize};

use super::book::{Book, Level};
use super::decimal::power_of_ten;

/// Which venue's recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumKind {
    /// Kraken WebSocket v1: CRC32 of the ten best asks, then bids; digits without point and
    /// leading zeros (docs.kraken.com, "Book checksum").
    Kraken,
    /// Kraken WebSocket v2: the same text, taken from v2's numbers.
    KrakenV2,
    /// OKX: signed CRC32 of the 25 best levels, bid and ask in turn, `price:qty` joined by colons.
    Okx,
    /// Bitget: as OKX.
    Bitget,
}

/// A checksum as the venue sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// The recipe.
    pub kind: ChecksumKind,
    /// The venue's value.
    pub value: i64,
}

impl Checksum {
    /// Whether the book is the one the venue has.
    #[must_use]
    pub fn holds(&self, book: &Book, price_exp: u8, qty_exp: u8) -> bool {
        let scales = (price_exp, qty_exp);
        match self.kind {
            ChecksumKind::Kraken | ChecksumKind::KrakenV2 => {
                let text = kraken_text(book, scales);
                i64::from(crc32fast::hash(text.as_bytes())) == self.value
            }
            ChecksumKind::Okx | ChecksumKind::Bitget => {
                let text = alternating_text(book, scales);
                i64::from(crc32fast::hash(text.as_bytes()).cast_signed()) == self.value
            }
        }
    }
}

fn kraken_text(book: &Book, (price_exp, qty_exp): (u8, u8)) -> String {
    let mut text = String::with_capacity(20 * 20);
    for (price, level) in book.asks().take(10).chain(book.bids().take(10)) {
        push_digits(&mut text, price, price_exp, level.price_scale);
        push_digits(&mut text, level.qty, qty_exp, level.qty_scale);
    }
    text
}

fn alternating_text(book: &Book, scales: (u8, u8)) -> String {
    let mut text = String::with_capacity(50 * 20);
    let (mut bids, mut asks) = (book.bids().take(25), book.asks().take(25));
    loop {
        let pair = [bids.next(), asks.next()];
        if pair.iter().all(Option::is_none) {
            return text;
        }
        for (price, level) in pair.into_iter().flatten() {
            push_level(&mut text, price, level, scales);
        }
    }
}

fn push_level(text: &mut String, price: i64, level: &Level, (price_exp, qty_exp): (u8, u8)) {
    if !text.is_empty() {
        text.push(':');
    }
    push_number(text, price, price_exp, level.price_scale);
    text.push(':');
    push_number(text, level.qty, qty_exp, level.qty_scale);
}

/// The mantissa at the scale the venue wrote it with.
fn rescaled(mantissa: i64, exp: u8, written: u8) -> i128 {
    let mantissa = i128::from(mantissa);
    if written < exp {
        mantissa / i128::from(power_of_ten(exp - written))
    } else {
        mantissa * i128::from(power_of_ten((written - exp).min(18)))
    }
}

fn push_digits(text: &mut String, mantissa: i64, exp: u8, written: u8) {
    super::decimal::write_mantissa(text, rescaled(mantissa, exp, written), 0);
}

fn push_number(text: &mut String, mantissa: i64, exp: u8, written: u8) {
    super::decimal::write_mantissa(text, rescaled(mantissa, exp, written), written);
}
