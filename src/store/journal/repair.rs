//! Final bars recomputed from the stored trades.

use super::page::Page;
use super::rows::{Recomputed, Repair};
use crate::domain::market::VWAP_EXTRA_DIGITS;
use crate::store::StoreError;

impl Page<'_> {
    /// Remembers bars to be recomputed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn remember(&self, repairs: &[Repair]) -> Result<(), StoreError> {
        for repair in repairs {
            let sql = "insert into recorder.repairs values ($1, $2, $3) on conflict do nothing";
            let interval = repair.interval.name();
            self.tx.execute(sql, &[&repair.instrument_id, &interval, &repair.start]).await?;
        }
        Ok(())
    }

    /// Recomputes a final bar from the stored trades; none where that changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn recompute(&self, repair: &Repair) -> Result<Option<Recomputed>, StoreError> {
        let interval = repair.interval.name();
        let forget = "delete from recorder.repairs
            where instrument_id = $1 and interval_name = $2 and start_ns = $3";
        let id = repair.instrument_id;
        self.tx.execute(forget, &[&id, &interval, &repair.start]).await?;
        let end = repair.start + repair.interval.length_ns();
        let sql = recompute_sql(interval);
        let Some(row) = self.tx.query_opt(&sql, &[&id, &repair.start, &end]).await? else {
            return Ok(None);
        };
        let price = |at: usize| row.get::<_, Option<String>>(at);
        let prices = match (price(0), price(1), price(2), price(3)) {
            (Some(open), Some(high), Some(low), Some(close)) => Some([open, high, low, close]),
            _ => None,
        };
        Ok(Some(Recomputed {
            repair: repair.clone(),
            prices,
            volume: row.get(4),
            notional: row.get(5),
            vwap: row.get(6),
            trades: row.get(7),
            rev: row.get(8),
        }))
    }
}

/// Recomputes a bar from the stored trades that count, and stores it with the next revision where
/// it differs. Mantissas of different decimals are brought to the finest among them.
fn recompute_sql(interval: &str) -> String {
    let extra = VWAP_EXTRA_DIGITS;
    format!(
        "with counted as (
            select *, price * history.unit(price_exp) as p, qty * history.unit(qty_exp) as q
            from history.trades
            where instrument_id = $1 and history.at($2) <= ts and ts < history.at($3)
                and state <> 'canceled'
        ), ends as (
            select max(price_exp) as pe, max(qty_exp) as qe, max(p) as high, min(p) as low,
                sum(q) as volume, sum(p * q) as notional, sum(count)::bigint as trades,
                (array_agg(p order by ts_ns, pos))[1] as open,
                (array_agg(p order by ts_ns desc, pos desc))[1] as close
            from counted
        ), old as (
            select * from history.bars_{interval}
            where instrument_id = $1 and start = history.at($2)
        ), fresh as (
            select greatest(e.pe, o.price_exp, 0::smallint) as pe,
                greatest(e.qe, o.qty_exp, 0::smallint) as qe, e.open, e.high, e.low, e.close,
                coalesce(e.volume, 0) as volume, coalesce(e.notional, 0) as notional,
                coalesce(e.trades, 0) as trades, coalesce(o.rev + 1, 0) as rev
            from ends e left join old o on true
            where (o.instrument_id is not null or e.trades is not null)
                -- Of the trades before that some are gone.
                and not exists (select from recorder.keeping
                    where history.at($2)
                        < greatest(forgotten_before, now() - make_interval(days => days)))
        ), stored as (
            insert into history.bars_{interval}
            select $1, history.at($2), open / history.unit(pe), high / history.unit(pe),
                low / history.unit(pe), close / history.unit(pe), pe,
                volume / history.unit(qe), notional / history.unit(pe) / history.unit(qe), qe,
                trades, rev, 'final'
            from fresh
            on conflict (instrument_id, start) do update set open = excluded.open,
                high = excluded.high, low = excluded.low, close = excluded.close,
                price_exp = excluded.price_exp, volume = excluded.volume,
                notional = excluded.notional, qty_exp = excluded.qty_exp,
                trades = excluded.trades, rev = excluded.rev, state = excluded.state
            where (bars_{interval}.open * history.unit(bars_{interval}.price_exp),
                    bars_{interval}.high * history.unit(bars_{interval}.price_exp),
                    bars_{interval}.low * history.unit(bars_{interval}.price_exp),
                    bars_{interval}.close * history.unit(bars_{interval}.price_exp),
                    bars_{interval}.volume * history.unit(bars_{interval}.qty_exp),
                    bars_{interval}.notional * history.unit(bars_{interval}.price_exp)
                        * history.unit(bars_{interval}.qty_exp),
                    bars_{interval}.trades)
                is distinct from
                (excluded.open * history.unit(excluded.price_exp),
                    excluded.high * history.unit(excluded.price_exp),
                    excluded.low * history.unit(excluded.price_exp),
                    excluded.close * history.unit(excluded.price_exp),
                    excluded.volume * history.unit(excluded.qty_exp),
                    excluded.notional * history.unit(excluded.price_exp)
                        * history.unit(excluded.qty_exp),
                    excluded.trades)
            returning *
        )
        select (open * history.unit(price_exp))::text, (high * history.unit(price_exp))::text,
            (low * history.unit(price_exp))::text, (close * history.unit(price_exp))::text,
            (volume * history.unit(qty_exp))::text,
            (notional * history.unit(price_exp) * history.unit(qty_exp))::text,
            case when volume <> 0 then
                (div(notional * 1e{extra}, volume) * history.unit(price_exp)
                    * history.unit({extra}::smallint))::text
            end, trades, rev
        from stored"
    )
}
