DROP FUNCTION spent(bigint);
DROP TABLE orders;
DROP TYPE status;
