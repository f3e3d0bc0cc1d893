-- products
--
-- Revision ID: 2b7e41d08c55
-- Revises: 1f0a6c3b9d21
-- Create Date: 2024-01-24 11:30:00.000000

-- upgrade
CREATE TABLE products (
    id SERIAL PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    name VARCHAR(255) NOT NULL,
    sku VARCHAR(50) NOT NULL UNIQUE,
    price NUMERIC(10, 2) NOT NULL
);

CREATE INDEX ix_products_sku ON products (sku);

-- downgrade
DROP TABLE products;
