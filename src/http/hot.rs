//! Answers from the warm cache, for what this hub does not hold, or not yet.

use jiff::Timestamp;
use serde_json::Value;

use crate::actors::symbol::{Looked, Source, Want};
use crate::config::Settings;
use crate::domain::market::{Bar, MarketState};
use crate::wire::data::Exps;
use crate::wire::saved::HotCopy;

/// What a symbol would have answered when the copy was made; its states with the silence since.
pub(super) fn looked_up(copy: &HotCopy, want: &Want, settings: &Settings) -> Looked {
    let age_ms = Timestamp::now().as_millisecond().saturating_sub(copy.heard_ms).max(0);
    let silent = i64::from(settings.market.stale_after_ms) <= age_ms;
    let json = match want {
        Want::Quote => as_of_now(&copy.quote, None, silent),
        Want::Stats => copy.stats.clone(),
        Want::Book(depth) => as_of_now(&copy.book, Some(*depth), silent),
        Want::Summary => as_of_now(&copy.summary, None, silent),
        Want::Bars(..) => String::new(),
    };
    let bars = match want {
        Want::Bars(wanted, from, to) => {
            let within = |bar: &&Bar| *from <= bar.start && bar.start < *to;
            let of_interval = copy.bars.iter().find(|(name, _)| name == wanted.name());
            of_interval
                .map_or_else(Vec::new, |(_, bars)| bars.iter().filter(within).cloned().collect())
        }
        _ => Vec::new(),
    };
    Looked {
        json,
        bars,
        exps: Exps { price: copy.price_exp, qty: copy.qty_exp },
        silent,
        stale_ms: age_ms.unsigned_abs(),
        source: Source::Redis { written_ms: copy.written_ms },
    }
}

/// Cuts a book to a depth, and says `stale` where `live` was written too long ago.
fn as_of_now(json: &str, depth: Option<usize>, silent: bool) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    for side in ["bids", "asks"] {
        let levels = value.get_mut(side).and_then(Value::as_array_mut);
        if let (Some(levels), Some(depth)) = (levels, depth) {
            levels.truncate(depth);
        }
    }
    for state in ["state", "book_state"] {
        if let Some(state) = value.get_mut(state).filter(|_| silent)
            && *state == MarketState::Live.name()
        {
            *state = MarketState::Stale.name().into();
        }
    }
    value.to_string()
}
