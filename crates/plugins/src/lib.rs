//! The plugin contract, the chain that alone can permit a request, and the plugins.
//!
//! A request reaches an upstream only as a [`Permit`](contract::Permit), and only
//! [`Chain::decide`](contract::Chain::decide) makes one, after every plugin of the chain said
//! [`Flow::Continue`](contract::Flow::Continue). Every refusal is a [`Refusal`](contract::Refusal) that carries a
//! [`Fault`](fault::Fault): the one table from which status, OAuth error, body text and log level come.
//!
//! The [`Registry`] knows every plugin: it tells the configuration side their schemas and makes running instances.

pub mod contract;
mod environment;
pub mod fault;
mod openid_connect;
mod registry;

pub use environment::{Environment, Random, ReplayStores};
pub use registry::Registry;
