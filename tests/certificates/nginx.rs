//! A real nginx ends TLS, asks for the certificate and sends it in a field.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keybound_suites::{Seen, Stage, debian};
use serde_json::json;

use crate::curl::Curl;
use crate::pki::{self, Made};
use crate::{authority, merged, refused, strict, token};

struct Nginx {
    address: SocketAddr,
    child: Child,
    _files: tempfile::TempDir,
}

impl Nginx {
    fn before(stage: &Stage, server: &Made) -> Self {
        let program = debian::installed("nginx", || debian::program("nginx"));
        // Two processes of one machine can get the same free port: another one is tried then.
        for _ in 0..10 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let files = tempfile::tempdir().unwrap();
            let file = files.path().join("nginx.conf");
            let folder = files.path().display();
            let config = format!(
                "daemon off; master_process off; pid {folder}/pid; error_log stderr;
                 events {{}}
                 http {{
                   access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
                   fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
                   server {{
                     listen {address} ssl; ssl_certificate {}; ssl_certificate_key {};
                     ssl_verify_client optional_no_ca;
                     location / {{
                       proxy_pass http://{};
                       proxy_set_header Host $host;
                       proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;
                     }}
                   }}
                 }}",
                server.certificate_file().display(),
                server.key_file().display(),
                stage.gateway.plain,
            );
            std::fs::write(&file, config).unwrap();
            let mut command = Command::new(&program);
            command.arg("-c").arg(&file).arg("-p").arg(files.path());
            let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let patience = Instant::now() + Duration::from_secs(20);
            while child.try_wait().unwrap().is_none() && Instant::now() < patience {
                if TcpStream::connect(address).is_ok() {
                    return Self { address, child, _files: files };
                }
                std::thread::yield_now();
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("nginx does not start");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_certificate_comes_through_nginx() {
    let (ca, stranger) = (pki::authority("ca"), pki::authority("ca"));
    let stage = Stage::start_with(&[("trusted_ips", "127.0.0.1")], json!({}));
    let id = authority(&stage, &ca.pem);
    let header = json!({
        "certificate_header_name": "X-SSL-Cert", "ca_certificates": [id], "revocation_check_mode": "SKIP",
    });
    stage.guard(
        "proxied",
        "/proxied",
        merged(strict(), json!({ "proof_of_possession_mtls_from_header": header })),
    );
    let nginx = Nginx::before(&stage, &pki::self_signed("gw.test"));
    let (own, other, foreign) = (ca.issue("client"), ca.issue("client"), stranger.issue("client"));
    let get = |bound: &Made, shown: Option<&Made>| {
        // What the client says itself must not come through.
        let curl = Curl::to(nginx.address).bearer(&token(&stage, &bound.der)).field("X-SSL-Cert: forged");
        let curl = match shown {
            Some(made) => curl.with(made),
            None => curl,
        };
        curl.get_of("gw.test", "/proxied")
    };
    let answer = get(&own, Some(&own));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(Seen::of(&answer).all("x-ssl-cert"), Vec::<&str>::new());
    let error = Some("invalid_token");
    refused("other", &get(&own, Some(&other)), "Bearer", error, "binding_certificate_mismatch");
    refused("none", &get(&own, None), "Bearer", error, "binding_certificate_missing");
    refused("foreign", &get(&foreign, Some(&foreign)), "Bearer", error, "certificate_untrusted");
}
