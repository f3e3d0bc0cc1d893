-- the status of users
--
-- Revision ID: 4d2c8b1e7f33
-- Revises: 3c95f2a7e610
-- Create Date: 2024-02-21 08:20:00.000000

-- upgrade
ALTER TABLE users ADD COLUMN status VARCHAR(20) DEFAULT 'active';
UPDATE users SET status = 'active';
ALTER TABLE users ALTER COLUMN status SET NOT NULL;

-- downgrade
ALTER TABLE users DROP COLUMN status;
