use super::{PluginInstance, Route, Service, ViewFault};
use crate::Record;

/// Everything that the data plane compiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// The services.
    pub services: Vec<Service>,
    /// The routes.
    pub routes: Vec<Route>,
    /// The plugins.
    pub plugins: Vec<PluginInstance>,
}

impl Configuration {
    /// Adds a validated record of the entity of this plural name; a kind that the data plane does not use is left out.
    ///
    /// # Errors
    /// A record that is not what its entity demands.
    pub fn add(&mut self, entity: &str, record: &Record) -> Result<(), ViewFault> {
        match entity {
            "services" => self.services.push(Service::try_from(record)?),
            "routes" => self.routes.push(Route::try_from(record)?),
            "plugins" => self.plugins.push(PluginInstance::try_from(record)?),
            _ => {}
        }
        Ok(())
    }

    /// The configuration of these records, each with the plural name of its entity.
    ///
    /// # Errors
    /// A record that is not what its entity demands.
    pub fn from_records<'a>(
        records: impl IntoIterator<Item = (&'a str, &'a Record)>,
    ) -> Result<Self, ViewFault> {
        let mut configuration = Self::default();
        for (entity, record) in records {
            configuration.add(entity, record)?;
        }
        Ok(configuration)
    }
}
