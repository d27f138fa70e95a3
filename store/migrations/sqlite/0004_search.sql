-- +goose Up
-- Text filters look for parts of words, which only an index of three-letter
-- pieces finds without reading every row. FTS5 names a document by an integer
-- that has to stay what it is, and the rowid of customers does not: VACUUM may
-- change it. So every live customer has a document number of its own. The
-- numbers of a company stand together, 2^32 for each, so that a search reads
-- that company's part of the index only.
CREATE TABLE customer_documents (
    company_id text    NOT NULL,
    id         text    NOT NULL,
    document   integer NOT NULL,
    CONSTRAINT customer_documents_pkey PRIMARY KEY (company_id, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX customer_documents_document_key ON customer_documents (company_id, document);
-- The first number of a new company comes after all there are.
CREATE INDEX customer_documents_document_idx ON customer_documents (document);

-- Only says which customers may match, without text and positions of its own,
-- so it is small; what is asked for is compared with the customer's columns.
-- Those are folded already.
CREATE VIRTUAL TABLE customer_trigrams USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

-- +goose StatementBegin
CREATE TRIGGER customers_search_insert AFTER INSERT ON customers WHEN NEW.live
BEGIN
    INSERT INTO customer_documents VALUES (NEW.company_id, NEW.id, coalesce(
        (SELECT max(document) + 1 FROM customer_documents WHERE company_id = NEW.company_id),
        (SELECT ((max(document) >> 32) + 1) << 32 FROM customer_documents),
        0));
    INSERT INTO customer_trigrams (rowid, text)
    SELECT document, lower(coalesce(NEW.nif, '') || ' ' || coalesce(NEW.phone, '')) || ' ' || NEW.legal_name_fold || ' ' || NEW.email_fold
    FROM customer_documents WHERE company_id = NEW.company_id AND id = NEW.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_search_update AFTER UPDATE OF legal_name_fold, email_fold, nif, phone ON customers
WHEN OLD.live AND NEW.live AND (OLD.legal_name_fold <> NEW.legal_name_fold OR OLD.email_fold <> NEW.email_fold
    OR OLD.nif IS NOT NEW.nif OR OLD.phone IS NOT NEW.phone)
BEGIN
    REPLACE INTO customer_trigrams (rowid, text)
    SELECT document, lower(coalesce(NEW.nif, '') || ' ' || coalesce(NEW.phone, '')) || ' ' || NEW.legal_name_fold || ' ' || NEW.email_fold
    FROM customer_documents WHERE company_id = NEW.company_id AND id = NEW.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_search_hide AFTER UPDATE OF deleted_at ON customers WHEN OLD.live AND NOT NEW.live
BEGIN
    DELETE FROM customer_trigrams
    WHERE rowid = (SELECT document FROM customer_documents WHERE company_id = OLD.company_id AND id = OLD.id);
    DELETE FROM customer_documents WHERE company_id = OLD.company_id AND id = OLD.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_search_show AFTER UPDATE OF deleted_at ON customers WHEN NEW.live AND NOT OLD.live
BEGIN
    INSERT INTO customer_documents VALUES (NEW.company_id, NEW.id, coalesce(
        (SELECT max(document) + 1 FROM customer_documents WHERE company_id = NEW.company_id),
        (SELECT ((max(document) >> 32) + 1) << 32 FROM customer_documents),
        0));
    INSERT INTO customer_trigrams (rowid, text)
    SELECT document, lower(coalesce(NEW.nif, '') || ' ' || coalesce(NEW.phone, '')) || ' ' || NEW.legal_name_fold || ' ' || NEW.email_fold
    FROM customer_documents WHERE company_id = NEW.company_id AND id = NEW.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER customers_search_delete AFTER DELETE ON customers WHEN OLD.live
BEGIN
    DELETE FROM customer_trigrams
    WHERE rowid = (SELECT document FROM customer_documents WHERE company_id = OLD.company_id AND id = OLD.id);
    DELETE FROM customer_documents WHERE company_id = OLD.company_id AND id = OLD.id;
END;
-- +goose StatementEnd

INSERT INTO customer_documents
SELECT company_id, id, ((dense_rank() OVER (ORDER BY company_id) - 1) << 32) + row_number() OVER (PARTITION BY company_id ORDER BY id) - 1
FROM customers WHERE live;
INSERT INTO customer_trigrams (rowid, text)
SELECT document, lower(coalesce(nif, '') || ' ' || coalesce(phone, '')) || ' ' || legal_name_fold || ' ' || email_fold
FROM customers JOIN customer_documents USING (company_id, id) ORDER BY document;

-- As on PostgreSQL.
DROP INDEX customers_nif_idx;
DROP INDEX customers_phone_idx;
CREATE INDEX customers_nif_idx   ON customers (company_id, coalesce(nif, ''), id, nif) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone_idx ON customers (company_id, coalesce(phone, ''), id, phone) WHERE deleted_at IS NULL;

-- +goose Down
DROP TRIGGER customers_search_insert;
DROP TRIGGER customers_search_update;
DROP TRIGGER customers_search_hide;
DROP TRIGGER customers_search_show;
DROP TRIGGER customers_search_delete;
DROP TABLE customer_trigrams;
DROP TABLE customer_documents;
DROP INDEX customers_nif_idx;
DROP INDEX customers_phone_idx;
CREATE INDEX customers_nif_idx   ON customers (company_id, coalesce(nif, ''), id) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone_idx ON customers (company_id, coalesce(phone, ''), id) WHERE deleted_at IS NULL;
