-- Figures that venues publish of an instrument (settlement price, open interest, …), as they said them,
-- and what auctions lack. Decimals keep the exponents they were written with.
create table history.statistics (
    instrument_id integer     not null,
    ts            timestamptz not null,
    ts_ns         bigint      not null,
    statistic     text        not null,
    price         bigint,
    price_exp     smallint    not null,
    qty           bigint,
    qty_exp       smallint    not null,
    ref_ns        bigint,
    deleted       boolean     not null
);
select create_hypertable('history.statistics', 'ts', chunk_time_interval => interval '7 days',
    create_default_indexes => false);
create index statistics_order on history.statistics (instrument_id, ts);

create view market.statistics as
    select i.name as instrument, s.ts, s.ts_ns, s.statistic,
        s.price * history.unit(s.price_exp) as price, s.qty * history.unit(s.qty_exp) as qty,
        history.at(s.ref_ns) as ts_ref, s.deleted
    from history.statistics s join history.instruments i on i.id = s.instrument_id;

create table history.imbalances (
    instrument_id integer     not null,
    ts            timestamptz not null,
    ts_ns         bigint      not null,
    auction       text,
    side          text,
    qty           bigint,
    paired_qty    bigint,
    qty_exp       smallint    not null,
    ref_price     bigint,
    price         bigint,
    price_exp     smallint    not null
);
select create_hypertable('history.imbalances', 'ts', chunk_time_interval => interval '7 days',
    create_default_indexes => false);
create index imbalances_order on history.imbalances (instrument_id, ts);

create view market.imbalances as
    select i.name as instrument, m.ts, m.ts_ns, m.auction, m.side,
        m.qty * history.unit(m.qty_exp) as qty, m.paired_qty * history.unit(m.qty_exp) as paired_qty,
        m.ref_price * history.unit(m.price_exp) as ref_price,
        m.price * history.unit(m.price_exp) as price
    from history.imbalances m join history.instruments i on i.id = m.instrument_id;

grant select on market.statistics, market.imbalances to analyst;
