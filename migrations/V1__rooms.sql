-- Three rooms: what is kept, what the recorder needs to go on, and what analysts read.
create extension if not exists timescaledb;

create schema history;
create schema recorder;
create schema market;

-- 10^-e exactly, for turning mantissas into numbers; a multiplication by it loses no digit.
create function history.unit(e smallint) returns numeric
    language sql immutable strict parallel safe
    return (array[
        1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001, 0.0000001, 0.00000001, 0.000000001,
        0.0000000001, 0.00000000001, 0.000000000001, 0.0000000000001, 0.00000000000001,
        0.000000000000001, 0.0000000000000001, 0.00000000000000001, 0.000000000000000001
    ]::numeric[])[e + 1];

-- Microseconds are as fine as timestamptz is; the nanoseconds stand beside it.
create function history.at(ns bigint) returns timestamptz
    language sql immutable strict parallel safe
    return timestamptz 'epoch' + (ns / 1000) * interval '1 microsecond';
