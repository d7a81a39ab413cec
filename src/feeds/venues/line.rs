//! How a venue is followed live: where to connect, what to say, what to ask again.
//!
//! Pure: symbols and texts in, texts out. `feeds::live` owns the sockets and the clocks.

/// What a venue asks of its clients, and what they may expect of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The public WebSocket.
    pub socket_url: &'static str,
    /// The public REST host, `https://host` without a path.
    pub rest_url: &'static str,
    /// The most instruments followed on one connection.
    pub instruments_max: usize,
    /// The most messages that a client sends in a second on one connection.
    pub messages_per_s: u32,
    /// The most connections that a client opens in a minute.
    pub connects_per_min: u32,
    /// The most REST requests that a client makes in a minute.
    pub requests_per_min: u32,
    /// How often [`Line::ping`] is sent; none where the venue needs none.
    pub ping_every_ms: Option<u64>,
    /// A connection on which nothing at all came for so long is dead.
    pub silence_max_ms: u64,
    /// A connection is replaced after so long, before the venue ends it.
    pub lifetime_ms: Option<u64>,
    /// How a book is had again.
    pub recovery: Recovery,
}

/// How a book is had again after its continuity was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// By the REST snapshot of [`Line::snapshot_path`], which the adapter joins with the changes
    /// that came meanwhile.
    RestSnapshot,
    /// By [`Line::renew`]: the venue answers a subscription with a snapshot.
    Resubscribe,
    /// By a new connection.
    Reconnect,
}

/// What a text from the venue means for the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: it is for the adapter alone.
    Data,
    /// The venue wants this said.
    Answer(String),
    /// The venue will close soon: another connection is wanted.
    Closing,
}

/// One connection's side of the venue's protocol.
pub trait Line {
    /// What the venue asks of its clients.
    fn terms(&self) -> &'static Terms;

    /// Where to connect; `base` is [`Terms::socket_url`] or what stands in for it.
    fn socket_url(&self, base: &str) -> String {
        base.to_owned()
    }

    /// Whether nothing is said on a new connection before the venue has said something.
    fn awaits_greeting(&self) -> bool {
        false
    }

    /// What is said on a new connection: books, trades and best bid and ask of the symbols.
    fn subscribe(&mut self, symbols: &[String]) -> Vec<String>;

    /// How a symbol stands in the venue's frames, where its instrument is named by more.
    fn in_frames<'s>(&self, symbol: &'s str) -> &'s str {
        symbol
    }

    /// What is said to have one symbol's book again ([`Recovery::Resubscribe`]).
    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let _ = symbol;
        Vec::new()
    }

    /// Path and query of the REST snapshot of a symbol's book ([`Recovery::RestSnapshot`]). The
    /// adapter finds the symbol in it.
    fn snapshot_path(&self, symbol: &str) -> Option<String> {
        let _ = symbol;
        None
    }

    /// What keeps the connection alive.
    fn ping(&mut self) -> Option<String> {
        None
    }

    /// Looks at a text from the venue before the adapter takes it.
    fn hear(&mut self, text: &str) -> Heard {
        let _ = text;
        Heard::Data
    }
}
