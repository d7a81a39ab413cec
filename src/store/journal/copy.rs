//! Rows in PostgreSQL's binary COPY format.

use bytes::{BufMut, BytesMut};

use crate::domain::market::Nanos;

/// Rows in PostgreSQL's binary COPY format (documentation of COPY, "Binary Format").
pub(super) struct CopyRows {
    out: BytesMut,
    columns: i16,
}

/// Microseconds between 1970 and PostgreSQL's epoch, 2000-01-01.
const EPOCH_2000_US: i64 = 946_684_800_000_000;

impl CopyRows {
    pub(super) fn new(columns: i16) -> Self {
        let mut out = BytesMut::with_capacity(64 * 1024);
        out.put_slice(b"PGCOPY\n\xff\r\n\0");
        out.put_i32(0);
        out.put_i32(0);
        Self { out, columns }
    }

    pub(super) fn begin(&mut self) {
        self.out.put_i16(self.columns);
    }

    pub(super) fn finish(mut self) -> bytes::Bytes {
        self.out.put_i16(-1);
        self.out.freeze()
    }

    pub(super) fn int2(&mut self, value: i16) -> &mut Self {
        self.out.put_i32(2);
        self.out.put_i16(value);
        self
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.out.put_i32(1);
        self.out.put_u8(value.into());
        self
    }

    pub(super) fn int4(&mut self, value: i32) -> &mut Self {
        self.out.put_i32(4);
        self.out.put_i32(value);
        self
    }

    pub(super) fn int8(&mut self, value: i64) -> &mut Self {
        self.out.put_i32(8);
        self.out.put_i64(value);
        self
    }

    pub(super) fn maybe_int8(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.int8(value),
            None => self.null(),
        }
    }

    pub(super) fn ts(&mut self, ns: Nanos) -> &mut Self {
        self.int8(ns.div_euclid(1_000) - EPOCH_2000_US)
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.out.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.out.put_slice(value.as_bytes());
        self
    }

    pub(super) fn maybe_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.out.put_i32(-1);
        self
    }

    /// A whole number as `numeric`: groups of four digits.
    pub(super) fn numeric(&mut self, value: Option<u64>) -> &mut Self {
        let Some(mut rest) = value else { return self.null() };
        let mut groups = Vec::new();
        while rest != 0 {
            groups.push((rest % 10_000) as i16);
            rest /= 10_000;
        }
        let count = groups.len() as i16;
        self.out.put_i32(8 + 2 * i32::from(count));
        self.out.put_i16(count);
        self.out.put_i16((count - 1).max(0));
        self.out.put_i16(0);
        self.out.put_i16(0);
        groups.iter().rev().for_each(|group| self.out.put_i16(*group));
        self
    }

    pub(super) fn int8_array(&mut self, values: &[i64]) -> &mut Self {
        const INT8_OID: i32 = 20;
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let dimensions = i32::from(count != 0);
        self.out.put_i32(12 + dimensions * 8 + count * 12);
        self.out.put_i32(dimensions);
        self.out.put_i32(0);
        self.out.put_i32(INT8_OID);
        if count != 0 {
            self.out.put_i32(count);
            self.out.put_i32(1);
        }
        values.iter().for_each(|value| {
            self.int8(*value);
        });
        self
    }
}
