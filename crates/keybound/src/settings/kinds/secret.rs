use super::Kind;

/// A secret that clients send in a field, or none. It is never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FieldSecret(pub Option<String>);

impl FieldSecret {
    const LONGEST: usize = 4096;
}

impl std::fmt::Debug for FieldSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.show())
    }
}

impl Kind for FieldSecret {
    const SHAPE: &'static str = "a secret of visible ASCII characters without spaces";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        // The value is a secret: what is wrong with it is said without it.
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "holds a character that a field of a request cannot carry: only visible ASCII characters \
                        without spaces"
                    .to_owned(),
            );
        }
        if text.len() > Self::LONGEST {
            return Err(format!("is longer than {} characters", Self::LONGEST));
        }
        Ok(Self(Some(text.to_owned())))
    }

    fn show(&self) -> String {
        self.0.as_ref().map(|_| "******".to_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_and_no_fault_repeats_it() {
        let secret = FieldSecret::parse("s3cret").unwrap();
        assert_eq!(secret.0.as_deref(), Some("s3cret"));
        assert_eq!((secret.show(), format!("{secret:?}")), ("******".to_owned(), "******".to_owned()));
        for text in ["two words", "h\u{e9}", &"x".repeat(4097)] {
            assert!(!FieldSecret::parse(text).unwrap_err().contains(text), "{text}");
        }
    }
}
