use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::handover::Heir;
use crate::settings::{Inputs, Settings, SettingsFault};

/// How the process was started: what its settings were read from, and how another one is started in its place.
#[derive(Debug)]
pub struct Invocation {
    inputs: Inputs,
    heir: Option<Heir>,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Invocation {
    /// `conf` and `prefix` are the options of the command line; `heir` is there when this process takes the place of another.
    #[must_use]
    pub fn new(inputs: Inputs, conf: Option<PathBuf>, prefix: Option<&str>, heir: Option<Heir>) -> Self {
        let mut arguments: Vec<OsString> = vec!["start".into(), "--take-over".into()];
        if let Some(conf) = conf {
            arguments.extend(["--conf".into(), conf.into_os_string()]);
        }
        if let Some(prefix) = prefix {
            arguments.extend(["--prefix".into(), prefix.into()]);
        }
        Self { inputs, heir, program: program(), arguments }
    }

    pub(super) fn heir(&self) -> Option<&Heir> {
        self.heir.as_ref()
    }

    /// What starts the next one.
    pub(super) fn again(&self) -> (&Path, &[OsString]) {
        (&self.program, &self.arguments)
    }

    /// The settings as they are written now.
    pub(super) fn settings(&self) -> Result<Settings, Vec<SettingsFault>> {
        Settings::load(&self.inputs)
    }
}

/// The path that this program was started by, where another one may stand at the time of an upgrade: links are followed then.
fn program() -> PathBuf {
    let named = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    let named = named.and_then(|path| std::path::absolute(path).ok());
    named.or_else(|| std::env::current_exe().ok()).unwrap_or_else(|| "keybound".into())
}
