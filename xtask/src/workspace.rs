//! Where things are, and what the command line says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder for builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A folder below the one for builds, with nothing in it.
pub(crate) fn emptied(name: &str) -> Result<PathBuf, Fault> {
    let folder = target().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;
    Ok(folder)
}

/// What the suites install and write: everything below `target/lab`.
pub(crate) fn lab() -> PathBuf {
    target().join("lab")
}

/// The options of a chore, each `--name VALUE` or a bare `--name`, and at most one word.
#[derive(Debug, Default)]
pub(crate) struct Options<'a> {
    pub(crate) word: Option<&'a str>,
    given: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Options<'a> {
    /// Reads `arguments`; `valued` take a value, `bare` none, and nothing else is understood.
    pub(crate) fn parse(arguments: &'a [String], valued: &[&str], bare: &[&str]) -> Result<Self, Fault> {
        let mut options = Self::default();
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(argument) = rest.next() {
            if bare.contains(&argument) {
                options.given.push((argument, None));
            } else if valued.contains(&argument) {
                let value = rest.next().ok_or_else(|| Fault::new(format!("{argument} needs a value")))?;
                options.given.push((argument, Some(value)));
            } else if argument.starts_with('-') || options.word.is_some() {
                return Err(Fault::new(format!("{argument} is not understood; see cargo xtask help")));
            } else {
                options.word = Some(argument);
            }
        }
        Ok(options)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        self.given.iter().rev().find(|(given, _)| *given == name).and_then(|(_, value)| *value)
    }

    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, Fault> {
        match self.value(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(Fault::with(format!("{name} {text}"))),
        }
    }
}
