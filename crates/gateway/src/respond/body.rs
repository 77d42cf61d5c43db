use bytes::Bytes;
use http::HeaderValue;
use keybound_plugins::contract::Refusal;
use serde_json::{Value, json};

use crate::settings::ErrorType;

/// A body and its type.
pub(crate) type Typed = (HeaderValue, Bytes);

/// The body of a gateway error: message and request id in the form that the client takes.
pub(crate) fn of_gateway(kind: ErrorType, message: &str, request_id: &str) -> Typed {
    let (media, text) = match kind {
        ErrorType::Json => {
            let message = Value::from(message);
            (
                "application/json; charset=utf-8",
                format!("{{\n  \"message\":{message},\n  \"request_id\":\"{request_id}\"\n}}"),
            )
        }
        ErrorType::Plain => ("text/plain; charset=utf-8", format!("{message}\nrequest_id: {request_id}\n")),
        ErrorType::Xml => (
            "application/xml; charset=utf-8",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>{}</message>\n  <requestid>{request_id}</requestid>\n</error>\n",
                marked_up(message)
            ),
        ),
        ErrorType::Html => (
            "text/html; charset=utf-8",
            format!(
                "<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"><title>Error</title></head>\n<body>\n<h1>Error</h1>\n<p>{}.</p>\n<p>request_id: {request_id}</p>\n</body>\n</html>\n",
                marked_up(message)
            ),
        ),
    };
    (HeaderValue::from_static(media), text.into())
}

/// The body of a plugin's refusal: compact JSON with the message, and with the detail where the configuration asks
/// for it; or the members that the plugin names.
pub(crate) fn of_plugin(refusal: &Refusal) -> Typed {
    let row = refusal.fault.row();
    let message = refusal.message.as_deref().unwrap_or(row.message);
    let body = match (&refusal.members, &refusal.detail) {
        (Some(members), _) => Value::Object(members.clone()),
        (None, None) => json!({ "message": message }),
        (None, Some(detail)) => json!({
            "message": message,
            "error": detail.error,
            "error_description": detail.description,
            "code": row.code,
        }),
    };
    (HeaderValue::from_static("application/json; charset=utf-8"), body.to_string().into())
}

fn marked_up(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use keybound_plugins::fault::IdentityFault;

    use super::*;

    fn text(refusal: &Refusal) -> String {
        String::from_utf8(of_plugin(refusal).1.to_vec()).unwrap()
    }

    #[test]
    fn a_plugins_members_stand_in_place_of_the_message() {
        let mut refusal = Refusal::new(IdentityFault::JwtTimes);
        assert_eq!(text(&refusal), r#"{"message":"Unauthorized"}"#);
        refusal.members = json!({"exp": "token expired"}).as_object().cloned();
        assert_eq!(text(&refusal), r#"{"exp":"token expired"}"#);
    }
}
