-- Analysts read the views, and nothing else. The role belongs to the server, so it may be there
-- already; its password and limits are set by `tickwire migrate` from the settings.
do $$
begin
    if not exists (select from pg_roles where rolname = 'analyst') then
        create role analyst login nosuperuser nocreatedb nocreaterole noinherit;
    end if;
exception
    -- Another database of this server made it at the same moment.
    when duplicate_object or unique_violation then null;
end
$$;
grant usage on schema market to analyst;
grant select on all tables in schema market to analyst;
revoke all on schema history, recorder from public;
-- The views call these in the name of whoever reads them.
grant usage on schema history to analyst;
