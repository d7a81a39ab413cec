//! How far a role has come in each partition, for whoever compares it with the log's end.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::feeds::kafka::PARTITIONS;

const NOT_ITS_OWN: i64 = -1;

/// The first record of each partition that a role has not dealt with.
#[derive(Debug)]
pub struct Progress {
    /// `serve` or `record`.
    pub role: &'static str,
    next: [AtomicI64; PARTITIONS as usize],
}

impl Progress {
    /// Of a role that has no partitions yet.
    #[must_use]
    pub fn new(role: &'static str) -> Self {
        Self { role, next: std::array::from_fn(|_| AtomicI64::new(NOT_ITS_OWN)) }
    }

    /// The role has dealt with all records of a partition before this one.
    pub fn reach(&self, partition: i32, next_offset: i64) {
        if let Some(next) = usize::try_from(partition).ok().and_then(|at| self.next.get(at)) {
            next.store(next_offset, Ordering::Relaxed);
        }
    }

    /// A partition is not the role's any more.
    pub fn leave(&self, partition: i32) {
        self.reach(partition, NOT_ITS_OWN);
    }

    /// Partitions and where the role is in them.
    pub fn places(&self) -> impl Iterator<Item = (i32, i64)> {
        let places = (0..).zip(self.next.iter().map(|next| next.load(Ordering::Relaxed)));
        places.filter(|(_, next)| *next != NOT_ITS_OWN)
    }
}
