use std::fmt::Write as _;

use keybound_plugins::fault::{Blame, Entry, entries};

/// Every fault, by whose it is.
pub(super) fn page() -> String {
    let mut page = String::from(OPENING);
    let entries = entries();
    for (blame, title, hint) in GROUPS {
        let _ = writeln!(
            page,
            "\n## {title}\n\n{hint}\n\n| code | status | error | meaning |\n|---|---|---|---|"
        );
        for Entry { row, meaning } in entries.iter().filter(|entry| entry.row.blame == blame) {
            let error = row.error.map_or_else(String::new, |error| format!("`{error}`"));
            let meaning = meaning.replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | {} | {error} | {meaning} |", row.code, row.status.as_u16());
        }
    }
    page
}

const OPENING: &str = "\
<!-- Written by `keybound reference faults`; do not edit by hand. -->

# Faults

Every answer that Keybound writes itself comes from one row of this table. The code stands in the access record (`fault`), in
metrics, and, with `display_errors`, in the answer's body. `keybound dpop inspect` names the same codes. An error attribute
stands in the challenge of the answer (`WWW-Authenticate`); faults of Keybound, of the provider and of the configuration have none.
";

const GROUPS: [(Blame, &str, &str); 8] = [
    (
        Blame::Proof,
        "The proof",
        "Look at what the client signs: `keybound dpop inspect PROOF --method … --url … --token …`. A wrong `htu` behind an edge is \
         cured by `dpop_public_origins` or `trusted_ips`, a wrong clock by `dpop_use_nonce`.",
    ),
    (
        Blame::Key,
        "The key",
        "What the token is bound to and what was presented do not fit: the token was issued without a proof, to another key, or \
         is presented under the wrong scheme.",
    ),
    (
        Blame::Token,
        "The access token",
        "Compare the token's claims with the plugin's configuration; the issuer must be the same letter by letter.",
    ),
    (Blame::Client, "The request", "The request is broken, names no credential, or goes nowhere."),
    (Blame::Upstream, "The upstream", "The service behind Keybound did not answer, or not well."),
    (
        Blame::Provider,
        "The provider",
        "The log names the call and the cause. A private authority is trusted by `lua_ssl_trusted_certificate`.",
    ),
    (Blame::Configuration, "The configuration", "What is configured cannot answer the request."),
    (Blame::Ours, "Keybound", "A bound of Keybound's own is reached, or a store is out of reach."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_on_the_page_once() {
        let page = page();
        for Entry { row, .. } in entries() {
            assert_eq!(page.matches(&format!("| `{}` |", row.code)).count(), 1, "{}", row.code);
        }
    }
}
