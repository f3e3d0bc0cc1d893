-- drop the phone numbers
--
-- Revision ID: 6f3d7a9b1c04
-- Revises: 5e6a90c4b7d8
-- Create Date: 2024-04-09 17:30:00.000000

-- upgrade
ALTER TABLE users DROP COLUMN phone;

-- downgrade
ALTER TABLE users ADD COLUMN phone VARCHAR(20);
