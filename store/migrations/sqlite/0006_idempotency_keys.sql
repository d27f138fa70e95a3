-- +goose Up
CREATE TABLE idempotency_keys (
    company_id text      NOT NULL,
    key        text      NOT NULL,
    request    blob      NOT NULL,
    status     integer   NOT NULL,
    data       text      NOT NULL,
    created_at timestamp NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (company_id, key),
    CONSTRAINT idempotency_keys_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (company_id, created_at);

-- +goose Down
DROP TABLE idempotency_keys;
