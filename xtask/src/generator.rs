//! The generator of load: what it is told, and what it says at the end.

use std::path::Path;
use std::process::Command;

use crate::fault::Fault;
use crate::run;

/// What it sends in one go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shot<'a> {
    pub(crate) address: &'a str,
    pub(crate) path: &'a str,
    pub(crate) requests: u64,
    pub(crate) connections: u64,
    /// Requests a second; 0 for as many as there can be.
    pub(crate) rate: f64,
    /// The provider's folder and the algorithm of the token, where there is one.
    pub(crate) token: Option<(&'a Path, &'a str)>,
}

/// What it said.
#[derive(Debug)]
pub(crate) struct Said(String);

/// Has the generator send it.
pub(crate) fn fire(mut generator: Command, shot: &Shot<'_>) -> Result<Said, Fault> {
    generator.args(["fire", shot.address, shot.path]);
    generator.args([shot.requests.to_string(), shot.connections.to_string(), shot.rate.to_string()]);
    if let Some((folder, algorithm)) = shot.token {
        generator.arg(folder).arg(algorithm);
    }
    run::output(&mut generator).map(Said)
}

impl Said {
    /// A number of its last line.
    pub(crate) fn number(&self, name: &str) -> Result<f64, Fault> {
        let line = self.0.lines().last().unwrap_or_default();
        line.split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            .ok_or_else(|| Fault::new(format!("the generator said: {}", self.0)))
    }

    /// How many requests there were, and how many of them failed.
    pub(crate) fn counts(&self) -> Result<(u64, u64), Fault> {
        Ok((self.number("requests")? as u64, self.number("failed")? as u64))
    }

    /// What went wrong first.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.0.lines().find(|line| line.starts_with("first failure"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_the_numbers() {
        let said = Said("first failure: failed=7\nrequests=9 failed=2 seconds=0.5 p50=1 p99=2\n".to_owned());
        assert_eq!(said.counts().ok(), Some((9, 2)));
        assert_eq!(said.failure(), Some("first failure: failed=7"));
        assert!(said.number("p95").is_err());
    }
}
