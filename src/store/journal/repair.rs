//! Final bars recomputed from the stored trades.

use std::collections::BTreeSet;

use super::page::Page;
use super::rows::{Recomputed, Repair};
use crate::domain::market::{INTERVALS, Interval, VWAP_EXTRA_DIGITS};
use crate::store::StoreError;

impl Page<'_> {
    /// Remembers bars to be recomputed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn remember(&self, repairs: &BTreeSet<Repair>) -> Result<(), StoreError> {
        if repairs.is_empty() {
            return Ok(());
        }
        let sql =
            "insert into recorder.repairs select * from unnest($1::int[], $2::text[], $3::bigint[])
            on conflict do nothing";
        let ids: Vec<i32> = repairs.iter().map(|repair| repair.instrument_id).collect();
        let intervals: Vec<&str> = repairs.iter().map(|repair| repair.interval.name()).collect();
        let starts: Vec<i64> = repairs.iter().map(|repair| repair.start).collect();
        self.tx.execute(sql, &[&ids, &intervals, &starts]).await?;
        Ok(())
    }

    /// Recomputes final bars from the stored trades, a statement for each interval; tells those
    /// that this changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn recompute(&self, due: &[Repair]) -> Result<Vec<Recomputed>, StoreError> {
        let mut recomputed = Vec::new();
        for interval in INTERVALS {
            let due: Vec<&Repair> =
                due.iter().filter(|repair| repair.interval == interval).collect();
            if !due.is_empty() {
                self.recompute_of(interval, &due, &mut recomputed).await?;
            }
        }
        Ok(recomputed)
    }

    async fn recompute_of(
        &self,
        interval: Interval,
        due: &[&Repair],
        recomputed: &mut Vec<Recomputed>,
    ) -> Result<(), StoreError> {
        let ids: Vec<i32> = due.iter().map(|repair| repair.instrument_id).collect();
        let starts: Vec<i64> = due.iter().map(|repair| repair.start).collect();
        let forget = "delete from recorder.repairs r
            using unnest($1::int[], $2::bigint[]) as asked (id, start_ns)
            where r.instrument_id = asked.id and r.start_ns = asked.start_ns
                and r.interval_name = $3";
        self.tx.execute(forget, &[&ids, &starts, &interval.name()]).await?;
        let length = interval.length_ns();
        // The ends of all of them: no chunk before or behind is looked into.
        let from = starts.iter().min().copied().unwrap_or_default();
        let to = starts.iter().max().copied().unwrap_or_default() + length;
        let sql = recompute_sql(interval.name());
        for row in self.tx.query(&sql, &[&ids, &starts, &length, &from, &to]).await? {
            let (id, start): (i32, i64) = (row.get(9), row.get(10));
            let Some(repair) = due.iter().find(|one| (one.instrument_id, one.start) == (id, start))
            else {
                continue;
            };
            let price = |at: usize| row.get::<_, Option<String>>(at);
            let prices = match (price(0), price(1), price(2), price(3)) {
                (Some(open), Some(high), Some(low), Some(close)) => Some([open, high, low, close]),
                _ => None,
            };
            recomputed.push(Recomputed {
                repair: (*repair).clone(),
                prices,
                volume: row.get(4),
                notional: row.get(5),
                vwap: row.get(6),
                trades: row.get(7),
                rev: row.get(8),
            });
        }
        Ok(())
    }
}

/// Recomputes bars from the stored trades that count, and stores each with the next revision where
/// it differs. Mantissas of different decimals are brought to the finest among them.
fn recompute_sql(interval: &str) -> String {
    let extra = VWAP_EXTRA_DIGITS;
    format!(
        "with asked as (
            select * from unnest($1::int[], $2::bigint[]) as asked (id, start_ns)
        ), counted as (
            select asked.id, asked.start_ns, t.ts_ns, t.pos, t.price_exp, t.qty_exp, t.count,
                t.price * history.unit(t.price_exp) as p, t.qty * history.unit(t.qty_exp) as q
            from asked join history.trades t on t.instrument_id = asked.id
                and history.at(asked.start_ns) <= t.ts
                and t.ts < history.at(asked.start_ns + $3::bigint)
            where history.at($4::bigint) <= t.ts and t.ts < history.at($5::bigint)
                and t.state <> 'canceled'
        ), ends as (
            select id, start_ns, max(price_exp) as pe, max(qty_exp) as qe, max(p) as high,
                min(p) as low, sum(q) as volume, sum(p * q) as notional,
                sum(count)::bigint as trades, (array_agg(p order by ts_ns, pos))[1] as open,
                (array_agg(p order by ts_ns desc, pos desc))[1] as close
            from counted group by id, start_ns
        ), fresh as (
            select a.id, a.start_ns, greatest(e.pe, o.price_exp, 0::smallint) as pe,
                greatest(e.qe, o.qty_exp, 0::smallint) as qe, e.open, e.high, e.low, e.close,
                coalesce(e.volume, 0) as volume, coalesce(e.notional, 0) as notional,
                coalesce(e.trades, 0) as trades, coalesce(o.rev + 1, 0) as rev
            from asked a left join ends e using (id, start_ns)
                left join history.bars_{interval} o
                    on o.instrument_id = a.id and o.start = history.at(a.start_ns)
            where (o.instrument_id is not null or e.trades is not null)
                -- Of the trades before that some are gone.
                and not exists (select from recorder.keeping
                    where history.at(a.start_ns)
                        < greatest(forgotten_before, now() - make_interval(days => days)))
        ), stored as (
            insert into history.bars_{interval}
            select id, history.at(start_ns), open / history.unit(pe), high / history.unit(pe),
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
            end, trades, rev, asked.id, asked.start_ns
        from stored join asked
            on asked.id = stored.instrument_id and history.at(asked.start_ns) = stored.start
        order by asked.id, asked.start_ns"
    )
}
