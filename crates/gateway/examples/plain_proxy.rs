//! A plain proxy on one worker, to be measured: `plain_proxy LISTEN UPSTREAM [ROUTES]`.
//!
//! With `ROUTES` that many routes stand in front of the one that matches.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use keybound_gateway::{Gateway, Listener, Settings, Snapshot};
use keybound_model::entity::{PathHandling, Protocol};
use keybound_model::{Configuration, Route, Service};
use keybound_plugins::contract::{BuildFault, Instance, Plugin, PluginFactory};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct NoPlugins;

impl PluginFactory for NoPlugins {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Err(BuildFault::Unknown { name: instance.name.to_owned(), id: instance.id })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (listen, upstream): (SocketAddr, SocketAddr) =
        (next("127.0.0.1:8000").parse()?, next("127.0.0.1:9000").parse()?);
    let others: u128 = next("0").parse()?;
    let second = Duration::from_secs(1);
    let service = Service {
        id: Uuid::from_u128(1),
        name: Some("measured".into()),
        protocol: Protocol::Http,
        host: upstream.ip().to_string(),
        port: upstream.port(),
        path: None,
        retries: 5,
        connect_timeout: 60 * second,
        write_timeout: 60 * second,
        read_timeout: 60 * second,
        client_certificate: None,
        tls_verify: None,
        tls_verify_depth: None,
        ca_certificates: None,
        enabled: true,
        tags: Vec::new(),
    };
    let route = |number: u128, path: String| Route {
        id: Uuid::from_u128(number),
        name: None,
        protocols: vec![Protocol::Http, Protocol::Https],
        https_redirect_status_code: 426,
        strip_path: false,
        preserve_host: false,
        request_buffering: true,
        response_buffering: true,
        service: Some(service.id),
        methods: Vec::new(),
        hosts: Vec::new(),
        paths: vec![path],
        headers: BTreeMap::new(),
        snis: Vec::new(),
        regex_priority: 0,
        path_handling: PathHandling::V0,
        tags: Vec::new(),
        created_at: 0,
        expression: None,
        priority: None,
    };
    let mut routes = vec![route(2, "/".into())];
    routes.extend((0..others).map(|number| route(number + 3, format!("/service-{number}/items"))));
    let configuration = Configuration { services: vec![service.clone()], routes, ..Configuration::default() };
    let snapshot = Snapshot::compile(&configuration, &NoPlugins)?.shared();
    let settings = Settings {
        listeners: vec![Listener::plain(listen)],
        workers: NonZeroUsize::MIN,
        ..Settings::default()
    };
    let gateway = Gateway::bind(settings, snapshot)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(gateway.run(std::future::pending()))?;
    Ok(())
}
