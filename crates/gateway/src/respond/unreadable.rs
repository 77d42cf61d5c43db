use http::{HeaderMap, Response, StatusCode};
use keybound_plugins::contract::Notes;
use keybound_plugins::fault::{Fault, RequestFault, Row};

use super::{Exit, body};
use crate::listen::http1::head::BadHead;
use crate::proxy::response_body::ResponseBody;

impl Exit {
    /// Says what is wrong with what came in place of a request's head.
    pub(crate) fn unreadable(self, bad: BadHead, notes: &mut Notes) -> Response<ResponseBody> {
        let (fault, status) = match bad {
            BadHead::Malformed => (RequestFault::Malformed, StatusCode::BAD_REQUEST),
            BadHead::TooLarge => (RequestFault::HeadTooLarge, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            BadHead::TargetTooLong => (RequestFault::HeadTooLarge, StatusCode::URI_TOO_LONG),
        };
        let fault = Fault::from(fault);
        let row = Row { status, ..fault.row() };
        let id = self.request_id.to_str().unwrap_or_default();
        let typed = body::of_gateway(self.error_type(&fault), row.message, id);
        self.own(row, row.message, HeaderMap::new(), typed, None, notes)
    }
}
