//! Kong's entities: schemas, defaults, validation texts, declarative files.
