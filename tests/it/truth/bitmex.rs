//! BitMEX: its quotes, in order, among the tops that the book has after each of its messages.

use std::collections::BTreeMap;

use tickwire::domain::market::{Body, Event, Instrument, MarketState};
use tickwire::feeds::venues::candle::{CandleRule, Open};
use tickwire::feeds::venues::{Venue, venue};
use tickwire::truth::{Row, capture_rows};

use super::{Route, assert_same_bytes, files, fold_kept};

const SET: &str = "bitmex-ws-20210722";
const FILES: [&str; 1] = ["BITMEX.ws.1.0.txt.gz"];

/// Best bid and ask as mantissas.
type Top = [Option<(i64, i64)>; 2];

/// Quotes that stand among the tops of their instrument's book in order, and all quotes.
fn in_order(keep: impl FnMut(&mut Event) -> bool) -> Option<(usize, usize, super::Folded)> {
    let files = files(SET, &FILES)?;
    let mut tops: BTreeMap<Instrument, Vec<Top>> = BTreeMap::new();
    let mut quotes: BTreeMap<Instrument, Vec<Top>> = BTreeMap::new();
    let exp = 10;
    let folded = fold_kept("bitmex", &files, Route::Wire, keep, |step| {
        let scaled = |level: Option<(i64, i64)>, exps: (u8, u8)| {
            let up = |mantissa: i64, by: u8| mantissa * 10_i64.pow(u32::from(exp - by));
            level.map(|(price, qty)| (up(price, exps.0), up(qty, exps.1)))
        };
        match &step.event.body {
            Body::Quote { bid, ask } => {
                let top = [bid, ask].map(|side| {
                    side.map(|(price, qty)| (price.at(exp).unwrap(), qty.at(exp).unwrap()))
                });
                quotes.entry(step.instrument.clone()).or_default().push(top);
            }
            Body::BookSnapshot { .. } | Body::BookDelta { .. } => {
                let (market, book) = (step.market, step.market.book());
                assert!(!book.is_crossed(), "{}", step.instrument);
                let exps = (market.price_exp(), market.qty_exp());
                let top = [book.best_bid(), book.best_ask()].map(|side| scaled(side, exps));
                tops.entry(step.instrument.clone()).or_default().push(top);
            }
            _ => {}
        }
    });
    let (mut found, mut all) = (0, 0);
    for (instrument, quotes) in &quotes {
        let mut rest = tops[instrument].iter();
        for quote in quotes {
            all += 1;
            let mut later = rest.clone();
            if later.any(|top| top == quote) {
                found += 1;
                rest = later;
            }
        }
    }
    Some((found, all, folded))
}

#[test]
fn every_quote_of_the_venue_is_a_top_of_the_book_in_order() {
    let Some((found, all, folded)) = in_order(|_| true) else { return };

    println!("{SET}: {found} of {all} quotes in order");
    assert_eq!((found, all), (426, 426));
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (10, 445 + 1_090 + 434));
    assert_eq!((folded.kind("trade"), folded.kind("other")), (17, 0));
    assert_eq!(folded.markets.len(), 10);
    for (instrument, market) in &folded.markets {
        assert_eq!(market.book_state, MarketState::Live, "{instrument}");
    }
}

#[test]
fn changes_that_are_lost_show_in_the_quotes() {
    let mut nth = 0;
    let counted = in_order(|event| {
        nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
        !matches!(event.body, Body::BookDelta { .. }) || nth % 20 != 0
    });
    let Some((found, all, _)) = counted else { return };

    assert_eq!(all, 426);
    assert!(found < 400, "{found}");
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    if let Some(files) = files(SET, &FILES) {
        assert_same_bytes("bitmex", &files);
    }
}

/// Trades of four minutes, one of them empty, and the venue's candles of them: the second and the
/// fourth open outside of what was traded.
fn minutes() -> String {
    // Each comes half a second after its time, in seconds of the hour.
    let heard = |seconds: u32, frame: String| format!("{}.5: {frame}\n", 1_682_935_200 + seconds);
    let trade = |seconds: u32, price: u32, size: u32| {
        let time = format!("{:02}:{:02}", seconds / 60, seconds % 60);
        let frame = format!(
            r#"{{"table":"trade","action":"insert","data":[{{"timestamp":"2023-05-01T10:{time}.000Z","symbol":"XBTUSD","side":"Buy","size":{size},"price":{price},"trdMatchID":"id-{time}"}}]}}"#
        );
        heard(seconds, frame)
    };
    let bin = |end: u32, [open, high, low, close]: [u32; 4], volume: u32, trades: u32| {
        let frame = format!(
            r#"{{"table":"tradeBin1m","action":"insert","data":[{{"timestamp":"2023-05-01T10:0{end}:00.000Z","symbol":"XBTUSD","open":{open},"high":{high},"low":{low},"close":{close},"trades":{trades},"volume":{volume},"vwap":null,"lastSize":null,"turnover":0,"homeNotional":0,"foreignNotional":0}}]}}"#
        );
        heard(60 * end, frame)
    };
    [
        trade(30, 100, 1),
        bin(1, [99, 100, 100, 100], 1, 1),
        trade(70, 103, 2),
        trade(110, 102, 1),
        bin(2, [100, 103, 102, 102], 3, 2),
        bin(3, [102; 4], 0, 0),
        trade(185, 101, 5),
        bin(4, [102, 101, 101, 101], 5, 1),
        trade(260, 101, 1),
    ]
    .concat()
}

#[test]
fn candles_open_at_the_close_before_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("BITMEX.txt");
    std::fs::write(&file, minutes()).unwrap();
    let sound = venue("bitmex").unwrap();
    let rows = |open: Open| {
        let candles = CandleRule { open, ..sound.candles };
        capture_rows("set", &Venue { candles, ..*sound }, std::slice::from_ref(&file)).unwrap()
    };
    let told = rows(sound.candles.open);
    assert!(told.iter().all(Row::holds), "{told:#?}");
    let counted = |compared: &str| {
        let row = told.iter().find(|row| row.compared.starts_with(compared)).unwrap();
        (row.equal, row.total)
    };
    assert_eq!(counted("bars and the venue's candles"), (2, 2));
    assert_eq!(counted("candles that open at the close before"), (3, 3));
    assert_eq!(counted("candles of empty buckets"), (1, 1));
    for wrong in [Open::FirstTrade, Open::PreviousClose] {
        assert!(!rows(wrong).iter().all(Row::holds), "{wrong:?}");
    }
}
