//! Which of several configured clients asks the provider.

use form_urlencoded::parse;
use http::HeaderName;

use super::credential::{self, BodyKind};
use crate::contract::{BodySource, Head};

/// How a request names a client. What it names chooses among those that are configured and is used for nothing else: an
/// unknown name, like none at all, means the first. Answers are kept apart by the client that asked, so that there are at most
/// as many of them for one token as there are clients.
#[derive(Debug)]
pub(super) struct ClientChoice {
    ids: Vec<String>,
    /// The parameters, the first that is there counts: `client_arg`, then `client_id`.
    names: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    parameter: String,
    fields: Vec<HeaderName>,
}

impl ClientChoice {
    pub(super) fn new(ids: Vec<String>, arg: &str) -> Self {
        let mut names = vec![Named::of(arg)];
        if arg != "client_id" {
            names.push(Named::of("client_id"));
        }
        Self { ids, names }
    }

    /// The place of the client that the request names: in the header, the query or the body, in this order.
    pub(super) async fn of(&self, head: &Head, body: &mut dyn BodySource) -> usize {
        if self.ids.len() < 2 {
            return 0;
        }
        for named in &self.names {
            if let Some(value) = named.given(head, body).await {
                return self.place(&value).unwrap_or(0);
            }
        }
        0
    }

    /// By id, or by number, counted from 1.
    fn place(&self, value: &str) -> Option<usize> {
        if let Some(place) = self.ids.iter().position(|id| id == value) {
            return Some(place);
        }
        value.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < self.ids.len())
    }
}

impl Named {
    /// A parameter `client_id` is the header field `Client-Id`, or `X-Client-Id`.
    fn of(parameter: &str) -> Self {
        let dashed = parameter.replace('_', "-").to_ascii_lowercase();
        let fields = [dashed.clone(), format!("x-{dashed}")];
        let fields = fields.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect();
        Self { parameter: parameter.to_owned(), fields }
    }

    async fn given(&self, head: &Head, body: &mut dyn BodySource) -> Option<String> {
        let field = self.fields.iter().find_map(|name| head.headers.get(name)?.to_str().ok());
        if let Some(value) = field {
            return Some(value.to_owned());
        }
        let query = head.query.as_deref().unwrap_or_default();
        if let Some((_, value)) = parse(query.as_bytes()).find(|(name, _)| *name == self.parameter) {
            return Some(value.into_owned());
        }
        let kind = BodyKind::of(&head.headers)?;
        let body = body.whole(super::BODY_LIMIT).await.ok()?;
        let found = credential::body_parameters(kind, &body, std::slice::from_ref(&self.parameter));
        found.into_iter().next().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_its_id_or_by_its_number() {
        let choice = ClientChoice::new(vec!["a".to_owned(), "1".to_owned(), "c".to_owned()], "client");
        for (value, place) in [("a", Some(0)), ("1", Some(1)), ("2", Some(1)), ("3", Some(2))] {
            assert_eq!(choice.place(value), place, "{value}");
        }
        for stranger in ["", "0", "4", "-1", "b", "99999999999999999999"] {
            assert_eq!(choice.place(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn a_parameter_has_two_header_forms() {
        let names: Vec<_> = Named::of("client_id").fields.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["client-id", "x-client-id"]);
    }
}
