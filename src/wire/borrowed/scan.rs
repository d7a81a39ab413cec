//! The text itself: where strings, numbers and words end.

use std::borrow::Cow;

use crate::domain::market::Decimal;

/// What is wrong with a text; none where it is no JSON. Thin, because each step of reading returns one.
#[derive(Debug)]
pub(super) struct Unfit(pub(super) Option<Box<str>>);

/// Not JSON.
pub(super) const BROKEN: Unfit = Unfit(None);

/// Lists and objects within one another; serde_json's limit.
const DEPTH_MAX: u8 = 128;

/// Where, from `at` on, the first quote, backslash or control character stands, else the end. Eight
/// bytes at a time: a byte's highest bit is set where it is one of them, and maybe in bytes behind
/// the first, which are not looked at ("Bit Twiddling Hacks", hasless and haszero).
#[inline]
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let equal = |word: u64, byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = below(word, b' ') | equal(word, b'"') | equal(word, b'\\');
        let found = found & (EACH << 7);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &u8| !matches!(byte, 0..=0x1f | b'"' | b'\\');
    while bytes.get(at).is_some_and(is_plain) {
        at += 1;
    }
    at
}

/// Whether a number has a zero before its digits, which JSON does not allow.
#[inline]
fn has_leading_zero(number: &[u8]) -> bool {
    matches!(number, [b'0', b'0'..=b'9', ..] | [b'-', b'0', b'0'..=b'9', ..])
}

/// A decimal's [`Decimal::to_bits`].
pub(super) type Bits = [u8; 16];

/// A text, and how far it is read.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) depth: u8,
}

pub(super) type Read<T> = Result<T, Unfit>;

impl<'a> Reader<'a> {
    /// At the beginning of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    /// The next byte that is no blank; it stays.
    #[inline]
    pub(super) fn peek(&mut self) -> Read<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(BROKEN),
            }
        }
    }

    #[inline]
    pub(super) fn eat(&mut self, wanted: u8) -> Read<()> {
        if self.peek()? == wanted {
            self.at += 1;
            Ok(())
        } else {
            Err(BROKEN)
        }
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_err()
    }

    /// A string, copied only where it has escapes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Read<Cow<'a, str>> {
        match self.plain() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.unusual(),
        }
    }

    /// A string that begins here and has no escapes, if one does; else nothing is taken. What it
    /// returns fits two registers.
    #[inline]
    fn plain(&mut self) -> Option<&'a str> {
        if *self.bytes.get(self.at)? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let end = end_of_plain(self.bytes, start);
        if *self.bytes.get(end)? != b'"' {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// A decimal that begins here, bare or as a string, where it is a usual one; else nothing is
    /// taken. One pass, where the text of a number would be looked for first and then read.
    #[inline(always)]
    pub(super) fn decimal(&mut self) -> Option<Decimal> {
        let is_string = *self.bytes.get(self.at)? == b'"';
        let start = self.at + usize::from(is_string);
        let text = self.bytes.get(start..)?;
        let (number, length) = Decimal::leading(text)?;
        let end = start + length;
        self.at = match self.bytes.get(end)? {
            b'"' if is_string => end + 1,
            b',' | b']' | b'}' if !is_string && !has_leading_zero(text) => end,
            _ => return None,
        };
        Some(number)
    }

    /// A list that begins here, where its first cells, as many as `cells` has room for, are usual
    /// decimals, of which all but the first may stand behind a blank; else nothing is taken. Puts the
    /// [`Decimal::to_bits`] of each in place, passes over the cells behind them, and tells how many
    /// were put.
    pub(super) fn row(&mut self, cells: &mut [Bits]) -> Option<usize> {
        let (at, depth) = (self.at, self.depth);
        let count = self.cells(cells);
        if count.is_none() {
            (self.at, self.depth) = (at, depth);
        }
        count
    }

    #[inline]
    fn cells(&mut self, cells: &mut [Bits]) -> Option<usize> {
        if *self.bytes.get(self.at)? != b'[' {
            return None;
        }
        self.deeper().ok()?;
        let mut count = 0;
        loop {
            match cells.get_mut(count) {
                Some(cell) => {
                    *cell = self.decimal()?.to_bits().to_le_bytes();
                    count += 1;
                }
                None => self.skip().ok()?,
            }
            match self.bytes.get(self.at)? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
            self.at += usize::from(self.bytes.get(self.at) == Some(&b' '));
        }
        self.at += 1;
        self.depth -= 1;
        Some(count)
    }

    /// A string behind blanks or with escapes.
    #[cold]
    fn unusual(&mut self) -> Read<Cow<'a, str>> {
        self.eat(b'"')?;
        let start = self.at;
        self.at = end_of_plain(self.bytes, start);
        match self.bytes.get(self.at) {
            Some(b'"') => {
                let text = self.text.get(start..self.at).ok_or(BROKEN)?;
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped(start).map(Cow::Owned),
            _ => Err(BROKEN),
        }
    }

    /// The string that began at `start`; serde_json undoes its escapes.
    fn escaped(&mut self, start: usize) -> Read<String> {
        loop {
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
                None => return Err(BROKEN),
            }
        }
        self.at += 1;
        let quoted = self.text.get(start - 1..self.at).ok_or(BROKEN)?;
        serde_json::from_str(quoted).map_err(|_| BROKEN)
    }

    /// The text of a number.
    #[inline]
    pub(super) fn number(&mut self) -> Read<&'a str> {
        self.peek()?;
        let (bytes, start) = (self.bytes, self.at);
        let is = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
        let digits_from = |first: usize| {
            let mut at = first;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            if at == first { Err(BROKEN) } else { Ok(at) }
        };
        let mut at = start + usize::from(is(start, b'-'));
        // What stands behind is looked at by who reads on: `01` is no number and then a digit.
        at = if is(at, b'0') { at + 1 } else { digits_from(at)? };
        if is(at, b'.') {
            at = digits_from(at + 1)?;
        }
        if is(at, b'e') || is(at, b'E') {
            at += 1;
            at = digits_from(at + usize::from(is(at, b'+') || is(at, b'-')))?;
        }
        self.at = at;
        self.text.get(start..at).ok_or(BROKEN)
    }

    pub(super) fn word(&mut self, word: &str) -> Read<()> {
        self.peek()?;
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(BROKEN)
        }
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Read<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => {
                self.deeper()?;
                while self.has_next(b'}')? {
                    self.string()?;
                    self.eat(b':')?;
                    self.skip()?;
                }
                self.depth -= 1;
                Ok(())
            }
            b'[' => {
                self.deeper()?;
                while self.has_next(b']')? {
                    self.skip()?;
                }
                self.depth -= 1;
                Ok(())
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    /// Opens a list or an object; its first byte was seen.
    pub(super) fn deeper(&mut self) -> Read<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth < DEPTH_MAX { Ok(()) } else { Err(BROKEN) }
    }

    /// Whether another element follows in a list or object that ends with `end`, whose end is then
    /// taken; a comma is taken where one must stand.
    #[inline]
    pub(super) fn has_next(&mut self, end: u8) -> Read<bool> {
        // An opening bracket is the one thing behind which an element stands without a comma.
        let is_first = matches!(self.bytes[self.at - 1], b'[' | b'{');
        match self.peek()? {
            byte if byte == end => {
                self.at += 1;
                Ok(false)
            }
            b',' if !is_first => {
                self.at += 1;
                if self.peek()? == end { Err(BROKEN) } else { Ok(true) }
            }
            _ if is_first => Ok(true),
            _ => Err(BROKEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_decimal_is_read_in_one_pass_as_its_text_is(
            text in "\"?-?0{0,2}[0-9]{0,19}(\\.[0-9]{0,9}0{0,9})?\"?[],}e ]?") {
            let reader = || Reader::new(&text);
            let (mut once, mut twice) = (reader(), reader());
            if let Some(number) = once.decimal() {
                let is_string = text.starts_with('"');
                let read = if is_string { twice.plain().unwrap() } else { twice.number().unwrap() };
                prop_assert_eq!(Decimal::parse(read), Ok(number));
                prop_assert_eq!(once.at, twice.at);
            } else {
                prop_assert_eq!(once.at, 0);
            }
        }

        #[test]
        fn eight_bytes_at_a_time_end_where_one_at_a_time_does(
            bytes in prop::collection::vec(
                prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(0x1f), Just(b' ')], 0..40),
            from in 0_usize..40,
        ) {
            let one_by_one = (from..bytes.len())
                .find(|at| matches!(bytes[*at], 0..=0x1f | b'"' | b'\\'))
                .unwrap_or(bytes.len().max(from));
            prop_assert_eq!(end_of_plain(&bytes, from), one_by_one);
        }
    }
}
