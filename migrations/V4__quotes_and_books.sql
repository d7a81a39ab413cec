-- Each change of the best bid and ask, and the top of the book now and then.
create table history.quotes (
    instrument_id integer     not null,
    ts            timestamptz not null,
    ts_ns         bigint      not null,
    seq           bigint      not null,
    bid           bigint,
    bid_qty       bigint,
    ask           bigint,
    ask_qty       bigint,
    price_exp     smallint    not null,
    qty_exp       smallint    not null
);
select create_hypertable('history.quotes', 'ts', chunk_time_interval => interval '1 day',
    create_default_indexes => false);
create index quotes_order on history.quotes (instrument_id, ts, seq);

create view market.quotes as
    select i.name as instrument, q.ts, q.ts_ns,
        q.bid * history.unit(q.price_exp) as bid, q.bid_qty * history.unit(q.qty_exp) as bid_qty,
        q.ask * history.unit(q.price_exp) as ask, q.ask_qty * history.unit(q.qty_exp) as ask_qty
    from history.quotes q join history.instruments i on i.id = q.instrument_id;

-- Levels best first, price and quantity in turn.
create table history.books (
    instrument_id integer     not null,
    ts            timestamptz not null,
    ts_ns         bigint      not null,
    seq           bigint      not null,
    bids          bigint[]    not null,
    asks          bigint[]    not null,
    price_exp     smallint    not null,
    qty_exp       smallint    not null,
    state         text        not null
);
select create_hypertable('history.books', 'ts', chunk_time_interval => interval '1 day',
    create_default_indexes => false);
create index books_order on history.books (instrument_id, ts, seq);

create function history.levels(side bigint[], price_exp smallint, qty_exp smallint)
    returns numeric[] language sql immutable parallel safe
    return coalesce((
        select array_agg(
            array[side[n] * history.unit(price_exp), side[n + 1] * history.unit(qty_exp)]
            order by n)
        from generate_series(1, cardinality(side), 2) n
    ), '{}');

create view market.books as
    select i.name as instrument, b.ts, b.ts_ns,
        history.levels(b.bids, b.price_exp, b.qty_exp) as bids,
        history.levels(b.asks, b.price_exp, b.qty_exp) as asks,
        b.state
    from history.books b join history.instruments i on i.id = b.instrument_id;
