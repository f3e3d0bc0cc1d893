-- who buys
-- migrate:up
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    note text DEFAULT 'a;b -- no comment'
);
INSERT INTO customers (email) VALUES ('Ada@example.org'), ('bob@example.org; or not');

-- migrate:down
DROP TABLE customers;
