//! The servers of the comparison: a static upstream that is the provider too, nginx as a proxy, and Keybound.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::process::{Server, free_address, nginx as nginx_program, pinned};
use crate::dist;
use crate::fault::Fault;
use crate::run;

/// The generator on a core.
pub(crate) fn generator(core: usize) -> Command {
    pinned(core, &dist::built("keybound-load"))
}

/// A static server: 150 bytes of JSON for every path, and the provider's documents.
pub(crate) fn upstream(folder: &Path) -> Result<Server, Fault> {
    let address = free_address()?.to_string();
    let body = format!("{{\"answer\":\"{}\"}}", "x".repeat(150 - 13));
    let server = format!(
        "server {{ listen {address};\n\
         location /.well-known/ {{ root {www}; default_type application/json; }}\n\
         location = /jwks {{ root {www}; default_type application/json; }}\n\
         location / {{ default_type application/json; return 200 '{body}'; }} }}",
        www = folder.join("www").display(),
    );
    start_nginx(folder, "upstream", 1, address, &server)
}

/// Keys and tokens of a provider whose issuer is the upstream.
pub(crate) fn provider(folder: &Path, upstream: &Server) -> Result<(), Fault> {
    run::output(generator(1).arg("provider").arg(folder).arg(format!("http://{}", upstream.address)))?;
    Ok(())
}

/// nginx as a plain proxy, connections to the upstream kept.
pub(crate) fn nginx(folder: &Path, upstream: &Server) -> Result<Server, Fault> {
    let address = free_address()?.to_string();
    let server = format!(
        "upstream backend {{ server {}; keepalive 64; keepalive_requests 100000000; }}\n\
         server {{ listen {address};\n\
         location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Real-IP $remote_addr; }} }}",
        upstream.address
    );
    start_nginx(folder, "nginx", 0, address, &server)
}

/// A Redis that keeps nothing on disk, beside the generator.
pub(crate) fn redis(folder: &Path) -> Result<Server, Fault> {
    let address = free_address()?;
    let log = folder.join("redis.log");
    let child = Server::start(Some(1), Path::new("redis-server"), &log, |command| {
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no"]).arg("--dir").arg(folder);
    })?;
    Server::ready(child, || Some(address.to_string()), &log)
}

/// How Keybound is started for a measurement.
pub(crate) struct Setup<'a> {
    /// Its folder below the bench's.
    pub(crate) name: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) workers: usize,
    /// The core that it has for itself; `None` for all there are.
    pub(crate) core: Option<usize>,
    /// Routes beside those that are asked for.
    pub(crate) routes: usize,
}

/// Keybound from a declarative file, without an access log: like nginx here.
pub(crate) fn keybound(
    folder: &Path,
    upstream: &Server,
    redis: Option<&Server>,
    setup: &Setup<'_>,
) -> Result<Server, Fault> {
    let folder = &folder.join(setup.name);
    fs::create_dir_all(folder).map_err(Fault::with(folder.display().to_string()))?;
    let file = folder.join("keybound.yml");
    fs::write(&file, declaration(upstream, redis, setup.routes))
        .map_err(Fault::with(file.display().to_string()))?;
    let log = folder.join("keybound.log");
    let address = free_address()?.to_string();
    let child = Server::start(setup.core, setup.program, &log, |command| {
        command.arg("start");
        for (name, value) in [
            ("PREFIX", folder.join("prefix").display().to_string()),
            ("DATABASE", "off".to_owned()),
            ("DECLARATIVE_CONFIG", file.display().to_string()),
            ("PROXY_LISTEN", address.clone()),
            ("ADMIN_LISTEN", "off".to_owned()),
            ("STATUS_LISTEN", "off".to_owned()),
            ("NGINX_WORKER_PROCESSES", setup.workers.to_string()),
            ("PROXY_ACCESS_LOG", "off".to_owned()),
        ] {
            command.env(format!("KEYBOUND_{name}"), value);
        }
    })?;
    Server::ready(child, || Some(address.clone()), &log)
}

fn declaration(upstream: &Server, redis: Option<&Server>, routes: usize) -> String {
    let bound = |name: &str, more: &str| {
        format!(
            "- name: {name}\n  url: http://{0}/\n  routes:\n  - name: {name}\n    paths: [ /{name} ]\n    plugins:\n    \
             - name: openid-connect\n      config:\n        issuer: http://{0}\n        auth_methods: [ bearer ]\n        \
             proof_of_possession_dpop: strict\n{more}",
            upstream.address
        )
    };
    let in_redis = redis.map(|redis| {
        let port = redis.address.rsplit(':').next().unwrap_or_default();
        bound(
            "bound-redis",
            &format!(
                "        dpop_replay_strategy: redis\n        redis: {{ host: 127.0.0.1, port: {port} }}\n"
            ),
        )
    });
    let more: String = (0..routes)
        .map(|number| {
            format!("  - {{ name: more-{number}, paths: [ /more/{number} ], hosts: [ h{number}.test ] }}\n")
        })
        .collect();
    format!(
        "_format_version: \"3.0\"\nservices:\n- name: plain\n  url: http://{}/\n  routes:\n  - name: plain\n    \
         paths: [ /plain ]\n{more}{}{}{}",
        upstream.address,
        bound("bound-es", ""),
        bound("bound-rs", ""),
        in_redis.unwrap_or_default(),
    )
}

/// Where Debian has Apache's modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// Apache with mod_oauth2, which checks DPoP as well: the open alternative. `None` where it is not installed.
pub(crate) fn apache(folder: &Path, upstream: &Server) -> Result<Option<Server>, Fault> {
    let program = Path::new("/usr/sbin/apache2");
    if !program.is_file() || !Path::new(MODULES).join("mod_oauth2.so").is_file() {
        return Ok(None);
    }
    let address = free_address()?.to_string();
    let prefix = folder.join("apache");
    fs::create_dir_all(&prefix).map_err(Fault::with(prefix.display().to_string()))?;
    let modules: String =
        ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "oauth2"]
            .iter()
            .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
            .collect();
    // One process as with the others; proofs may be older than the module's five seconds, because all are made beforehand.
    let text = format!(
        "{modules}ServerRoot {0}\nPidFile {0}/pid\nErrorLog {0}/error.log\nListen {address}\nServerName localhost\n\
         StartServers 1\nServerLimit 1\nThreadsPerChild 64\nMaxRequestWorkers 64\nMaxKeepAliveRequests 0\n\
         KeepAliveTimeout 60\nUser nobody\nGroup nogroup\n\
         <Location /bound-es>\nAuthType oauth2\nRequire valid-user\n\
         OAuth2TokenVerify jwks_uri http://{1}/jwks type=dpop&dpop.iat.slack.before=600&dpop.iat.slack.after=600\n\
         OAuth2AcceptTokenIn header name=authorization&type=DPoP\n</Location>\n\
         ProxyPass / http://{1}/ enablereuse=on max=64\n",
        prefix.display(),
        upstream.address
    );
    let file = folder.join("apache.conf");
    fs::write(&file, text).map_err(Fault::with(file.display().to_string()))?;
    let log = folder.join("apache.log");
    let child = Server::start(Some(0), program, &log, |command| {
        command.arg("-f").arg(&file).arg("-DFOREGROUND");
    })?;
    Server::ready(child, || Some(address.clone()), &log).map(Some)
}

fn start_nginx(folder: &Path, name: &str, core: usize, address: String, http: &str) -> Result<Server, Fault> {
    let prefix = folder.join(name);
    fs::create_dir_all(&prefix).map_err(Fault::with(prefix.display().to_string()))?;
    let prefix = prefix.display();
    let text = format!(
        "daemon off; worker_processes 1; pid {prefix}/pid; error_log {prefix}/error.log;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 100000000; tcp_nodelay on;\n\
         client_body_temp_path {prefix}; proxy_temp_path {prefix}; fastcgi_temp_path {prefix};\n\
         uwsgi_temp_path {prefix}; scgi_temp_path {prefix};\n{http} }}\n"
    );
    let file = folder.join(format!("{name}.conf"));
    fs::write(&file, text).map_err(Fault::with(file.display().to_string()))?;
    let log = folder.join(format!("{name}.log"));
    let child = Server::start(Some(core), &nginx_program(), &log, |command| {
        command.arg("-c").arg(&file).arg("-p").arg(folder);
    })?;
    Server::ready(child, || Some(address.clone()), &log)
}
