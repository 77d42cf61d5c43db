-- Records are kept as JSON, one table for all kinds. What the rules need stands in tables of its own, so that the database
-- itself refuses a broken rule: unique values, references, and one row for the version.
CREATE TABLE records (
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_keys (
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (entity, field, value),
    FOREIGN KEY (entity, id) REFERENCES records (entity, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX record_keys_by_record ON record_keys (entity, id);

CREATE TABLE record_references (
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    field TEXT NOT NULL,
    parent TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    PRIMARY KEY (entity, id, field),
    FOREIGN KEY (entity, id) REFERENCES records (entity, id) ON DELETE CASCADE,
    FOREIGN KEY (parent, parent_id) REFERENCES records (entity, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_references_by_parent ON record_references (parent, parent_id, entity, field);

CREATE TABLE version (number INTEGER NOT NULL) STRICT;
INSERT INTO version (number) VALUES (0);
