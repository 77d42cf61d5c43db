use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most fields of a head or of trailers, where nothing else is set.
pub(crate) const MAX_FIELDS: usize = 100;

/// Parsed fields of `head` as a map, with room for `more`. Values share the head's bytes.
///
/// `None` when a name or a value is none, which the parser does not let through.
pub(crate) fn fields(parsed: &[httparse::Header<'_>], head: &Bytes, more: usize) -> Option<HeaderMap> {
    let mut fields = HeaderMap::with_capacity(parsed.len() + more);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        // A value is a part of the head that it was parsed from.
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).ok()?;
        fields.append(name, value);
    }
    Some(fields)
}

/// Room for as many parsed fields as there may be: on the stack, as long as they are not more than is usual.
pub(crate) fn with_space<'a, T>(
    most: usize,
    run: impl FnOnce(&mut [MaybeUninit<httparse::Header<'a>>]) -> T,
) -> T {
    if most <= MAX_FIELDS {
        let mut space = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        run(space.get_mut(..most).unwrap_or_default())
    } else {
        let mut space: Vec<_> = (0..most).map(|_| MaybeUninit::uninit()).collect();
        run(&mut space)
    }
}
