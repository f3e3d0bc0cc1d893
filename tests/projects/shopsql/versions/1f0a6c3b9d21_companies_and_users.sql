-- companies and users
--
-- Revision ID: 1f0a6c3b9d21
-- Create Date: 2024-01-10 09:00:00.000000

-- upgrade
CREATE TABLE companies (
    id SERIAL PRIMARY KEY,
    name VARCHAR(200) NOT NULL
);

CREATE TABLE users (
    id SERIAL PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    email VARCHAR(255) NOT NULL,
    name VARCHAR(200),
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now()
);

CREATE UNIQUE INDEX ix_users_email ON users (email);

-- downgrade
DROP TABLE users;
DROP TABLE companies;
