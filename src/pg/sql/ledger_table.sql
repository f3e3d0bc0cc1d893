-- The record of runs. Only the id is always known: after a restore, the row of the run that
-- restored is written anew from what is left.
CREATE TABLE IF NOT EXISTS deploy_db.run (
    id pg_catalog.text PRIMARY KEY,
    environment pg_catalog.text,
    command pg_catalog.text,
    who pg_catalog.text,
    host pg_catalog.text,
    started pg_catalog.timestamptz NOT NULL,
    ended pg_catalog.timestamptz,
    phase pg_catalog.text,
    before pg_catalog.json,
    plan pg_catalog.json,
    outcome pg_catalog.text,
    status pg_catalog.int4
)
