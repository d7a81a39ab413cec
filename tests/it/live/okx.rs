//! OKX and OKCoin: the recording of 2022, walked; as it was then, each message with its checksum, or
//! as it is today, numbered, with 0 for a checksum.

use std::path::PathBuf;

use tickwire::domain::market::Market;

use super::channel::{Form, checksum, hear};
use super::dialect::{Change, Dialect, Said, rows, sides};
use crate::truth::files;

pub struct Okx {
    venue: (&'static str, &'static str),
    is_numbered: bool,
}

pub const OKX: Okx = Okx { venue: ("okx", "OKX"), is_numbered: false };
pub const OKCOIN: Okx = Okx { venue: ("okcoin", "OKCOIN"), is_numbered: true };

impl Okx {
    fn write(&self, form: &Form<'_>, [bids, asks]: [&str; 2], after: &Market) -> String {
        let Form { symbol, action, at, seq, prev } = form;
        let (checksum, numbers) = if self.is_numbered {
            (0, format!(r#","seqId":{seq},"prevSeqId":{prev}"#))
        } else {
            (checksum(after), String::new())
        };
        format!(
            r#"{{"arg":{{"channel":"books","instId":"{symbol}"}},"action":"{action}","data":[{{"asks":{asks},"bids":{bids},"ts":"{at}","checksum":{checksum}{numbers}}}]}}"#
        )
    }
}

impl Dialect for Okx {
    fn venue(&self) -> (&'static str, &'static str) {
        self.venue
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["BTC-USDT"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("okx-ws-book-checksum-20220513", &["okx.txt.gz"])
    }

    fn is_walked(&self) -> bool {
        true
    }

    fn change(&self, change: &Change<'_>) -> String {
        self.write(&Form::of(change), [&rows(change.bids), &rows(change.asks)], change.after)
    }

    fn farewell(&self) -> Option<&'static str> {
        Some(
            r#"{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}"#,
        )
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        hear(text)
    }

    fn telling(&self, text: &str) -> Option<String> {
        // After maintenance: a number below the one before it.
        Some(text.replacen(r#""seqId":"#, r#""seqId":1,"wasId":"#, 1))
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let [bids, asks] = sides(market);
        self.write(&Form::whole(symbol, market, -1), [&bids, &asks], market)
    }
}
