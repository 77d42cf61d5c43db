use keybound_oidc::{CALL_BOUNDS, Call, CallCounts, Standing, TokenCacheFigures};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::time::UnixTime;

use super::text::Text;

/// What the plugins keep at the moment, as [`Registry::figures`](crate::Registry::figures) tells it.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// The second in which it was so.
    pub now: i64,
    /// Verified tokens.
    pub tokens: TokenCacheFigures,
    /// Kept answers of introspection.
    pub answers: u64,
    /// Keys of proofs.
    pub proof_keys: ProofKeyFigures,
    /// The memories of used proofs, by plugin.
    pub memories: Vec<MemoryFigures>,
    /// The providers in use.
    pub providers: Vec<Standing>,
    /// What was sent to log servers and collectors.
    pub deliveries: Vec<DeliveryFigures>,
}

/// What became of the entries that one plugin sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFigures {
    /// The plugin's name.
    pub plugin: &'static str,
    /// Entries that arrived.
    pub sent: u64,
    /// Entries that were given up, by why.
    pub lost: [(&'static str, u64); 5],
}

/// What is kept of the keys of proofs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProofKeyFigures {
    /// Headers that were known.
    pub hits: u64,
    /// Headers that had to be read.
    pub misses: u64,
    /// Headers that are kept, about.
    pub headers: u64,
    /// Bytes that they take, about.
    pub header_bytes: u64,
    /// Keys that are kept ready to verify for less, about.
    pub prepared: u64,
    /// Bytes that they take, about.
    pub prepared_bytes: u64,
    /// How often proofs' signatures were checked, in the order of [`Algorithm::ALL`].
    pub signatures: [u64; Algorithm::ALL.len()],
}

/// The memory of used proofs of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryFigures {
    /// The plugin's id.
    pub plugin: String,
    /// Live records.
    pub records: u64,
    /// How many may live.
    pub most: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

impl Figures {
    pub(super) fn write(&self, calls: &CallCounts, text: &mut Text) {
        self.write_caches(calls, text);
        self.write_memories(text);
        self.write_signatures(calls, text);
        write_calls(calls, text);
        self.write_providers(text);
        self.write_deliveries(text);
    }

    fn write_caches(&self, calls: &CallCounts, text: &mut Text) {
        let keys = self.proof_keys;
        let answers = calls.answers();
        let name = "keybound_cache_lookups_total";
        text.own_family(name, "Looks into what is kept, by whether it was there", "counter");
        for (cache, hits, misses) in [
            ("token", self.tokens.hits, self.tokens.misses),
            ("introspection", answers.hits, answers.misses),
            ("proof_key", keys.hits, keys.misses),
        ] {
            text.own_sample(name, &[("cache", cache), ("result", "hit")], hits);
            text.own_sample(name, &[("cache", cache), ("result", "miss")], misses);
        }
        let name = "keybound_cache_entries";
        text.own_family(name, "What is kept, about", "gauge");
        for (cache, entries) in [
            ("token", self.tokens.entries),
            ("introspection", self.answers),
            ("proof_key", keys.headers),
            ("prepared_key", keys.prepared),
        ] {
            text.own_sample(name, &[("cache", cache)], entries);
        }
        let name = "keybound_cache_bytes";
        text.own_family(name, "Bytes that it takes, about", "gauge");
        for (cache, bytes) in [
            ("token", self.tokens.bytes),
            ("proof_key", keys.header_bytes),
            ("prepared_key", keys.prepared_bytes),
        ] {
            text.own_sample(name, &[("cache", cache)], bytes);
        }
    }

    fn write_memories(&self, text: &mut Text) {
        let mut family = |name: &str, help: &str, of: fn(&MemoryFigures) -> u64| {
            text.own_family(name, help, "gauge");
            for memory in &self.memories {
                text.own_sample(name, &[("plugin", memory.plugin.as_str())], of(memory));
            }
        };
        family("keybound_replay_records", "Live records of used proofs in memory", |memory| memory.records);
        family("keybound_replay_records_most", "How many there may be", |memory| memory.most);
        family("keybound_replay_bytes", "Bytes that they take", |memory| memory.bytes);
    }

    fn write_signatures(&self, calls: &CallCounts, text: &mut Text) {
        let name = "keybound_signature_checks_total";
        text.own_family(name, "Signatures of proofs and tokens that were checked, by algorithm", "counter");
        for (of, counts) in [("proof", self.proof_keys.signatures), ("token", calls.signatures())] {
            for (algorithm, count) in Algorithm::ALL.into_iter().zip(counts) {
                text.own_sample(name, &[("of", of), ("algorithm", algorithm.name())], count);
            }
        }
    }

    fn write_deliveries(&self, text: &mut Text) {
        let name = "keybound_plugin_entries_sent_total";
        text.own_family(name, "Entries that a log server or a collector took, by plugin", "counter");
        for of in &self.deliveries {
            text.own_sample(name, &[("plugin", of.plugin)], of.sent);
        }
        let name = "keybound_plugin_entries_lost_total";
        text.own_family(name, "Entries for them that were given up, by plugin and reason", "counter");
        for of in &self.deliveries {
            for (reason, lost) in of.lost {
                text.own_sample(name, &[("plugin", of.plugin), ("reason", reason)], lost);
            }
        }
    }

    fn write_providers(&self, text: &mut Text) {
        let age = |since: UnixTime| u64::try_from(self.now.saturating_sub(since.secs())).unwrap_or_default();
        let name = "keybound_provider_keys";
        text.own_family(name, "Keys of a provider that can verify signatures", "gauge");
        for provider in &self.providers {
            text.own_sample(name, &[("issuer", &*provider.issuer)], provider.keys as u64);
        }
        let name = "keybound_provider_keys_age_seconds";
        text.own_family(name, "Seconds since the oldest key set of a provider came", "gauge");
        for provider in &self.providers {
            if let Some(since) = provider.keys_since {
                text.own_sample(name, &[("issuer", &*provider.issuer)], age(since));
            }
        }
        let name = "keybound_provider_metadata_age_seconds";
        text.own_family(name, "Seconds since the metadata of a provider came", "gauge");
        for provider in &self.providers {
            if let Some(since) = provider.metadata_since {
                text.own_sample(name, &[("issuer", &*provider.issuer)], age(since));
            }
        }
        let name = "keybound_provider_failing";
        text.own_family(name, "Whether the last fetch of metadata or keys failed", "gauge");
        for provider in &self.providers {
            text.own_sample(name, &[("issuer", &*provider.issuer)], u64::from(provider.is_failing));
        }
    }
}

fn write_calls(calls: &CallCounts, text: &mut Text) {
    const CALLS: [(&str, Call); 3] =
        [("metadata", Call::Metadata), ("keys", Call::Keys), ("introspection", Call::Introspection)];
    let name = "keybound_provider_calls_total";
    text.own_family(name, "Calls to providers, by what they are for and how they ended", "counter");
    for (call, of) in CALLS {
        let figures = calls.read(of);
        text.own_sample(name, &[("call", call), ("result", "ok")], figures.succeeded);
        text.own_sample(name, &[("call", call), ("result", "failed")], figures.failed);
    }
    let name = "keybound_provider_call_seconds";
    text.own_family(name, "Time that calls to providers took", "histogram");
    for (call, of) in CALLS {
        let figures = calls.read(of);
        let within = CALL_BOUNDS.into_iter().map(|millis| millis * 1000).zip(figures.within).collect();
        let count = (figures.succeeded + figures.failed).max(figures.within.last().copied().unwrap_or(0));
        text.histogram(name, &[("call", call)], &(within, count, figures.micros), 1e-6);
    }
}
