//! Whether files of orders follow one another, and what their streams began with.

use ::dbn::{MboMsg, Metadata, Schema};
use compact_str::{CompactString, ToCompactString};

/// What a file says of its records: of which dataset, from when, and until when.
pub(super) struct Span {
    pub dataset: CompactString,
    pub start: u64,
    pub end: Option<u64>,
}

impl Span {
    pub fn of(told: &Metadata) -> Self {
        let dataset = told.dataset.to_uppercase().to_compact_string();
        Self { dataset, start: told.start, end: told.end.map(u64::from) }
    }
}

/// Whether a file may have orders: not where it is all of another schema.
pub(super) fn has_orders(metadata: Option<&Metadata>) -> bool {
    metadata.and_then(|told| told.schema).is_none_or(|schema| schema == Schema::Mbo)
}

/// Until when the orders of an instrument are known, file by file.
#[derive(Default)]
pub(super) struct Followed {
    /// The end of the last file that had records of it.
    ended: Option<u64>,
    /// The same, or the end of files that went on from there and had none.
    passed: Option<u64>,
    goes_on: bool,
    has_entered: bool,
}

impl Followed {
    /// Begins a file of its dataset. Files of a day may come one for each symbol, so what goes on is
    /// asked of each instrument. Fragments tell no times, and are taken to go on.
    pub fn begin(&mut self, span: Option<&Span>) {
        self.has_entered = false;
        let Some(span) = span else {
            self.goes_on = true;
            return;
        };
        let start = Some(span.start);
        self.goes_on = self.ended == start || self.passed == start;
        if self.passed == start {
            self.passed = span.end;
        }
    }

    /// Takes note of a record in a file until `end`: for the first one, whether the file goes on
    /// where the last one ended.
    pub fn enter(&mut self, end: Option<u64>) -> Option<bool> {
        if std::mem::replace(&mut self.has_entered, true) {
            return None;
        }
        (self.ended, self.passed) = (end, end);
        Some(self.goes_on)
    }
}

/// Order files of a dataset that follow one another without a hole.
#[derive(Default)]
struct Stream {
    dataset: CompactString,
    end: Option<u64>,
    /// The publishers that had orders, and whether their books are known since they began.
    publishers: Vec<(u16, bool)>,
}

/// The streams of all datasets.
#[derive(Default)]
pub(super) struct Streams {
    current: Stream,
    others: Vec<Stream>,
}

impl Streams {
    /// Begins a file that may have orders.
    pub fn begin(&mut self, span: Option<&Span>) {
        let Some(Span { dataset, start, end }) = span else {
            self.current.end = None;
            return;
        };
        if self.current.dataset != *dataset {
            let found = self.others.iter().position(|other| other.dataset == *dataset);
            let next = match found {
                Some(nth) => self.others.swap_remove(nth),
                None => Stream { dataset: dataset.clone(), ..Stream::default() },
            };
            self.others.push(std::mem::replace(&mut self.current, next));
        }
        if self.current.end != Some(*start) {
            self.current.publishers.clear();
        }
        self.current.end = *end;
    }

    /// Takes note of a record of a book that is not known whole; whether its publisher's books were
    /// known before, so that an instrument that nobody heard of began empty.
    ///
    /// They are behind snapshots, and where a clear is the first that a publisher tells. A clear
    /// behind other records is one instrument's alone.
    pub fn take(&mut self, msg: &MboMsg) -> bool {
        let (publisher, is_snapshot) = (msg.hd.publisher_id, msg.flags.is_snapshot());
        let mut known = self.current.publishers.iter_mut();
        if let Some((_, is_whole)) = known.find(|(known, _)| *known == publisher) {
            return std::mem::replace(is_whole, *is_whole || is_snapshot);
        }
        self.current.publishers.push((publisher, is_snapshot || msg.action as u8 == b'R'));
        false
    }
}
