//! Definitions, trading phases and published figures, in the words of `md.v1`.

use ::dbn::{
    ImbalanceMsg, InstrumentClass, InstrumentDefMsg, StatMsg, StatType, StatUpdateAction,
    StatusAction, StatusMsg, StatusReason, TradingEvent, UNDEF_ORDER_SIZE, UNDEF_STAT_QUANTITY,
};
use compact_str::{CompactString, format_compact};

use super::fixed;
use crate::domain::market::{Aggressor, Body, Decimal, Definition, Imbalance, Statistic};

/// A definition; none where it has no price step (as of shares at some venues), which `md.v1`
/// needs, and for the further legs of a spread, which repeat it.
///
/// The quantity step is the least lot, else the least trade, else one: DBN counts whole contracts
/// and shares. A round lot is no step; odd lots trade.
pub(super) fn definition(msg: &InstrumentDefMsg) -> Option<Body> {
    let tick = fixed::price(msg.min_price_increment)
        .filter(|tick| 0 < msg.min_price_increment && !tick.is_zero())?;
    if msg.leg_index != 0 {
        return None;
    }
    let least_lot = Some(msg.min_lot_size).filter(|lot| (1..i32::MAX).contains(lot));
    let least_trade = Some(msg.min_trade_vol).filter(|lot| (1..u32::MAX).contains(lot));
    let lot = least_lot.map(i64::from).or(least_trade.map(i64::from)).unwrap_or(1);
    let text = |text: ::dbn::Result<&str>| {
        let text = text.unwrap_or_default().trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Some(Body::Instrument(Box::new(Definition {
        tick_size: tick,
        lot_size: Decimal::from_mantissa(lot, 0),
        base: text(msg.asset()),
        quote: text(msg.currency()),
        kind: kind_of(msg.instrument_class as u8).map(str::to_owned),
        description: text(msg.cfi()).map(|cfi| format!("CFI {cfi}")),
    })))
}

/// The instrument class in a word; none where none is given.
fn kind_of(class: u8) -> Option<&'static str> {
    Some(match InstrumentClass::try_from(class).ok()? {
        InstrumentClass::Bond => "bond",
        InstrumentClass::Call => "call",
        InstrumentClass::Future => "future",
        InstrumentClass::Index => "index",
        InstrumentClass::Stock => "stock",
        InstrumentClass::MixedSpread => "mixed_spread",
        InstrumentClass::Put => "put",
        InstrumentClass::FutureSpread => "future_spread",
        InstrumentClass::OptionSpread => "option_spread",
        InstrumentClass::FxSpot => "fx_spot",
        InstrumentClass::CommoditySpot => "commodity_spot",
        _ => return None,
    })
}

/// A published figure, in the vendor's word.
pub(super) fn statistic(msg: &StatMsg) -> Body {
    let statistic = match StatType::try_from(msg.stat_type) {
        Ok(kind) => snake(&format_compact!("{kind:?}")),
        Err(_) => format_compact!("statistic_{}", msg.stat_type),
    };
    let qty = (msg.quantity != UNDEF_STAT_QUANTITY).then_some(msg.quantity);
    Body::Statistic(Box::new(Statistic {
        statistic,
        price: fixed::price(msg.price),
        qty: qty.map(|qty| Decimal::from_mantissa(qty, 0)),
        ts_ref: fixed::time(msg.ts_ref),
        deleted: msg.update_action == StatUpdateAction::Delete as u8,
    }))
}

/// What an auction lacks. Venues that do not use a price write zero: that is none.
pub(super) fn imbalance(msg: &ImbalanceMsg) -> Body {
    let price = |units| fixed::price(units).filter(|price| !price.is_zero());
    let qty = |units| (units != UNDEF_ORDER_SIZE).then(|| fixed::qty(u64::from(units)));
    let auction = char::from(msg.auction_type as u8);
    Body::Imbalance(Box::new(Imbalance {
        auction: auction.is_ascii_graphic().then(|| format_compact!("{auction}")),
        side: match msg.side as u8 {
            b'B' => Some(Aggressor::Buy),
            b'A' => Some(Aggressor::Sell),
            _ => None,
        },
        qty: qty(msg.total_imbalance_qty),
        paired_qty: qty(msg.paired_qty),
        ref_price: price(msg.ref_price),
        price: price(msg.ind_match_price),
    }))
}

/// A phase; none where nothing changed (action 0) for no reason. Actions that the contract has no word
/// for are told by the vendor's, in the same style.
pub(super) fn status(msg: &StatusMsg) -> Option<Body> {
    let action = match StatusAction::try_from(msg.action) {
        Ok(StatusAction::NotAvailableForTrading) => "not_available".into(),
        Ok(action) => snake(&format_compact!("{action:?}")),
        Err(_) => format_compact!("action_{}", msg.action),
    };
    let reason = match StatusReason::try_from(msg.reason) {
        Ok(StatusReason::None) => match TradingEvent::try_from(msg.trading_event) {
            Ok(TradingEvent::None) => None,
            Ok(event) => Some(snake(&format_compact!("{event:?}"))),
            Err(_) => Some(format_compact!("trading_event_{}", msg.trading_event)),
        },
        Ok(reason) => Some(snake(&format_compact!("{reason:?}"))),
        Err(_) => Some(format_compact!("reason_{}", msg.reason)),
    };
    let is_nothing = msg.action == StatusAction::None as u16 && reason.is_none();
    (!is_nothing).then(|| Body::Status { action, reason: reason.map(String::from) })
}

/// `PreOpen` is `pre_open`, `MarketWideHaltLevel1` is `market_wide_halt_level1`.
fn snake(name: &str) -> CompactString {
    let mut text = CompactString::default();
    for (at, c) in name.chars().enumerate() {
        if c.is_uppercase() && at != 0 {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_have_the_contracts_words() {
        let words = [
            (StatusAction::PreOpen, "pre_open"),
            (StatusAction::Quoting, "quoting"),
            (StatusAction::Trading, "trading"),
            (StatusAction::Halt, "halt"),
            (StatusAction::Pause, "pause"),
            (StatusAction::Suspend, "suspend"),
            (StatusAction::PreClose, "pre_close"),
            (StatusAction::Close, "close"),
            (StatusAction::NotAvailableForTrading, "not_available"),
            (StatusAction::NewPriceIndication, "new_price_indication"),
        ];
        for (action, word) in words {
            let msg = StatusMsg { action: action as u16, reason: 40, ..StatusMsg::default() };
            let reason = Some("order_imbalance".to_owned());
            assert_eq!(status(&msg), Some(Body::Status { action: word.into(), reason }));
        }
        let msg = StatusMsg { action: 99, reason: 0, ..StatusMsg::default() };
        assert_eq!(status(&msg), Some(Body::Status { action: "action_99".into(), reason: None }));
    }

    #[test]
    fn a_status_that_changes_nothing_is_none() {
        let mut msg = StatusMsg { action: 0, reason: 0, trading_event: 0, ..StatusMsg::default() };
        assert_eq!(status(&msg), None);
        msg.trading_event = TradingEvent::NoCancel as u16;
        let reason = Some("no_cancel".to_owned());
        assert_eq!(status(&msg), Some(Body::Status { action: "none".into(), reason }));
    }

    #[test]
    fn undefined_figures_are_left_out() {
        let msg = StatMsg {
            stat_type: StatType::OpenInterest as u16,
            price: i64::MAX,
            quantity: 1_768,
            ts_ref: u64::MAX,
            update_action: 2,
            ..StatMsg::default()
        };
        let told = Statistic {
            statistic: "open_interest".into(),
            qty: Some(Decimal::from_mantissa(1_768, 0)),
            deleted: true,
            ..Statistic::default()
        };
        assert_eq!(statistic(&msg), Body::Statistic(Box::new(told)));
    }

    #[test]
    fn a_definition_needs_a_price_step() {
        let mut msg = InstrumentDefMsg { min_price_increment: i64::MAX, ..Default::default() };
        assert_eq!(definition(&msg), None);
        msg.min_price_increment = 250_000_000;
        (msg.min_lot_size, msg.min_trade_vol) = (0, 5);
        msg.instrument_class = b'F' as std::ffi::c_char;
        let Some(Body::Instrument(definition)) = definition(&msg) else { panic!("{msg:?}") };
        let told = (definition.tick_size.to_string(), definition.lot_size.to_string());
        assert_eq!(told, ("0.25".to_owned(), "5".to_owned()));
        assert_eq!(definition.kind.as_deref(), Some("future"));
    }
}
