use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use keybound_model::vault;

use super::kong_only::{self, Refused};
use super::{Kind, Origin, Settings, SettingsFault, file};

/// The files that are looked for, in this order, when none is given.
pub const SEARCHED: [&str; 4] =
    ["/etc/keybound/keybound.conf", "/etc/keybound.conf", "/etc/kong/kong.conf", "/etc/kong.conf"];

/// Which file settings are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ConfigFile {
    /// The first of [`SEARCHED`] that exists.
    #[default]
    Searched,
    /// This one; it must exist.
    Given(PathBuf),
    /// None.
    None,
}

/// What settings are read from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The file.
    pub file: ConfigFile,
    /// The process's environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings given as options of the command line: setting, option, value.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl Inputs {
    /// The environment of this process, and the file given with `-c`.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let file = file.map_or(ConfigFile::Searched, ConfigFile::Given);
        Self { file, environment: std::env::vars_os().collect(), flags: Vec::new() }
    }
}

impl Settings {
    /// Reads the settings, as the module's page says.
    ///
    /// # Errors
    /// Every fault that was found, those of the file first and in the order of its lines.
    pub fn load(inputs: &Inputs) -> Result<Self, Vec<SettingsFault>> {
        let mut resolved = Resolved { environment: inputs.environment.clone(), ..Resolved::default() };
        resolved.take_file(&inputs.file);
        resolved.take_environment("KONG_", &inputs.environment);
        resolved.take_environment("KEYBOUND_", &inputs.environment);
        for (name, option, value) in &inputs.flags {
            resolved.take(Origin::Flag(option), name, value);
        }
        let settings = Self::read(&mut resolved);
        if resolved.faults.is_empty() { Ok(settings) } else { Err(resolved.faults) }
    }
}

/// What each setting was set to last, and the faults found on the way.
#[derive(Default)]
pub(super) struct Resolved {
    values: BTreeMap<&'static str, Set>,
    faults: Vec<SettingsFault>,
    /// What references are resolved against.
    environment: Vec<(OsString, OsString)>,
}

/// What a setting was set to.
struct Set {
    text: String,
    origin: Origin,
    /// The reference that the text came by; the text is a secret then.
    reference: Option<String>,
}

impl Resolved {
    /// The value of a setting, typed; a fault is noted and leaves the default.
    pub(super) fn value<K: Kind>(&mut self, name: &'static str, default: &'static str) -> (K, Origin) {
        if let Some(set) = self.values.get(name) {
            match (K::parse(&set.text), &set.reference) {
                (Ok(value), _) => return (value, set.origin.clone()),
                (Err(cause), None) => {
                    self.faults.push(SettingsFault::Value { place: set.origin.clone(), key: name, cause });
                }
                // What is wrong with it may repeat it.
                (Err(_), Some(reference)) => {
                    let cause = format!("what {reference} refers to is not of the form: {}", K::SHAPE);
                    self.faults.push(SettingsFault::Value { place: set.origin.clone(), key: name, cause });
                }
            }
        }
        (K::parse(default).unwrap_or_default(), Origin::Default)
    }

    /// The references that values came by.
    pub(super) fn references(&self) -> BTreeMap<&'static str, String> {
        let named = self.values.iter().filter_map(|(name, set)| Some((*name, set.reference.clone()?)));
        named.collect()
    }

    fn take_file(&mut self, file: &ConfigFile) {
        let path = match file {
            ConfigFile::Searched => SEARCHED.iter().map(PathBuf::from).find(|path| path.exists()),
            ConfigFile::Given(path) => Some(path.clone()),
            ConfigFile::None => None,
        };
        let Some(path) = path else { return };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.faults.push(SettingsFault::Unreadable { path, cause: error.to_string() });
                return;
            }
        };
        let (entries, faults) = file::entries(&path, &text);
        self.faults.extend(faults);
        for entry in entries {
            self.take(Origin::File { path: path.clone(), line: entry.line }, &entry.key, &entry.value);
        }
    }

    fn take_environment(&mut self, prefix: &str, environment: &[(OsString, OsString)]) {
        let mut named: Vec<(String, &OsString)> = environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value)))
            .filter(|(name, _)| name.starts_with(prefix))
            .collect();
        named.sort();
        for (name, value) in named {
            let key = name.strip_prefix(prefix).unwrap_or(&name).to_ascii_lowercase();
            let known = Settings::row(&key).is_some() || kong_only::is_known(&key);
            if !known && made_by_a_platform(&key) {
                continue;
            }
            // Bytes that are no UTF-8 become replacement characters, which no setting's type takes but free text.
            self.take(Origin::Environment(name), &key, &value.to_string_lossy());
        }
    }

    fn take(&mut self, place: Origin, key: &str, value: &str) {
        let value = value.trim();
        let reference = vault::is_reference(value).then(|| value.to_owned());
        let value = match reference.as_deref().map(|reference| self.referred(reference)) {
            None => value.to_owned(),
            Some(Ok(secret)) => secret,
            Some(Err(cause)) => {
                self.faults.push(SettingsFault::VaultReference { place, key: key.to_owned(), cause });
                return;
            }
        };
        if let Some(row) = Settings::row(key) {
            // An empty value is how Kong's files leave a setting at its default.
            if value.is_empty() {
                self.values.remove(row.name);
            } else {
                self.values.insert(row.name, Set { text: value, origin: place, reference });
            }
            return;
        }
        match kong_only::judge(key, &value) {
            Ok(()) => {}
            Err(Refused::NotActedOn(accepted)) => {
                self.faults.push(SettingsFault::NotActedOn { place, key: key.to_owned(), accepted });
            }
            Err(Refused::NginxDirective) => {
                self.faults.push(SettingsFault::NginxDirective { place, key: key.to_owned() });
            }
            Err(Refused::Unknown) => {
                let nearest = nearest(key);
                self.faults.push(SettingsFault::Unknown { place, key: key.to_owned(), nearest });
            }
        }
    }
}

impl Resolved {
    /// What a reference leads to: only the environment is there before there are settings.
    fn referred(&self, reference: &str) -> Result<String, String> {
        let lookup = |name: &str| {
            let found = self.environment.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.to_string_lossy().into_owned())
        };
        match vault::resolve_text(reference, &[], &lookup) {
            // Taken for unset, it would open what it was meant to close.
            Ok(secret) if secret.is_empty() => Err(format!("reference {reference} leads to an empty value")),
            Ok(secret) => Ok(secret),
            Err(fault) => Err(fault.to_string()),
        }
    }
}

/// Whether a variable is one that Kubernetes makes for a service named `kong` or `keybound`, or that Kong's container
/// image brings along: nobody wrote it to set anything.
fn made_by_a_platform(key: &str) -> bool {
    matches!(key, "version" | "port" | "service_host")
        || key.ends_with("_service_host")
        || key.ends_with("_port")
        || key.starts_with("service_port")
        || key.contains("_service_port")
        || ["port_", "_port_"].iter().any(|mark| {
            key.split(mark).nth(1).is_some_and(|rest| {
                rest.split('_')
                    .next()
                    .is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
            })
        })
}

fn nearest(key: &str) -> Option<&'static str> {
    let known = Settings::TABLE.iter().map(|row| row.name).chain(kong_only::names());
    known
        .map(|name| (strsim::damerau_levenshtein(key, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 1 + key.len() / 4)
        .map(|(_, name)| name)
}
