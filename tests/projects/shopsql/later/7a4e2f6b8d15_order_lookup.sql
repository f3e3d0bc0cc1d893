-- look orders up by user
--
-- A table of countries with its rows, a function, and an index that is built while others write.
--
-- Revision ID: 7a4e2f6b8d15
-- Revises: 5e6a90c4b7d8
-- Create Date: 2024-05-02 07:00:00.000000

-- upgrade
-- no transaction
CREATE TABLE countries (code CHAR(2) PRIMARY KEY, name TEXT NOT NULL);

COPY countries (code, name) FROM stdin;
de	Germany; "Deutschland"
fr	France -- la France
is	Ísland
\.

CREATE FUNCTION orders_of(wanted INTEGER) RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT count(*) FROM orders WHERE user_id = wanted;
END;

CREATE INDEX CONCURRENTLY ix_orders_user_id ON orders (user_id);

-- downgrade
-- no transaction
DROP INDEX CONCURRENTLY ix_orders_user_id;
DROP FUNCTION orders_of;
DROP TABLE countries;
