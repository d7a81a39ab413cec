//! Recorded frames, read back from files in the order in which they were received.
//!
//! Forms, told apart by their beginning; a file that begins as gzip is unpacked:
//!
//! - `LOCAL_NS JSON`: a message (hftbacktest's recorder; nanoseconds);
//! - `RECV: JSON`: a message (cryptofeed's recorder; decimal seconds);
//! - `RECV: b'…'`: a binary message, as Python writes bytes; unpacked where it is deflate, zlib or
//!   gzip (OKX and OKCoin until 2021);
//! - `URL <- RECV: TEXT`: what the client said, which is no frame of the venue;
//! - `URL <-> RECV`: a connection was opened;
//! - `URL -> RECV: BODY`: an HTTP response;
//! - a blank line: passed over;
//! - a file that begins with `{` or `[`: one JSON document, a saved REST body. It has no receive
//!   time, and is given the cursor that Kraken ends an answer with (`result.last`, the time of its
//!   last row), else 0: not known.
//!
//! A file that begins with the opening of a connection holds what came by that one, and so do further
//! parts of it, told by their names (`NAME.ws.28.0`, `NAME.ws.28.1`). All files that tell of none, and
//! REST bodies, go with the first.
//!
//! A REST body without its URL, in a file that is of one symbol by its name and by the messages before
//! it, is of that symbol.
//!
//! A line that cannot be read is an error with its place, and reading goes on behind it. Nothing
//! but the line at hand is held in memory; a JSON document is held whole.

mod neighbours;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use self::neighbours::Neighbours;
use super::venues::Frame;
use super::venues::reading::{TIME_LIMIT, seconds};
use crate::domain::market::{Nanos, SECOND_NS};

/// The longest line, or JSON document, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One thing that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, by the recorder's clock; 0 where that is not known.
    pub recv: Nanos,
    /// Which of the recorded connections it came by; the first, 0, where that is not known.
    pub connection: usize,
    /// What.
    pub what: Captured,
}

/// What a recorder writes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Captured {
    /// A WebSocket message.
    Message(String),
    /// The body of an HTTP response.
    Response {
        /// The URL that was asked, where it was written down; as much of it as what stands around
        /// the body tells.
        url: Option<String>,
        /// The body.
        body: String,
    },
    /// A connection was opened.
    Connected {
        /// Its URL.
        url: String,
    },
    /// What the client said.
    Said(String),
}

impl Record {
    /// As an adapter takes it.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        match &self.what {
            Captured::Message(text) => Frame::Message(text),
            Captured::Response { url, body } => Frame::Response { url: url.as_deref(), body },
            Captured::Connected { .. } => Frame::Connected,
            Captured::Said(text) => Frame::Said(text),
        }
    }

    /// Whether it is no frame of the venue, but what the client said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        matches!(self.what, Captured::Said(_))
    }
}

/// Something in a file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {fault}", file.display())]
pub struct CaptureError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// Why a line, or the rest of a file, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be opened, read or unpacked; nothing behind this comes.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// More than 64 MiB.
    #[error("longer than 64 MiB")]
    TooLong,
    /// Not text.
    #[error("not UTF-8")]
    NotText,
    /// None of the forms that are known.
    #[error("not a recorded frame")]
    Malformed,
}

/// Reads one file.
pub struct Capture {
    file: PathBuf,
    line: u64,
    /// None once all is read.
    reader: Option<Box<dyn BufRead + Send>>,
    is_document: bool,
    neighbours: Neighbours,
}

impl Capture {
    /// Opens a file, gzip or plain.
    ///
    /// # Errors
    ///
    /// [`Fault::Unreadable`] where it cannot be opened, or is not the gzip it begins as.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let file = path.as_ref().to_path_buf();
        match unpacked(&file) {
            Ok(reader) => Self::read(file.clone(), reader).map_err(|error| CaptureError {
                file,
                line: 0,
                fault: error.into(),
            }),
            Err(error) => Err(CaptureError { file, line: 0, fault: error.into() }),
        }
    }

    /// Reads from anywhere; `file` is what errors name.
    ///
    /// # Errors
    ///
    /// Where the beginning cannot be read.
    pub fn read(file: PathBuf, mut reader: Box<dyn BufRead + Send>) -> io::Result<Self> {
        let is_document =
            matches!(reader.fill_buf()?.trim_ascii_start().first(), Some(b'{' | b'['));
        let neighbours = Neighbours::of(&file);
        Ok(Self { file, line: 0, reader: Some(reader), is_document, neighbours })
    }

    fn fail(&self, fault: Fault) -> CaptureError {
        CaptureError { file: self.file.clone(), line: self.line, fault }
    }

    /// The whole file as one document.
    fn document(&mut self) -> Option<Result<Record, CaptureError>> {
        let reader = self.reader.take()?;
        self.line = 1;
        let mut bytes = Vec::new();
        if let Err(error) = reader.take(LINE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes) {
            return Some(Err(self.fail(error.into())));
        }
        if LINE_BYTES_MAX < bytes.len() {
            return Some(Err(self.fail(Fault::TooLong)));
        }
        let Ok(body) = String::from_utf8(bytes) else {
            return Some(Err(self.fail(Fault::NotText)));
        };
        let recv = cursor_of(&body).unwrap_or_default();
        let what = Captured::Response { url: None, body };
        Some(Ok(Record { recv, connection: 0, what }))
    }

    /// The next line without its end; none behind the last one.
    fn next_line(&mut self) -> Option<Result<String, CaptureError>> {
        let reader = self.reader.as_mut()?;
        let mut bytes = Vec::new();
        let outcome = read_line(reader.as_mut(), &mut bytes);
        self.line += 1;
        match outcome {
            Ok(Line::End) => {
                self.reader = None;
                None
            }
            Ok(Line::TooLong) => Some(Err(self.fail(Fault::TooLong))),
            Ok(Line::Read) => Some(String::from_utf8(bytes).map_err(|_| self.fail(Fault::NotText))),
            Err(error) => {
                self.reader = None;
                Some(Err(self.fail(error.into())))
            }
        }
    }
}

impl Iterator for Capture {
    type Item = Result<Record, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_document {
            return self.document();
        }
        loop {
            let line = match self.next_line()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            match parse(line.trim()) {
                Some(Parsed::Record(record)) => {
                    let what = self.neighbours.take(record.what);
                    return Some(Ok(Record { what, ..record }));
                }
                Some(Parsed::Nothing) => {}
                None => return Some(Err(self.fail(Fault::Malformed))),
            }
        }
    }
}

/// Opens a file of text, gzip or plain, told by how it begins.
pub(crate) fn unpacked(file: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut plain = BufReader::with_capacity(1 << 16, File::open(file)?);
    let packed = plain.fill_buf()?.starts_with(&GZIP);
    Ok(if packed {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain)))
    } else {
        Box::new(plain)
    })
}

/// Several files as one, by receive time; equal times in the order of the files. A file's own order
/// is kept, also where its times go back.
pub struct Merged {
    files: Vec<Part>,
}

/// One file of several.
struct Part {
    file: Capture,
    head: Option<Result<Record, CaptureError>>,
    connection: usize,
}

/// Reads several files as one.
///
/// # Errors
///
/// Where one of them cannot be opened.
pub fn merge<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Merged, CaptureError> {
    let mut files = Vec::new();
    let mut connections: Vec<String> = Vec::new();
    for path in paths {
        let mut file = Capture::open(path)?;
        let head = file.next();
        let connection = connection_of(&file.file, head.as_ref()).map_or(0, |named| {
            let known = connections.iter().position(|other| *other == named);
            known.unwrap_or_else(|| {
                connections.push(named);
                connections.len() - 1
            })
        });
        files.push(Part { file, head, connection });
    }
    Ok(Merged { files })
}

/// A name for the connection that a file is of; none where it tells of none.
fn connection_of(file: &Path, head: Option<&Result<Record, CaptureError>>) -> Option<String> {
    let opens = matches!(head, Some(Ok(Record { what: Captured::Connected { .. }, .. })));
    let name = file.file_name()?.to_str()?;
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.strip_suffix(".txt").unwrap_or(stem);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|at| at.is_ascii_digit());
    let whole = stem.rsplit_once('.').filter(|(whole, part)| {
        let of = whole.rsplit_once(".ws.");
        is_number(part) && of.is_some_and(|(_, number)| is_number(number))
    });
    match whole {
        Some((whole, _)) => Some(file.with_file_name(whole).to_string_lossy().into_owned()),
        None => opens.then(|| file.to_string_lossy().into_owned()),
    }
}

impl Iterator for Merged {
    type Item = Result<Record, CaptureError>;

    /// An error comes as soon as its file is read up to it.
    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.files.iter().enumerate();
        let (_, at) = heads
            .filter_map(|(at, part)| match part.head.as_ref()? {
                Ok(record) => Some((record.recv, at)),
                Err(_) => Some((Nanos::MIN, at)),
            })
            .min()?;
        let part = self.files.get_mut(at)?;
        let next = std::mem::replace(&mut part.head, part.file.next())?;
        Some(next.map(|record| Record { connection: part.connection, ..record }))
    }
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Reads up to the next line feed; a line too long is passed over to its end.
fn read_line(reader: &mut dyn BufRead, bytes: &mut Vec<u8>) -> io::Result<Line> {
    let (mut any, mut too_long) = (false, false);
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = end.map_or(chunk, |end| &chunk[..end]);
        any |= !chunk.is_empty();
        if LINE_BYTES_MAX < bytes.len() + part.len() {
            too_long = true;
            bytes.clear();
        } else if !too_long {
            bytes.extend_from_slice(part);
        }
        let done = end.is_some() || chunk.is_empty();
        let used = end.map_or(chunk.len(), |end| end + 1);
        reader.consume(used);
        if done {
            return Ok(match (any, too_long) {
                (false, _) => Line::End,
                (true, true) => Line::TooLong,
                (true, false) => Line::Read,
            });
        }
    }
}

enum Parsed {
    Record(Record),
    Nothing,
}

/// Reads one line; none where it has no known form.
fn parse(line: &str) -> Option<Parsed> {
    if line.is_empty() {
        return Some(Parsed::Nothing);
    }
    let (first, rest) = line.split_once(' ')?;
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        let url = first.contains("://").then(|| first.to_owned())?;
        let (arrow, rest) = rest.split_once(' ')?;
        return match arrow {
            "<-" => {
                let (recv, text) = rest.split_once(": ")?;
                let what = Captured::Said(text.to_owned());
                let recv = seconds(recv)?;
                Some(Parsed::Record(Record { recv, connection: 0, what }))
            }
            "<->" => {
                let recv = seconds(rest.trim())?;
                let what = Captured::Connected { url };
                Some(Parsed::Record(Record { recv, connection: 0, what }))
            }
            "->" => {
                let (recv, body) = rest.split_once(": ")?;
                let what = Captured::Response { url: Some(url), body: body.to_owned() };
                let recv = seconds(recv)?;
                Some(Parsed::Record(Record { recv, connection: 0, what }))
            }
            _ => None,
        };
    }
    let recv = match first.strip_suffix(':') {
        Some(text) => seconds(text)?,
        None => first.parse().ok().filter(|recv| *recv < TIME_LIMIT)?,
    };
    let text = rest.trim_start();
    let text = if text.starts_with("b'") || text.starts_with("b\"") {
        unpacked_text(&bytes_of(text)?)?
    } else {
        text.to_owned()
    };
    let is_empty = text.is_empty();
    let what = Captured::Message(text);
    (!is_empty).then_some(Parsed::Record(Record { recv, connection: 0, what }))
}

/// Bytes as Python writes them: `b'…'`, or `b"…"` where a `'` is in them.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let quote = text.chars().nth(1)?;
    let inside = text.strip_prefix('b')?.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let [high, low] = [rest.next()?, rest.next()?].map(|at| (at as char).to_digit(16));
                u8::try_from(high? * 16 + low?).ok()?
            }
            plain @ (b'\\' | b'\'' | b'"') => plain,
            _ => return None,
        });
    }
    Some(bytes)
}

/// The text of a binary message.
fn unpacked_text(bytes: &[u8]) -> Option<String> {
    let unpack = |reader: &mut dyn Read| {
        let mut text = String::new();
        let read = reader.take(LINE_BYTES_MAX as u64).read_to_string(&mut text);
        read.is_ok().then_some(text).filter(|text| !text.is_empty())
    };
    if bytes.starts_with(&GZIP) {
        return unpack(&mut MultiGzDecoder::new(bytes));
    }
    let plain = std::str::from_utf8(bytes).ok().map(str::to_owned);
    plain
        .or_else(|| unpack(&mut DeflateDecoder::new(bytes)))
        .or_else(|| unpack(&mut ZlibDecoder::new(bytes)))
}

/// The cursor of a Kraken answer: nanoseconds as text, or seconds as a number.
fn cursor_of(body: &str) -> Option<Nanos> {
    let document: serde_json::Value = serde_json::from_str(body).ok()?;
    let text = match document.get("result")?.get("last")? {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let value: Nanos = text.parse().ok()?;
    // Seconds have ten digits until the year 2286, nanoseconds nineteen.
    let nanos = if value < 100_000_000_000 { value.checked_mul(SECOND_NS) } else { Some(value) };
    nanos.filter(|nanos| (0..TIME_LIMIT).contains(nanos))
}

#[cfg(test)]
mod tests;
