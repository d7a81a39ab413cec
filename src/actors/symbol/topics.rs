//! What is followed of one instrument: each channel and class with the position it was sent to.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::domain::market::{BookDiff, Market, MarketState};
use crate::wire::channel::{Channel, TickClass};
use crate::wire::codec::{Codec, Coded};
use crate::wire::data::{Data, Exps};
use crate::wire::message::{Place, Span, Update};

/// Prints shown to a newcomer.
const PRINTS_SHOWN: usize = 100;

/// One class of a channel.
#[derive(Debug, Default)]
pub(super) struct Class {
    /// The last change it sent.
    pub(super) position: u64,
    /// The top of the book it sent last.
    pub(super) top: BookDiff,
    /// Followers by shard and codec.
    pub(super) shards: SmallVec<[(usize, [u32; Codec::COUNT]); 4]>,
}

impl Class {
    /// Encodes once for each codec that somebody in the class speaks.
    pub(super) fn code(&self, update: &Update<'_>, place: Place<'_>) -> Coded {
        let spoken = |codec: Codec| self.shards.iter().any(|(_, by)| by[codec.index()] != 0);
        Coded::new(spoken, |codec| update.encode(codec, place))
    }
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

impl<'a> Shown<'a> {
    /// The state of a channel that has one.
    pub(super) fn state(&self, channel: Channel) -> Option<MarketState> {
        match channel {
            Channel::Quote => Some(self.market.quote().state.when_silent(self.silent)),
            Channel::Book(_) => Some(self.market.book_state.when_silent(self.silent)),
            Channel::Stats | Channel::Trade | Channel::Bars(_) => None,
        }
    }

    /// Where messages of a topic belong.
    pub(super) fn place<'p>(&self, channel: Channel, name: &'p str, number: u32) -> Place<'p>
    where
        'a: 'p,
    {
        Place { channel, name, instrument: self.name, reference: number }
    }

    /// A snapshot at the latest change; `epoch` is the market's.
    pub(super) fn snapshot<'s>(
        &self,
        channel: Channel,
        epoch: &'s str,
        widened: Option<Exps>,
        missed: Option<Option<u64>>,
    ) -> Update<'s>
    where
        'a: 's,
    {
        let missed = if channel == Channel::Trade { missed } else { None };
        let seq = seq_of(self.market, channel);
        Update::Snapshot { epoch, seq, widened, missed, data: self.whole(channel) }
    }

    /// The whole data of a channel.
    fn whole(&self, channel: Channel) -> Data<'a> {
        let market = self.market;
        let (exps, since) = (Exps::of(market), None);
        let shown = self.state(channel).unwrap_or(MarketState::Live);
        match channel {
            Channel::Quote => Data::Quote { market, since, shown },
            Channel::Stats => Data::Stats { market, since },
            Channel::Book(depth) => {
                Data::Book { market, diff: market.book().top(usize::from(depth)), since, shown }
            }
            Channel::Trade => {
                Data::Prints { prints: market.tape().last_prints(PRINTS_SHOWN), exps }
            }
            Channel::Bars(interval) => {
                Data::Bars { bars: market.bars(interval).shown().collect(), since, exps }
            }
        }
    }

    /// What changed after `since`, up to the latest change; none where that is too far back.
    /// `top` is the book as the receiver has it, where that is known.
    pub(super) fn changes(
        &self,
        channel: Channel,
        since: u64,
        conflated: bool,
        top: Option<&BookDiff>,
    ) -> Option<Update<'a>> {
        let market = self.market;
        let span = Span { first: since + 1, last: seq_of(market, channel) };
        let shown = self.state(channel).unwrap_or(MarketState::Live);
        let exps = Exps::of(market);
        let data = match channel {
            Channel::Quote => Data::Quote { market, since: Some(since), shown },
            Channel::Stats => Data::Stats { market, since: Some(since) },
            Channel::Book(depth) => {
                let depth = usize::from(depth);
                let diff = match top {
                    Some(top) => market.book().diff_from(top, depth),
                    None => market.book().diff_from(&market.book().top_at(since, depth)?, depth),
                };
                Data::Book { market, diff, since: Some(since), shown }
            }
            Channel::Trade => {
                let items = market.tape().items_since(since)?.collect();
                return Some(Update::Event { span, data: Data::Items { items, exps } });
            }
            Channel::Bars(interval) => {
                let bars = market.bars(interval).changed_since(since)?.collect();
                Data::Bars { bars, since: Some(since), exps }
            }
        };
        Some(Update::Delta { span, conflated, data })
    }

    /// Whether anything of the book can be seen at a depth that a receiver of `top` has not.
    pub(super) fn book_shows(&self, depth: u16, since: u64, top: &BookDiff) -> bool {
        self.market.book_state_changed_since(since)
            || !self.market.book().diff_from(top, usize::from(depth)).is_empty()
    }
}
