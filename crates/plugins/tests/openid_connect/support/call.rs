//! A request through a chain, and what came of it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use keybound_plugins::contract::{
    BodyFault, BodySource, Chain, Connection, Head, Notes, Public, Refusal, RequestPath, Stop, TlsInfo,
};
use keybound_pop::htu::{Scheme, normal_path, parse_authority};

/// A request.
pub(crate) struct Call {
    head: Head,
    body: Body,
}

struct Body {
    bytes: Bytes,
    reads: usize,
    broken: bool,
}

impl BodySource for Body {
    fn whole(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyFault>> + Send + '_>> {
        self.reads += 1;
        let result = match () {
            () if self.broken => Err(BodyFault::Broken),
            () if self.bytes.len() > limit => Err(BodyFault::TooLarge),
            () => Ok(self.bytes.clone()),
        };
        Box::pin(std::future::ready(result))
    }

    fn replace(&mut self, body: Bytes) {
        self.bytes = body;
    }
}

/// The cookies that a client keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cookies(pub(crate) std::collections::BTreeMap<String, String>);

impl Cookies {
    pub(crate) fn line(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Takes in what a response sets, and lets go of what it ends.
    pub(crate) fn take(&mut self, lines: &[String]) {
        for line in lines {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The `Set-Cookie` lines among the fields that were noted.
fn set_cookies(notes: &Notes) -> Vec<String> {
    let lines = notes.response_headers.iter().filter(|(name, _)| name == "set-cookie");
    lines.map(|(_, value)| value.to_str().unwrap().to_owned()).collect()
}

/// What came of a request.
pub(crate) struct Outcome {
    result: Result<Head, Box<Refusal>>,
    body: Bytes,
    reads: usize,
    notes: Notes,
}

/// A request that was permitted, as it is forwarded.
pub(crate) struct Passed {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
    /// How often the body was asked for.
    pub(crate) reads: usize,
    pub(crate) notes: Notes,
}

/// A request that was refused.
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// The status that is sent, which may be another one than the fault's.
    pub(crate) sent: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) message: String,
    pub(crate) error: Option<&'static str>,
    pub(crate) description: Option<String>,
    pub(crate) members: Option<serde_json::Map<String, serde_json::Value>>,
    pub(crate) notes: Notes,
}

impl Call {
    pub(crate) fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    pub(crate) fn new(method: Method, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) =
            path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let (host, port) = parse_authority(authority).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let head = Head {
            method,
            version: Version::HTTP_11,
            path: RequestPath {
                escaped: normal_path(&path.replace("//", "/")).unwrap(),
                decoded: None,
                had_empty_segments: path.contains("//"),
            },
            query,
            headers: HeaderMap::new(),
            public: Public {
                scheme: if scheme == "https" { Scheme::Https } else { Scheme::Http },
                host,
                port,
            },
            client_ip: address.ip(),
            connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
            request_id: "0".repeat(32),
            websocket: false,
        };
        Self { head, body: Body { bytes: Bytes::new(), reads: 0, broken: false } }
    }

    /// Adds a field line.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// Replaces all lines of a field.
    pub(crate) fn only(mut self, name: &'static str, value: &str) -> Self {
        self.head.headers.remove(name);
        self.header(name, value)
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.head.headers.remove(name);
        self
    }

    pub(crate) fn body(mut self, media: &str, body: &str) -> Self {
        self.body.bytes = Bytes::copy_from_slice(body.as_bytes());
        self.only("content-type", media)
    }

    pub(crate) fn broken_body(mut self, media: &str) -> Self {
        self.body.broken = true;
        self.only("content-type", media)
    }

    pub(crate) fn websocket(mut self) -> Self {
        self.head.websocket = true;
        self
    }

    /// From another address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.head.client_ip = address.parse().unwrap();
        self
    }

    /// With these cookies.
    pub(crate) fn cookies(self, jar: &Cookies) -> Self {
        if jar.0.is_empty() { self } else { self.header("cookie", &jar.line()) }
    }

    /// A client certificate on the connection.
    pub(crate) fn certificate(mut self, der: &[u8]) -> Self {
        let connection = Arc::make_mut(&mut self.head.connection);
        connection.tls = Some(TlsInfo { sni: None, client_chain: vec![der.to_vec()].into() });
        self
    }

    pub(crate) async fn through(mut self, chain: &Chain) -> Outcome {
        let mut notes = Notes::default();
        let result = chain.decide(self.head, &mut self.body, &mut notes).await;
        let result = result.map(|permit| permit.into_head()).map_err(|stop| match stop {
            Stop::Refusal(refusal) => refusal,
            Stop::Answer(answer) => panic!("answered: {answer:?}"),
        });
        Outcome { result, body: self.body.bytes, reads: self.body.reads, notes }
    }
}

impl Outcome {
    pub(crate) fn passed(self) -> Passed {
        match self.result {
            Ok(head) => Passed { head, body: self.body, reads: self.reads, notes: self.notes },
            Err(refusal) => panic!("refused: {} ({:?})", refusal.fault.row().code, self.notes.detail),
        }
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.result.is_ok()
    }

    pub(crate) fn refused(self) -> Refused {
        let refusal = match self.result {
            Ok(_) => panic!("permitted"),
            Err(refusal) => *refusal,
        };
        let row = refusal.fault.row();
        let mut headers = HeaderMap::new();
        for (name, value) in refusal.headers {
            headers.append(name, value);
        }
        Refused {
            status: row.status,
            sent: refusal.status.unwrap_or(row.status),
            code: row.code,
            headers,
            message: refusal.message.map_or(row.message.to_owned(), std::borrow::Cow::into_owned),
            error: refusal.detail.as_ref().map(|detail| detail.error),
            description: refusal.detail.map(|detail| detail.description.into_owned()),
            members: refusal.members,
            notes: self.notes,
        }
    }
}

impl Passed {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A field that goes out with the response.
    pub(crate) fn response(&self, name: &str) -> Option<&str> {
        let mut found = self.notes.response_headers.iter().filter(|(other, _)| other == name);
        let value = found.next().map(|(_, value)| value.to_str().unwrap());
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }
}

impl Passed {
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        set_cookies(&self.notes)
    }

    /// The cookies that a client has after this response.
    pub(crate) fn cookies(&self) -> Cookies {
        let mut jar = Cookies::default();
        jar.take(&self.set_cookies());
        jar
    }
}

impl Refused {
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        set_cookies(&self.notes)
    }

    /// The values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn challenges(&self) -> Vec<&str> {
        self.all("www-authenticate")
    }

    /// The one challenge of a scheme.
    pub(crate) fn challenge(&self, scheme: &str) -> Option<&str> {
        let mut found =
            self.challenges().into_iter().filter(|value| value.starts_with(&format!("{scheme} ")));
        let value = found.next();
        assert!(found.next().is_none(), "two {scheme} challenges");
        value
    }

    /// The `error` attribute of a scheme's challenge.
    pub(crate) fn challenge_error(&self, scheme: &str) -> Option<&str> {
        self.challenge(scheme)?.split("error=\"").nth(1)?.split('"').next()
    }

    /// Asserts a 401 with this code, whose error stands on the DPoP challenge and nowhere else.
    #[track_caller]
    pub(crate) fn is_dpop(&self, code: &str, error: &str) {
        assert_eq!((self.status, self.code), (StatusCode::UNAUTHORIZED, code));
        assert_eq!(self.challenge_error("DPoP"), Some(error));
        assert_eq!(self.challenge_error("Bearer"), None);
        assert_eq!(self.error, Some(error));
        assert_eq!(self.members, None);
    }

    /// Asserts a 401 with this code, whose error stands on the Bearer challenge and nowhere else.
    #[track_caller]
    pub(crate) fn is_bearer(&self, code: &str, error: &str) {
        assert_eq!((self.status, self.code), (StatusCode::UNAUTHORIZED, code));
        assert_eq!(self.challenge_error("Bearer"), Some(error));
        assert_eq!(self.challenge_error("DPoP"), None);
    }
}
