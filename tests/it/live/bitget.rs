//! Bitget: the recording of version 1, walked as version 2 sends it, numbered and with checksums. Of
//! futures there is no recording: these are the frames of spot, told to be of them.

use std::path::PathBuf;

use tickwire::domain::market::Market;

use super::channel::{Form, checksum, hear};
use super::dialect::{Change, Dialect, Said, rewritten, rows, sides};
use crate::truth::files;

pub struct Bitget {
    product: &'static str,
    /// What the names of instruments have behind the symbol.
    end: &'static str,
    symbols: &'static [&'static str],
}

pub const SPOT: Bitget =
    Bitget { product: "SPOT", end: "", symbols: &["AVAXUSDT", "EOSUSDT", "GOGUSDT"] };

pub const FUTURES: Bitget = Bitget {
    product: "USDT-FUTURES",
    end: "_UMCBL",
    symbols: &["AVAXUSDT_UMCBL", "EOSUSDT_UMCBL", "GOGUSDT_UMCBL"],
};

fn write(dialect: &Bitget, form: &Form<'_>, [bids, asks]: [&str; 2], after: &Market) -> String {
    let Form { symbol, action, at, seq, prev } = form;
    let (product, id) = (dialect.product, dialect.in_messages(symbol));
    let checksum = checksum(after);
    format!(
        r#"{{"action":"{action}","arg":{{"instType":"{product}","channel":"books","instId":"{id}"}},"data":[{{"asks":{asks},"bids":{bids},"checksum":{checksum},"seq":{seq},"pseq":{prev},"ts":"{at}"}}],"ts":{at}}}"#
    )
}

impl Dialect for Bitget {
    fn venue(&self) -> (&'static str, &'static str) {
        ("bitget", "BITGET")
    }

    fn symbols(&self) -> &'static [&'static str] {
        self.symbols
    }

    fn in_messages<'s>(&self, symbol: &'s str) -> &'s str {
        symbol.strip_suffix(self.end).unwrap()
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        let files = files("bitget-ws-book-checksum-20220407", &["BITGET.ws.1.0.txt.gz"])?;
        let told = |text: &str| text.replace(r#""instType":"sp""#, r#""instType":"mc""#);
        Some(if self.end.is_empty() { files } else { rewritten(&files, "futures", told) })
    }

    fn is_walked(&self) -> bool {
        true
    }

    fn change(&self, change: &Change<'_>) -> String {
        write(self, &Form::of(change), [&rows(change.bids), &rows(change.asks)], change.after)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let named = |id: String| id + self.end;
        let said = |said| match said {
            Said::Snapshot(id) => Said::Snapshot(named(id)),
            Said::Leave(id) => Said::Leave(named(id)),
            other => other,
        };
        hear(text).into_iter().map(said).collect()
    }

    fn telling(&self, text: &str) -> Option<String> {
        // After a release of the venue: its numbers begin anew.
        Some(text.replacen(r#""pseq":"#, r#""pseq":0,"wasPseq":"#, 1))
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let [bids, asks] = sides(market);
        // No number stands before a snapshot's.
        write(self, &Form::whole(symbol, market, 0), [&bids, &asks], market)
    }
}
