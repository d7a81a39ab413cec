//! One walk over the fields of a message's data, whatever they are written as.

use super::data::Exps;
use super::json::Object;

/// A field: its bit in MessagePack, its name in JSON.
pub type Field = (u8, &'static str);

/// Where fields are written.
pub trait Fields {
    /// A decimal; none is null.
    fn decimal(&mut self, field: Field, mantissa: Option<i128>, exp: u8);
    /// An integer; none is null.
    fn integer(&mut self, field: Field, value: Option<i64>);
    /// One of the protocol's words.
    fn word(&mut self, field: Field, value: &str);
    /// Levels of a book, a quantity of zero for one that is gone.
    fn levels(&mut self, field: Field, levels: &[(i64, i64)], exps: Exps);
}

impl Fields for Object<'_> {
    fn decimal(&mut self, (_, name): Field, mantissa: Option<i128>, exp: u8) {
        Object::decimal(self, name, mantissa, exp);
    }

    fn integer(&mut self, (_, name): Field, value: Option<i64>) {
        match value {
            Some(value) => {
                Object::integer(self, name, value);
            }
            None => self.key(name).push_str("null"),
        }
    }

    fn word(&mut self, (_, name): Field, value: &str) {
        self.plain(name, value);
    }

    fn levels(&mut self, (_, name): Field, levels: &[(i64, i64)], exps: Exps) {
        super::data::levels(self.key(name), levels, exps);
    }
}
