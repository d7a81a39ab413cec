//! What is kept of an instrument: who tells its book, what each publisher shows, what was told.

use ::dbn::{BidAskPair, MboMsg, Publisher, UNDEF_PRICE, Venue};
use compact_str::CompactString;

use super::adapter::Refused;
use super::fixed;
use super::levels::{Levels, Told};
use super::orders::Orders;
use super::streams::{Followed, Span, Streams};
use super::tape::{Tape, Trades};
use crate::domain::by_order::{ByOrder, Total};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Side, Trade};

/// Who tells an instrument's book. A later one is finer, and takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    #[default]
    Nobody,
    Top,
    Depth,
    Orders,
}

/// Price and quantity of the best bid and the best ask.
pub(super) type Quoted = [Option<(i64, u64)>; 2];

/// When a record happened.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub ts_event: Nanos,
    pub ts_recv: Option<Nanos>,
}

impl At {
    pub fn event(&self, body: Body) -> Event {
        let Self { ts_event, ts_recv } = *self;
        Event { ts_event, ts_recv, seq: None, prev_seq: None, body }
    }

    /// The receive time as event time: of what tells a state, whose `ts_event` is that of something
    /// older.
    pub fn received(self) -> Self {
        Self { ts_event: self.ts_recv.unwrap_or(self.ts_event), ..self }
    }
}

/// A trade as a record has it.
pub(super) struct Printed {
    pub price: i64,
    pub size: u32,
    pub side: u8,
    pub sequence: u32,
}

impl Printed {
    pub fn new(price: i64, size: u32, side: std::ffi::c_char, sequence: u32) -> Self {
        Self { price, size, side: side as u8, sequence }
    }
}

/// What a record of price levels shows.
pub(super) struct Shown<'a> {
    pub action: u8,
    pub may_be_wrong: bool,
    pub levels: &'a [BidAskPair],
}

/// What is kept of an instrument.
pub(super) struct State {
    pub instrument: Instrument,
    source: Source,
    parts: Vec<Part>,
    followed: Followed,
    told: Told,
    quoted: Option<Quoted>,
    /// Whether a quote was told: then the hub's quote follows quotes.
    has_quoted: bool,
}

/// An instrument at one publisher.
struct Part {
    publisher: u16,
    instrument_id: u32,
    /// Trades agreed elsewhere, told beside an exchange's book.
    is_off_market: bool,
    may_be_wrong: bool,
    orders: Orders,
    /// The last order message, where no end of its event followed.
    unended: Option<At>,
    /// Whether anything but trades came with levels.
    has_levels: bool,
    levels: Levels,
    top: Option<Quoted>,
    trades: Trades,
}

impl State {
    pub fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            source: Source::Nobody,
            parts: Vec::new(),
            followed: Followed::default(),
            told: Told::default(),
            quoted: None,
            has_quoted: false,
        }
    }

    /// Which of the parts a publisher's is, where it has one.
    pub fn find_part(&self, publisher: u16) -> Option<usize> {
        self.parts.iter().position(|part| part.publisher == publisher)
    }

    /// Which of the parts a publisher's is; whether it is new.
    pub fn part_of(&mut self, publisher: u16, instrument_id: u32) -> (usize, bool) {
        if let Some(nth) = self.find_part(publisher) {
            return (nth, false);
        }
        let known = Publisher::try_from(publisher);
        self.parts.push(Part {
            publisher,
            instrument_id,
            is_off_market: known.is_ok_and(|known| known.venue() == Venue::Xoff),
            may_be_wrong: false,
            orders: Orders::default(),
            unended: None,
            has_levels: false,
            levels: Levels::default(),
            top: None,
            trades: Trades::of(publisher, self.parts.is_empty()),
        });
        (self.parts.len() - 1, true)
    }

    /// Takes note of a record's instrument id. Another one behind the same name (a continuous symbol
    /// that rolls) is another instrument: what stood at that publisher is gone. The id before, where
    /// it is another one.
    pub fn is_of(&mut self, nth: usize, instrument_id: u32) -> Option<u32> {
        let part = &mut self.parts[nth];
        let before = std::mem::replace(&mut part.instrument_id, instrument_id);
        if before == instrument_id {
            return None;
        }
        (part.orders, part.unended) = (Orders::lost(), None);
        (part.may_be_wrong, part.has_levels, part.top) = (false, false, None);
        part.levels.clear();
        self.tell_whole();
        Some(before)
    }

    /// Begins a file: who tells the book is seen anew. Trades of a tape are counted anew too, unless
    /// the file goes on where one of that tape ended.
    pub fn begin_file(&mut self, rewound: Rewound) {
        self.source = Source::Nobody;
        for part in &mut self.parts {
            (part.has_levels, part.top) = (false, None);
            part.levels.clear();
            match rewound {
                Rewound::None => {}
                Rewound::One(tape) => part.trades.rewind(tape),
                Rewound::All => part.trades.rewind_all(),
            }
        }
    }

    /// Begins a file that may have orders.
    pub fn begin_orders(&mut self, span: Option<&Span>) {
        if span.is_none_or(|span| self.instrument.venue() == span.dataset) {
            self.followed.begin(span);
        }
    }

    /// Takes note of a record in a file that may have orders, until `end`. Where it does not go on at
    /// the end of the last one, nobody knows what became of the orders in between.
    pub fn enter(&mut self, end: Option<u64>) {
        let Some(goes_on) = self.followed.enter(end) else { return };
        for part in self.parts.iter_mut().filter(|part| part.orders.has_begun()) {
            if goes_on {
                part.orders.begin_file();
            } else {
                (part.orders, part.unended) = (Orders::lost(), None);
            }
        }
    }

    /// The order-by-order book of the first publisher that has one.
    pub fn orders(&self) -> Option<&ByOrder> {
        let mut begun = self.parts.iter().filter(|part| part.orders.has_begun());
        begun.next().filter(|_| self.source == Source::Orders).map(|part| part.orders.book())
    }

    fn tell_whole(&mut self) {
        self.parts.iter_mut().for_each(|part| part.orders.tell_whole());
        self.told.tell_whole();
    }

    /// Whether a record of `source` tells this instrument's book. Who begins to, tells it whole.
    ///
    /// The flag "maybe bad book" says that the vendor lost messages: the book is told to be lost
    /// once, and whole when the flag ends.
    fn tells(
        &mut self,
        source: Source,
        nth: usize,
        may_be_wrong: bool,
        at: &At,
        out: &mut Vec<(Instrument, Event)>,
    ) -> bool {
        if source < self.source {
            return false;
        }
        if self.source < source {
            self.source = source;
            self.tell_whole();
        }
        if self.parts[nth].may_be_wrong != may_be_wrong {
            self.parts[nth].may_be_wrong = may_be_wrong;
            if may_be_wrong {
                self.lose(at, out);
            } else {
                self.tell_whole();
            }
        }
        true
    }

    /// Tells that the book is lost; the hub's quote is then, too, until the next one.
    fn lose(&mut self, at: &At, out: &mut Vec<(Instrument, Event)>) {
        self.quoted = None;
        out.push((self.instrument.clone(), at.event(Body::Disconnect)));
    }

    /// Takes an order message.
    pub fn order(
        &mut self,
        nth: usize,
        msg: &MboMsg,
        at: &At,
        streams: &mut Streams,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        let action = msg.action as u8;
        let printed = if action == b'T' {
            let printed = Printed::new(msg.price, msg.size, msg.side, msg.sequence);
            self.print(nth, at, Tape::Orders, printed, out)
        } else {
            Ok(())
        };
        let is_change = matches!(action, b'A' | b'C' | b'M' | b'R');
        let part = &self.parts[nth];
        if part.is_off_market || !is_change && !part.orders.has_begun() {
            return printed;
        }
        self.tells(Source::Orders, nth, msg.flags.is_maybe_bad_book(), at, out);
        if is_change && self.parts[nth].orders.take(msg, streams) {
            self.lose(at, out);
        }
        let part = &mut self.parts[nth];
        if msg.flags.is_last() {
            part.unended = None;
            self.end(nth, at, out);
        } else if is_change {
            part.unended = Some(*at);
        }
        printed
    }

    /// Tells what is left of events that had no end; a snapshot without one is lost at once, because
    /// it is not all of the book.
    pub fn finish(&mut self, out: &mut Vec<(Instrument, Event)>) {
        for nth in 0..self.parts.len() {
            let unended = self.parts[nth].unended.take();
            // Levels that came since are newer.
            if let Some(at) = unended
                && matches!(self.source, Source::Orders | Source::Nobody)
            {
                self.end(nth, &at, out);
                if self.parts[nth].orders.is_amid_snapshot() {
                    self.lose(&at, out);
                }
            }
        }
    }

    /// Ends an event of a publisher's orders.
    fn end(&mut self, nth: usize, at: &At, out: &mut Vec<(Instrument, Event)>) {
        let may_be_wrong = self.orders_may_be_wrong();
        let body = match self.parts.as_mut_slice() {
            [part] => part.orders.tell(may_be_wrong),
            parts => tell_all(parts, nth, may_be_wrong),
        };
        out.extend(body.map(|body| (self.instrument.clone(), at.event(body))));
        if self.has_quoted && !may_be_wrong {
            let begun = self.parts.iter().filter(|part| part.orders.has_begun());
            let top = |part: &Part| {
                let best = |side| part.orders.book().best(side);
                [Side::Bid, Side::Ask].map(|side| best(side).map(|at: Total| (at.price, at.qty)))
            };
            self.quote(best_of(begun.map(top)), at, out);
        }
    }

    fn orders_may_be_wrong(&self) -> bool {
        let mut begun = self.parts.iter().filter(|part| part.orders.has_begun());
        begun.any(|part| part.may_be_wrong || !part.orders.is_complete())
    }

    /// Takes the levels of a record, and the quote that they are.
    pub fn levels(
        &mut self,
        source: Source,
        nth: usize,
        shown: &Shown<'_>,
        at: &At,
        out: &mut Vec<(Instrument, Event)>,
    ) {
        let is_alone = self.parts.len() == 1;
        let part = &mut self.parts[nth];
        part.has_levels |= shown.action != b'T';
        // Beside a book, what a publisher of trades alone shows of one is not its own.
        if part.is_off_market || !is_alone && !part.has_levels {
            return;
        }
        if self.tells(source, nth, shown.may_be_wrong, at, out) {
            self.parts[nth].levels.set(shown.levels);
            let body = match self.parts.as_slice() {
                [part] => self.told.tell(&part.levels, part.may_be_wrong),
                parts => {
                    let mut total = Levels::default();
                    let own = parts.iter().filter(|part| part.has_levels);
                    own.clone().for_each(|part| total.add(&part.levels));
                    let may_be_wrong = own.clone().any(|part| part.may_be_wrong);
                    self.told.tell(&total, may_be_wrong)
                }
            };
            out.extend(body.map(|body| (self.instrument.clone(), at.event(body))));
        }
        self.top(source, nth, top_of(&shown.levels[0]), at, out);
    }

    /// Takes the best of a publisher: the quote is the best of all of them.
    pub fn top(
        &mut self,
        source: Source,
        nth: usize,
        top: Quoted,
        at: &At,
        out: &mut Vec<(Instrument, Event)>,
    ) {
        if self.parts[nth].is_off_market {
            return;
        }
        self.parts[nth].top = Some(top);
        if self.is_quoted_by(source) {
            let best = match self.parts.as_slice() {
                [_] => top,
                parts => best_of(parts.iter().filter_map(|part| part.top)),
            };
            self.quote(best, at, out);
        }
    }

    /// Takes the best of a publisher as it was at a trade there. It is not known for how long: of
    /// several publishers, the first alone is told.
    pub fn top_at_trade(
        &mut self,
        nth: usize,
        top: Quoted,
        at: &At,
        out: &mut Vec<(Instrument, Event)>,
    ) {
        let mut others = self.parts.iter().enumerate().filter(|(other, _)| *other != nth);
        if !others.any(|(_, part)| part.top.is_some()) && top != [None, None] {
            self.top(Source::Nobody, nth, top, at, out);
        }
    }

    /// Takes the best of all publishers, as the vendor has it.
    pub fn consolidated(&mut self, top: Quoted, at: &At, out: &mut Vec<(Instrument, Event)>) {
        if self.is_quoted_by(Source::Nobody) {
            self.quote(top, at, out);
        }
    }

    /// Whether quotes of a source are told: not beside a finer book, whose top they show late.
    fn is_quoted_by(&self, source: Source) -> bool {
        match self.source {
            Source::Orders => self.orders_may_be_wrong(),
            finest => finest <= source,
        }
    }

    /// A quote, where it is another one than the last.
    fn quote(&mut self, quoted: Quoted, at: &At, out: &mut Vec<(Instrument, Event)>) {
        if self.quoted != Some(quoted) {
            (self.quoted, self.has_quoted) = (Some(quoted), true);
            let [bid, ask] = quoted.map(|best| best.and_then(|(at, qty)| fixed::change(at, qty)));
            out.push((self.instrument.clone(), at.event(Body::Quote { bid, ask })));
        }
    }

    pub fn print(
        &mut self,
        nth: usize,
        at: &At,
        tape: Tape,
        printed: Printed,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), Refused> {
        let (price, qty) = fixed::level(printed.price, printed.size).ok_or(Refused::NoTrade)?;
        let trade = Trade {
            trade_id: self.parts[nth].trades.next_id(tape, at.ts_event, printed.sequence),
            price,
            qty,
            aggressor: match printed.side {
                b'B' => Some(Aggressor::Buy),
                b'A' => Some(Aggressor::Sell),
                _ => None,
            },
            count: 1,
            conditions: CompactString::default(),
        };
        let seq = (printed.sequence != 0).then(|| u64::from(printed.sequence));
        let event = Event { seq, ..at.event(Body::Trade(Box::new(trade))) };
        out.push((self.instrument.clone(), event));
        Ok(())
    }
}

/// Which trades a file counts anew.
#[derive(Clone, Copy)]
pub(super) enum Rewound {
    None,
    One(Tape),
    All,
}

/// What one publisher's end of an event changes of the totals of all.
#[cold]
fn tell_all(parts: &mut [Part], nth: usize, may_be_wrong: bool) -> Option<Body> {
    let (before, rest) = parts.split_at_mut(nth);
    let (part, behind) = rest.split_first_mut()?;
    let others = before.iter().chain(behind.iter()).map(|other| &other.orders);
    let others: Vec<&Orders> = others.filter(|other| other.has_begun()).collect();
    if others.is_empty() {
        return part.orders.tell(may_be_wrong);
    }
    part.orders.tell_with(&others, may_be_wrong)
}

/// The best of both sides; at the same price, all of it.
fn best_of(tops: impl Iterator<Item = Quoted>) -> Quoted {
    let better = |a: Option<(i64, u64)>, b: Option<(i64, u64)>, is_bid: bool| match (a, b) {
        (Some(a), Some(b)) if a.0 == b.0 => Some((a.0, a.1 + b.1)),
        (Some(a), Some(b)) => Some(if (b.0 < a.0) == is_bid { a } else { b }),
        (a, b) => a.or(b),
    };
    tops.fold([None, None], |best, top| {
        [better(best[0], top[0], true), better(best[1], top[1], false)]
    })
}

pub(super) fn top_of(level: &BidAskPair) -> Quoted {
    [best(level.bid_px, level.bid_sz), best(level.ask_px, level.ask_sz)]
}

pub(super) fn best(price: i64, size: u32) -> Option<(i64, u64)> {
    (price != UNDEF_PRICE && size != 0).then(|| (price, size.into()))
}
