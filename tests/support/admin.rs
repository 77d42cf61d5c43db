use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::answer::Answer;

/// The Admin API of a gateway.
#[derive(Debug, Clone, Copy)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Admin {
    /// Posts an entity.
    #[must_use]
    pub fn post(&self, path: &str, entity: &Value) -> Answer {
        crate::secrets::register_members(entity);
        let body = entity.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        Answer::to(self.address, (head + &body).as_bytes())
    }

    /// Asks for what is there.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        Answer::to(self.address, head.as_bytes())
    }

    /// Takes an entity away.
    #[must_use]
    pub fn delete(&self, path: &str) -> Answer {
        let head = format!("DELETE {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        Answer::to(self.address, head.as_bytes())
    }

    /// A service with a route to `path`, guarded by `openid-connect` with `config`.
    ///
    /// # Panics
    /// When the Admin API refuses one of them.
    pub fn guard(&self, name: &str, path: &str, upstream: SocketAddr, config: &Value) {
        self.created("/services", &json!({ "name": name, "url": format!("http://{upstream}/up") }));
        self.created(&format!("/services/{name}/routes"), &json!({ "name": name, "paths": [path] }));
        self.created(
            &format!("/routes/{name}/plugins"),
            &json!({ "name": "openid-connect", "config": config }),
        );
    }

    fn created(&self, path: &str, entity: &Value) {
        let answer = self.post(path, entity);
        assert_eq!(answer.status, 201, "{path} {entity}: {answer:?}");
    }
}
