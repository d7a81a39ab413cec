//! Binance: the venue's own best bid and ask against the top of our book, and its candles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use tickwire::domain::market::{
    Body, Decimal, Event, Instrument, Interval, KeptTrade, LevelChange, MarketState,
};
use tickwire::feeds::capture::{self, Captured};

use super::{Folded, Route, assert_same_bytes, files, fold, fold_kept};

const SPOT: &str = "binance-spot-btcusdt-20240808";
const SPOT_FILES: [&str; 2] = ["btcusdt_20240808.txt.gz", "btcusdt_20240809.txt.gz"];
const USDM: &str = "binance-usdm-btcusdt-20240808";
const KLINES: &str = "binance-usdm-klines-20210722";
const KLINE_FILES: [&str; 2] = ["BINANCE_FUTURES.ws.1.0.txt.gz", "BINANCE_FUTURES.http.0.0.txt.gz"];

type Quote = [Option<LevelChange>; 2];

/// How the tops of the book compare to the venue's.
#[derive(Debug, Default)]
struct Tops {
    compared: usize,
    equal: usize,
    /// Final update ids of the deltas whose top differs.
    differ: Vec<u64>,
    unsynced: usize,
    gaps: usize,
    crossed: usize,
}

/// The venue's quotes of a capture by instrument and update id.
fn quotes(venue: &str, files: &[PathBuf]) -> BTreeMap<Instrument, BTreeMap<u64, Quote>> {
    let mut quotes: BTreeMap<Instrument, BTreeMap<u64, Quote>> = BTreeMap::new();
    fold(venue, files, Route::Direct, |step| {
        if let Body::Quote { bid, ask } = step.event.body {
            let of = quotes.entry(step.instrument.clone()).or_default();
            of.insert(step.event.seq.unwrap(), [bid, ask]);
        }
    });
    quotes
}

/// After each delta that the book took: its top against the last quote at or before its id.
fn tops(
    venue: &str,
    files: &[PathBuf],
    route: Route,
    keep: impl FnMut(&mut Event) -> bool,
) -> (Tops, Folded) {
    let quotes = quotes(venue, files);
    let mut tops = Tops::default();
    let folded = fold_kept(venue, files, route, keep, |step| {
        let Body::BookDelta { .. } = step.event.body else { return };
        tops.gaps += usize::from(step.changes.gap);
        if step.changes.unsynced_delta {
            tops.unsynced += 1;
            return;
        }
        let book = step.market.book();
        tops.crossed += usize::from(book.is_crossed());
        let seq = step.event.seq.unwrap();
        if book.venue_seq() != Some(seq) {
            // Older than the snapshot: the book passed over it.
            return;
        }
        let before = quotes.get(step.instrument).and_then(|of| of.range(..=seq).next_back());
        let Some((_, quote)) = before else { return };
        let exps = (step.market.price_exp(), step.market.qty_exp());
        let wanted = quote.map(|side| {
            side.map(|(price, qty)| (price.at(exps.0).unwrap(), qty.at(exps.1).unwrap()))
        });
        tops.compared += 1;
        if wanted == [book.best_bid(), book.best_ask()] {
            tops.equal += 1;
        } else {
            tops.differ.push(seq);
        }
    });
    (tops, folded)
}

#[test]
fn every_top_of_the_first_spot_file_is_the_venues() {
    let Some(files) = files(SPOT, &SPOT_FILES[..1]) else { return };
    let (tops, folded) = tops("binance", &files, Route::Wire, |_| true);

    println!("{SPOT}, first file: {} of {} tops", tops.equal, tops.compared);
    assert_eq!((tops.equal, tops.compared, tops.gaps, tops.crossed), (3_449, 3_449, 0, 0));
    assert_eq!(folded.records, 41_249);
    assert_eq!((folded.kind("quote"), folded.kind("trade")), (28_040, 9_757));
    // All deltas once, and again the ones that the snapshot came after.
    assert_eq!((folded.kind("book_snapshot"), folded.kind("book_delta")), (1, 3_451 + 1));
    let market = folded.markets.values().next().unwrap();
    assert_eq!(market.book_state, MarketState::Live);
}

#[test]
fn both_spot_files_run_on_as_one_book_with_two_known_differences() {
    let Some(files) = files(SPOT, &SPOT_FILES) else { return };
    let mut ids = BTreeSet::new();
    let (tops, folded) = tops("binance", &files, Route::Direct, |event| {
        if let Body::Trade(trade) = &event.body {
            ids.insert(trade.trade_id.parse::<u64>().unwrap());
        }
        true
    });

    println!("{SPOT}, both files: {} of {} tops", tops.equal, tops.compared);
    assert_eq!((tops.equal, tops.compared, tops.gaps, tops.crossed), (6_491, 6_493, 0, 0));
    assert_eq!(tops.differ, [50_093_478_174, 50_093_480_542]);
    assert_eq!(folded.records, 41_249 + 58_325);
    assert_eq!((ids.first(), ids.last()), (Some(&3_735_683_259), Some(&3_735_703_162)));
    assert_eq!(ids.len(), 9_757 + 10_147);
}

#[test]
fn the_second_spot_file_alone_never_synchronises() {
    let Some(files) = files(SPOT, &SPOT_FILES[1..]) else { return };
    let mut states = BTreeSet::new();
    let mut unsynced = 0;
    let folded = fold("binance", &files, Route::Direct, |step| {
        states.insert(step.market.book_state);
        unsynced += usize::from(step.changes.unsynced_delta);
    });

    assert_eq!(states.into_iter().collect::<Vec<_>>(), [MarketState::Unsynced]);
    assert_eq!((folded.records, unsynced), (58_325, 3_044));
}

#[test]
fn trades_stay_in_their_venues_day() {
    let Some(files) = files(SPOT, &SPOT_FILES) else { return };
    let midnight = 1_723_161_600_000_000_000;
    let mut wanted = [0_usize; 2];
    let folded = fold("binance", &files, Route::Direct, |step| {
        if let Body::Trade(_) = step.event.body {
            wanted[usize::from(midnight <= step.event.ts_event)] += 1;
        }
    });

    let days = folded.markets.values().next().unwrap().bars(Interval::D1);
    let trades: Vec<u64> = days.bars().map(|bar| bar.trades).collect();
    assert_eq!(trades, wanted.map(|count| count as u64));
    assert!(wanted[0] < 9_757, "the recorder's clock does not decide the day");
}

#[test]
fn every_top_of_the_futures_is_the_venues() {
    let Some(files) = files(USDM, &SPOT_FILES[..1]) else { return };
    let (tops, folded) = tops("binance-usdm", &files, Route::Wire, |_| true);

    println!("{USDM}: {} of {} tops", tops.equal, tops.compared);
    assert_eq!((tops.equal, tops.compared, tops.gaps, tops.crossed), (6_547, 6_547, 0, 0));
    assert_eq!(folded.records, 93_954);
    assert_eq!((folded.kind("quote"), folded.kind("trade")), (66_089, 21_313));
    assert_eq!(folded.kind("book_snapshot"), 1);
}

#[test]
fn every_top_of_four_futures_with_a_rest_snapshot_each_is_the_venues() {
    let Some(files) = files(KLINES, &KLINE_FILES) else { return };
    let (tops, folded) = tops("binance-usdm", &files, Route::Wire, |_| true);

    println!("{KLINES}: {} of {} tops, {} gaps", tops.equal, tops.compared, tops.gaps);
    assert_eq!((tops.equal, tops.compared, tops.gaps, tops.crossed), (744, 744, 0, 0));
    assert_eq!(folded.kind("quote"), 305 + 88 + 75 + 145);
    assert_eq!(folded.kind("trade"), 40 + 8 + 5 + 38);
    assert_eq!((folded.kind("book_snapshot"), folded.markets.len()), (4, 4));
}

#[test]
fn one_delta_dropped_ends_the_synchronisation() {
    for (venue, set) in [("binance", SPOT), ("binance-usdm", USDM)] {
        let Some(files) = files(set, &SPOT_FILES[..1]) else { return };
        let mut nth = 0;
        let (tops, folded) = tops(venue, &files, Route::Direct, |event| {
            nth += usize::from(matches!(event.body, Body::BookDelta { .. }));
            nth != 1_000 || !matches!(event.body, Body::BookDelta { .. })
        });

        assert_eq!((tops.gaps, tops.equal), (1, tops.compared), "{set}");
        assert!(tops.compared < 1_000 && 2_000 < tops.unsynced, "{set}: {tops:?}");
        let market = folded.markets.values().next().unwrap();
        assert_eq!(market.book_state, MarketState::Unsynced, "{set}");
    }
}

#[test]
fn one_flipped_quantity_is_seen_in_the_tops() {
    let Some(files) = files(SPOT, &SPOT_FILES[..1]) else { return };
    let mut nth = 0;
    let (tops, _) = tops("binance", &files, Route::Direct, |event| {
        if let Body::BookDelta { bids, .. } = &mut event.body {
            nth += 1;
            if nth % 50 == 0 {
                bids.iter_mut().for_each(|(_, qty)| *qty = Decimal::parse("7.77").unwrap());
            }
        }
        true
    });

    assert_eq!(tops.compared, 3_449);
    assert!(tops.equal < 3_440, "{tops:?}");
}

#[test]
fn the_same_capture_gives_the_same_bytes() {
    let Some(spot) = files(SPOT, &SPOT_FILES[..1]) else { return };
    assert_same_bytes("binance", &spot);
    let Some(futures) = files(KLINES, &KLINE_FILES) else { return };
    assert_same_bytes("binance-usdm", &futures);
}

/// A running candle as the venue tells it.
struct Kline {
    symbol: String,
    start: i64,
    end: i64,
    first: u64,
    last: u64,
    prices: [Decimal; 4],
    volume: Decimal,
    count: u64,
}

/// A trade of the fold with the ids of its fills.
struct Fills {
    first: u64,
    last: u64,
    trade: KeptTrade,
}

/// First and last fill of each aggregate trade, by symbol and trade id.
type FillIds = BTreeMap<(String, String), (u64, u64)>;

/// The venue's candles and the fills of each aggregate trade, from the frames themselves.
fn told(files: &[PathBuf]) -> (Vec<Kline>, FillIds) {
    let (mut klines, mut fills) = (Vec::new(), BTreeMap::new());
    for record in capture::merge(files).unwrap() {
        let Captured::Message(text) = record.unwrap().what else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        let data = &frame["data"];
        let symbol = data["s"].as_str().unwrap_or_default().to_owned();
        let id = |value: &Value| value.as_u64().unwrap();
        let number = |value: &Value| Decimal::parse(value.as_str().unwrap()).unwrap();
        if data["e"] == "aggTrade" {
            fills.insert((symbol, id(&data["a"]).to_string()), (id(&data["f"]), id(&data["l"])));
        } else if data["e"] == "kline" {
            let k = &data["k"];
            klines.push(Kline {
                symbol,
                start: k["t"].as_i64().unwrap() * 1_000_000,
                end: (k["T"].as_i64().unwrap() + 1) * 1_000_000,
                first: id(&k["f"]),
                last: id(&k["L"]),
                prices: ["o", "h", "l", "c"].map(|name| number(&k[name])),
                volume: number(&k["v"]),
                count: id(&k["n"]),
            });
        }
    }
    (klines, fills)
}

/// The trades of the fold by symbol, in order.
fn with_fills(folded: &Folded, fills: &FillIds) -> BTreeMap<String, Vec<Fills>> {
    let mut trades: BTreeMap<String, Vec<Fills>> = BTreeMap::new();
    for (instrument, market) in &folded.markets {
        let symbol = instrument.as_str().strip_prefix("BINANCE-USDM:").unwrap();
        for trade in market.tape().kept() {
            let (first, last) = fills[&(symbol.to_owned(), trade.trade_id.to_string())];
            assert_eq!(u64::from(trade.count), last - first + 1);
            let of = trades.entry(symbol.to_owned()).or_default();
            of.push(Fills { first, last, trade: trade.clone() });
        }
    }
    trades
}

#[test]
fn running_candles_are_the_venues() {
    let Some(files) = files(KLINES, &KLINE_FILES) else { return };
    let (klines, fills) = told(&files);
    let folded = fold("binance-usdm", &files, Route::Wire, |_| {});
    let trades = with_fills(&folded, &fills);
    let (mut whole, mut changes, mut bars) = (0, 0, 0);
    let mut before: BTreeMap<(&str, i64), &Kline> = BTreeMap::new();
    for kline in &klines {
        let of = &trades[&kline.symbol];
        let market =
            &folded.markets[&Instrument::parse(&format!("BINANCE-USDM:{}", kline.symbol)).unwrap()];
        let at = |number: Decimal| number.at(market.price_exp()).unwrap();
        let volume_of = |kline: &Kline| kline.volume.at(market.qty_exp()).unwrap();
        let within = |after: u64| {
            of.iter().filter(move |fills| {
                after < fills.last
                    && fills.last <= kline.last
                    && (kline.start..kline.end).contains(&fills.trade.ts)
            })
        };
        let covered = |from: u64| {
            of.iter().any(|fills| fills.first == from)
                && of.iter().any(|fills| fills.last == kline.last)
        };
        if covered(kline.first) {
            whole += 1;
            let prices: Vec<i64> = within(0).map(|fills| fills.trade.price).collect();
            let ours = [
                prices[0],
                *prices.iter().max().unwrap(),
                *prices.iter().min().unwrap(),
                *prices.last().unwrap(),
            ];
            assert_eq!(ours, kline.prices.map(at), "{} {}", kline.symbol, kline.last);
            let volume: i64 = within(0).map(|fills| fills.trade.qty).sum();
            assert_eq!(volume, volume_of(kline));
            let count: u64 = within(0).map(|fills| u64::from(fills.trade.count)).sum();
            assert_eq!(count, kline.count);
            if of.last().unwrap().last == kline.last {
                let bar = market.bar(Interval::M1, kline.start).unwrap();
                assert_eq!([bar.open, bar.high, bar.low, bar.close], ours);
                assert_eq!((bar.volume, bar.trades), (volume.into(), count));
                bars += 1;
            }
        }
        if let Some(last) = before.insert((&kline.symbol, kline.start), kline)
            && last.last < kline.last
            && covered(last.last + 1)
        {
            changes += 1;
            let volume: i64 = within(last.last).map(|fills| fills.trade.qty).sum();
            assert_eq!(
                volume,
                volume_of(kline) - volume_of(last),
                "{} {}",
                kline.symbol,
                kline.last
            );
        }
    }

    println!("{KLINES}: {whole} whole candles, {changes} changes, {bars} bars at the end");
    assert_eq!((whole, changes), (15, 33));
    assert!(0 < bars);
}
