//! Bitget: the recording of version 1, walked as version 2 sends it, numbered and with checksums.

use std::path::PathBuf;

use tickwire::domain::market::Market;

use super::channel::{Form, checksum, hear};
use super::dialect::{Change, Dialect, Said, rows, sides};
use crate::truth::files;

pub struct Bitget;

fn write(form: &Form<'_>, [bids, asks]: [&str; 2], after: &Market) -> String {
    let Form { symbol, action, at, seq, prev } = form;
    let checksum = checksum(after);
    format!(
        r#"{{"action":"{action}","arg":{{"instType":"SPOT","channel":"books","instId":"{symbol}"}},"data":[{{"asks":{asks},"bids":{bids},"checksum":{checksum},"seq":{seq},"pseq":{prev},"ts":"{at}"}}],"ts":{at}}}"#
    )
}

impl Dialect for Bitget {
    fn venue(&self) -> (&'static str, &'static str) {
        ("bitget", "BITGET")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["AVAXUSDT", "EOSUSDT", "GOGUSDT"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("bitget-ws-book-checksum-20220407", &["BITGET.ws.1.0.txt.gz"])
    }

    fn is_walked(&self) -> bool {
        true
    }

    fn change(&self, change: &Change<'_>) -> String {
        write(&Form::of(change), [&rows(change.bids), &rows(change.asks)], change.after)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        hear(text)
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let [bids, asks] = sides(market);
        // No number stands before a snapshot's.
        write(&Form::whole(symbol, market, 0), [&bids, &asks], market)
    }
}
