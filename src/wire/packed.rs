//! MessagePack as it is written: data by position, everything else as maps.

use rmp::encode;
use serde_json::Value;

use super::fields::{Field, Fields};

/// Values of a data message, each with the bit of its field.
#[derive(Debug, Default)]
pub struct Packed {
    mask: u32,
    count: u32,
    out: Vec<u8>,
}

impl Packed {
    /// Begins a field; its value is to be written to what is returned. Fields come in the order of
    /// their bits.
    pub(super) fn value(&mut self, bit: u8) -> &mut Vec<u8> {
        debug_assert!(self.mask >> bit == 0, "fields out of order");
        self.mask |= 1 << bit;
        self.count += 1;
        &mut self.out
    }

    /// Appends `[head…, mask, values…]`; `head` has `head_count` values.
    pub(super) fn close_into(
        self,
        out: &mut Vec<u8>,
        head_count: u32,
        head: impl Fn(&mut Vec<u8>),
    ) {
        array(out, head_count + 1 + self.count);
        head(out);
        uint(out, u64::from(self.mask));
        out.extend_from_slice(&self.out);
    }
}

impl Fields for Packed {
    fn decimal(&mut self, (bit, _): Field, mantissa: Option<i128>, _: u8) {
        decimal(self.value(bit), mantissa);
    }

    fn integer(&mut self, (bit, _): Field, value: Option<i64>) {
        let out = self.value(bit);
        match value {
            Some(value) => int(out, value),
            None => nil(out),
        }
    }

    fn word(&mut self, (bit, _): Field, value: &str) {
        text(self.value(bit), value);
    }

    fn levels(&mut self, (bit, _): Field, levels: &[(i64, i64)], _: super::data::Exps) {
        let out = self.value(bit);
        array(out, levels.len() as u32 * 2);
        for (price, qty) in levels {
            int(out, *price);
            int(out, *qty);
        }
    }
}

// Writing to memory does not fail, so what `rmp` returns says nothing.

pub(super) fn array(out: &mut Vec<u8>, len: u32) {
    let _infallible = encode::write_array_len(out, len);
}

pub(super) fn uint(out: &mut Vec<u8>, value: u64) {
    let _infallible = encode::write_uint(out, value);
}

pub(super) fn int(out: &mut Vec<u8>, value: i64) {
    let _infallible = encode::write_sint(out, value);
}

pub(super) fn nil(out: &mut Vec<u8>) {
    let _infallible = encode::write_nil(out);
}

pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    let _infallible = encode::write_str(out, value);
}

/// A mantissa; beyond signed 64 bits a string of its digits; nil where there is none.
pub(super) fn decimal(out: &mut Vec<u8>, mantissa: Option<i128>) {
    match mantissa.map(|wide| (i64::try_from(wide), wide)) {
        Some((Ok(mantissa), _)) => int(out, mantissa),
        Some((Err(_), wide)) => text(out, &wide.to_string()),
        None => nil(out),
    }
}

/// Any JSON value.
pub(super) fn any(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => nil(out),
        Value::Bool(truth) => {
            let _infallible = encode::write_bool(out, *truth);
        }
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => int(out, number),
            (_, Some(number), _) => uint(out, number),
            (.., Some(number)) => {
                let _infallible = encode::write_f64(out, number);
            }
            _ => text(out, &number.to_string()),
        },
        Value::String(string) => text(out, string),
        Value::Array(items) => {
            array(out, items.len() as u32);
            items.iter().for_each(|item| any(out, item));
        }
        Value::Object(map) => {
            let _infallible = encode::write_map_len(out, map.len() as u32);
            for (name, value) in map {
                text(out, name);
                any(out, value);
            }
        }
    }
}
