//! What v1's channels are called by the answers to their subscriptions, for arrays that do not say:
//! `{"event": "subscriptionStatus", "channelID", "pair", "subscription": {"name", "depth"}}`. Since 30
//! May 2019 the arrays name both themselves (docs.kraken.com, "WebSocket API v1", "Changelog").
//!
//! One list serves all connections of an adapter: what is told last of a number holds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::feeds::venues::FrameError;
use crate::wire::borrowed::{self, Text};

/// The most channels that are kept; the least number is forgotten first.
const CHANNELS_MAX: usize = 4_096;

/// Channel and pair by the channel's number.
#[derive(Debug, Default)]
pub(super) struct Channels(BTreeMap<u64, [String; 2]>);

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(rename = "channelID")]
    id: Option<u64>,
    #[serde(borrow, rename = "channelName")]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    pair: Option<Text<'a>>,
    #[serde(borrow)]
    subscription: Option<Subscription<'a>>,
}

#[derive(Deserialize)]
struct Subscription<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    depth: Option<u32>,
    interval: Option<u32>,
}

impl Subscription<'_> {
    /// The channel's name as arrays write it; depth and interval have defaults.
    fn channel(&self) -> Option<String> {
        Some(match self.name.as_deref()? {
            "book" => format!("book-{}", self.depth.unwrap_or(10)),
            "ohlc" => format!("ohlc-{}", self.interval.unwrap_or(1)),
            name => name.to_owned(),
        })
    }
}

impl Channels {
    /// Remembers what a `subscriptionStatus` tells.
    pub fn note(&mut self, text: &str) -> Result<(), FrameError> {
        let status: Status<'_> = borrowed::from_str(text)?;
        let named = || status.subscription.as_ref().and_then(Subscription::channel);
        let channel = status.channel.as_deref().map(str::to_owned).or_else(named);
        let (Some(id), Some(channel), Some(pair)) = (status.id, channel, status.pair) else {
            return Ok(());
        };
        self.0.insert(id, [channel, pair.to_string()]);
        if CHANNELS_MAX < self.0.len() {
            self.0.pop_first();
        }
        Ok(())
    }

    /// Channel and pair of a number.
    pub fn names(&self, id: u64) -> Option<[Cow<'_, str>; 2]> {
        let [channel, pair] = self.0.get(&id)?;
        Some([channel.into(), pair.into()])
    }
}
