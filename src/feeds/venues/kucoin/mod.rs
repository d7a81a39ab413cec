//! KuCoin: the classic WebSocket (`/market/level2`, `/spotMarket/level2Depth5` and `50`,
//! `/spotMarket/level1`, `/market/ticker`, `/market/match`, the futures' forms of them, and the REST
//! book), and the newer one that needs no token (`obu`, `trade`).
//!
//! - The two are told apart by their frames. Symbols of spot (`BTC-USDT`) and of futures
//!   (`XBTUSDTM`) differ; quantities of futures are contracts.
//! - Sequence: contiguous; each change of a book has a number, greater by one than the last, and a
//!   message may tell some again ([`book`]).
//! - Snapshot: classic by REST, joined with the changes that came before it; `obu` begins with one.
//!   A REST book that does not say whose it is, before any instrument was heard of, is that of the
//!   first one whose changes continue it by number and by price. While no changes stand on a whole
//!   book, the 5 or 50 best levels are the book; the spot's have no number. Parts of the REST book
//!   are best levels too.
//! - Checksum: none.
//! - Scale: decimals as text; the futures' REST books and some of their trades have bare numbers,
//!   small ones with an exponent. Time: milli-, micro- or nanoseconds, told by their size; in 2021
//!   the changes of a book had none.
//! - Best bid and ask have the number of the change after which they are the book's top, those of
//!   `level1` none; the futures' older ticker, `/contractMarket/ticker`, lags and gives no events
//!   ([`quote`]).
//! - Candles: first trade opens; a minute without trades is flat ([`candle`]). Those of the futures
//!   (`/contractMarket/limitCandle`) are left out: the venue's document says of their volume that it
//!   is incorrect and not to be used.
//! - The books of call auctions (`/callauction/…`) give no events.
//!
//! Source: kucoin.com/docs, "Websocket Feed", "Level2 - Market Data"; kucoin.com/docs-new,
//! "Orderbook", "Klines", "Ticker V1" (classic), "Orderbook", "Trade" (Unified Trading Account,
//! public channels).

mod book;
mod candle;
mod frame;
mod line;
mod quote;
mod rest;
mod state;
mod trade;

use self::book::Unnamed;
use self::candle::Candles;
use self::frame::Kind;
use self::line::Socket;
use self::state::State;
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
    roster: Roster<State>,
    unnamed: Unnamed,
}

impl Kucoin {
    fn new() -> Self {
        Self { roster: Roster::new(VENUE.prefix), unnamed: Unnamed::default() }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let (roster, unnamed) = (&mut self.roster, &mut self.unnamed);
        if let Some((numbered, symbol)) = frame::read_update(text) {
            return book::changes((roster, unnamed), numbered, &symbol, recv, out);
        }
        if let Some(ticker) = quote::read(text) {
            return quote::tick(roster, ticker, recv, out);
        }
        let Some(told) = frame::read(text)? else { return Ok(()) };
        match told.kind {
            Kind::Changes => {
                let numbered = told.data.numbered();
                book::changes((roster, unnamed), numbered, &told.symbol, recv, out)
            }
            Kind::Change => book::change((roster, unnamed), told, recv, out),
            Kind::Window => book::window((roster, unnamed), told, recv, out),
            Kind::Depth(form) => book::depth(roster, form, told, recv, out),
            Kind::Best | Kind::Top | Kind::Ticker => quote::take(roster, told, recv, out),
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
        let known = (&mut self.roster, &mut self.unnamed);
        match rest::read(text)? {
            Some(told) => book::snapshot(known, told, url, recv, out),
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
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |state| *state = State::default());
                self.unnamed = Unnamed::default();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
