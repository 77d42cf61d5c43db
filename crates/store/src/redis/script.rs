use aws_lc_rs::digest;
use redis::Cmd;

/// A script that runs as one step.
pub(crate) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    pub(crate) fn new(text: &'static str) -> Self {
        use std::fmt::Write as _;
        // The name that a Redis gives to a script; nothing rests on its strength.
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let mut digest = String::with_capacity(40);
        for byte in sha1.as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        Self { text, digest }
    }

    /// The call by name, for a Redis that knows the script.
    pub(super) fn by_name(&self) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.digest);
        command
    }

    /// The call that brings the script.
    pub(super) fn whole(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text);
        command
    }
}
