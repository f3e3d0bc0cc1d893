-- Revision ID: a
-- upgrade
SAVEPOINT a; ROLLBACK WORK TO a;
SELECT '
-- downgrade
'; CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2);
-- downgrade