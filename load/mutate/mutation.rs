//! Frames that no venue sends, made of those that one did: the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The longest text that is made.
const BYTES_MAX: usize = 256 * 1024;

/// Numbers at the edges of what is kept, and beyond.
const NUMBERS: [&str; 14] = [
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "0.0000000000000000001",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "4611686018427387904",
    "99999999999999999999999999999999999999",
    "\"NaN\"",
];

/// What stands in JSON.
const PIECES: [&str; 14] = [
    "null", "true", "{}", "[]", "\"\"", "\"", "\\", "\\u0000", ",", ":", "[", "{", "]", "\u{20ac}",
];

/// Makes one text out of others.
pub struct Mutation {
    rng: StdRng,
}

impl Mutation {
    pub fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.rng.random_range(0..end) }
    }

    /// One of the seeds after one to four changes; one in eight is left as it is, so that what comes
    /// behind it finds something to stand on.
    pub fn next(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut text = seeds[self.below(seeds.len())].clone();
        if self.below(8) == 0 {
            return text;
        }
        for _ in 0..=self.below(4) {
            self.change(&mut text, seeds);
        }
        text.truncate(BYTES_MAX);
        text
    }

    fn change(&mut self, text: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(text.len() + 1);
        match self.below(10) {
            0 if !text.is_empty() => {
                let at = at.min(text.len() - 1);
                text[at] ^= 1 << self.below(8);
            }
            1 => text.truncate(at),
            2 => {
                let end = (at + self.below(32)).min(text.len());
                text.drain(at..end);
            }
            3 => {
                // A piece of another frame.
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len() + 1);
                let piece = other[from..(from + self.below(64)).min(other.len())].to_vec();
                let end = (at + self.below(64)).min(text.len());
                text.splice(at..end, piece);
            }
            4 => self.number(text, at),
            5 => {
                let piece = PIECES[self.below(PIECES.len())];
                text.splice(at..at, piece.bytes());
            }
            6 => {
                let depth = 1 << self.below(12);
                let open = if self.below(2) == 0 { &b"["[..] } else { &b"{\"a\":"[..] };
                text.splice(at..at, open.repeat(depth));
            }
            7 => self.twice(text, at),
            8 => {
                let run = vec![b'0' + self.below(10) as u8; 1 + self.below(40)];
                text.splice(at..at, run);
            }
            _ => {
                // Another beginning to this end.
                let other = &seeds[self.below(seeds.len())];
                let cut = self.below(other.len() + 1);
                text.splice(..at, other[..cut].iter().copied());
            }
        }
    }

    /// Puts a number in place of the next one.
    fn number(&mut self, text: &mut Vec<u8>, at: usize) {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let Some(from) = text[at..].iter().position(is_digit).map(|skip| at + skip) else { return };
        let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let length = text[from..].iter().take_while(|byte| is_number(byte)).count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        text.splice(from..from + length, number.bytes());
    }

    /// Tells the next member of an object twice.
    fn twice(&mut self, text: &mut Vec<u8>, at: usize) {
        let Some(from) = text[at..].iter().position(|byte| *byte == b',').map(|skip| at + skip)
        else {
            return;
        };
        let behind = &text[from + 1..];
        let length = behind.iter().position(|byte| *byte == b',').unwrap_or(0);
        let member = text[from..=from + length].to_vec();
        text.splice(from..from, member);
    }
}
