-- Every print once: (instrument, ts_event, trade_id). `pos` is its position among the
-- instrument's trades in the log, the second key of their order. Mantissas keep the decimals
-- they were written with.
create table history.trades (
    instrument_id integer     not null,
    ts            timestamptz not null,
    ts_ns         bigint      not null,
    pos           bigint      not null,
    seq           numeric(20),
    trade_id      text        not null,
    price         bigint      not null,
    price_exp     smallint    not null,
    qty           bigint      not null,
    qty_exp       smallint    not null,
    count         bigint      not null,
    aggressor     text,
    conditions    text        not null,
    state         text        not null
);
select create_hypertable('history.trades', 'ts', chunk_time_interval => interval '1 day',
    create_default_indexes => false);
create unique index trades_known on history.trades (instrument_id, trade_id, ts, ts_ns);
create index trades_order on history.trades (instrument_id, ts, ts_ns, pos);

create view market.trades as
    select i.name as instrument, t.ts, t.ts_ns, t.seq, t.trade_id,
        t.price * history.unit(t.price_exp) as price,
        t.qty * history.unit(t.qty_exp) as qty,
        t.aggressor, t.state
    from history.trades t join history.instruments i on i.id = t.instrument_id;
