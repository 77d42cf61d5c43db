use std::collections::BTreeSet;

use keybound_model::entity::{CaCertificate, Certificate};
use keybound_model::{Configuration, Record};
use serde_json::Value;
use uuid::Uuid;

/// The fields that name certificates, wherever they stand in the configuration of a plugin.
const FIELDS: [&str; 2] = ["ca_certificates", "tls_client_auth_cert_id"];

/// The certificates that the configuration of a plugin names. An instance is built again when one of them changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Material {
    certificates: Vec<Certificate>,
    authorities: Vec<CaCertificate>,
}

impl Material {
    /// What `config` names of a configuration. An id that nothing has is left to the plugin to miss.
    #[must_use]
    pub fn of(config: &Record, configuration: &Configuration) -> Self {
        let mut named = BTreeSet::new();
        for (name, value) in config {
            gather(name, value, &mut named);
        }
        if named.is_empty() {
            return Self::default();
        }
        Self {
            certificates: kept(&configuration.certificates, |entity| named.contains(&entity.id)),
            authorities: kept(&configuration.ca_certificates, |entity| named.contains(&entity.id)),
        }
    }

    /// The certificate with its key of this id.
    #[must_use]
    pub fn certificate(&self, id: Uuid) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| certificate.id == id)
    }

    /// The authority of this id.
    #[must_use]
    pub fn authority(&self, id: Uuid) -> Option<&CaCertificate> {
        self.authorities.iter().find(|authority| authority.id == id)
    }
}

fn gather(name: &str, value: &Value, named: &mut BTreeSet<Uuid>) {
    match value {
        Value::Object(record) => record.iter().for_each(|(name, value)| gather(name, value, named)),
        Value::Array(values) => values.iter().for_each(|value| gather(name, value, named)),
        Value::String(text) if FIELDS.contains(&name) => named.extend(text.parse::<Uuid>()),
        _ => {}
    }
}

fn kept<T: Clone>(entities: &[T], wanted: impl Fn(&T) -> bool) -> Vec<T> {
    entities.iter().filter(|entity| wanted(entity)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn certificates_are_found_wherever_the_configuration_names_them() {
        let id = Uuid::from_u128;
        let ca = |n| CaCertificate { id: id(n), cert: n.to_string() };
        let configuration =
            Configuration { ca_certificates: vec![ca(1), ca(2), ca(3)], ..Configuration::default() };
        let config = json!({
            "ca_certificates": [id(1)],
            "proof_of_possession_mtls_from_header": { "ca_certificates": [id(3), "no id"] },
            "other": id(2),
        });
        let Value::Object(config) = config else { unreachable!() };
        let material = Material::of(&config, &configuration);
        assert_eq!(material.authorities, [ca(1), ca(3)]);
        assert_eq!(material.authority(id(2)), None);
    }
}
