//! Writing one batch.

use std::collections::HashSet;

use futures_util::{SinkExt, pin_mut};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::copy::CopyRows;
use super::rows::{
    Amend, BarRow, Batch, BookRow, LateTrade, Position, QuoteRow, StateRow, TradeRow,
};
use crate::domain::market::{Bar, Definition, INTERVALS, Interval};
use crate::store::StoreError;

/// One transaction.
pub struct Page<'a> {
    pub(super) tx: Transaction<'a>,
}

impl Page<'_> {
    /// Writes a batch; tells which late trades and amendments found stored trades, so that the
    /// bars which hold them are recomputed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing is stored then.
    pub async fn write(&self, topic: &str, batch: &Batch) -> Result<Vec<LateTrade>, StoreError> {
        let mut late = self.write_trades(&batch.trades, &batch.late).await?;
        for amend in &batch.amends {
            late.extend(self.amend(amend).await?);
        }
        self.write_quotes(&batch.quotes).await?;
        self.write_books(&batch.books).await?;
        self.write_bars(&batch.bars).await?;
        self.write_statistics(&batch.statistics).await?;
        self.write_imbalances(&batch.imbalances).await?;
        for (id, definition) in &batch.definitions {
            self.define(*id, definition).await?;
        }
        for state in &batch.states {
            let sql = "insert into recorder.states values ($1, $2, $3, $4, $5)
                on conflict (topic, instrument) do update set partition = excluded.partition,
                    fold_offset = excluded.fold_offset, state = excluded.state";
            let StateRow { instrument, partition, fold_offset, state } = state;
            self.tx.execute(sql, &[&topic, instrument, partition, fold_offset, state]).await?;
        }
        for position in &batch.positions {
            self.stand(topic, position).await?;
        }
        for gap in &batch.gaps {
            let sql = "insert into history.gaps (instrument, from_ts, to_ts, reason)
                values ($1, history.at($2), history.at($3), $4)";
            self.tx.execute(sql, &[&gap.instrument, &gap.from, &gap.to, &gap.reason]).await?;
        }
        Ok(late)
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }

    async fn write_trades(
        &self,
        trades: &[TradeRow],
        late: &[LateTrade],
    ) -> Result<Vec<LateTrade>, StoreError> {
        if trades.is_empty() {
            return Ok(Vec::new());
        }
        let mut copy = CopyRows::new(14);
        for row in trades {
            copy.begin();
            copy.int4(row.instrument_id).ts(row.ts_ns).int8(row.ts_ns).int8(row.pos);
            copy.numeric(row.seq).text(&row.trade_id);
            copy.int8(row.price).int2(row.exps.0.into()).int8(row.qty).int2(row.exps.1.into());
            copy.int8(row.count.into()).maybe_text(row.aggressor).text(&row.conditions);
            copy.text("ok");
        }
        self.copy("copy incoming_trades from stdin binary", copy).await?;
        let sql = "insert into history.trades select * from incoming_trades order by ts, pos
            on conflict do nothing returning instrument_id, ts_ns";
        if late.is_empty() {
            self.tx.execute(sql, &[]).await?;
            return Ok(Vec::new());
        }
        let stored = self.tx.query(sql, &[]).await?;
        let stored: HashSet<LateTrade> = stored
            .iter()
            .map(|row| LateTrade { instrument_id: row.get(0), ts_ns: row.get(1) })
            .collect();
        Ok(late.iter().filter(|trade| stored.contains(trade)).copied().collect())
    }

    async fn amend(&self, amend: &Amend) -> Result<Vec<LateTrade>, StoreError> {
        let Amend { instrument_id, trade_id, ts_ns, pos_max, right, in_stream } = amend;
        let meant = "instrument_id = $1 and trade_id = $2 and pos <= $3";
        // Asked for first: an update that does not name the time has to look into every chunk, and
        // unpacks those that are compressed.
        let ts_ns: Option<i64> = match ts_ns {
            Some(ts_ns) => Some(*ts_ns),
            None => {
                let sql = format!("select max(ts_ns) from history.trades where {meant}");
                self.tx.query_one(&sql, &[instrument_id, trade_id, pos_max]).await?.get(0)
            }
        };
        let Some(ts_ns) = ts_ns else { return Ok(Vec::new()) };
        let which =
            format!("{meant} and state <> 'canceled' and ts = history.at($4) and ts_ns = $4");
        let rows = match right {
            None => {
                let sql = format!(
                    "update history.trades set state = 'canceled' where {which} returning ts_ns"
                );
                self.tx.query(&sql, &[instrument_id, trade_id, pos_max, &ts_ns]).await?
            }
            Some((price, qty, (price_exp, qty_exp))) => {
                let sql = format!(
                    "update history.trades set state = 'corrected', price = $5, qty = $6,
                        price_exp = $7, qty_exp = $8
                     where {which} returning ts_ns"
                );
                let (price_exp, qty_exp) = (i16::from(*price_exp), i16::from(*qty_exp));
                self.tx
                    .query(
                        &sql,
                        &[
                            instrument_id,
                            trade_id,
                            pos_max,
                            &ts_ns,
                            price,
                            qty,
                            &price_exp,
                            &qty_exp,
                        ],
                    )
                    .await?
            }
        };
        let late = |row: &tokio_postgres::Row| LateTrade {
            instrument_id: *instrument_id,
            ts_ns: row.get(0),
        };
        Ok(if *in_stream { Vec::new() } else { rows.iter().map(late).collect() })
    }

    async fn write_quotes(&self, quotes: &[QuoteRow]) -> Result<(), StoreError> {
        if quotes.is_empty() {
            return Ok(());
        }
        let mut copy = CopyRows::new(10);
        for row in quotes {
            let price = |side: Option<(i64, i64)>| side.map(|(price, _)| price);
            let qty = |side: Option<(i64, i64)>| side.map(|(_, qty)| qty);
            copy.begin();
            copy.int4(row.instrument_id).ts(row.ts_ns).int8(row.ts_ns).int8(row.seq);
            copy.maybe_int8(price(row.bid)).maybe_int8(qty(row.bid));
            copy.maybe_int8(price(row.ask)).maybe_int8(qty(row.ask));
            copy.int2(row.exps.0.into()).int2(row.exps.1.into());
        }
        self.copy("copy history.quotes from stdin binary", copy).await
    }

    async fn write_books(&self, books: &[BookRow]) -> Result<(), StoreError> {
        if books.is_empty() {
            return Ok(());
        }
        let mut copy = CopyRows::new(9);
        for row in books {
            copy.begin();
            copy.int4(row.instrument_id).ts(row.ts_ns).int8(row.ts_ns).int8(row.seq);
            copy.int8_array(&row.bids).int8_array(&row.asks);
            copy.int2(row.exps.0.into()).int2(row.exps.1.into()).text(row.state);
        }
        self.copy("copy history.books from stdin binary", copy).await
    }

    async fn write_bars(&self, bars: &[BarRow]) -> Result<(), StoreError> {
        for interval in INTERVALS {
            let mut last = std::collections::BTreeMap::new();
            for row in bars.iter().filter(|row| row.interval == interval) {
                last.insert((row.instrument_id, row.bar.start), row);
            }
            if last.is_empty() {
                continue;
            }
            let rows: Vec<&BarRow> = last.into_values().collect();
            self.upsert_bars(interval, &rows).await?;
        }
        Ok(())
    }

    async fn upsert_bars(&self, interval: Interval, rows: &[&BarRow]) -> Result<(), StoreError> {
        let column =
            |pick: fn(&BarRow) -> i64| rows.iter().map(|row| pick(row)).collect::<Vec<_>>();
        let price = |pick: fn(&Bar) -> i64| {
            let priced = |row: &&BarRow| row.bar.has_trades().then(|| pick(&row.bar));
            rows.iter().map(priced).collect::<Vec<Option<i64>>>()
        };
        let sum = |pick: fn(&Bar) -> i128| {
            rows.iter().map(|row| pick(&row.bar).to_string()).collect::<Vec<String>>()
        };
        let exp = |pick: fn(&BarRow) -> u8| {
            rows.iter().map(|row| i16::from(pick(row))).collect::<Vec<i16>>()
        };
        let ids: Vec<i32> = rows.iter().map(|row| row.instrument_id).collect();
        let states: Vec<&str> = rows.iter().map(|row| row.bar.state.name()).collect();
        let sql = format!(
            "insert into history.bars_{interval}
             select a, history.at(b), c, d, e, f, g, h::numeric, i::numeric, j, k, l::int, m
             from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::smallint[], $8::text[], $9::text[], $10::smallint[],
                $11::bigint[], $12::bigint[], $13::text[]) as t (a,b,c,d,e,f,g,h,i,j,k,l,m)
             on conflict (instrument_id, start) do update set open = excluded.open,
                high = excluded.high, low = excluded.low, close = excluded.close,
                price_exp = excluded.price_exp, volume = excluded.volume,
                notional = excluded.notional, qty_exp = excluded.qty_exp,
                trades = excluded.trades, rev = excluded.rev, state = excluded.state"
        );
        let statement = self.tx.prepare(&sql).await?;
        self.tx
            .execute(
                &statement,
                &[
                    &ids,
                    &column(|row| row.bar.start),
                    &price(|bar| bar.open),
                    &price(|bar| bar.high),
                    &price(|bar| bar.low),
                    &price(|bar| bar.close),
                    &exp(|row| row.exps.0),
                    &sum(|bar| bar.volume),
                    &sum(|bar| bar.notional),
                    &exp(|row| row.exps.1),
                    &column(|row| row.bar.trades as i64),
                    &column(|row| row.bar.rev.into()),
                    &states,
                ],
            )
            .await?;
        Ok(())
    }

    async fn define(&self, id: i32, definition: &Definition) -> Result<(), StoreError> {
        let sql = "update history.instruments set tick_size = $2::text::numeric,
            lot_size = $3::text::numeric, base = $4, quote = $5, kind = $6, description = $7
            where id = $1";
        let Definition { base, quote, kind, description, .. } = definition;
        let (tick, lot) = (definition.tick_size.to_string(), definition.lot_size.to_string());
        self.tx.execute(sql, &[&id, &tick, &lot, base, quote, kind, description]).await?;
        Ok(())
    }

    /// Another recorder that took the partition over has moved the position: nothing of this one's
    /// batch may be stored then.
    async fn stand(&self, topic: &str, position: &Position) -> Result<(), StoreError> {
        let sql = "insert into recorder.positions values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (topic, partition) do update set cluster = excluded.cluster,
                topic_id = excluded.topic_id, next_offset = excluded.next_offset,
                fold_offset = excluded.fold_offset, ts_append = excluded.ts_append
            where recorder.positions.next_offset = $8";
        let Position { partition, log, next_offset, fold_offset, ts_append, stored } = position;
        let id = &log.topic_id;
        let values: [&(dyn ToSql + Sync); 8] =
            [&topic, partition, &log.cluster, id, next_offset, fold_offset, ts_append, stored];
        match self.tx.execute(sql, &values).await? {
            0 => Err(StoreError::Overtaken(*partition)),
            _ => Ok(()),
        }
    }

    pub(super) async fn copy(&self, sql: &str, rows: CopyRows) -> Result<(), StoreError> {
        let sink = self.tx.copy_in::<_, bytes::Bytes>(sql).await?;
        pin_mut!(sink);
        sink.send(rows.finish()).await?;
        sink.close().await?;
        Ok(())
    }
}
