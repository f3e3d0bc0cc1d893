-- Revision ID: a
-- Revises: a,, b ,
-- revises: c
-- xy

/* x */
-- down
SELECT 1;
-- upgrade
-- upgrade
COMMIT;
\q
