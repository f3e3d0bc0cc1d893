-- Which environment this database is. One row.
CREATE TABLE IF NOT EXISTS deploy_db.environment (
    id pg_catalog.int4 PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    name pg_catalog.text NOT NULL,
    protected pg_catalog.bool NOT NULL
)
