//! Lists of revoked certificates and a real OCSP responder.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use keybound_suites::{Answer, Stage, debian, serve_text};
use serde_json::{Value, json};

use crate::curl::Curl;
use crate::pki::{self, Made, Wish};
use crate::{authority, merged};

/// A stage with a route `/mtls` behind `mtls-auth` that takes any trusted certificate.
fn guarded(ca: &Made, mode: &str) -> Stage {
    let stage = Stage::start(json!({}));
    let id = authority(&stage, &ca.pem);
    let config =
        json!({ "ca_certificates": [id], "skip_consumer_lookup": true, "revocation_check_mode": mode });
    let plugin = json!({ "name": "mtls-auth", "config": merged(config, json!({})) });
    let answer = stage.gateway.admin.post("/plugins", &plugin);
    assert_eq!(answer.status, 201, "{answer:?}");
    let upstream = stage.upstream.address;
    let service = json!({ "name": "mtls", "url": format!("http://{upstream}/up") });
    assert_eq!(stage.gateway.admin.post("/services", &service).status, 201);
    let route = json!({ "name": "mtls", "paths": ["/mtls"] });
    assert_eq!(stage.gateway.admin.post("/services/mtls/routes", &route).status, 201);
    stage
}

fn status(stage: &Stage, made: &Made) -> u16 {
    let answer: Answer = Curl::to(stage.gateway.secure).with(made).get_of("gw.test", "/mtls");
    if answer.status == 401 {
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["message"], "TLS certificate failed verification");
    }
    answer.status
}

#[test]
fn a_list_tells_which_certificates_were_revoked() {
    let (ca, stranger) = (pki::authority("ca"), pki::authority("ca"));
    let list = ca.list(&[7]);
    let list = format!("http://{}/list", serve_text(list));
    let forged = format!("http://{}/list", serve_text(stranger.list(&[])));
    let issue = |serial, list| ca.issue_with("client", Wish { serial, list: Some(list), ..Wish::default() });
    let nowhere = "http://127.0.0.1:9/list";
    for (mode, revoked, good, unknown, unnamed) in [
        ("SKIP", 200, 200, 200, 200),
        ("IGNORE_CA_ERROR", 401, 200, 200, 200),
        ("STRICT", 401, 200, 401, 401),
    ] {
        let stage = guarded(&ca, mode);
        assert_eq!(status(&stage, &issue(7, &list)), revoked, "{mode} revoked");
        assert_eq!(status(&stage, &issue(8, &list)), good, "{mode} good");
        assert_eq!(status(&stage, &issue(8, nowhere)), unknown, "{mode} nobody there");
        assert_eq!(status(&stage, &issue(8, &forged)), unknown, "{mode} another's list");
        assert_eq!(status(&stage, &ca.issue("client")), unnamed, "{mode} unnamed");
    }
}

#[test]
fn a_responder_tells_which_certificates_were_revoked() {
    let ca = pki::authority("ca");
    let responder = Responder::of(&ca);
    let issue =
        |serial| ca.issue_with("client", Wish { serial, ocsp: Some(&responder.url), ..Wish::default() });
    for (mode, unknown) in [("IGNORE_CA_ERROR", 200), ("STRICT", 401)] {
        let stage = guarded(&ca, mode);
        assert_eq!(status(&stage, &issue(0x11)), 200, "{mode} good");
        assert_eq!(status(&stage, &issue(0x12)), 401, "{mode} revoked");
        assert_eq!(status(&stage, &issue(0x13)), unknown, "{mode} unknown");
    }
}

/// OpenSSL's responder. It knows 0x11, which is good, and 0x12, which was revoked.
struct Responder {
    url: String,
    child: Child,
    _files: tempfile::TempDir,
}

impl Responder {
    fn of(ca: &Made) -> Self {
        let program = debian::installed("openssl", || debian::program("openssl"));
        let files = tempfile::tempdir().unwrap();
        let index = files.path().join("index.txt");
        let lines = [
            "V\t400101000000Z\t\t11\tunknown\t/O=Example/CN=client",
            "R\t400101000000Z\t250101000000Z\t12\tunknown\t/O=Example/CN=client",
        ];
        std::fs::write(&index, lines.join("\n") + "\n").unwrap();
        let mut command = Command::new(program);
        command.args(["ocsp", "-port", "0", "-ndays", "1", "-index"]).arg(&index);
        command.arg("-CA").arg(ca.certificate_file()).arg("-rsigner").arg(ca.certificate_file());
        command.arg("-rkey").arg(ca.key_file());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("the responder starts").unwrap();
            if let Some(accept) = line.strip_prefix("ACCEPT ") {
                let address = accept.split(' ').next().unwrap();
                break address.rsplit(':').next().unwrap().to_owned();
            }
        };
        // It goes on writing there.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url: format!("http://127.0.0.1:{port}/"), child, _files: files }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
