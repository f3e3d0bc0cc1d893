-- every order names its company
--
-- Adds the column, then makes it mandatory without filling it: fails on a table with rows.
--
-- Revision ID: 6a1b0d5c2e77
-- Revises: 5e6a90c4b7d8
-- Create Date: 2024-04-02 10:10:10.000000

-- upgrade
ALTER TABLE orders ADD COLUMN company_id INTEGER;
ALTER TABLE orders ALTER COLUMN company_id SET NOT NULL;

-- downgrade
ALTER TABLE orders DROP COLUMN company_id;
