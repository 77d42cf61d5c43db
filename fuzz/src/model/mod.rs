//! What is sent to the Admin API, and what stands in files.

pub mod admin_form;
pub mod certificate_pem;
pub mod declarative;
