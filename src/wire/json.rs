//! Writing JSON by hand where it is written a million times a second.

use crate::domain::market::write_mantissa;

/// An object under construction at the end of a text.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// Begins a field; its value is to be written to what is returned.
    pub fn key(&mut self, name: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// A string that needs no escaping.
    pub fn plain(&mut self, name: &str, value: &str) -> &mut Self {
        let out = self.key(name);
        out.push('"');
        out.push_str(value);
        out.push('"');
        self
    }

    /// Any string.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        push_text(self.key(name), value);
        self
    }

    /// An integer.
    pub fn integer(&mut self, name: &str, value: impl itoa::Integer) -> &mut Self {
        push_integer(self.key(name), value);
        self
    }

    /// A decimal, as a string with exactly `exp` decimals; null where there is none.
    pub fn decimal(&mut self, name: &str, mantissa: Option<i128>, exp: u8) -> &mut Self {
        push_decimal(self.key(name), mantissa, exp);
        self
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push('}');
    }
}

/// Appends an integer.
pub fn push_integer(out: &mut String, value: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// Appends a decimal as a string, or null.
pub fn push_decimal(out: &mut String, mantissa: Option<i128>, exp: u8) {
    match mantissa {
        Some(mantissa) => {
            out.push('"');
            write_mantissa(out, mantissa, exp);
            out.push('"');
        }
        None => out.push_str("null"),
    }
}

/// Appends a string with what JSON wants escaped.
pub fn push_text(out: &mut String, value: &str) {
    let plain = |byte: u8| 0x20 <= byte && byte != b'"' && byte != b'\\';
    if value.bytes().all(plain) {
        out.push('"');
        out.push_str(value);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(value).to_string());
    }
}
