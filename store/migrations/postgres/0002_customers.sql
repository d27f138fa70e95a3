-- +goose Up
-- Text that is sorted or compared has the collation "C", byte order, so that
-- both databases and every operating system agree on it.
CREATE TABLE customers (
    company_id               uuid             NOT NULL,
    id                       uuid             NOT NULL,
    legal_name               text             NOT NULL,
    legal_name_fold          text COLLATE "C" NOT NULL,
    trade_name               text,
    nif                      text COLLATE "C",
    alternative_id_type      text,
    alternative_id_number    text,
    alternative_id_country   text,
    address_street           text             NOT NULL,
    address_number           text             NOT NULL,
    address_floor            text,
    address_door             text,
    address_postal_code      text             NOT NULL,
    address_city             text             NOT NULL,
    city_fold                text COLLATE "C" NOT NULL,
    address_province         text             NOT NULL,
    province_fold            text COLLATE "C" NOT NULL,
    address_country          text             NOT NULL,
    address_country_code     text             NOT NULL,
    phone                    text COLLATE "C",
    email                    text,
    email_fold               text COLLATE "C" NOT NULL,
    web                      text,
    billing_emails           jsonb,
    contact_person           text,
    notes                    text,
    preferred_payment_method jsonb,
    general_discount         numeric          NOT NULL,
    active                   boolean          NOT NULL,
    created_at               timestamptz      NOT NULL,
    updated_at               timestamptz      NOT NULL,
    deleted_at               timestamptz,
    live                     boolean          NOT NULL GENERATED ALWAYS AS (deleted_at IS NULL) STORED,
    CONSTRAINT customers_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT customers_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT customers_identifier_check CHECK ((nif IS NULL) <> (alternative_id_type IS NULL)),
    CONSTRAINT customers_alternative_id_check CHECK ((alternative_id_type IS NULL) = (alternative_id_number IS NULL)),
    CONSTRAINT customers_discount_check CHECK (general_discount BETWEEN 0 AND 100),
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

-- How many live customers a company has, kept by the trigger below. The count
-- is spread over slots: one row per company would make every insert of that
-- company wait for the one before. Only the sum over the slots means anything.
CREATE TABLE customer_counts (
    company_id uuid   NOT NULL,
    slot       bigint NOT NULL,
    active     bigint NOT NULL,
    inactive   bigint NOT NULL,
    CONSTRAINT customer_counts_pkey PRIMARY KEY (company_id, slot),
    CONSTRAINT customer_counts_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id)
) WITH (fillfactor = 50);

-- +goose StatementBegin
CREATE FUNCTION count_customers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company  uuid;
    active   bigint := 0;
    inactive bigint := 0;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        company := OLD.company_id;
        IF OLD.deleted_at IS NULL THEN
            IF OLD.active THEN active := active - 1; ELSE inactive := inactive - 1; END IF;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        company := NEW.company_id;
        IF NEW.deleted_at IS NULL THEN
            IF NEW.active THEN active := active + 1; ELSE inactive := inactive + 1; END IF;
        END IF;
    END IF;
    IF active <> 0 OR inactive <> 0 THEN
        -- The slot is the backend's, so one transaction locks one row of a
        -- company and two transactions cannot lock two rows in opposite order.
        INSERT INTO customer_counts AS c VALUES (company, pg_backend_pid() % 64, active, inactive)
        ON CONFLICT ON CONSTRAINT customer_counts_pkey
        DO UPDATE SET active = c.active + EXCLUDED.active, inactive = c.inactive + EXCLUDED.inactive;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER customers_count_insert AFTER INSERT ON customers
    FOR EACH ROW EXECUTE FUNCTION count_customers();
CREATE TRIGGER customers_count_update AFTER UPDATE OF active, deleted_at ON customers
    FOR EACH ROW WHEN (OLD.active <> NEW.active OR OLD.live <> NEW.live) EXECUTE FUNCTION count_customers();
CREATE TRIGGER customers_count_delete AFTER DELETE ON customers
    FOR EACH ROW EXECUTE FUNCTION count_customers();

-- +goose Down
DROP TABLE customer_counts;
DROP TABLE customers;
DROP FUNCTION count_customers();
