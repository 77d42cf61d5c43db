-- Which key the secret fields of a record are sealed with; null where nothing is sealed.
ALTER TABLE records ADD COLUMN sealed_by {text};

-- What the store keeps for itself, sealed like the fields.
CREATE TABLE store_secrets (
    name {text} NOT NULL,
    value {text} NOT NULL,
    sealed_by {text} NOT NULL,
    PRIMARY KEY (name)
) {keyed};
