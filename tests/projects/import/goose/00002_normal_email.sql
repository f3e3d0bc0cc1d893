-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION normal_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- upgrade
    NEW.email := lower(NEW.email);
    RETURN NEW;
END;
$$
-- +goose StatementEnd
CREATE TRIGGER normal_email BEFORE INSERT OR UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION normal_email();
UPDATE customers SET email = email;

-- +goose Down
DROP TRIGGER normal_email ON customers;
DROP FUNCTION normal_email();
