BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 1f2a

CREATE TABLE orders (id SERIAL NOT NULL, PRIMARY KEY (id));

INSERT INTO alembic_version (version_num) VALUES ('1f2a') RETURNING alembic_version.version_num;

-- Running upgrade 1f2a -> 2b3c

COMMIT;

CREATE INDEX CONCURRENTLY ix_orders ON orders (id);

BEGIN;

ALTER TABLE users ADD COLUMN email VARCHAR(120) DEFAULT lower('X') NOT NULL;

UPDATE users SET email = name || '@example.org' WHERE email IS NULL;

UPDATE alembic_version SET version_num='2b3c' WHERE alembic_version.version_num = '1f2a';

COMMIT;
