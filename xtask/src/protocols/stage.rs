//! What the suites run against: nginx and two gRPC servers as upstreams, and the gateway before them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{Server, free_address, write};
use crate::fault::Fault;
use crate::{lab, workspace};

/// Everything that serves; ends when it is dropped.
pub(crate) struct Stage {
    /// Where logs and reports are.
    pub(crate) folder: PathBuf,
    /// The gateway's listener for HTTP/2 without TLS.
    pub(crate) plain: SocketAddr,
    /// Its listener with TLS.
    pub(crate) secure: SocketAddr,
    /// The certificate that it shows, made for `localhost` by itself.
    pub(crate) certificate: PathBuf,
    _servers: Vec<Server>,
}

impl Stage {
    /// Starts it all in a new folder below `target/lab`.
    pub(crate) fn start(gateway: &Path, grpc: &Path) -> Result<Self, Fault> {
        let folder = workspace::lab().join(format!("protocols-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;
        let (web, over_tls, in_clear) = (free_address()?, free_address()?, free_address()?);
        let mut servers = vec![nginx(&folder, web)?];

        let file = folder.join("keybound.yml");
        write(&file, &declaration(web, in_clear, over_tls))?;
        let prefix = folder.join("prefix");
        let mut command = Command::new(gateway);
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("KEYBOUND_") || name.starts_with("KONG_"))
        {
            command.env_remove(name);
        }
        command
            .arg("start")
            .env("KEYBOUND_PREFIX", &prefix)
            .env("KEYBOUND_DATABASE", "off")
            .env("KEYBOUND_DECLARATIVE_CONFIG", &file)
            .env("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl")
            .env("KEYBOUND_ADMIN_LISTEN", "off")
            .env("KEYBOUND_STATUS_LISTEN", "off");
        let mut keybound = Server::start(&mut command, folder.join("keybound.log"))?;
        let (plain, secure) = keybound.told(listening)?;
        servers.push(keybound);

        let ssl = prefix.join("ssl");
        let (certificate, key) = (ssl.join("kong-default.crt"), ssl.join("kong-default.key"));
        for (address, tls, name) in [(in_clear, false, "grpc.log"), (over_tls, true, "grpcs.log")] {
            let mut command = Command::new(grpc);
            command.args(["-port", &address.port().to_string()]);
            if tls {
                command.arg("-use_tls").arg("-tls_cert_file").arg(&certificate);
                command.arg("-tls_key_file").arg(&key);
            }
            let mut server = Server::start(&mut command, folder.join(name))?;
            server.accepting(address)?;
            servers.push(server);
        }
        Ok(Self { folder, plain, secure, certificate, _servers: servers })
    }
}

/// The addresses of the ready line.
fn listening(log: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line = log.lines().find(|line| line.contains("\"message\":\"ready\""))?;
    let proxy = line.split("\"proxy\":\"").nth(1)?.split('"').next()?;
    let mut addresses = proxy.split(", ").map(|url| url.split("://").nth(1)?.parse().ok());
    Some((addresses.next()??, addresses.next()??))
}

/// An upstream of HTTP/1.1, which also publishes what an OpenID provider does.
fn nginx(folder: &Path, address: SocketAddr) -> Result<Server, Fault> {
    let metadata = format!(
        "{{\"issuer\":\"http://{address}\",\"jwks_uri\":\"http://{address}/jwks\",\
         \"token_endpoint\":\"http://{address}/token\",\"authorization_endpoint\":\"http://{address}/authorize\"}}"
    );
    let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", folder.join(name).display()))
        .concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {pid};\nevents {{ worker_connections 256; }}\n\
         http {{\naccess_log off;\n{scratch}default_type application/json;\n\
         server {{ listen {address};\n\
         location = /.well-known/openid-configuration {{ return 200 '{metadata}'; }}\n\
         location = /jwks {{ return 200 '{{\"keys\":[]}}'; }}\n\
         location / {{ return 200 '{{\"answer\":\"of the upstream\"}}'; }} }} }}\n",
        pid = folder.join("nginx.pid").display(),
    );
    let file = folder.join("nginx.conf");
    write(&file, &text)?;
    let mut command = Command::new(lab::nginx::install());
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(&file);
    let mut server = Server::start(&mut command, folder.join("nginx.log"))?;
    server.accepting(address)?;
    Ok(server)
}

/// A route for everything to nginx, and for gRPC one to each upstream by a field, one of them guarded.
fn declaration(web: SocketAddr, in_clear: SocketAddr, over_tls: SocketAddr) -> String {
    let service = |name: &str, protocol: &str, to: SocketAddr, more: &str| {
        format!(
            "- {{ name: {name}, protocol: {protocol}, host: {}, port: {}, routes: [ {{ name: {name}, {more} }} ] }}\n",
            to.ip(),
            to.port()
        )
    };
    let by_field = |value: &str| {
        format!(
            "paths: [ /grpc.testing ], protocols: [ grpc, grpcs ], headers: {{ x-upstream: [ {value} ] }}"
        )
    };
    let guarded = format!(
        "{}, plugins: [ {{ name: openid-connect, config: {{ issuer: \"http://{web}\", auth_methods: [ bearer ], \
         proof_of_possession_dpop: strict }} }} ]",
        by_field("guarded")
    );
    [
        "_format_version: \"3.0\"\nservices:\n".to_owned(),
        service("web", "http", web, "paths: [ / ], strip_path: false"),
        service("grpc", "grpc", in_clear, &by_field("grpc")),
        service("grpcs", "grpcs", over_tls, &by_field("grpcs")),
        service("guarded", "grpc", in_clear, &guarded),
        // The client's stream of load reports has no fields to tell upstreams by.
        service("reports", "grpc", in_clear, "paths: [ /xds.service.orca ], protocols: [ grpc, grpcs ]"),
    ]
    .concat()
}
