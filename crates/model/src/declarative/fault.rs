use std::fmt;

use serde_json::Value;

use crate::Errors;
use crate::lua;

/// Why a declarative file was not taken. Shown, each problem is one line that starts with the file and, where it is
/// known, the line and the column.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclarativeFault {
    /// The name of the file.
    pub file: String,
    /// What is wrong, at least one, in the order of the file.
    pub problems: Vec<Problem>,
    pub(super) errors: Errors,
}

/// One thing that is wrong with a declarative file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, from 1.
    pub position: Option<(u64, u64)>,
    /// The way to the value, indexes from 1: `services[2].routes[1].paths[1]`. Empty for the file as a whole.
    pub path: String,
    /// What is wrong with it.
    pub text: String,
}

impl DeclarativeFault {
    pub(super) fn whole(file: &str, position: Option<(u64, u64)>, text: impl Into<String>) -> Self {
        let text = text.into();
        let problem = Problem { position, path: String::new(), text: text.clone() };
        Self { file: file.to_owned(), problems: vec![problem], errors: Errors::field("error", text) }
    }

    /// Kong's `fields`: nested by position.
    #[must_use]
    pub fn fields(&self) -> Value {
        self.errors.to_json()
    }

    /// Kong's `message`: `declarative config is invalid: {…}`.
    #[must_use]
    pub fn message(&self) -> String {
        format!("declarative config is invalid: {}", lua::inline(&self.fields()))
    }
}

impl fmt::Display for DeclarativeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.file)?;
            if let Some((line, column)) = problem.position {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            f.write_str(&problem.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for DeclarativeFault {}
