//! Recorded frames, read back from files in the order in which they were received.
//!
//! Forms, told apart by their beginning; a file that begins as gzip is unpacked:
//!
//! - `LOCAL_NS JSON`: a message (hftbacktest's recorder; nanoseconds);
//! - `RECV: JSON`: a message (cryptofeed's recorder; decimal seconds);
//! - `URL <- RECV: JSON`: what the client sent; passed over;
//! - `URL <-> RECV`: a connection was opened;
//! - `URL -> RECV: BODY`: an HTTP response;
//! - a blank line: passed over;
//! - a file that begins with `{` or `[`: one JSON document, a saved REST body. It has no receive
//!   time, and is given the cursor that Kraken ends an answer with (`result.last`, the time of its
//!   last row), else 0: not known.
//!
//! A line that cannot be read is an error with its place, and reading goes on behind it. Nothing
//! but the line at hand is held in memory; a JSON document is held whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

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
        /// The URL that was asked, where it was written down.
        url: Option<String>,
        /// The body.
        body: String,
    },
    /// A connection was opened.
    Connected {
        /// Its URL.
        url: String,
    },
}

impl Record {
    /// As an adapter takes it.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        match &self.what {
            Captured::Message(text) => Frame::Message(text),
            Captured::Response { url, body } => Frame::Response { url: url.as_deref(), body },
            Captured::Connected { .. } => Frame::Connected,
        }
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
        Ok(Self { file, line: 0, reader: Some(reader), is_document })
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
        Some(Ok(Record { recv, what: Captured::Response { url: None, body } }))
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
                Some(Said::Heard(record)) => return Some(Ok(record)),
                Some(Said::Nothing) => {}
                None => return Some(Err(self.fail(Fault::Malformed))),
            }
        }
    }
}

/// Opens a file of text, gzip or plain, told by how it begins.
pub(super) fn unpacked(file: &Path) -> io::Result<Box<dyn BufRead + Send>> {
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
    files: Vec<(Capture, Option<Result<Record, CaptureError>>)>,
}

/// Reads several files as one.
///
/// # Errors
///
/// Where one of them cannot be opened.
pub fn merge<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Merged, CaptureError> {
    let files = paths.into_iter().map(|path| {
        let mut file = Capture::open(path)?;
        let head = file.next();
        Ok((file, head))
    });
    Ok(Merged { files: files.collect::<Result<_, _>>()? })
}

impl Iterator for Merged {
    type Item = Result<Record, CaptureError>;

    /// An error comes as soon as its file is read up to it.
    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.files.iter().enumerate();
        let (_, at) = heads
            .filter_map(|(at, (_, head))| match head.as_ref()? {
                Ok(record) => Some((record.recv, at)),
                Err(_) => Some((Nanos::MIN, at)),
            })
            .min()?;
        let (file, head) = self.files.get_mut(at)?;
        std::mem::replace(head, file.next())
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

enum Said {
    Heard(Record),
    Nothing,
}

/// Reads one line; none where it has no known form.
fn parse(line: &str) -> Option<Said> {
    if line.is_empty() {
        return Some(Said::Nothing);
    }
    let (first, rest) = line.split_once(' ')?;
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        let url = first.contains("://").then(|| first.to_owned())?;
        let (arrow, rest) = rest.split_once(' ')?;
        return match arrow {
            "<-" => Some(Said::Nothing),
            "<->" => {
                let recv = seconds(rest.trim())?;
                Some(Said::Heard(Record { recv, what: Captured::Connected { url } }))
            }
            "->" => {
                let (recv, body) = rest.split_once(": ")?;
                let what = Captured::Response { url: Some(url), body: body.to_owned() };
                Some(Said::Heard(Record { recv: seconds(recv)?, what }))
            }
            _ => None,
        };
    }
    let recv = match first.strip_suffix(':') {
        Some(text) => seconds(text)?,
        None => first.parse().ok().filter(|recv| *recv < TIME_LIMIT)?,
    };
    let text = rest.trim_start();
    let what = Captured::Message(text.to_owned());
    (!text.is_empty()).then_some(Said::Heard(Record { recv, what }))
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
