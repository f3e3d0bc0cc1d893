-- add users
--
-- Revision ID: 1f0a
-- Revises: 9f8e, 1a2b
-- Create Date: 2026-01-31 13:45:10
-- Branch Labels: shop
-- Depends On: d

-- upgrade
CREATE TABLE u (id int);

-- downgrade
-- no transaction
DROP TABLE u;
