-- migrate:up
-- downgrade
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer bigint NOT NULL REFERENCES customers,
    amount numeric(10, 2) NOT NULL CHECK (amount >= 0),
    status status NOT NULL DEFAULT 'new'
);
CREATE FUNCTION spent(c bigint) RETURNS numeric LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(sum(amount), 0) FROM orders WHERE customer = c;
END;
INSERT INTO orders SELECT n, n % 2 + 1, n * 1.5, 'paid' FROM generate_series(1, 20) AS n;
COMMENT ON TABLE orders IS 'it''s what is bought';

-- migrate:down
DROP FUNCTION spent(bigint);
DROP TABLE orders;
DROP TYPE status;
