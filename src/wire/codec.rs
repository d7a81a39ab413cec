//! The two ways in which a session's messages are written.

use bytes::Bytes;

/// How a session's messages are written; chosen by its subprotocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// `tickwire.v1.json`: text, named fields, decimals as strings.
    #[default]
    Json,
    /// `tickwire.v1.msgpack`: binary, data by position, decimals as mantissas.
    MessagePack,
}

impl Codec {
    /// How many there are.
    pub const COUNT: usize = 2;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [Self::Json, Self::MessagePack];

    /// Its WebSocket subprotocol.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "tickwire.v1.json",
            Self::MessagePack => "tickwire.v1.msgpack",
        }
    }

    /// Its place among the codecs.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The first that is spoken of those that a client offers; JSON where it offers none.
    #[must_use]
    pub fn chosen(offered: Option<&str>) -> Option<Self> {
        let Some(offered) = offered else { return Some(Self::default()) };
        offered
            .split(',')
            .find_map(|name| Self::ALL.into_iter().find(|codec| codec.subprotocol() == name.trim()))
    }
}

/// One message in each codec that somebody wants.
#[derive(Clone, Debug, Default)]
pub struct Coded([Option<Bytes>; Codec::COUNT]);

impl Coded {
    /// Encodes once for each codec that is wanted.
    pub fn new(wanted: impl Fn(Codec) -> bool, encode: impl Fn(Codec) -> Bytes) -> Self {
        Self(Codec::ALL.map(|codec| wanted(codec).then(|| encode(codec))))
    }

    /// The message in a codec; none where nobody wanted it.
    #[must_use]
    pub fn of(&self, codec: Codec) -> Option<&Bytes> {
        self.0[codec.index()].as_ref()
    }

    /// Bytes of all forms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().flatten().map(Bytes::len).sum()
    }

    /// Whether nobody wanted it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_first_choice_that_is_spoken_counts() {
        assert_eq!(Codec::chosen(None), Some(Codec::Json));
        assert_eq!(
            Codec::chosen(Some("mqtt, tickwire.v1.msgpack,tickwire.v1.json")),
            Some(Codec::MessagePack)
        );
        assert_eq!(Codec::chosen(Some("tickwire.v1.json")), Some(Codec::Json));
        assert_eq!(Codec::chosen(Some("tickwire.v2.json")), None);
    }
}
