-- phone and full name
--
-- Revision ID: 3c95f2a7e610
-- Revises: 2b7e41d08c55
-- Create Date: 2024-02-07 15:45:00.000000

-- upgrade
ALTER TABLE users ADD COLUMN phone VARCHAR(20);
ALTER TABLE users RENAME name TO full_name;

-- downgrade
ALTER TABLE users RENAME full_name TO name;
ALTER TABLE users DROP COLUMN phone;
