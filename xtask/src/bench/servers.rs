//! The servers of the comparison: a static upstream that is the provider too, nginx as a proxy, and Keybound.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Server, free_address, nginx as nginx_program, pinned};
use crate::fault::Fault;
use crate::{run, workspace};

/// The generator on a core.
pub(crate) fn generator(core: usize) -> Command {
    pinned(core, &built("keybound-load"))
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
    let child = Server::start(1, Path::new("redis-server"), &log, |command| {
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no"]).arg("--dir").arg(folder);
    })?;
    Server::ready(child, || Some(address.to_string()), &log)
}

/// Keybound from a declarative file, one worker, no access log: like nginx here.
pub(crate) fn keybound(folder: &Path, upstream: &Server, redis: &Server) -> Result<Server, Fault> {
    let file = folder.join("keybound.yml");
    let bound = |name: &str, more: &str| {
        format!(
            "- name: {name}\n  url: http://{0}/\n  routes:\n  - name: {name}\n    paths: [ /{name} ]\n    plugins:\n    \
             - name: openid-connect\n      config:\n        issuer: http://{0}\n        auth_methods: [ bearer ]\n        \
             proof_of_possession_dpop: strict\n{more}",
            upstream.address
        )
    };
    let port = redis.address.rsplit(':').next().unwrap_or_default();
    let in_redis =
        format!("        dpop_replay_strategy: redis\n        redis: {{ host: 127.0.0.1, port: {port} }}\n");
    let text = format!(
        "_format_version: \"3.0\"\nservices:\n- name: plain\n  url: http://{}/\n  routes:\n  - name: plain\n    \
         paths: [ /plain ]\n{}{}{}",
        upstream.address,
        bound("bound-es", ""),
        bound("bound-rs", ""),
        bound("bound-redis", &in_redis),
    );
    fs::write(&file, text).map_err(Fault::with(file.display().to_string()))?;
    let log = folder.join("keybound.log");
    let address = free_address()?.to_string();
    let child = Server::start(0, &built("keybound"), &log, |command| {
        command.arg("start");
        for (name, value) in [
            ("PREFIX", folder.join("keybound").display().to_string()),
            ("DATABASE", "off".to_owned()),
            ("DECLARATIVE_CONFIG", file.display().to_string()),
            ("PROXY_LISTEN", address.clone()),
            ("ADMIN_LISTEN", "off".to_owned()),
            ("STATUS_LISTEN", "off".to_owned()),
            ("NGINX_WORKER_PROCESSES", "1".to_owned()),
            ("PROXY_ACCESS_LOG", "off".to_owned()),
        ] {
            command.env(format!("KEYBOUND_{name}"), value);
        }
    })?;
    Server::ready(child, || Some(address.clone()), &log)
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
    let child = Server::start(core, &nginx_program(), &log, |command| {
        command.arg("-c").arg(&file).arg("-p").arg(folder);
    })?;
    Server::ready(child, || Some(address.clone()), &log)
}

fn built(name: &str) -> PathBuf {
    workspace::target().join("release").join(name)
}
