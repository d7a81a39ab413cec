//! What is followed of one instrument: each channel and class with the position it was sent to.

use std::collections::BTreeMap;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::domain::market::{BookDiff, Market, MarketState};
use crate::wire::channel::{Channel, TickClass};
use crate::wire::data::{self, Exps};
use crate::wire::message::{self, Place, Span};

/// Prints shown to a newcomer.
const PRINTS_SHOWN: usize = 100;

/// One class of a channel.
#[derive(Debug, Default)]
pub(super) struct Class {
    /// The last change it sent.
    pub(super) position: u64,
    /// The top of the book it sent last.
    pub(super) top: BookDiff,
    /// Followers by shard.
    pub(super) shards: SmallVec<[(usize, u32); 4]>,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) classes: [Option<Class>; TickClass::COUNT],
}

impl Topic {
    pub(super) fn new(number: u32, channel: Channel) -> Self {
        Self { number, name: channel.to_string(), classes: Default::default() }
    }
}

/// All followed channels.
pub(super) type Topics = BTreeMap<Channel, Topic>;

/// A market as it is shown: with the silence of the wall clock in its states.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) market: &'a Market,
    pub(super) silent: bool,
    pub(super) name: &'a str,
}

/// The position of a channel's latest change.
pub(super) fn seq_of(market: &Market, channel: Channel) -> u64 {
    match channel {
        Channel::Quote => market.quote().seq,
        Channel::Stats => market.stats().seq,
        Channel::Book(_) => market.book_seq,
        Channel::Trade => market.tape().seq,
        Channel::Bars(interval) => market.bars(interval).seq,
    }
}

impl Shown<'_> {
    /// The state of a channel that has one.
    pub(super) fn state(&self, channel: Channel) -> Option<MarketState> {
        match channel {
            Channel::Quote => Some(self.market.quote().state.when_silent(self.silent)),
            Channel::Book(_) => Some(self.market.book_state.when_silent(self.silent)),
            Channel::Stats | Channel::Trade | Channel::Bars(_) => None,
        }
    }

    pub(super) fn place<'p>(&'p self, channel: &'p str) -> Place<'p> {
        Place { channel, instrument: self.name }
    }

    /// A snapshot at the latest change.
    pub(super) fn snapshot(
        &self,
        (channel, name): (Channel, &str),
        exps_told: Option<Exps>,
        missed: Option<Option<u64>>,
    ) -> Bytes {
        let market = self.market;
        let epoch = market.epoch();
        let seq = seq_of(market, channel);
        let missed = if channel == Channel::Trade { missed } else { None };
        message::snapshot(self.place(name), (&epoch, seq), exps_told, missed, |out| {
            self.whole(channel, out);
        })
    }

    /// The whole data of a channel.
    pub(super) fn whole(&self, channel: Channel, out: &mut String) {
        let market = self.market;
        let shown = self.state(channel).unwrap_or(MarketState::Live);
        match channel {
            Channel::Quote => data::quote(out, market, None, shown),
            Channel::Stats => data::stats(out, market, None),
            Channel::Book(depth) => {
                data::book(out, market, &market.book().top(usize::from(depth)), None, shown);
            }
            Channel::Trade => {
                out.push('[');
                for (nth, print) in market.tape().last_prints(PRINTS_SHOWN).iter().enumerate() {
                    if nth != 0 {
                        out.push(',');
                    }
                    data::print(out, print, Exps::of(market));
                }
                out.push(']');
            }
            Channel::Bars(interval) => {
                data::bars(out, market.bars(interval).shown(), None, Exps::of(market));
            }
        }
    }

    /// What changed after `since`, up to the latest change; none where that is too far back.
    /// `top` is the book as the receiver has it, where that is known.
    pub(super) fn changes(
        &self,
        (channel, name): (Channel, &str),
        since: u64,
        conflated: bool,
        top: Option<&BookDiff>,
    ) -> Option<Bytes> {
        let market = self.market;
        let span = Span { first: since + 1, last: seq_of(market, channel) };
        let place = self.place(name);
        let shown = self.state(channel).unwrap_or(MarketState::Live);
        let exps = Exps::of(market);
        let delta = |write: &dyn Fn(&mut String)| {
            Some(message::delta(place, span, conflated, |out| write(out)))
        };
        match channel {
            Channel::Quote => delta(&|out| data::quote(out, market, Some(since), shown)),
            Channel::Stats => delta(&|out| data::stats(out, market, Some(since))),
            Channel::Book(depth) => {
                let depth = usize::from(depth);
                let diff = match top {
                    Some(top) => market.book().diff_from(top, depth),
                    None => market.book().diff_from(&market.book().top_at(since, depth)?, depth),
                };
                delta(&|out| data::book(out, market, &diff, Some(since), shown))
            }
            Channel::Trade => {
                let items: Vec<_> = market.tape().items_since(since)?.collect();
                Some(message::event(place, span, |out| {
                    out.push('[');
                    for (nth, item) in items.iter().enumerate() {
                        if nth != 0 {
                            out.push(',');
                        }
                        data::tape_item(out, item, exps);
                    }
                    out.push(']');
                }))
            }
            Channel::Bars(interval) => {
                let bars: Vec<_> = market.bars(interval).changed_since(since)?.collect();
                Some(message::delta(place, span, conflated, |out| {
                    data::bars(out, bars.iter().copied(), Some(since), exps);
                }))
            }
        }
    }

    /// Whether anything of the book can be seen at a depth that a receiver of `top` has not.
    pub(super) fn book_shows(&self, depth: u16, since: u64, top: &BookDiff) -> bool {
        self.market.book_state_changed_since(since)
            || !self.market.book().diff_from(top, usize::from(depth)).is_empty()
    }
}
