//! `keybound reference`: the pages of `docs/reference/` that the program writes about itself.

mod faults;
mod plugin;

use clap::Subcommand;

use crate::settings;

/// A page of the reference documentation.
#[derive(Debug, Subcommand)]
pub(crate) enum Page {
    /// docs/reference/settings.md.
    Settings,
    /// docs/reference/faults.md.
    Faults,
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
/// A plugin that there is not.
pub(crate) fn page(page: &Page) -> Result<String, Vec<String>> {
    match page {
        Page::Settings => Ok(settings::reference()),
        Page::Faults => Ok(faults::page()),
        Page::Fields => Ok(plugin::all()),
        Page::Plugin { name } => {
            plugin::page(name).ok_or_else(|| vec![format!("there is no plugin '{name}'")])
        }
    }
}
