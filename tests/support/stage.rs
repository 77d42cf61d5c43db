use serde_json::{Value, json};

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

    /// One more guarded route.
    pub fn guard(&self, name: &str, path: &str, config: Value) {
        let mut whole = json!({
            "issuer": self.provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
            "display_errors": true,
        });
        if let (Some(whole), Some(config)) = (whole.as_object_mut(), config.as_object()) {
            whole.extend(config.clone());
        }
        self.gateway.admin.guard(name, path, self.upstream.address, &whole);
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
        self.request(&self.client.proof_with("GET", &self.url(Self::PATH), header, claims))
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
        let before = self.upstream.requests();
        let answer = self.send(request);
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), 1, "{name}: {answer:?}");
        assert_eq!(
            (challenges[0].scheme.as_str(), challenges[0].error.as_deref()),
            ("DPoP", Some(error)),
            "{name}: {answer:?}"
        );
        let body: Value = serde_json::from_str(&answer.body).expect("a JSON body");
        assert_eq!(body["code"], code, "{name}: {answer:?}");
        assert_eq!(answer.all("date").len(), 1, "{name}: {answer:?}");
        assert_eq!(self.upstream.requests(), before, "{name}: it reached the upstream");
        answer
    }

    /// Sends bytes that must be refused with this status and no challenge, and reach nobody.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn rejected(&self, name: &str, bytes: &[u8], statuses: &[u16]) -> Answer {
        let before = self.upstream.requests();
        let answer = Answer::to(self.gateway.plain, bytes);
        assert!(statuses.contains(&answer.status), "{name}: {answer:?}");
        assert_eq!(answer.all("www-authenticate"), Vec::<&str>::new(), "{name}: {answer:?}");
        assert_eq!(self.upstream.requests(), before, "{name}: it reached the upstream");
        answer
    }
}

impl Request {
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
