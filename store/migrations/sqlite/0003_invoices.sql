-- +goose Up
CREATE TABLE invoice_series (
    company_id     text      NOT NULL,
    id             text      NOT NULL,
    code           text      NOT NULL,
    name           text      NOT NULL,
    description    text,
    format         text      NOT NULL,
    counter_reset  text      NOT NULL,
    initial_number integer   NOT NULL,
    active         boolean   NOT NULL,
    default_series boolean   NOT NULL,
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    deleted_at     timestamp,
    CONSTRAINT invoice_series_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT invoice_series_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT invoice_series_reset_check CHECK (counter_reset IN ('NEVER', 'ANNUAL', 'MONTHLY')),
    CONSTRAINT invoice_series_initial_check CHECK (initial_number BETWEEN 1 AND 999999),
    CONSTRAINT invoice_series_active_check CHECK (deleted_at IS NULL OR NOT active),
    CONSTRAINT invoice_series_default_check CHECK (active OR NOT default_series)
);

CREATE UNIQUE INDEX invoice_series_code_key ON invoice_series (company_id, code) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX invoice_series_default_key ON invoice_series (company_id) WHERE default_series AND deleted_at IS NULL;

-- An invoice is a document: who issued it, to whom, and what for are copies
-- made when it was written, never joined, hence documents inside the row.
-- taxable_base and invoice_total are numbers to compare and sort by, good to
-- 15 digits; the exact amounts are those in totals.
--
-- The rule "no live invoice of a deleted customer" is the foreign key
-- invoices_customer_fkey. It compares what is live on both sides, so deleting
-- a customer, writing an invoice and reviving one are all refused by the
-- database itself when they would break it, in any order and by any path.
CREATE TABLE invoices (
    company_id       text      NOT NULL,
    id               text      NOT NULL,
    series_id        text      NOT NULL,
    series_code      text      NOT NULL,
    type             text      NOT NULL,
    status           text      NOT NULL,
    number           integer,
    invoice_number   text,
    issue_date       text      NOT NULL,
    operation_date   text,
    due_date         text,
    customer_id      text,
    issuer           text      NOT NULL,
    recipient        text      NOT NULL,
    lines            text      NOT NULL,
    totals           text      NOT NULL,
    payment_info     text,
    notes            text,
    metadata         text,
    created_at       timestamp NOT NULL,
    updated_at       timestamp NOT NULL,
    deleted_at       timestamp,
    taxable_base     numeric   NOT NULL GENERATED ALWAYS AS (CAST(totals ->> 'taxable_base' AS NUMERIC)) STORED,
    invoice_total    numeric   NOT NULL GENERATED ALWAYS AS (CAST(totals ->> 'invoice_total' AS NUMERIC)) STORED,
    live_customer_id text      GENERATED ALWAYS AS (CASE WHEN deleted_at IS NULL THEN customer_id END) STORED,
    customer_live    boolean   NOT NULL DEFAULT true,
    CONSTRAINT invoices_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT invoices_company_fkey FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT invoices_series_fkey FOREIGN KEY (company_id, series_id) REFERENCES invoice_series (company_id, id),
    CONSTRAINT invoices_customer_fkey FOREIGN KEY (company_id, live_customer_id, customer_live)
        REFERENCES customers (company_id, id, live),
    CONSTRAINT invoices_customer_live_check CHECK (customer_live),
    CONSTRAINT invoices_type_check CHECK (type IN ('STANDARD', 'SIMPLIFIED', 'CORRECTIVE')),
    CONSTRAINT invoices_status_check CHECK (status IN
        ('SCHEDULED', 'DRAFT', 'ISSUED', 'SENT', 'PAID', 'OVERDUE', 'RECTIFIED', 'VOIDED')),
    CONSTRAINT invoices_number_check CHECK ((number IS NULL) = (invoice_number IS NULL)),
    CONSTRAINT invoices_draft_check CHECK ((status IN ('DRAFT', 'SCHEDULED')) = (number IS NULL)),
    CONSTRAINT invoices_deleted_check CHECK (deleted_at IS NULL OR number IS NULL),
    CONSTRAINT invoices_due_date_check CHECK (due_date >= issue_date)
);

CREATE UNIQUE INDEX invoices_invoice_number_key ON invoices (company_id, invoice_number)
    WHERE deleted_at IS NULL AND invoice_number IS NOT NULL;
-- Without it, deleting a customer reads every invoice of its company.
CREATE INDEX invoices_customer_idx ON invoices (company_id, live_customer_id, customer_live);

-- +goose Down
DROP TABLE invoices;
DROP TABLE invoice_series;
