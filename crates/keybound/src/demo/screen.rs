use std::time::Duration;

use serde_json::Value;

use super::client::Answer;
use super::paste;
use super::stage::Stage;
use super::story::{Attempt, Expected, Outcome, short};
use crate::terminal::{Paint, print};

/// What a person sees of the demo: one block for each step, aligned, without colour where there is no terminal.
pub(super) struct Screen {
    paint: Paint,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { paint: Paint::for_stdout() }
    }

    pub(super) fn opening(&self, stage: &Stage) {
        let mut text =
            self.paint.bold("Keybound: an access token passes only together with the key it is bound to");
        text.push_str("\n\n");
        for (name, address, what) in [
            (
                "provider",
                stage.provider.issuer().to_owned(),
                "issues tokens that are bound to a key (DPoP, RFC 9449)",
            ),
            ("upstream", format!("http://{}", stage.upstream), "an API that knows only bearer tokens"),
            ("gateway", format!("http://{}", stage.proxy), "Keybound, between the client and that API"),
            ("admin", format!("http://{}", stage.admin), "Keybound's Admin API"),
        ] {
            text.push_str(&format!("  {name:<9} {address:<23} {}\n", self.paint.dim(what)));
        }
        print(&text);
    }

    pub(super) fn heading(&self, text: &str) {
        print(&format!("\n{}\n", self.paint.bold(text)));
    }

    pub(super) fn call(&self, path: &str, form: &[(&str, &str)], status: u16) {
        let mut text = format!("  POST {path:<32} {}\n", self.status(status));
        for line in form_lines(form, 76) {
            text.push_str(&format!("       {}\n", self.paint.dim(&line)));
        }
        print(&text);
    }

    pub(super) fn token(
        &self,
        step: usize,
        title: &str,
        url: &str,
        form: &[(&str, &str)],
        thumbprint: &str,
        token: &str,
    ) {
        let mut text = self.title(step, title);
        text.push_str(&row("sent", &format!("POST {url}  {}", form_lines(form, 200).join(" "))));
        text.push_str(&row(
            "",
            &format!("DPoP: proof, {}", self.paint.dim(&format!("signed by the key {}", short(thumbprint)))),
        ));
        text.push_str(&row(
            "answer",
            &format!("{} token_type DPoP, access_token {}", self.status(200), short(token)),
        ));
        let kind = if token.contains('.') { "in its claims" } else { "in the provider's records" };
        text.push_str(&row(
            "bound to",
            &format!("{thumbprint} {}", self.paint.dim(&format!("(cnf.jkt {kind})"))),
        ));
        print(&text);
    }

    pub(super) fn attempt(
        &self,
        step: usize,
        attempt: &Attempt<'_>,
        outcome: &Outcome,
        answer: &Answer,
        as_expected: bool,
    ) {
        let mut text = self.title(step, attempt.title);
        text.push_str(&row("sent", &format!("GET {}", attempt.path)));
        text.push_str(&row("", &format!("Authorization: {} {}", attempt.scheme, short(attempt.token))));
        if let Some((_, what)) = &attempt.proof {
            text.push_str(&row("", &format!("DPoP: proof, {}", self.paint.dim(what))));
        }
        text.push_str(&self.outcome(outcome));
        if !as_expected {
            text.push_str(&row("SURPRISE", &self.surprise(attempt.expected, answer)));
        }
        print(&text);
    }

    pub(super) fn closing(&self, steps: usize, took: Duration) {
        let verdict = self.paint.green(&format!("All {steps} steps ended as they should"));
        print(&format!("\n{verdict} ({:.1} s).\n", took.as_secs_f64()));
    }

    pub(super) fn paste(&self, stage: &Stage) {
        self.heading("Everything keeps running until Ctrl-C. Paste into another terminal:");
        print(&paste::commands(stage));
    }

    fn title(&self, step: usize, title: &str) -> String {
        format!("\n{} {}\n", self.paint.bold(&format!("{step:>2}")), self.paint.bold(title))
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Forwarded(seen) => {
                let text = |pointer: &str| seen.pointer(pointer).and_then(Value::as_str);
                let url = text("/url").unwrap_or("-");
                let path = url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
                let credential = text("/headers/Authorization").unwrap_or("none");
                let (scheme, token) = credential.split_once(' ').unwrap_or((credential, ""));
                let proof = text("/headers/Dpop").map_or("no DPoP field", |_| "a DPoP field");
                row("answer", &self.status(200))
                    + &row("upstream", &format!("saw {} {path}", text("/method").unwrap_or("-")))
                    + &row("", &format!("Authorization: {scheme} {}, {proof}", short(token)))
            }
            Outcome::Refused { status, error, code, description, upstream_saw_it } => {
                let saw = if *upstream_saw_it { "SAW THE REQUEST" } else { "saw nothing" };
                row("answer", &format!("{} {error}: {description}", self.status(*status)))
                    + &row("reason", code)
                    + &row("upstream", saw)
            }
        }
    }

    fn surprise(&self, expected: Expected, answer: &Answer) -> String {
        let wanted = match expected {
            Expected::Forwarded => "200, and Authorization: Bearer without DPoP at the upstream".to_owned(),
            Expected::Refused { error, code } => format!("401 {error}, reason {code}"),
        };
        let challenges = answer.challenges.join(" | ");
        self.paint.red(&format!("expected {wanted}; came {} {challenges} {}", answer.status, answer.body))
    }

    fn status(&self, status: u16) -> String {
        let text = status.to_string();
        if status < 300 { self.paint.green(&text) } else { self.paint.red(&text) }
    }
}

fn row(label: &str, text: &str) -> String {
    format!("   {label:<9} {text}\n")
}

/// A form as `name=value` words, in lines of about this width; secrets are cut short.
fn form_lines(form: &[(&str, &str)], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (name, value) in form {
        let secret = name.ends_with("secret") || *name == "password";
        let word = format!("{name}={}", if secret { short(value) } else { (*value).to_owned() });
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_forms_are_cut_short() {
        let form = [("config.client_secret", "0123456789abcdef"), ("name", "demo")];
        assert_eq!(form_lines(&form, 80), ["config.client_secret=0123456789ab… name=demo"]);
    }
}
