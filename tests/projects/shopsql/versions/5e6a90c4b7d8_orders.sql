-- orders and their items
--
-- Revision ID: 5e6a90c4b7d8
-- Revises: 4d2c8b1e7f33
-- Create Date: 2024-03-06 13:05:00.000000

-- upgrade
CREATE TABLE orders (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    placed_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now()
);

CREATE TABLE order_items (
    id SERIAL PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    price NUMERIC(10, 2) NOT NULL
);

-- downgrade
DROP TABLE order_items;
DROP TABLE orders;
