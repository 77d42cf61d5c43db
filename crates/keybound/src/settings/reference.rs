use std::fmt::Write as _;

use super::{SEARCHED, Settings, kong_only};

/// The page `docs/reference/settings.md`.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(OPENING);
    for path in SEARCHED {
        let _ = writeln!(page, "   - `{path}`");
    }
    page.push_str(RULES);
    for row in Settings::TABLE {
        let default = if row.default.is_empty() { "none".to_owned() } else { format!("`{}`", row.default) };
        let _ = writeln!(page, "\n### `{}`\n", row.name);
        let _ = writeln!(page, "{}\n", row.doc.trim());
        let _ = writeln!(page, "- value: {}", row.shape);
        let _ = writeln!(page, "- default: {default}");
        let _ = writeln!(page, "- environment: `KEYBOUND_{0}` or `KONG_{0}`", row.name.to_ascii_uppercase());
    }
    page.push_str(KONG_ONLY);
    for (name, accepted) in kong_only::rows() {
        let accepted: Vec<String> = accepted
            .iter()
            .map(|value| {
                if value.is_empty() { "unset".to_owned() } else { format!("`{}`", value.replace('|', "\\|")) }
            })
            .collect();
        let _ = writeln!(page, "| `{name}` | {} |", accepted.join(", "));
    }
    page
}

const OPENING: &str = "\
<!-- Written by `keybound reference settings`; do not edit by hand. -->

# Settings

Keybound reads Kong's settings: same names, same syntax. A setting takes the first of these values:

1. the option of the command line, where there is one (`--prefix`),
2. the environment variable `KEYBOUND_NAME`, with the name in upper case,
3. the environment variable `KONG_NAME`,
4. the line `name = value` in the file given with `-c`, or else in the first of these files that exists:
";

const RULES: &str = "\
5. the default.

In the file, `#` starts a comment (`\\#` is the character itself), values are written without quotes, a list is separated
by commas, a switch is `on` or `off`. An empty value leaves the default.

A value of the form `{vault://env/NAME}` is what the environment's variable `NAME` holds (`{vault://env/NAME/member}`: a member
of the JSON object in it). A reference that leads to nothing stops the start. Wherever settings are shown, the reference stands in
place of the value.

An unknown name, a value of the wrong type, and a setting of Kong's that Keybound does not act on stop the start, with one
line that names the place, the setting and the cause. `keybound check` prints the effective values and where
each came from.

## Settings that Keybound acts on
";

const KONG_ONLY: &str = "
## Settings of Kong's that Keybound does not act on

They are accepted with the values below, which need no action: Kong's default, and what Keybound does anyway. Any other value
stops the start. Directives for nginx (`nginx_http_…`, `nginx_proxy_…` and their like) are refused unless the table names them.

| setting | accepted |
|---|---|
";
