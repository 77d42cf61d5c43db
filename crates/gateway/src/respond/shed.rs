use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, Version};
use keybound_plugins::contract::Notes;
use keybound_plugins::fault::{Fault, OverloadFault, RequestFault};

use super::{Exit, body};
use crate::proxy::response_body::ResponseBody;

/// Seconds after which somebody who was turned away may try again.
const LATER: HeaderValue = HeaderValue::from_static("1");

impl Exit {
    /// Turns a request away before anything is done for it. The worker has logged why, once and not for each request.
    pub(crate) fn shed(mut self, notes: &mut Notes) -> Response<ResponseBody> {
        let fault = Fault::from(OverloadFault::Overloaded);
        let row = fault.row();
        let id = self.request_id.to_str().unwrap_or_default();
        let (media, bytes) = body::of_gateway(self.error_type(&fault), row.message, id);
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, media);
        headers.insert(RETRY_AFTER, LATER);
        if let Some(record) = &mut self.record {
            record.fault = Some(row.code);
        }
        if let Some(busy) = &self.busy {
            busy.faulted(row.code);
        }
        self.written(row.status, row.message, headers, bytes, None, notes)
    }

    /// Says that the connection ends with this answer, where a connection is of one request after the other.
    pub(crate) fn close(&mut self, version: Version) {
        self.ends = version < Version::HTTP_2;
    }
}

/// Whether what follows on the connection may be something else than it looks like: then nobody looks.
pub(crate) fn leaves_doubt(fault: RequestFault) -> bool {
    match fault {
        RequestFault::Host
        | RequestFault::HostMalformed
        | RequestFault::Target
        | RequestFault::Malformed
        | RequestFault::Framing
        | RequestFault::ConnectionNominates => true,
        RequestFault::Path
        | RequestFault::ForwardedContradiction
        | RequestFault::Method
        | RequestFault::HeadTooLarge
        | RequestFault::BodyTooLarge
        | RequestFault::Timeout
        | RequestFault::Misdirected => false,
    }
}
