use std::any::Any;

/// What a panic said, by its payload; nothing where that is no text.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_whoever_owns_it_and_nothing_else_is() {
        assert_eq!(panic_text(&"a mistake"), Some("a mistake"));
        assert_eq!(panic_text(&"a mistake".to_owned()), Some("a mistake"));
        assert_eq!(panic_text(&7), None);
    }
}
