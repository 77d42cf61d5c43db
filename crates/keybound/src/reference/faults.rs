use std::fmt::Write as _;

use keybound_plugins::fault::{Blame, Entry, entries};

use super::advice::advice;

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
            let (code, status) = (row.code, row.status.as_u16());
            let _ = writeln!(page, "| [`{code}`](faults/{code}.md) | {status} | {error} | {meaning} |");
        }
    }
    page
}

/// Every code, one a line.
pub(super) fn codes() -> String {
    entries().into_iter().map(|entry| format!("{}\n", entry.row.code)).collect()
}

/// The page of one fault; `None` when there is no such code.
pub(super) fn page_of(code: &str) -> Option<String> {
    let Entry { row, meaning } = entries().into_iter().find(|entry| entry.row.code == code)?;
    let advice = advice(code)?;
    let whose = GROUPS.iter().find(|(blame, ..)| *blame == row.blame).map_or("", |(_, title, _)| title);
    let error = row.error.map_or_else(|| "none".to_owned(), |error| format!("`{error}`"));
    let mut page = format!(
        "<!-- Written by `keybound reference fault {code}`; do not edit by hand. -->\n\n# `{code}`\n\n{}.\n\n",
        capital(&meaning)
    );
    let _ = writeln!(
        page,
        "| | |\n|---|---|\n| whose fault | {} |\n| status | {} |\n| OAuth error | {error} |\n| rule | {} |",
        whose.to_lowercase(),
        row.status.as_u16(),
        advice.source
    );
    let _ = writeln!(page, "\n## Likely cause\n\n{}", advice.cause);
    let _ = writeln!(page, "\n## What to look at\n\n{}", advice.look);
    let _ = writeln!(
        page,
        "\nAll codes: [faults](../faults.md). Where a code is shown: [when a request is refused](../../guide/when-a-request-is-refused.md)."
    );
    Some(page)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const OPENING: &str = "\
<!-- Written by `keybound reference faults`; do not edit by hand. -->

# Faults

Every answer that Keybound writes itself comes from one row of this table. The code stands in the access record (`fault`), in
metrics, and, with `display_errors`, in the answer's body. `keybound dpop inspect` names the same codes. An error attribute
stands in the challenge of the answer (`WWW-Authenticate`); faults of Keybound, of the provider and of the configuration have none.

Each code has a page with its likely cause and what to look at; `keybound reference fault CODE` prints it.
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
            assert_eq!(page.matches(&format!("| [`{}`]", row.code)).count(), 1, "{}", row.code);
        }
    }

    #[test]
    fn every_fault_has_a_page_of_its_own() {
        for code in codes().lines() {
            let page = page_of(code).unwrap();
            for heading in
                ["| status |", "| OAuth error |", "| rule |", "## Likely cause", "## What to look at"]
            {
                assert!(page.contains(heading), "{code}: {heading}");
            }
        }
        assert_eq!(page_of("nothing"), None);
    }

    #[test]
    fn a_code_of_several_causes_means_each_of_them() {
        let page = page_of("proof_htu_mismatch").unwrap();
        for cause in ["another scheme", "another host or port", "another path"] {
            assert!(page.contains(cause), "{page}");
        }
    }
}
