//! Numbers of venues that write small ones with an exponent (`5.0e-4`), read exactly.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::market::Decimal;
use crate::wire::number::DecimalField;

/// A bare number of a frame, or one in a string; read from its text without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub DecimalField);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
        Ok(Self(DecimalField(Decimal::parse_scientific(text))))
    }
}
