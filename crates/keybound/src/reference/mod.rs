//! `keybound reference`: the pages of `docs/reference/` that the program writes about itself.

pub(crate) mod advice;
mod faults;
mod plugin;

use clap::Subcommand;

use crate::settings;

/// A page of the reference documentation.
#[derive(Debug, Subcommand)]
pub(crate) enum Page {
    /// docs/reference/settings.md.
    Settings,
    /// docs/reference/faults.md: every fault.
    Faults {
        /// Only the codes, one a line.
        #[arg(long)]
        codes: bool,
    },
    /// docs/reference/faults/CODE.md: one fault, its likely cause, and what to look at.
    Fault {
        /// The code, as in an answer, the log or a metric.
        code: String,
    },
    /// docs/reference/fields.md: the fields of entities and plugins.
    Fields,
    /// docs/reference/NAME.md: the fields of a plugin.
    Plugin {
        /// The plugin's name.
        name: String,
    },
}

/// The text of a page.
///
/// # Errors
/// A plugin or a fault that there is not.
pub(crate) fn page(page: &Page) -> Result<String, Vec<String>> {
    match page {
        Page::Settings => Ok(settings::reference()),
        Page::Faults { codes: true } => Ok(faults::codes()),
        Page::Faults { codes: false } => Ok(faults::page()),
        Page::Fault { code } => {
            faults::page_of(code).ok_or_else(|| vec![format!("there is no fault '{code}'")])
        }
        Page::Fields => Ok(plugin::all()),
        Page::Plugin { name } => {
            plugin::page(name).ok_or_else(|| vec![format!("there is no plugin '{name}'")])
        }
    }
}
