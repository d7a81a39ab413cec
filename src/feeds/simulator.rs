//! A believable random market, the same one for the same seed and start.
//!
//! Whole numbers only, so that every machine makes the same bytes: prices in ticks walk by trades
//! that take the touch and orders that fill it again; a few busy instruments and many quiet ones;
//! bursts, and now and then a halt.

use std::collections::BTreeMap;

use crate::domain::market::{
    Aggressor, Body, Decimal, Definition, Event, Instrument, LevelChange, Nanos, SECOND_NS, Trade,
};

/// Names of the first instruments; later ones are numbered.
const NAMES: [&str; 12] = [
    "ACME", "BOLT", "CORE", "DUNE", "ECHO", "FLUX", "GLEN", "HALO", "IRIS", "JADE", "KITE", "LUMA",
];
/// Levels that each side has at least.
const LEVELS_MIN: usize = 24;
const PRICE_EXP: u8 = 2;
const QTY_EXP: u8 = 3;
const HALT_NS: Nanos = 5 * SECOND_NS;

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014), SplitMix64.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn qty(&mut self) -> i64 {
        let lots = 1 + self.below(40) * (1 + self.below(4));
        lots.cast_signed() * 100
    }
}

/// One record of the simulated feed.
#[derive(Clone, Debug, PartialEq)]
pub struct SimRecord {
    /// When it is due, as event time.
    pub ts: Nanos,
    /// Whose.
    pub instrument: Instrument,
    /// Its events.
    pub events: Vec<Event>,
}

struct Stock {
    instrument: Instrument,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    seq: u64,
    trades: u64,
    /// Of a hundred trades, how many are bought.
    lean: u64,
    halted_until: Option<Nanos>,
    opened: bool,
}

/// The simulated market: an endless iterator of records.
pub struct Simulator {
    random: Random,
    stocks: Vec<Stock>,
    start: Nanos,
    ts: Nanos,
    step_ns: Nanos,
    burst: Option<(usize, u32)>,
    next_open: usize,
}

impl Simulator {
    /// A market of so many instruments and events a second.
    #[must_use]
    pub fn new(seed: u64, start: Nanos, rate: u64, instruments: usize) -> Self {
        let mut random = Random(seed);
        let stocks = (0..instruments.max(1)).map(|nth| Stock::new(nth, &mut random)).collect();
        let step_ns = SECOND_NS / Nanos::try_from(rate.clamp(1, 10_000_000)).unwrap_or(1);
        Self { random, stocks, start, ts: start, step_ns, burst: None, next_open: 0 }
    }

    /// Busy instruments come first: each is chosen about half as often as the one before it, but
    /// none never.
    fn choose(&mut self) -> usize {
        if let Some((at, left)) = self.burst {
            self.burst = (1 < left).then_some((at, left - 1));
            return at;
        }
        let count = self.stocks.len() as u64;
        let at = if self.random.below(10) < 7 {
            self.random.below(count.div_ceil(5)).min(self.random.below(count))
        } else {
            self.random.below(count)
        };
        let at = usize::try_from(at).unwrap_or(0);
        if self.random.below(2_000) == 0 {
            let left = 50 + self.random.below(200);
            self.burst = Some((at, u32::try_from(left).unwrap_or(0)));
        }
        at
    }
}

impl Iterator for Simulator {
    type Item = SimRecord;

    fn next(&mut self) -> Option<SimRecord> {
        let at = if self.next_open < self.stocks.len() {
            self.next_open += 1;
            self.next_open - 1
        } else {
            self.choose()
        };
        let stock = &mut self.stocks[at];
        let bodies = stock.step(self.ts, self.start, &mut self.random);
        let (ts, instrument) = (self.ts, stock.instrument.clone());
        let events = bodies.into_iter().map(|(seq, prev_seq, body)| Event {
            ts_event: ts,
            ts_recv: Some(ts),
            seq,
            prev_seq,
            body,
        });
        let events: Vec<Event> = events.collect();
        // The rate is of events; bursts come ten times as fast.
        let pace = if self.burst.is_some() { self.step_ns / 10 } else { self.step_ns };
        self.ts += (pace * Nanos::try_from(events.len()).unwrap_or(1)).max(1);
        Some(SimRecord { ts, instrument, events })
    }
}

type Step = (Option<u64>, Option<u64>, Body);

fn price(ticks: i64) -> Decimal {
    Decimal::from_mantissa(ticks, PRICE_EXP)
}

fn qty(lots: i64) -> Decimal {
    Decimal::from_mantissa(lots, QTY_EXP)
}

impl Stock {
    fn new(nth: usize, random: &mut Random) -> Self {
        let symbol = NAMES.get(nth).map_or_else(|| format!("S{:03}", nth + 1), |n| (*n).to_owned());
        let name = format!("SIM:{symbol}");
        let middle = 2_000 + random.below(48_000).cast_signed();
        let mut bids = BTreeMap::new();
        let mut asks = BTreeMap::new();
        for level in 1..=40 {
            bids.insert(middle - level, random.qty());
            asks.insert(middle + level, random.qty());
        }
        // The name is made of letters and digits.
        let instrument = Instrument::parse(&name).unwrap_or_else(|_| unreachable!("{name}"));
        Self {
            instrument,
            bids,
            asks,
            seq: 0,
            trades: 0,
            lean: 50,
            halted_until: None,
            opened: false,
        }
    }

    fn step(&mut self, now: Nanos, start: Nanos, random: &mut Random) -> Vec<Step> {
        if !self.opened {
            self.opened = true;
            return self.open(start);
        }
        if let Some(until) = self.halted_until {
            if now < until {
                return vec![(None, None, Body::Heartbeat)];
            }
            self.halted_until = None;
            return vec![(None, None, Body::Status { action: "trading".into(), reason: None })];
        }
        if random.below(200_000) == 0 {
            self.halted_until = Some(now + HALT_NS);
            let reason = Some("volatility".to_owned());
            return vec![(None, None, Body::Status { action: "halt".into(), reason })];
        }
        if random.below(300) == 0 {
            self.lean = 40 + random.below(21);
        }
        match random.below(100) {
            0..15 => self.trade(start, random),
            15..40 => self.refill(random),
            _ => self.stir(random),
        }
    }

    fn open(&mut self, start: Nanos) -> Vec<Step> {
        // Sequence numbers go on above those of an earlier run.
        self.seq = start.unsigned_abs();
        let side = |levels: &BTreeMap<i64, i64>| {
            levels.iter().map(|(p, q)| (price(*p), qty(*q))).collect::<Vec<LevelChange>>()
        };
        let definition = Definition {
            tick_size: Decimal::from_mantissa(1, PRICE_EXP),
            lot_size: Decimal::from_mantissa(1, QTY_EXP),
            base: self.instrument.as_str().strip_prefix("SIM:").map(str::to_owned),
            quote: Some("USD".into()),
            kind: Some("spot".into()),
            description: Some("A made-up instrument".into()),
        };
        let snapshot =
            Body::BookSnapshot { bids: side(&self.bids), asks: side(&self.asks), checksum: None };
        vec![
            (None, None, Body::Instrument(Box::new(definition))),
            (None, None, Body::Status { action: "trading".into(), reason: None }),
            (Some(self.seq), None, snapshot),
            self.quote(),
        ]
    }

    fn best(&self) -> Option<((i64, i64), (i64, i64))> {
        let bid = self.bids.last_key_value().map(|(p, q)| (*p, *q))?;
        let ask = self.asks.first_key_value().map(|(p, q)| (*p, *q))?;
        Some((bid, ask))
    }

    fn quote(&self) -> Step {
        let level = |side: Option<(&i64, &i64)>| side.map(|(p, q)| (price(*p), qty(*q)));
        let bid = level(self.bids.last_key_value());
        let ask = level(self.asks.first_key_value());
        (None, None, Body::Quote { bid, ask })
    }

    fn delta(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Step {
        let rows = |side: &[(i64, i64)]| side.iter().map(|(p, q)| (price(*p), qty(*q))).collect();
        let prev_seq = Some(self.seq);
        self.seq += 1;
        let body = Body::BookDelta { bids: rows(bids), asks: rows(asks), checksum: None };
        (Some(self.seq), prev_seq, body)
    }

    /// Takes from the touch, sometimes all of it.
    fn trade(&mut self, start: Nanos, random: &mut Random) -> Vec<Step> {
        let Some((bid, ask)) = self.best() else { return Vec::new() };
        let buy = random.below(100) < self.lean;
        let (at, there) = if buy { ask } else { bid };
        let whole = random.below(4) == 0;
        let taken = if whole { there } else { 100 + random.below(there as u64).cast_signed() };
        let taken = taken.min(there);
        let rest = there - taken;
        let side = if buy { &mut self.asks } else { &mut self.bids };
        if rest == 0 {
            side.remove(&at);
        } else {
            side.insert(at, rest);
        }
        self.trades += 1;
        let trade = Body::Trade(Box::new(Trade {
            trade_id: format!("{start}-{}", self.trades).into(),
            price: price(at),
            qty: qty(taken),
            aggressor: Some(if buy { Aggressor::Buy } else { Aggressor::Sell }),
            count: 1,
            conditions: "".into(),
        }));
        let changed = [(at, rest)];
        let delta = if buy { self.delta(&[], &changed) } else { self.delta(&changed, &[]) };
        vec![(None, None, trade), delta, self.quote()]
    }

    /// Puts an order inside the spread, or adds to the touch.
    fn refill(&mut self, random: &mut Random) -> Vec<Step> {
        let Some((bid, ask)) = self.best() else { return Vec::new() };
        let buy = random.below(100) < self.lean;
        let lots = random.qty();
        let inside = 1 < ask.0 - bid.0;
        let at = match (buy, inside) {
            (true, true) => bid.0 + 1,
            (true, false) => bid.0,
            (false, true) => ask.0 - 1,
            (false, false) => ask.0,
        };
        let side = if buy { &mut self.bids } else { &mut self.asks };
        side.insert(at, lots);
        let changed = [(at, lots)];
        let delta = if buy { self.delta(&changed, &[]) } else { self.delta(&[], &changed) };
        vec![delta, self.quote()]
    }

    /// Changes up to three levels below the touch; the far end grows where levels are few.
    fn stir(&mut self, random: &mut Random) -> Vec<Step> {
        let mut changed: [BTreeMap<i64, i64>; 2] = Default::default();
        for _ in 0..=random.below(3) {
            let buy = random.below(2) == 0;
            let depth = 1 + random.below(LEVELS_MIN as u64 + 4);
            let (side, changed) = if buy {
                (&mut self.bids, &mut changed[0])
            } else {
                (&mut self.asks, &mut changed[1])
            };
            let touch = if buy { side.last_key_value() } else { side.first_key_value() };
            let Some(touch) = touch.map(|(p, _)| *p) else { continue };
            let depth = depth.cast_signed();
            let at = if buy { touch - depth } else { touch + depth };
            let removes = LEVELS_MIN < side.len() && random.below(6) == 0;
            let lots = if removes { 0 } else { random.qty() };
            if at <= 0 || (removes && !side.contains_key(&at)) {
                continue;
            }
            if lots == 0 {
                side.remove(&at);
            } else {
                side.insert(at, lots);
            }
            changed.insert(at, lots);
        }
        let [bids, asks] = changed.map(|side| side.into_iter().collect::<Vec<_>>());
        if bids.is_empty() && asks.is_empty() {
            return vec![(None, None, Body::Heartbeat)];
        }
        vec![self.delta(&bids, &asks)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::{Market, MarketState, Moment, Policy};

    #[test]
    fn the_same_seed_and_start_make_the_same_market() {
        let run = |seed| Simulator::new(seed, 1, 1_000, 5).take(2_000).collect::<Vec<_>>();

        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn the_market_is_never_crossed_and_keeps_its_depth() {
        let mut market = Market::new("sim");
        let first = Instrument::parse("SIM:ACME").unwrap();
        let (mut published, mut trades) = (Vec::new(), 0);
        for record in Simulator::new(1, 0, 1_000, 3).take(60_000) {
            if record.instrument != first {
                continue;
            }
            let admission = market.admit(&record.events).unwrap();
            market.accept(admission);
            for event in &record.events {
                let changes =
                    market.apply(event, Moment::default(), &Policy::default(), &mut published);
                trades += u32::from(changes.trade.is_some());
                assert!(!changes.gap && !changes.unsynced_delta);
            }
            assert_ne!(market.book_state, MarketState::Crossed);
            assert!(20 <= market.book().bids().count() && 20 <= market.book().asks().count());
        }
        assert!(1_000 < trades, "{trades}");
    }
}
