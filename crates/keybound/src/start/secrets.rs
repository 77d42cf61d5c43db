use std::borrow::Cow;

use keybound_model::entity::{Certificate, Vault};
use keybound_model::vault::{self, ResolveFault};
use keybound_model::{Configuration, PluginCatalog};

/// The configuration with secrets in place of references: in the configuration of plugins, and in certificates and their
/// keys. The store keeps the references, and so does everything that shows records.
///
/// A reference that leads to nothing is a fault that names the entity, the field and the reference.
pub(super) fn resolved<'a>(
    configuration: &'a Configuration,
    catalog: &dyn PluginCatalog,
) -> Result<Cow<'a, Configuration>, String> {
    resolved_against(configuration, catalog, &variable)
}

/// What a reference leads to.
pub(super) fn resolve(reference: &str, vaults: &[Vault]) -> Result<String, ResolveFault> {
    vault::resolve_text(reference, vaults, &variable)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn resolved_against<'a>(
    configuration: &'a Configuration,
    catalog: &dyn PluginCatalog,
    environment: vault::Environment<'_>,
) -> Result<Cow<'a, Configuration>, String> {
    let mut resolved = Cow::Borrowed(configuration);
    for (at, plugin) in configuration.plugins.iter().enumerate() {
        let Some(description) = catalog.plugin(&plugin.name) else { continue };
        let config = vault::resolve(&plugin.config, &description.config, &configuration.vaults, environment)
            .map_err(|fault| format!("plugin {} ({}): config.{fault}", plugin.name, plugin.id))?;
        if config != plugin.config
            && let Some(plugin) = resolved.to_mut().plugins.get_mut(at)
        {
            plugin.config = config;
        }
    }
    for (at, certificate) in configuration.certificates.iter().enumerate() {
        let whole = certificate_resolved(certificate, &configuration.vaults, environment)
            .map_err(|(field, fault)| format!("certificate {}: {field}: {fault}", certificate.id))?;
        if whole != *certificate
            && let Some(certificate) = resolved.to_mut().certificates.get_mut(at)
        {
            *certificate = whole;
        }
    }
    Ok(resolved)
}

fn certificate_resolved(
    certificate: &Certificate,
    vaults: &[Vault],
    environment: vault::Environment<'_>,
) -> Result<Certificate, (&'static str, ResolveFault)> {
    let text =
        |field, text: &str| vault::resolve_text(text, vaults, environment).map_err(|fault| (field, fault));
    let optional =
        |field, given: &Option<String>| given.as_deref().map(|given| text(field, given)).transpose();
    Ok(Certificate {
        id: certificate.id,
        cert: text("cert", &certificate.cert)?,
        key: text("key", &certificate.key)?,
        cert_alt: optional("cert_alt", &certificate.cert_alt)?,
        key_alt: optional("key_alt", &certificate.key_alt)?,
    })
}

#[cfg(test)]
mod tests {
    use keybound_model::{PluginDescription, Record};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    struct NoPlugins;

    impl PluginCatalog for NoPlugins {
        fn names(&self) -> Vec<&str> {
            Vec::new()
        }

        fn plugin(&self, _name: &str) -> Option<&PluginDescription> {
            None
        }
    }

    fn certificate(cert: &str, key_alt: Option<&str>) -> Certificate {
        Certificate {
            id: Uuid::nil(),
            cert: cert.to_owned(),
            key: "{vault://own/key}".to_owned(),
            cert_alt: None,
            key_alt: key_alt.map(str::to_owned),
        }
    }

    fn environment(name: &str) -> Option<String> {
        match name {
            "CERT" => Some("PEM".to_owned()),
            "TLS_KEY" => Some("KEY".to_owned()),
            _ => None,
        }
    }

    fn configuration(certificate: Certificate) -> Configuration {
        let prefix: Record = json!({ "prefix": "TLS_" }).as_object().cloned().unwrap();
        let own = Vault { prefix: "own".to_owned(), name: "env".to_owned(), config: prefix };
        Configuration { certificates: vec![certificate], vaults: vec![own], ..Configuration::default() }
    }

    #[test]
    fn certificates_and_keys_come_from_the_environment_and_from_vaults_of_the_configuration() {
        let configuration = configuration(certificate("{vault://env/cert}", None));
        let resolved = resolved_against(&configuration, &NoPlugins, &environment).unwrap();
        let whole = resolved.certificates.first().unwrap();
        assert_eq!((whole.cert.as_str(), whole.key.as_str()), ("PEM", "KEY"));
    }

    #[test]
    fn a_reference_that_leads_to_nothing_is_named_with_its_field() {
        let configuration = configuration(certificate("PEM", Some("{vault://env/none}")));
        let fault = resolved_against(&configuration, &NoPlugins, &environment).unwrap_err();
        assert_eq!(
            fault,
            "certificate 00000000-0000-0000-0000-000000000000: key_alt: could not resolve reference {vault://env/none}: \
             unable to load value (none) from vault (env): not found"
        );
    }
}
