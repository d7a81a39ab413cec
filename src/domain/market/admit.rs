//! Whether a record's numbers fit, and what they ask of the instrument's decimals.

use super::decimal::power_of_ten;
use super::event::{Body, Event, LevelChange};
use super::fold::Market;
use super::scales::Fit;

/// Why a record is refused whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A number does not fit the instrument's 64-bit mantissas, or its sums 128 bits.
    #[error("out_of_range")]
    OutOfRange,
}

/// What a record's numbers ask of the instrument's scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    price: Fit,
    qty: Fit,
}

impl Admission {
    /// Whether mantissas get more decimals, which begins a new epoch.
    #[must_use]
    pub fn widens(&self) -> bool {
        matches!(self.price, Fit::Wider { .. }) || matches!(self.qty, Fit::Wider { .. })
    }
}

impl Market {
    /// Says whether all numbers of a record fit, and what they ask of the scales.
    ///
    /// # Errors
    ///
    /// [`Refusal::OutOfRange`] where one does not; nothing has changed then.
    pub fn admit(&self, events: &[Event]) -> Result<Admission, Refusal> {
        let (mut price, mut qty) = (self.price, self.qty);
        let mut added: i128 = 0;
        for event in events {
            let mut take = |pair: &LevelChange| -> Option<()> {
                price = price.admit(pair.0)?;
                qty = qty.admit(pair.1)?;
                Some(())
            };
            let fits = match &event.body {
                Body::Trade(trade) => take(&(trade.price, trade.qty)),
                Body::TradeCorrect { price, qty, .. } => take(&(*price, *qty)),
                Body::Quote { bid, ask } => bid.iter().chain(ask).try_for_each(take),
                Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. } => {
                    bids.iter().chain(asks).try_for_each(take)
                }
                Body::Instrument(definition) => take(&(definition.tick_size, definition.lot_size)),
                Body::TradeCancel { .. }
                | Body::Status { .. }
                // Stored with decimals of their own; nothing that is shown holds them.
                | Body::Statistic(_)
                | Body::Imbalance(_)
                | Body::Disconnect
                | Body::Heartbeat => Some(()),
            };
            fits.ok_or(Refusal::OutOfRange)?;
            let traded = match &event.body {
                Body::Trade(trade) => trade.qty.at(qty.exp),
                Body::TradeCorrect { qty: right, .. } => right.at(qty.exp),
                _ => None,
            };
            added += i128::from(traded.unwrap_or(0));
        }
        let admission = Admission { price: self.price.fit(price), qty: self.qty.fit(qty) };
        if added != 0 || admission.widens() {
            // No sum of price × quantity exceeds all quantities at the greatest price.
            let by = i128::from(power_of_ten(qty.exp - self.qty.exp));
            let volume = self.bars.volume_held().checked_mul(by);
            let volume = volume.and_then(|volume| volume.checked_add(added));
            volume
                .and_then(|volume| volume.checked_mul(i128::from(price.greatest())))
                .ok_or(Refusal::OutOfRange)?;
        }
        Ok(admission)
    }

    /// Takes what [`Market::admit`] found; where it widens, a new epoch begins.
    pub fn accept(&mut self, admission: Admission) {
        let take = |fit: Fit| match fit {
            Fit::AsIs(scales) => (scales, 1),
            Fit::Wider { by, scales } => (scales, power_of_ten(by)),
        };
        let (price, price_by) = take(admission.price);
        let (qty, qty_by) = take(admission.qty);
        (self.price, self.qty) = (price, qty);
        if admission.widens() {
            self.epoch_turn += 1;
            self.book.widen(price_by, qty_by, self.book_seq);
            self.quote.widen(price_by, qty_by);
            self.stats.widen(price_by, qty_by);
            self.tape.widen(price_by, qty_by);
            self.bars.widen(price_by, qty_by);
            if let Some(events) = &mut self.quote_events {
                for side in [&mut events.bid, &mut events.ask] {
                    *side = side.map(|(price, qty)| (price * price_by, qty * qty_by));
                }
            }
        }
    }
}
