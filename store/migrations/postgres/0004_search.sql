-- +goose Up
-- Both come with PostgreSQL, and the owner of a database may add them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Text filters look for parts of words, which only an index of three-letter
-- pieces finds without reading every row. It begins with the company, so that
-- a small company does not pay for a large one. It only says which customers
-- may match; what is asked for is compared with the columns.
-- Sorting a customer's pieces in one by one costs several times the insert, so
-- they wait in a list until there are many. Every search reads that list, and
-- the insert that fills it empties it, so it is kept shorter than usual.
CREATE INDEX customers_search_idx ON customers
    USING gin (company_id, (lower(coalesce(nif, '') || ' ' || coalesce(phone, '')) || ' ' || legal_name_fold || ' ' || email_fold) gin_trgm_ops)
    WITH (fastupdate = on, gin_pending_list_limit = 1024)
    WHERE deleted_at IS NULL;

-- The column itself at the end lets a page far down the list be found in the
-- index alone: PostgreSQL does not take it from the expression.
DROP INDEX customers_nif_idx;
DROP INDEX customers_phone_idx;
CREATE INDEX customers_nif_idx   ON customers (company_id, coalesce(nif, ''), id, nif) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone_idx ON customers (company_id, coalesce(phone, ''), id, phone) WHERE deleted_at IS NULL;

-- +goose Down
DROP INDEX customers_search_idx;
DROP INDEX customers_nif_idx;
DROP INDEX customers_phone_idx;
CREATE INDEX customers_nif_idx   ON customers (company_id, coalesce(nif, ''), id) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone_idx ON customers (company_id, coalesce(phone, ''), id) WHERE deleted_at IS NULL;
