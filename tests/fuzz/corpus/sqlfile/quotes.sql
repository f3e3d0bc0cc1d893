SELECT E'\'' -- x
 'a\'', U&'\0041', $a$ ; $$ $a$, "b;"""; DO $$BEGIN;$$; SELECT $1; SELECT a$b$