-- +goose Up
-- One row for a key and an operation, however many windows have passed: the
-- next window starts over in it, so there is never anything to clear away.
CREATE TABLE rate_windows (
    company_id   text      NOT NULL,
    key_id       text      NOT NULL,
    operation    text      NOT NULL,
    window_start timestamp NOT NULL,
    requests     integer   NOT NULL,
    CONSTRAINT rate_windows_pkey PRIMARY KEY (company_id, key_id, operation),
    CONSTRAINT rate_windows_key_fkey FOREIGN KEY (company_id, key_id) REFERENCES api_keys (company_id, id),
    CONSTRAINT rate_windows_requests_check CHECK (requests > 0)
);

-- +goose Down
DROP TABLE rate_windows;
