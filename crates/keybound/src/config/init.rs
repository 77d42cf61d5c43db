use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::ConfigFault;

/// Writes the sample; a file that is there is left alone.
pub(super) fn write(path: &Path) -> Result<(), ConfigFault> {
    create(path, SAMPLE.as_bytes(), 0o644)
}

/// Writes a new file with this mode.
pub(super) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ConfigFault> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|cause| match cause.kind() {
        ErrorKind::AlreadyExists => ConfigFault::Exists(path.to_owned()),
        _ => ConfigFault::File { path: path.to_owned(), cause },
    })
}

/// A file that says how files are written; it is valid as it stands.
const SAMPLE: &str = r#"# A declarative file: the whole configuration in one text.
#
#   keybound config parse kong.yml      says whether it is in order
#   database = off
#   declarative_config = kong.yml       make it the configuration; `keybound reload` reads it again
#   keybound config db_import kong.yml  brings it into a store instead

# The format, in quotes: "1.1", "2.1" or "3.0". The only line that must be there.
_format_version: "3.0"

# Entities stand in lists by their plural names, with the fields that the Admin API has for them. What is left out takes
# its default. What belongs to something else may stand inside it, or refer to it by name or id.

# services:
# - name: orders
#   url: http://127.0.0.1:9000
#   routes:
#   - name: orders
#     paths: [/orders]
#   plugins:
#   - name: openid-connect
#     config:
#       issuer: https://idp.example/realms/main
#       auth_methods: [bearer]
#       proof_of_possession_dpop: strict

# The same route, at the top:
#
# routes:
# - name: orders
#   service: orders
#   paths: [/orders]

# A secret does not have to stand in the file: {vault://env/IDP_SECRET} is the environment's variable IDP_SECRET.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kong.yml");
        write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), SAMPLE);
        std::fs::write(&path, "mine").unwrap();
        let fault = write(&path).unwrap_err().to_string();
        assert_eq!(fault, format!("{} already exists, and is not overwritten", path.display()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
