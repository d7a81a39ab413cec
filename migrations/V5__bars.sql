-- Bars as published, the last revision of each. The key covers a chart's question: one
-- instrument, a span of time. Sums can exceed 64 bits.

create table history.bars_1s (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_1s', 'start', chunk_time_interval => interval '1 day',
    create_default_indexes => false);
create view market.bars_1s as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_1s b join history.instruments i on i.id = b.instrument_id;

create table history.bars_1m (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_1m', 'start', chunk_time_interval => interval '7 days',
    create_default_indexes => false);
create view market.bars_1m as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_1m b join history.instruments i on i.id = b.instrument_id;

create table history.bars_5m (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_5m', 'start', chunk_time_interval => interval '30 days',
    create_default_indexes => false);
create view market.bars_5m as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_5m b join history.instruments i on i.id = b.instrument_id;

create table history.bars_15m (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_15m', 'start', chunk_time_interval => interval '90 days',
    create_default_indexes => false);
create view market.bars_15m as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_15m b join history.instruments i on i.id = b.instrument_id;

create table history.bars_1h (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_1h', 'start', chunk_time_interval => interval '365 days',
    create_default_indexes => false);
create view market.bars_1h as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_1h b join history.instruments i on i.id = b.instrument_id;

create table history.bars_4h (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_4h', 'start', chunk_time_interval => interval '1000 days',
    create_default_indexes => false);
create view market.bars_4h as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_4h b join history.instruments i on i.id = b.instrument_id;

create table history.bars_1d (
    instrument_id integer     not null,
    start         timestamptz not null,
    open          bigint,
    high          bigint,
    low           bigint,
    close         bigint,
    price_exp     smallint    not null,
    volume        numeric(39) not null,
    notional      numeric(39) not null,
    qty_exp       smallint    not null,
    trades        bigint      not null,
    rev           integer     not null,
    state         text        not null,
    primary key (instrument_id, start)
);
select create_hypertable('history.bars_1d', 'start', chunk_time_interval => interval '3650 days',
    create_default_indexes => false);
create view market.bars_1d as
    select i.name as instrument, b.start,
        b.open * history.unit(b.price_exp) as open, b.high * history.unit(b.price_exp) as high,
        b.low * history.unit(b.price_exp) as low, b.close * history.unit(b.price_exp) as close,
        b.volume * history.unit(b.qty_exp) as volume,
        b.notional * history.unit(b.price_exp) * history.unit(b.qty_exp) as notional,
        -- Cut, not rounded: div() truncates.
        case when b.volume <> 0 then
            div(b.notional * 100000000, b.volume) * history.unit(b.price_exp) * 0.00000001
        end as vwap,
        b.trades, b.rev, b.state
    from history.bars_1d b join history.instruments i on i.id = b.instrument_id;
