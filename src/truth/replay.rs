//! A capture through adapter, wire and fold, and everything that came out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use compact_str::CompactString;

use super::TruthError;
use super::rolled::Print;
use super::wired::over_the_wire;
use crate::domain::market::{
    Bar, Body, Decimal, Event, Instrument, Interval, LevelChange, Market, MarketState, Moment,
    Nanos, Policy, PublishedBar, TradeOutcome,
};
use crate::feeds::capture;
use crate::feeds::venues::candle::Candle;
use crate::feeds::venues::{Connections, FrameError, Venue};

/// A bar with the decimals it was made with.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub bar: Bar,
    pub price_exp: u8,
    pub qty_exp: u8,
}

/// A trade as the recorder stores it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub ts: Nanos,
    pub price: Decimal,
    pub qty: Decimal,
    pub count: u32,
    /// The first and the last fill it stands for, where the venue numbers them.
    pub fills: Option<(u64, u64)>,
    /// Too late for the stream's bars: the recorder makes them anew from what is stored.
    pub too_late: bool,
}

/// Best bid and ask.
pub(super) type Top = [Option<LevelChange>; 2];

/// The top of the book after an event of it.
#[derive(Clone, Debug)]
pub(super) struct BookTop {
    /// The message it came with, counted from 0.
    pub message: usize,
    /// The book's number, where the venue numbers.
    pub seq: Option<u64>,
    /// Whether this is a change, not a snapshot.
    pub is_change: bool,
    /// Whether it is a change of which the book did not know before.
    pub is_newer: bool,
    pub top: Top,
}

/// A candle, and when it was told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub candle: Candle,
    recv: Nanos,
}

impl Told {
    /// Whether the venue could still change it when it told it.
    pub fn is_running(&self) -> bool {
        let end = self.candle.start + self.candle.length;
        self.candle.is_running || (0 < self.recv && self.recv < end)
    }
}

/// What came out for one instrument.
#[derive(Default)]
pub(super) struct Out {
    pub trades: Vec<Stored>,
    pub bars: BTreeMap<(Interval, Nanos), Kept>,
    pub tops: Vec<BookTop>,
    /// Published quotes with the message they came in and the number they have.
    pub quotes: Vec<(usize, Option<u64>, Top)>,
    pub candles: Vec<Told>,
    pub checksums: [usize; 2],
    pub changes: usize,
    pub gaps: usize,
    /// Whether there was a snapshot of its book.
    pub has_snapshot: bool,
    /// Changes that found no book to change, after the first snapshot.
    pub unsynced: usize,
    pub crossed: usize,
    /// The greatest venue time.
    pub latest: Nanos,
}

/// What came out of a capture.
#[derive(Default)]
pub(super) struct Folded {
    pub frames: usize,
    /// What could not be understood, with the frame's place.
    pub refused: Vec<String>,
    /// Frames by which the venue refused something.
    pub answers: usize,
    /// Snapshots behind which changes are missing that were never heard.
    pub early: usize,
    /// Connections that lost their numbering.
    pub disconnects: usize,
    pub instruments: BTreeMap<Instrument, Out>,
}

/// Folds the files of one venue, merged by receive time.
pub(super) fn fold(venue: &Venue, files: &[PathBuf]) -> Result<Folded, TruthError> {
    let unreadable = |error: capture::CaptureError| TruthError::of(&error.file, &error);
    let mut adapters = Connections::adapters(venue);
    let mut witnesses = Connections::witnesses(venue);
    let mut markets: BTreeMap<Instrument, (Market, BTreeSet<(Nanos, CompactString)>)> =
        BTreeMap::new();
    let mut folded = Folded::default();
    let (mut events, mut candles) = (Vec::new(), Vec::new());
    for record in capture::merge(files).map_err(unreadable)? {
        let message = folded.frames;
        folded.frames += usize::from(!record.as_ref().is_ok_and(capture::Record::is_said));
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                folded.refused.push(error.to_string());
                continue;
            }
        };
        events.clear();
        candles.clear();
        let witness = witnesses.of(record.connection);
        let taken = adapters.of(record.connection).take(record.frame(), record.recv, &mut events);
        match taken.and_then(|()| witness.take(record.frame(), &mut candles)) {
            Ok(()) => {}
            Err(FrameError::Venue(_)) => folded.answers += 1,
            Err(FrameError::EarlySnapshot) => folded.early += 1,
            Err(error) => folded.refused.push(format!("frame {message}: {error}")),
        }
        for (instrument, candle) in candles.drain(..) {
            let told = Told { candle, recv: record.recv };
            folded.instruments.entry(instrument).or_default().candles.push(told);
        }
        let mut touched: Vec<Instrument> = Vec::new();
        for (instrument, event) in events.drain(..) {
            let event = over_the_wire(&instrument, &event)
                .map_err(|fault| TruthError::Unreadable { file: instrument.to_string(), fault })?;
            folded.disconnects += usize::from(event.body == Body::Disconnect);
            let (market, known) = markets
                .entry(instrument.clone())
                .or_insert_with(|| (Market::new("truth"), BTreeSet::new()));
            let out = folded.instruments.entry(instrument.clone()).or_default();
            let fills = match &event.body {
                Body::Trade(trade) => witness.fills_of(&instrument, &trade.trade_id),
                _ => None,
            };
            if apply((market, known), &event, (message, fills), out) {
                touched.retain(|other| *other != instrument);
                touched.push(instrument);
            }
        }
        // Between the changes of one message the top passes through states that nobody quotes.
        for instrument in touched {
            if let (Some((market, _)), Some(out)) =
                (markets.get(&instrument), folded.instruments.get_mut(&instrument))
            {
                out.crossed += usize::from(market.book().is_crossed());
            }
        }
    }
    for (instrument, (market, _)) in &markets {
        let Some(out) = folded.instruments.get_mut(instrument) else { continue };
        for interval in crate::domain::market::INTERVALS {
            for bar in market.bars(interval).bars() {
                keep(out, market, &PublishedBar { interval, bar: bar.clone() });
            }
        }
        remake(out, market);
    }
    Ok(folded)
}

/// Folds one event; true where it was one of the book.
fn apply(
    (market, known): (&mut Market, &mut BTreeSet<(Nanos, CompactString)>),
    event: &Event,
    (message, fills): (usize, Option<(u64, u64)>),
    out: &mut Out,
) -> bool {
    let Ok(admission) = market.admit(std::slice::from_ref(event)) else {
        // The hub would dead-letter it; nothing equal can come of it.
        out.gaps += 1;
        return false;
    };
    market.accept(admission);
    let seq_before = market.book().venue_seq();
    let mut published = Vec::new();
    let changes = market.apply(event, Moment::default(), &Policy::default(), &mut published);
    for bar in &published {
        keep(out, market, bar);
    }
    if 64 < market.bars_settled() {
        market.forget_bars();
    }
    out.latest = out.latest.max(event.ts_event);
    if let Some(held) = changes.checksum {
        out.checksums[usize::from(held)] += 1;
    }
    out.gaps += usize::from(changes.gap);
    out.has_snapshot |= matches!(event.body, Body::BookSnapshot { .. });
    out.unsynced += usize::from(changes.unsynced_delta && out.has_snapshot);
    match &event.body {
        Body::Trade(trade) => {
            let too_late = match changes.trade {
                Some(TradeOutcome::Counted(_)) => false,
                Some(TradeOutcome::TooLate(_)) => true,
                _ => return false,
            };
            // As the recorder stores them: once by time and id.
            if known.insert((event.ts_event, trade.trade_id.clone())) {
                out.trades.push(Stored {
                    ts: event.ts_event,
                    price: trade.price,
                    qty: trade.qty,
                    count: trade.count,
                    fills,
                    too_late,
                });
            }
            false
        }
        Body::Quote { bid, ask } => {
            out.quotes.push((message, event.seq, [*bid, *ask]));
            false
        }
        Body::BookSnapshot { .. } | Body::BookDelta { .. } => {
            let is_change = matches!(event.body, Body::BookDelta { .. });
            out.changes += usize::from(is_change);
            if changes.unsynced_delta || changes.gap {
                return false;
            }
            let book = market.book();
            // Older than the book, which passed over it.
            if is_change && event.seq.is_some() && event.seq < seq_before {
                return false;
            }
            let exps = (market.price_exp(), market.qty_exp());
            let side = |level: Option<(i64, i64)>| {
                level.map(|(price, qty)| {
                    (Decimal::from_mantissa(price, exps.0), Decimal::from_mantissa(qty, exps.1))
                })
            };
            let top = [side(book.best_bid()), side(book.best_ask())];
            let is_newer = is_change && (event.seq.is_none() || seq_before < event.seq);
            let seq = book.venue_seq();
            out.tops.push(BookTop { message, seq, is_change, is_newer, top });
            market.book_state != MarketState::Unsynced
        }
        _ => false,
    }
}

fn keep(out: &mut Out, market: &Market, published: &PublishedBar) {
    let kept = Kept {
        bar: published.bar.clone(),
        price_exp: market.price_exp(),
        qty_exp: market.qty_exp(),
    };
    out.bars.insert((published.interval, published.bar.start), kept);
}

/// Makes the bars that hold trades too late for the stream anew, as the recorder does.
fn remake(out: &mut Out, market: &Market) {
    let (price_exp, qty_exp) = (market.price_exp(), market.qty_exp());
    for interval in crate::domain::market::INTERVALS {
        let late = out.trades.iter().filter(|trade| trade.too_late);
        let starts: BTreeSet<Nanos> = late.map(|trade| interval.start_of(trade.ts)).collect();
        let mut trades: BTreeMap<Nanos, Vec<Print>> = BTreeMap::new();
        for (pos, trade) in out.trades.iter().enumerate() {
            let start = interval.start_of(trade.ts);
            if let (true, Some(price), Some(qty)) =
                (starts.contains(&start), trade.price.at(price_exp), trade.qty.at(qty_exp))
            {
                let of = trades.entry(start).or_default();
                of.push((trade.ts, pos as u64, price, qty, trade.count));
            }
        }
        for (start, trades) in trades {
            let bar = Bar::of_trades(start, trades);
            out.bars.insert((interval, start), Kept { bar, price_exp, qty_exp });
        }
    }
}

/// Whether two tops are the same.
pub(super) fn same_top(a: &Top, b: &Top) -> bool {
    let same_side = |a: Option<LevelChange>, b: Option<LevelChange>| match (a, b) {
        (Some(a), Some(b)) => a.0.equals(b.0) && a.1.equals(b.1),
        (a, b) => a.is_none() && b.is_none(),
    };
    same_side(a[0], b[0]) && same_side(a[1], b[1])
}
