-- Where the recorder stands, stored in the transaction of the rows it stands for.
create table recorder.positions (
    topic       text     not null,
    partition   integer  not null,
    cluster     text     not null,
    topic_id    text     not null,
    -- The first record whose rows are not stored.
    next_offset bigint   not null,
    -- The first record that is not in every stored state of the partition.
    fold_offset bigint   not null,
    ts_append   bigint,
    primary key (topic, partition)
);

-- The fold's own state: open bars, retained trades, known ids, watermark.
create table recorder.states (
    topic       text    not null,
    instrument  text    not null,
    partition   integer not null,
    fold_offset bigint  not null,
    state       bytea   not null,
    primary key (topic, instrument)
);

-- Final bars that hold trades, cancels or corrections too late for the stream, to be recomputed
-- from the stored trades once they are final.
create table recorder.repairs (
    instrument_id integer not null references history.instruments,
    interval_name text    not null,
    start_ns      bigint  not null,
    primary key (instrument_id, interval_name, start_ns)
);

-- What is known to be missing.
create table history.gaps (
    id         bigint generated always as identity primary key,
    instrument text        not null,
    from_ts    timestamptz not null,
    to_ts      timestamptz not null,
    reason     text        not null
);
create index gaps_instrument on history.gaps (instrument, from_ts);

create view market.gaps as
    select instrument, from_ts, to_ts, reason from history.gaps;
