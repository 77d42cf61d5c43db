use std::net::SocketAddr;
use std::process::Command;

use keybound_suites::{Answer, debian};

use crate::pki::Made;

/// A request over TLS with curl.
pub(crate) struct Curl<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) certificate: Option<&'a Made>,
    pub(crate) fields: Vec<String>,
    pub(crate) arguments: Vec<String>,
}

impl<'a> Curl<'a> {
    pub(crate) fn to(to: SocketAddr) -> Self {
        Self { to, certificate: None, fields: Vec::new(), arguments: vec!["--http1.1".to_owned()] }
    }

    pub(crate) fn with(mut self, certificate: &'a Made) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.field(&format!("Authorization: Bearer {token}"))
    }

    pub(crate) fn field(mut self, line: &str) -> Self {
        self.fields.push(line.to_owned());
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// `GET` of the guarded route under `gw.test`.
    pub(crate) fn get(self) -> Answer {
        self.get_of("gw.test", "/guarded")
    }

    pub(crate) fn get_of(self, host: &str, path: &str) -> Answer {
        let curl = debian::installed("curl", || debian::program("curl"));
        let mut command = Command::new(curl);
        let port = self.to.port();
        command.args(["--silent", "--insecure", "--include", "--max-time", "30", "--resolve"]);
        command.arg(format!("{host}:{port}:{}", self.to.ip()));
        if let Some(made) = self.certificate {
            command.arg("--cert").arg(made.certificate_file()).arg("--key").arg(made.key_file());
        }
        for field in &self.fields {
            command.arg("--header").arg(field);
        }
        command.args(&self.arguments).arg(format!("https://{host}:{port}{path}"));
        let output = command.output().unwrap();
        answer(&String::from_utf8_lossy(&output.stdout))
    }
}

fn answer(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Answer { status, fields: lines.map(field).collect(), body: body.to_owned() }
}
