-- +goose Up
CREATE TABLE customers (
    company_id               text      NOT NULL,
    id                       text      NOT NULL,
    legal_name               text      NOT NULL,
    legal_name_fold          text      NOT NULL,
    trade_name               text,
    nif                      text,
    alternative_id_type      text,
    alternative_id_number    text,
    alternative_id_country   text,
    address_street           text      NOT NULL,
    address_number           text      NOT NULL,
    address_floor            text,
    address_door             text,
    address_postal_code      text      NOT NULL,
    address_city             text      NOT NULL,
    city_fold                text      NOT NULL,
    address_province         text      NOT NULL,
    province_fold            text      NOT NULL,
    address_country          text      NOT NULL,
    address_country_code     text      NOT NULL,
    phone                    text,
    email                    text,
    email_fold               text      NOT NULL,
    web                      text,
    billing_emails           text,
    contact_person           text,
    notes                    text,
    preferred_payment_method text,
    general_discount         text      NOT NULL,
    active                   boolean   NOT NULL,
    created_at               timestamp NOT NULL,
    updated_at               timestamp NOT NULL,
    deleted_at               timestamp,
    live                     boolean   NOT NULL GENERATED ALWAYS AS (deleted_at IS NULL) STORED,
    CONSTRAINT customers_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT customers_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT customers_identifier_check CHECK ((nif IS NULL) <> (alternative_id_type IS NULL)),
    CONSTRAINT customers_alternative_id_check CHECK ((alternative_id_type IS NULL) = (alternative_id_number IS NULL)),
    CONSTRAINT customers_discount_check CHECK (CAST(general_discount AS REAL) BETWEEN 0 AND 100),
    CONSTRAINT customers_active_check CHECK (deleted_at IS NULL OR NOT active)
);

-- What an invoice's foreign key points at. It has to cover deleted rows too:
-- a foreign key cannot refer to a partial index.
CREATE UNIQUE INDEX customers_live_key ON customers (company_id, id, live);

CREATE UNIQUE INDEX customers_nif_key ON customers (company_id, nif) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customers_alternative_id_key
    ON customers (company_id, alternative_id_type, alternative_id_number, coalesce(alternative_id_country, ''))
    WHERE deleted_at IS NULL;

-- One index for each order a list can have, so that a page is read in order
-- however many customers there are.
CREATE INDEX customers_legal_name_idx ON customers (company_id, legal_name_fold, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_nif_idx        ON customers (company_id, coalesce(nif, ''), id) WHERE deleted_at IS NULL;
CREATE INDEX customers_email_idx      ON customers (company_id, email_fold, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone_idx      ON customers (company_id, coalesce(phone, ''), id) WHERE deleted_at IS NULL;
CREATE INDEX customers_city_idx       ON customers (company_id, city_fold, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_province_idx   ON customers (company_id, province_fold, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_active_idx     ON customers (company_id, active, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_created_at_idx ON customers (company_id, created_at, id) WHERE deleted_at IS NULL;

-- How many live customers a company has, kept by the triggers below. The slot
-- is always 0 here, where there is one writer at a time: only PostgreSQL needs
-- to spread a company's count over several rows.
CREATE TABLE customer_counts (
    company_id text    NOT NULL,
    slot       integer NOT NULL,
    active     integer NOT NULL,
    inactive   integer NOT NULL,
    CONSTRAINT customer_counts_pkey PRIMARY KEY (company_id, slot),
    CONSTRAINT customer_counts_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id)
);

-- +goose StatementBegin
CREATE TRIGGER customers_count_insert AFTER INSERT ON customers WHEN NEW.live
BEGIN
    INSERT INTO customer_counts VALUES (NEW.company_id, 0, NEW.active, NOT NEW.active)
    ON CONFLICT (company_id, slot)
    DO UPDATE SET active = active + excluded.active, inactive = inactive + excluded.inactive;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_count_update AFTER UPDATE OF active, deleted_at ON customers
WHEN OLD.active <> NEW.active OR OLD.live <> NEW.live
BEGIN
    UPDATE customer_counts
    SET active   = active + (NEW.live AND NEW.active) - (OLD.live AND OLD.active),
        inactive = inactive + (NEW.live AND NOT NEW.active) - (OLD.live AND NOT OLD.active)
    WHERE company_id = NEW.company_id AND slot = 0;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_count_delete AFTER DELETE ON customers WHEN OLD.live
BEGIN
    UPDATE customer_counts
    SET active = active - OLD.active, inactive = inactive - (NOT OLD.active)
    WHERE company_id = OLD.company_id AND slot = 0;
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE customer_counts;
DROP TABLE customers;
