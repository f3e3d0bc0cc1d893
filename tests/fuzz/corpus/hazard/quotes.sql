SELECT 'a;''b', E'c\';d', U&'\0061', $$ e; $$, $x$ $$ f; $x$, "g;""h"; /* i; /* j; */ */ -- k;
CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 END; SELECT 3; END;
CREATE RULE r AS ON DELETE TO users DO INSTEAD (SELECT 1; SELECT 2);
DO $body$ BEGIN PERFORM 1; END $body$;
