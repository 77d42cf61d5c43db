//! What both sides of HTTP/1.1 have in common: heads and trailers, fields, the chunked coding, reading and writing.

mod chunks;
mod due;
mod fields;
mod fill;
mod section;
mod write;

pub(crate) use chunks::{BrokenChunk, Chunks, Piece};
pub(crate) use due::due;
pub(crate) use fields::{MAX_FIELDS, fields, with_space};
pub(crate) use fill::poll_fill;
pub(crate) use section::{Section, SectionReader, TooLong};
pub(crate) use write::{chunk_end, chunk_start, field as write_field, fields as write_fields, last_chunk};
