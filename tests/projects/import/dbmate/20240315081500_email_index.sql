-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY customers_email ON customers (email);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY customers_email;
