use http::HeaderName;

use serde_json::Value;

use super::{Kind, list, parts};

/// A field that Keybound adds to answers, or a name for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is named as the field it stands for")]
pub enum Token {
    ServerTokens,
    LatencyTokens,
    Server,
    Via,
    ProxyLatency,
    ResponseLatency,
    UpstreamLatency,
    AdminLatency,
    UpstreamStatus,
    RequestId,
}

impl Token {
    const ALL: [(Self, &'static str); 10] = [
        (Self::ServerTokens, "server_tokens"),
        (Self::LatencyTokens, "latency_tokens"),
        (Self::Server, "Server"),
        (Self::Via, "Via"),
        (Self::ProxyLatency, "X-Kong-Proxy-Latency"),
        (Self::ResponseLatency, "X-Kong-Response-Latency"),
        (Self::UpstreamLatency, "X-Kong-Upstream-Latency"),
        (Self::AdminLatency, "X-Kong-Admin-Latency"),
        (Self::UpstreamStatus, "X-Kong-Upstream-Status"),
        (Self::RequestId, "X-Kong-Request-Id"),
    ];

    /// The token as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(token, _)| *token == self).map_or("", |(_, name)| name)
    }
}

/// The fields that are added to answers; empty is `off`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderTokens(pub Vec<Token>);

impl HeaderTokens {
    /// Whether the field of a token is added, by its own name or by the name for several.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        let group = match token {
            Token::Server | Token::Via => Some(Token::ServerTokens),
            Token::ProxyLatency | Token::ResponseLatency | Token::UpstreamLatency | Token::AdminLatency => {
                Some(Token::LatencyTokens)
            }
            _ => None,
        };
        self.0.contains(&token) || group.is_some_and(|group| self.0.contains(&group))
    }
}

impl Kind for HeaderTokens {
    const SHAPE: &'static str = "list of field names, `server_tokens` and `latency_tokens`, or `off`";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::default());
        }
        let token = |part: &str| {
            let found =
                Token::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(part)).map(|(token, _)| *token);
            found.ok_or_else(|| {
                let names: Vec<&str> = Token::ALL.iter().map(|(_, name)| *name).collect();
                format!("'{part}' is not a field that can be added: one of off, {}", names.join(", "))
            })
        };
        parts(text).map(token).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            return "off".to_owned();
        }
        self.0.iter().map(|token| token.name()).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(|token| token.name().to_owned()))
    }
}

/// Whether the upstream is told the request's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpstreamHeaders {
    /// `X-Kong-Request-Id`.
    pub request_id: bool,
}

impl Kind for UpstreamHeaders {
    const SHAPE: &'static str = "`X-Kong-Request-Id` or `off`";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self { request_id: false });
        }
        if text.eq_ignore_ascii_case("X-Kong-Request-Id") {
            return Ok(Self { request_id: true });
        }
        Err(format!("'{text}' is not a field that can be added: one of off, X-Kong-Request-Id"))
    }

    fn show(&self) -> String {
        if self.request_id { "X-Kong-Request-Id" } else { "off" }.to_owned()
    }
}

/// Where a trusted peer names the client's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealIpHeader {
    /// In a field of the request.
    Field(HeaderName),
    /// In the PROXY protocol's header before the connection.
    ProxyProtocol,
}

impl Default for RealIpHeader {
    fn default() -> Self {
        Self::Field(HeaderName::from_static("x-real-ip"))
    }
}

impl Kind for RealIpHeader {
    const SHAPE: &'static str = "a field name, or `proxy_protocol`";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "proxy_protocol" {
            return Ok(Self::ProxyProtocol);
        }
        let name = HeaderName::from_bytes(text.as_bytes());
        name.map(Self::Field).map_err(|_| format!("'{text}' is not a field name"))
    }

    fn show(&self) -> String {
        match self {
            Self::Field(name) => name.to_string(),
            Self::ProxyProtocol => "proxy_protocol".to_owned(),
        }
    }
}
