-- +goose Up
CREATE TABLE companies (
    company_id           uuid        NOT NULL,
    environment          text        NOT NULL,
    legal_name           text        NOT NULL,
    trade_name           text,
    nif                  text        NOT NULL,
    address_street       text        NOT NULL,
    address_number       text        NOT NULL,
    address_floor        text,
    address_door         text,
    address_postal_code  text        NOT NULL,
    address_city         text        NOT NULL,
    address_province     text        NOT NULL,
    address_country      text        NOT NULL,
    address_country_code text        NOT NULL,
    phone                text,
    email                text,
    web                  text,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT companies_pkey PRIMARY KEY (company_id),
    CONSTRAINT companies_environment_check CHECK (environment IN ('test', 'live'))
);

CREATE TABLE api_keys (
    company_id   uuid        NOT NULL,
    id           uuid        NOT NULL,
    name         text        NOT NULL,
    prefix       text        NOT NULL,
    hash         bytea       NOT NULL,
    scopes       jsonb       NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT api_keys_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id)
);

CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (company_id, hash);
-- A request brings the secret alone: its company is the answer, not the question.
CREATE INDEX api_keys_hash_idx ON api_keys (hash);

-- +goose Down
DROP TABLE api_keys;
DROP TABLE companies;
