//! Whose a REST body is that stands among messages.
//!
//! hftbacktest's recorder writes what it hears of a symbol of Binance into a file that the symbol
//! names, `btcusdt_20240808.gz`, and the bodies of its depth without their URL
//! (github.com/nkaz001/hftbacktest, `collector`).

use std::path::Path;

use super::Captured;

/// What the messages of a file are of.
#[derive(Debug)]
pub(super) struct Neighbours {
    /// The file's name in small letters, as the streams write symbols.
    name: String,
    /// The only symbol that was heard, where it names the file.
    symbol: Option<String>,
    /// Another one was heard, or one that does not name the file.
    is_mixed: bool,
}

impl Neighbours {
    /// None were read yet of that file.
    pub fn of(file: &Path) -> Self {
        let name = file.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
        Self { name: name.unwrap_or_default(), symbol: None, is_mixed: false }
    }

    /// The next of the file's records; a depth without URL gets what is known of it.
    pub fn take(&mut self, what: Captured) -> Captured {
        let Captured::Message(text) = what else { return what };
        if let Some(rest) = text.strip_prefix(r#"{"stream":""#) {
            self.hear(rest.split_once('@').map_or("", |(symbol, _)| symbol));
        } else if let Some(symbol) = self.symbol.as_ref().filter(|_| !self.is_mixed)
            && text.starts_with(r#"{"lastUpdateId":"#)
        {
            let url = Some(format!("depth?symbol={}", symbol.to_ascii_uppercase()));
            return Captured::Response { url, body: text };
        }
        Captured::Message(text)
    }

    fn hear(&mut self, symbol: &str) {
        if self.is_mixed || self.symbol.as_deref() == Some(symbol) {
            return;
        }
        let rest = self.name.strip_prefix(symbol).filter(|_| !symbol.is_empty());
        self.is_mixed = self.symbol.is_some()
            || !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.']));
        self.symbol = Some(symbol.to_owned());
    }
}
