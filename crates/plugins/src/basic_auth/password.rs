//! Passwords as Kong stores them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use keybound_model::entity::BasicAuthCredential;
use uuid::Uuid;

/// Whether this is the credential's password. The time it takes does not tell how much of it is right.
pub(super) fn fits(password: &[u8], credential: &BasicAuthCredential) -> bool {
    let stored = credential.password.to_ascii_lowercase();
    verify_slices_are_equal(hash(password, credential.consumer).as_bytes(), stored.as_bytes()).is_ok()
}

/// Takes the time that [`fits`] takes, so that a name that nobody has is refused no sooner than a wrong password.
pub(super) fn of_nobody(password: &[u8]) {
    let hash = hash(password, Uuid::nil());
    let _ = std::hint::black_box(verify_slices_are_equal(hash.as_bytes(), hash.as_bytes()));
}

/// SHA-1 over the password and the consumer's id, in hexadecimal digits.
fn hash(password: &[u8], consumer: Uuid) -> String {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(password);
    context.update(consumer.to_string().as_bytes());
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha1_over_password_and_consumer() {
        // printf '%s' 'secret00000000-0000-0000-0000-000000000001' | sha1sum
        assert_eq!(hash(b"secret", Uuid::from_u128(1)), "957006fa54b042fc81ba7ab56d3d6740f1c8c6f9");
    }
}
