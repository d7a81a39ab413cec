-- How long trades are kept, where not for ever: bars of which trades are gone are not recomputed from what
-- is left of them. One row, set by `tickwire migrate` from the settings; what is gone stays gone, however
-- long is kept from then on.
create table recorder.keeping (
    days             integer,
    forgotten_before timestamptz
);
