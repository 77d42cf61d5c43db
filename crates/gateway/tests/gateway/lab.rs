//! A gateway and upstreams on free ports, and clients that write and read raw bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_gateway::{Compiler, Gateway, Listener, RunFault, Settings, SharedSnapshot};
use keybound_model::entity::{PathHandling, Protocol};
use keybound_model::{Configuration, PluginInstance, Record, Route, Service};
use keybound_plugins::contract::Exchange;
use keybound_plugins::contract::{
    BuildFault, Decision, Instance, Plugin, PluginFactory, PublishesResource, ResponseHead,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// An upstream's agreement to change to WebSocket.
pub(crate) const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A running gateway.
pub(crate) struct Lab {
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) compiler: Compiler,
    pub(crate) snapshot: SharedSnapshot,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) ended: JoinHandle<Result<(), RunFault>>,
}

impl Lab {
    pub(crate) fn start(configuration: &Configuration) -> Self {
        Self::with(configuration, Settings::default())
    }

    pub(crate) fn with(configuration: &Configuration, settings: Settings) -> Self {
        Self::with_plugins(configuration, settings, &Plugins::default())
    }

    pub(crate) fn with_plugins(
        configuration: &Configuration,
        mut settings: Settings,
        plugins: &dyn PluginFactory,
    ) -> Self {
        if settings.listeners.is_empty() {
            settings.listeners.push(Listener::plain("127.0.0.1:0".parse().unwrap()));
        }
        settings.workers = NonZeroUsize::MIN;
        let compiler = Compiler::new(&settings).unwrap();
        let snapshot = compiler.compile(configuration, plugins).unwrap().shared();
        let gateway = Gateway::bind(settings, Arc::clone(&snapshot)).unwrap();
        let addrs = gateway.local_addrs().to_vec();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(gateway.run(async move {
            let _ = stopped.await;
        }));
        Self { addrs, compiler, snapshot, stop: Some(stop), ended }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addrs[0]
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) async fn client(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.addr()).await.unwrap())
    }

    /// Sends one request on a connection of its own, and gives the answer.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut client = self.client().await;
        client.send(request).await;
        client.answer().await
    }
}

/// One side of a connection, read message by message.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    pending: Vec<u8>,
}

/// A message: its head as text, and its body without framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).first().copied()
    }

    pub(crate) fn fields(&self, name: &str) -> Vec<&str> {
        let line =
            |line: &&str| line.split_once(':').is_some_and(|(have, _)| have.eq_ignore_ascii_case(name));
        self.head.lines().skip(1).filter(line).map(|line| line.split_once(':').unwrap().1.trim()).collect()
    }
}

impl<S: AsyncRead + tokio::io::AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next message, whose body ends by its length, its last chunk or the end of the connection.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = self.head().await.expect("a message");
        self.body_of(head, false).await
    }

    pub(crate) async fn answer_to_head(&mut self) -> Answer {
        let head = self.head().await.expect("a message");
        self.body_of(head, true).await
    }

    /// The next request of a client, or `None` when there is no more.
    pub(crate) async fn request(&mut self) -> Option<Answer> {
        let head = self.head().await?;
        let framed = ["content-length:", "transfer-encoding:"];
        let lower = head.to_ascii_lowercase();
        let bare = !lower.lines().any(|line| framed.iter().any(|name| line.starts_with(name)));
        Some(self.body_of(head, bare).await)
    }

    async fn body_of(&mut self, head: String, bare: bool) -> Answer {
        let mut answer = Answer { head, body: String::new() };
        let status = answer.status();
        if bare || matches!(status, 101 | 204 | 304) {
            return answer;
        }
        let mut body = Vec::new();
        if answer.field("transfer-encoding").is_some() {
            loop {
                let line = self.line().await;
                let size = usize::from_str_radix(line.trim().split(';').next().unwrap(), 16).unwrap();
                if size == 0 {
                    break;
                }
                body.extend(self.exactly(size).await);
                self.line().await;
            }
            loop {
                let line = self.line().await;
                if line.trim().is_empty() {
                    break;
                }
                answer.head.push_str(&format!("trailer-{line}"));
            }
        } else if let Some(length) = answer.field("content-length") {
            body = self.exactly(length.parse().unwrap()).await;
        } else {
            while self.more().await {}
            body = std::mem::take(&mut self.pending);
        }
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.pending.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    pub(crate) async fn exactly(&mut self, size: usize) -> Vec<u8> {
        while self.pending.len() < size {
            assert!(self.more().await, "the connection ended early");
        }
        self.pending.drain(..size).collect()
    }

    pub(crate) async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.pending.iter().position(|&byte| byte == b'\n') {
                return String::from_utf8(self.pending.drain(..=end).collect()).unwrap();
            }
            assert!(self.more().await, "the connection ended early");
        }
    }

    /// Whether the other side closed, after what was read already.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.pending.is_empty() && !self.more().await
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(size) => {
                self.pending.extend_from_slice(&buffer[..size]);
                true
            }
        }
    }
}

/// An upstream that keeps every request it sees.
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Answer>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Answers every request with 200 and `ok`, on connections that stay open.
    pub(crate) async fn echo() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await
    }

    /// Answers every request with these bytes.
    pub(crate) async fn answering(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::scripted(move |_, _| Step::Answer(answer.clone())).await
    }

    /// Does with each request what the script says; it is told how many came before, on all connections.
    pub(crate) async fn scripted(script: impl Fn(usize, &Answer) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let script = Arc::new(script);
        let task = {
            let (seen, connections) = (Arc::clone(&seen), Arc::clone(&connections));
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    *connections.lock().unwrap() += 1;
                    let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                    tokio::spawn(async move {
                        let mut client = Client::new(stream);
                        while let Some(request) = client.request().await {
                            let number = {
                                let mut seen = seen.lock().unwrap();
                                seen.push(request.clone());
                                seen.len() - 1
                            };
                            match script(number, &request) {
                                Step::Answer(answer) => client.send(&answer).await,
                                Step::AnswerAndClose(answer) => {
                                    client.send(&answer).await;
                                    return;
                                }
                                Step::Close => return,
                                Step::Hang => std::future::pending().await,
                            }
                        }
                    });
                }
            })
        };
        Self { addr, seen, connections, task }
    }

    pub(crate) fn seen(&self) -> Vec<Answer> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request that came.
    pub(crate) fn only(&self) -> Answer {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// A configuration with one service here and one route for everything.
    pub(crate) fn behind_everything(&self) -> Configuration {
        let routes = vec![Route { paths: vec!["/".into()], ..route() }];
        Configuration { services: vec![service(self.addr)], routes, ..Configuration::default() }
    }
}

/// What an upstream does with a request.
pub(crate) enum Step {
    Answer(String),
    AnswerAndClose(String),
    Close,
    Hang,
}

const SERVICE: Uuid = Uuid::from_u128(1);
const ROUTE: Uuid = Uuid::from_u128(2);

pub(crate) fn service(addr: SocketAddr) -> Service {
    Service {
        id: SERVICE,
        name: Some("orders".into()),
        protocol: Protocol::Http,
        host: addr.ip().to_string(),
        port: addr.port(),
        path: None,
        retries: 5,
        connect_timeout: Duration::from_secs(60),
        write_timeout: Duration::from_secs(60),
        read_timeout: Duration::from_secs(60),
        client_certificate: None,
        tls_verify: None,
        tls_verify_depth: None,
        ca_certificates: None,
        enabled: true,
        tags: Vec::new(),
    }
}

pub(crate) fn route() -> Route {
    Route {
        id: ROUTE,
        name: Some("all".into()),
        protocols: vec![Protocol::Http, Protocol::Https],
        https_redirect_status_code: 426,
        strip_path: true,
        preserve_host: false,
        request_buffering: true,
        response_buffering: true,
        service: Some(SERVICE),
        methods: Vec::new(),
        hosts: Vec::new(),
        paths: Vec::new(),
        headers: BTreeMap::new(),
        snis: Vec::new(),
        regex_priority: 0,
        path_handling: PathHandling::V0,
        tags: Vec::new(),
        created_at: 0,
        expression: None,
        priority: None,
    }
}

type Access = dyn for<'a> Fn(Exchange<'a>) -> Decision<'a> + Send + Sync;
type Edit = dyn for<'a> Fn(&mut ResponseHead<'a>) + Send + Sync;

/// A plugin made of closures.
#[derive(Clone, Default)]
pub(crate) struct Plugins {
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) response: Option<Arc<Edit>>,
    pub(crate) publishes: Option<Arc<dyn PublishesResource>>,
}

impl Plugins {
    pub(crate) fn access(
        access: impl for<'a> Fn(Exchange<'a>) -> Decision<'a> + Send + Sync + 'static,
    ) -> Self {
        Self { access: Some(Arc::new(access)), ..Self::default() }
    }
}

impl PluginFactory for Plugins {
    fn build(&self, _instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Ok(Arc::new(self.clone()))
    }
}

impl Plugin for Plugins {
    fn name(&self) -> &'static str {
        "test"
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        match &self.access {
            Some(access) => access(exchange),
            None => Box::pin(std::future::ready(keybound_plugins::contract::Flow::Continue)),
        }
    }

    fn publishes(&self) -> Option<&dyn PublishesResource> {
        self.publishes.as_deref()
    }

    fn response(&self, response: &mut ResponseHead<'_>) {
        if let Some(edit) = &self.response {
            edit(response);
        }
    }
}

/// A global instance of the test plugin.
pub(crate) fn plugin() -> PluginInstance {
    PluginInstance {
        id: Uuid::from_u128(3),
        name: "test".into(),
        instance_name: None,
        enabled: true,
        protocols: vec!["http".into(), "https".into()],
        service: None,
        route: None,
        consumer: None,
        consumer_group: None,
        config: Record::new(),
        tags: Vec::new(),
        created_at: 0,
    }
}
