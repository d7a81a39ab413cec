//! Figures and auctions: rows of what venues said, with decimals of their own.

use super::copy::CopyRows;
use super::page::Page;
use crate::domain::market::{Imbalance, Nanos, Statistic, at_one_scale};
use crate::store::StoreError;

impl Page<'_> {
    pub(super) async fn write_statistics(
        &self,
        rows: &[(i32, Nanos, Statistic)],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut copy = CopyRows::new(10);
        for (instrument_id, ts_ns, figure) in rows {
            let ([price, _], price_exp) = at_one_scale([figure.price, None]);
            let ([qty, _], qty_exp) = at_one_scale([figure.qty, None]);
            copy.begin();
            copy.int4(*instrument_id).ts(*ts_ns).int8(*ts_ns).text(&figure.statistic);
            copy.maybe_int8(price).int2(price_exp.into()).maybe_int8(qty).int2(qty_exp.into());
            copy.maybe_int8(figure.ts_ref).boolean(figure.deleted);
        }
        self.copy("copy history.statistics from stdin binary", copy).await
    }

    pub(super) async fn write_imbalances(
        &self,
        rows: &[(i32, Nanos, Imbalance)],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut copy = CopyRows::new(11);
        for (instrument_id, ts_ns, figure) in rows {
            let ([qty, paired], qty_exp) = at_one_scale([figure.qty, figure.paired_qty]);
            let ([reference, price], price_exp) = at_one_scale([figure.ref_price, figure.price]);
            copy.begin();
            copy.int4(*instrument_id).ts(*ts_ns).int8(*ts_ns);
            copy.maybe_text(figure.auction.as_deref());
            copy.maybe_text(figure.side.map(|side| side.name()));
            copy.maybe_int8(qty).maybe_int8(paired).int2(qty_exp.into());
            copy.maybe_int8(reference).maybe_int8(price).int2(price_exp.into());
        }
        self.copy("copy history.imbalances from stdin binary", copy).await
    }
}
