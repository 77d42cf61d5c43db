-- Records are kept as JSON, one table for all kinds. What the rules need stands in tables of its own, so that the database
-- itself refuses a broken rule: unique values, references, and one row for the version.
CREATE TABLE records (
    entity {text} NOT NULL,
    id {text} NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (entity, id)
) {keyed};

CREATE TABLE record_keys (
    entity {text} NOT NULL,
    field {text} NOT NULL,
    value {text} NOT NULL,
    id {text} NOT NULL,
    PRIMARY KEY (entity, field, value),
    FOREIGN KEY (entity, id) REFERENCES records (entity, id) ON DELETE CASCADE
) {keyed};
CREATE INDEX record_keys_by_record ON record_keys (entity, id);

CREATE TABLE record_references (
    entity {text} NOT NULL,
    id {text} NOT NULL,
    field {text} NOT NULL,
    parent {text} NOT NULL,
    parent_id {text} NOT NULL,
    PRIMARY KEY (entity, id, field),
    FOREIGN KEY (entity, id) REFERENCES records (entity, id) ON DELETE CASCADE,
    FOREIGN KEY (parent, parent_id) REFERENCES records (entity, id)
) {keyed};
CREATE INDEX record_references_by_parent ON record_references (parent, parent_id, entity, field);

CREATE TABLE version (number {number} NOT NULL) {plain};
INSERT INTO version (number) VALUES (0);
