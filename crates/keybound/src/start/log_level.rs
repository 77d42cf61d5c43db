use std::time::Duration;

use keybound_admin::{Level, LogLevel};

use crate::{logging, settings};

/// The level of the process's log, for the Admin API.
pub(super) struct ProcessLog(pub(super) &'static logging::Control);

impl LogLevel for ProcessLog {
    fn get(&self) -> Level {
        match self.0.level() {
            settings::LogLevel::Debug => Level::Debug,
            settings::LogLevel::Info => Level::Info,
            settings::LogLevel::Notice => Level::Notice,
            settings::LogLevel::Warn => Level::Warn,
            settings::LogLevel::Error => Level::Error,
            settings::LogLevel::Crit => Level::Crit,
            settings::LogLevel::Alert => Level::Alert,
            settings::LogLevel::Emerg => Level::Emerg,
        }
    }

    fn set(&self, level: Level, time: Duration) -> Result<(), String> {
        let level = match level {
            Level::Debug => settings::LogLevel::Debug,
            Level::Info => settings::LogLevel::Info,
            Level::Notice => settings::LogLevel::Notice,
            Level::Warn => settings::LogLevel::Warn,
            Level::Error => settings::LogLevel::Error,
            Level::Crit => settings::LogLevel::Crit,
            Level::Alert => settings::LogLevel::Alert,
            Level::Emerg => settings::LogLevel::Emerg,
        };
        self.0.set(level, time)
    }
}
