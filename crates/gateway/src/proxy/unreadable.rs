//! What comes in place of a request's head.

use std::rc::Rc;
use std::time::Instant;

use http::header::HeaderValue;
use http::{Method, Request, Response, Version};
use keybound_plugins::contract::Notes;

use super::first_record;
use super::response_body::ResponseBody;
use crate::listen::http1::head::BadHead;
use crate::listen::{Client, Worker};
use crate::observe::Record;
use crate::respond::Exit;

/// Answers bytes that are no head, and ends the connection: it counts as a request of which nothing is known.
pub(crate) fn unreadable(worker: &Rc<Worker>, client: &Client, bad: BadHead) -> Response<ResponseBody> {
    let started = Instant::now();
    let request_id = worker.ids.next();
    let (mut parts, ()) = Request::new(()).into_parts();
    // A record has a method, and this is none.
    if let Ok(nothing) = Method::from_bytes(b"-") {
        parts.method = nothing;
    }
    let record = Record::is_wanted().then(|| {
        let mut record = first_record(worker, client, &parts, &request_id, started);
        record.path.clear();
        Box::new(record)
    });
    let id_value = HeaderValue::from_str(&request_id).unwrap_or_else(|_| HeaderValue::from_static(""));
    let busy = client.activity.begin();
    worker.counts.requested();
    let mut exit = Exit::new(&worker.settings, &parts, id_value, record, busy, started);
    exit.close(Version::HTTP_11);
    exit.unreadable(bad, &mut Notes::default())
}
