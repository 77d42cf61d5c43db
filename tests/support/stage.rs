use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::provider::{merged, unique};
use crate::upstream::MARK;
use crate::{Answer, Client, Gateway, Provider, Seen, Upstream};

/// A gateway, its provider and its upstream, with one guarded route at `/guarded`.
#[derive(Debug)]
pub struct Stage {
    /// The gateway.
    pub gateway: Gateway,
    /// The provider.
    pub provider: Provider,
    /// The upstream.
    pub upstream: Upstream,
    /// A client with a bound token.
    pub client: Client,
}

/// A request of a suite: a line, fields, a body.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Stage {
    /// The path of the guarded route.
    pub const PATH: &str = "/guarded";

    /// Starts everything; `config` is what the plugin is told beyond issuer, method and the text of errors.
    #[must_use]
    pub fn start(config: Value) -> Self {
        Self::start_with(&[], config)
    }

    /// As [`Stage::start`], with settings for the gateway.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)], config: Value) -> Self {
        let (provider, upstream) = (Provider::start(), Upstream::start());
        let gateway = Gateway::start(settings);
        let client = provider.client();
        let stage = Self { gateway, provider, upstream, client };
        stage.guard("guarded", Self::PATH, config);
        stage
    }

    /// As [`Stage::start_with`], the gateway by a program that becomes it.
    #[must_use]
    pub fn start_under(program: &[&str], settings: &[(&str, &str)], config: Value) -> Self {
        let (provider, upstream) = (Provider::start(), Upstream::start());
        let gateway = Gateway::start_under(program, settings);
        let client = provider.client();
        let stage = Self { gateway, provider, upstream, client };
        stage.guard("guarded", Self::PATH, config);
        stage
    }

    /// The stage in `place`, made by `start` when first asked for; it ends with the process of the tests.
    pub fn shared(place: &'static OnceLock<Self>, start: impl FnOnce() -> Self) -> &'static Self {
        place.get_or_init(|| {
            let stage = start();
            stage.gateway.end_with_this_process();
            stage
        })
    }

    /// One more guarded route.
    pub fn guard(&self, name: &str, path: &str, config: Value) {
        let usual = json!({
            "issuer": self.provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
            "display_errors": true,
        });
        self.gateway.admin.guard(name, path, self.upstream.address, &merged(usual, config));
    }

    /// The plain listener's authority.
    #[must_use]
    pub fn authority(&self) -> String {
        self.gateway.plain.to_string()
    }

    /// What a client signs for a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority())
    }

    /// `GET` of the guarded route with the client's token and this proof.
    #[must_use]
    pub fn request(&self, proof: &str) -> Request {
        self.bare("GET", Self::PATH)
            .field("Authorization", &format!("DPoP {}", self.client.token))
            .field("DPoP", proof)
    }

    /// `GET` of the guarded route with the client's token and a proof that differs from a good one.
    #[must_use]
    pub fn differing(&self, header: Value, claims: Value) -> Request {
        self.proved(&self.client, "GET", Self::PATH, header, claims)
    }

    /// A request for any target by any client, with a proof that differs in `header` and `claims` from the good one.
    #[must_use]
    pub fn proved(
        &self,
        client: &Client,
        method: &str,
        target: &str,
        header: Value,
        claims: Value,
    ) -> Request {
        let path = target.split('?').next().unwrap_or_default();
        self.bare(method, target)
            .field("Authorization", &format!("DPoP {}", client.token))
            .field("DPoP", &client.proof_with(method, &self.url(path), header, claims))
    }

    /// A good request for any target by any client.
    #[must_use]
    pub fn by(&self, client: &Client, method: &str, target: &str) -> Request {
        self.proved(client, method, target, json!({}), json!({}))
    }

    /// A good request.
    #[must_use]
    pub fn good(&self) -> Request {
        self.differing(json!({}), json!({}))
    }

    /// A request with no fields but `Host` and `Connection`.
    #[must_use]
    pub fn bare(&self, method: &str, target: &str) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            fields: Vec::new(),
            body: String::new(),
        }
        .field("Host", &self.authority())
    }

    /// Sends a request to the plain listener.
    #[must_use]
    pub fn send(&self, request: &Request) -> Answer {
        Answer::to(self.gateway.plain, &request.bytes())
    }

    /// Sends exactly these bytes to the plain listener.
    #[must_use]
    pub fn send_bytes(&self, bytes: &[u8]) -> Answer {
        Answer::to(self.gateway.plain, bytes)
    }

    /// Sends exactly these bytes, several requests, and waits for so many answers.
    #[must_use]
    pub fn send_all(&self, bytes: &[u8], count: usize) -> Vec<Answer> {
        Answer::all_to(self.gateway.plain, bytes, count)
    }

    /// Sends a request that must be forwarded as a bearer request with this token.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn forwarded(&self, name: &str, request: &Request, token: &str) -> Seen {
        let answer = self.send(request);
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        let seen = Seen::of(&answer);
        assert_eq!(seen.all("authorization"), [format!("Bearer {token}")], "{name}: {seen:?}");
        assert!(
            !seen.names().iter().any(|field| field.replace('_', "-").contains("dpop")),
            "{name}: {seen:?}"
        );
        seen
    }

    /// Sends a request that must be refused with 401 and one DPoP challenge, and reach nobody.
    ///
    /// # Panics
    /// When it is not, or for another reason.
    #[track_caller]
    pub fn refused(&self, name: &str, request: &Request, error: &str, code: &str) -> Answer {
        let (answer, reached) = self.traced(&request.bytes());
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), 1, "{name}: {answer:?}");
        assert_eq!(
            (challenges[0].scheme.as_str(), challenges[0].error.as_deref()),
            ("DPoP", Some(error)),
            "{name}: {answer:?}"
        );
        assert!(challenges[0].text.contains("algs=\""), "{name}: {answer:?}");
        let body: Value = serde_json::from_str(&answer.body).expect("a JSON body");
        assert_eq!(body["code"], code, "{name}: {answer:?}");
        assert_eq!(answer.all("date").len(), 1, "{name}: {answer:?}");
        assert!(!reached, "{name}: it reached the upstream");
        answer
    }

    /// Sends bytes that must be refused with this status and no challenge, and reach nobody.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn rejected(&self, name: &str, bytes: &[u8], statuses: &[u16]) -> Answer {
        let answer = self.stopped(name, bytes, statuses);
        assert_eq!(answer.all("www-authenticate"), Vec::<&str>::new(), "{name}: {answer:?}");
        answer
    }

    /// Sends bytes that must be answered with one of these statuses and reach nobody.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn stopped(&self, name: &str, bytes: &[u8], statuses: &[u16]) -> Answer {
        let (answer, reached) = self.traced(bytes);
        assert!(statuses.contains(&answer.status), "{name}: {answer:?}");
        assert!(!reached, "{name}: it reached the upstream");
        answer
    }

    /// Sends bytes; the answer, and whether they reached the upstream.
    #[must_use]
    pub fn traced(&self, bytes: &[u8]) -> (Answer, bool) {
        let mark = unique();
        let answer = Answer::to(self.gateway.plain, &marked(bytes, &mark));
        (answer, self.upstream.has_seen(&mark))
    }
}

/// A request with a mark as its first field.
fn marked(bytes: &[u8], mark: &str) -> Vec<u8> {
    let end = bytes.windows(2).position(|window| window == b"\r\n").map_or(bytes.len(), |at| at + 2);
    let (line, rest) = bytes.split_at(end);
    [line, format!("{MARK}: {mark}\r\n").as_bytes(), rest].concat()
}

impl Request {
    /// With this and no other `Authorization` field.
    #[must_use]
    pub fn authorization(self, value: &str) -> Self {
        self.without("Authorization").field("Authorization", value)
    }

    /// With this and no other `DPoP` field.
    #[must_use]
    pub fn proof(self, value: &str) -> Self {
        self.without("DPoP").field("DPoP", value)
    }

    /// The token of its `Authorization` field.
    #[must_use]
    pub fn token(&self) -> &str {
        let field = self.fields.iter().find(|(name, _)| name == "Authorization");
        field.and_then(|(_, value)| value.split(' ').next_back()).unwrap_or_default()
    }

    /// With one more field line.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without any field of that name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(of, _)| !of.eq_ignore_ascii_case(name));
        self
    }

    /// With another target.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// With a body of known length.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.field("Content-Length", &body.len().to_string())
    }

    /// The request's bytes; the connection ends with it unless a `Connection` field says otherwise.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
            text += "Connection: close\r\n";
        }
        (text + "\r\n" + &self.body).into_bytes()
    }
}
