-- How long trades are kept, where not for ever: bars before that are not recomputed from what is
-- left of them. Set by `tickwire migrate` from the settings.
create table recorder.keeping (
    days integer not null
);
