-- Revision ID: a
-- upgrade
CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC
-- in
SELECT CASE WHEN a > 1 THEN 2 END; SELECT 1 end; END;
SELECT 2;
-- downgrade
DROP FUNCTION f;