-- Rows name instruments by a small number.
create table history.instruments (
    id          integer generated always as identity primary key,
    name        text not null unique,
    tick_size   numeric,
    lot_size    numeric,
    base        text,
    quote       text,
    kind        text,
    description text
);

create view market.instruments as
    select name as instrument, tick_size, lot_size, base, quote, kind, description
    from history.instruments;
