//! KuCoin: the classic WebSocket (`/market/level2`, `/market/ticker`, `/market/match`, the futures'
//! forms of them, and the REST book), and the newer one that needs no token (`obu`, `trade`).
//!
//! - The two are told apart by their frames. Symbols of spot (`BTC-USDT`) and of futures
//!   (`XBTUSDTM`) differ; quantities of futures are contracts.
//! - Sequence: contiguous; each change of a book has a number, greater by one than the last
//!   ([`book`]).
//! - Snapshot: classic by REST, joined with the changes that came before it; `obu` begins with one.
//! - Checksum: none.
//! - Scale: decimals as text. Time: milli-, micro- or nanoseconds, told by their size; in 2021 the
//!   changes of a book had none.
//! - Best bid and ask have the number of the change after which they are the book's top.
//! - Candles: first trade opens; a minute without trades is flat ([`candle`]).
//!
//! Source: kucoin.com/docs, "Websocket Feed", "Level-2 Market Data"; kucoin.com/docs-new,
//! "Orderbook", "Trade" (Unified Trading Account, public channels).

mod book;
mod candle;
mod frame;
mod line;
mod quote;
mod trade;

use self::candle::Candles;
use self::frame::Kind;
use self::line::Socket;
use super::backlog::Backlog;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};

/// Spot and futures, `KUCOIN:…`.
pub(super) const VENUE: Venue = Venue {
    name: "kucoin",
    prefix: "KUCOIN",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::SameNumber,
    adapter: || Box::new(Kucoin::new()),
    line: || Box::new(Socket::default()),
    witness: || Box::new(Candles),
};

/// The adapter.
#[derive(Debug)]
pub(super) struct Kucoin {
    roster: Roster<Backlog>,
}

impl Kucoin {
    fn new() -> Self {
        Self { roster: Roster::new(VENUE.prefix) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let roster = &mut self.roster;
        if let Some((numbered, symbol)) = frame::read_update(text) {
            return book::changes(roster, numbered, &symbol, recv, out);
        }
        let Some(told) = frame::read(text)? else { return Ok(()) };
        match told.kind {
            Kind::Changes => book::changes(roster, told.data.numbered(), &told.symbol, recv, out),
            Kind::Change => book::change(roster, told, recv, out),
            Kind::Window => book::window(roster, told, recv, out),
            Kind::Best => quote::best(roster, told, recv, out),
            Kind::Ticker => quote::ticker(roster, told, recv, out),
            Kind::Fill => trade::take(roster, told, recv, out),
        }
    }

    fn response(
        &mut self,
        url: Option<&str>,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame::read_body(text)? {
            Some(data) => book::snapshot(&mut self.roster, data, url, recv, out),
            None => Ok(()),
        }
    }
}

impl Adapter for Kucoin {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response(url, body, recv, out),
            Frame::Connected => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |backlog| *backlog = Backlog::default());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
