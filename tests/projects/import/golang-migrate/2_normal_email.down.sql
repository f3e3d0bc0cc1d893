DROP TRIGGER normal_email ON customers;
DROP FUNCTION normal_email();
