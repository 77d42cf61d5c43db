//! Admin writes around the routes under load, and to them.

use std::net::SocketAddr;

use super::http;
use crate::fault::Fault;

/// One after the other, over and over: made, changed, used by others, taken away.
pub(super) struct Writes {
    admin: SocketAddr,
    number: u64,
}

impl Writes {
    pub(super) fn new(admin: SocketAddr) -> Self {
        Self { admin, number: 0 }
    }

    pub(super) fn count(&self) -> u64 {
        self.number
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Result<(), Fault> {
        let number = self.number;
        self.number += 1;
        let path = format!("{{\"paths\":[\"/churn-{number}\"]}}");
        let tags = format!("{{\"tags\":[\"of-{number}\"]}}");
        let (method, place, body) = match number % 12 {
            0 => ("PUT", "/services/churn", "{\"url\":\"http://127.0.0.1:1/\"}"),
            1 => ("PUT", "/services/churn/routes/churn", path.as_str()),
            2 => ("POST", "/routes/churn/plugins", "{\"name\":\"correlation-id\"}"),
            3 => ("PUT", "/consumers/churn", tags.as_str()),
            4 => ("PATCH", "/services/plain", tags.as_str()),
            5 => (
                "POST",
                "/services/plain/plugins",
                "{\"name\":\"correlation-id\",\"instance_name\":\"churn\"}",
            ),
            6 => ("PATCH", "/routes/bound", tags.as_str()),
            7 => ("PATCH", "/routes/churn", path.as_str()),
            8 => ("DELETE", "/consumers/churn", ""),
            9 => ("DELETE", "/routes/churn", ""),
            10 => ("DELETE", "/plugins/churn", ""),
            _ => ("DELETE", "/services/churn", ""),
        };
        http::send(self.admin, method, place, body)
    }
}
