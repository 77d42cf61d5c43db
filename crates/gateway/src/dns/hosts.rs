use std::collections::HashMap;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::SystemTime;

/// The most that is read of a hosts file.
const MOST: u64 = 16 * 1024 * 1024;

/// The names of a hosts file. It is read again when it changed.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    names: HashMap<Box<str>, Vec<IpAddr>>,
    modified: Option<SystemTime>,
}

impl Hosts {
    /// Reads the file when it is not the one that was read last. A file that is not there has no names.
    pub(super) fn look(&mut self, path: &Path) {
        let modified = std::fs::metadata(path).and_then(|about| about.modified()).ok();
        if modified.is_some() && modified == self.modified {
            return;
        }
        let mut text = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut text));
        if let Err(error) = read
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %path.display(), "the hosts file cannot be read");
        }
        *self = Self { names: read_names(&String::from_utf8_lossy(&text)), modified };
    }

    /// The addresses of a name in lower case.
    pub(super) fn of(&self, name: &str) -> Option<Vec<IpAddr>> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if let Some(known) = self.names.get(name) {
            return Some(known.clone());
        }
        // RFC 6761 §6.3: never asked for.
        let local = name == "localhost" || name.ends_with(".localhost");
        local.then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
    }
}

fn read_names(text: &str) -> HashMap<Box<str>, Vec<IpAddr>> {
    let mut names: HashMap<Box<str>, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
        for name in words {
            let addresses = names.entry(name.to_ascii_lowercase().into()).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_is_read_with_comments_aliases_and_both_versions() {
        let text =
            "# a file\n10.0.0.1 One.test one # the first\n\n10.0.0.2\tone.test\n::1 one.test\nnonsense x\n";
        let hosts = Hosts { names: read_names(text), modified: None };
        let addresses = |texts: &[&str]| -> Option<Vec<IpAddr>> {
            Some(texts.iter().map(|text| text.parse().unwrap()).collect())
        };
        assert_eq!(hosts.of("one.test"), addresses(&["10.0.0.1", "10.0.0.2", "::1"]));
        assert_eq!(hosts.of("one."), addresses(&["10.0.0.1"]));
        assert_eq!(hosts.of("x"), None);
        assert_eq!(hosts.of("a.localhost"), addresses(&["127.0.0.1", "::1"]));
    }
}
