-- +goose Up
CREATE TABLE companies (
    company_id           text      NOT NULL,
    environment          text      NOT NULL,
    legal_name           text      NOT NULL,
    trade_name           text,
    nif                  text      NOT NULL,
    address_street       text      NOT NULL,
    address_number       text      NOT NULL,
    address_floor        text,
    address_door         text,
    address_postal_code  text      NOT NULL,
    address_city         text      NOT NULL,
    address_province     text      NOT NULL,
    address_country      text      NOT NULL,
    address_country_code text      NOT NULL,
    phone                text,
    email                text,
    web                  text,
    created_at           timestamp NOT NULL,
    updated_at           timestamp NOT NULL,
    CONSTRAINT companies_pkey PRIMARY KEY (company_id),
    CONSTRAINT companies_environment_check CHECK (environment IN ('test', 'live'))
);

CREATE TABLE api_keys (
    company_id   text      NOT NULL,
    id           text      NOT NULL,
    name         text      NOT NULL,
    prefix       text      NOT NULL,
    hash         blob      NOT NULL,
    scopes       text      NOT NULL,
    created_at   timestamp NOT NULL,
    expires_at   timestamp,
    last_used_at timestamp,
    revoked_at   timestamp,
    CONSTRAINT api_keys_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT api_keys_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id)
);

CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (company_id, hash);
-- A request brings the secret alone: its company is the answer, not the question.
CREATE INDEX api_keys_hash_idx ON api_keys (hash);

-- +goose Down
DROP TABLE api_keys;
DROP TABLE companies;
