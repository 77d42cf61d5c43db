//! The life of the process as clients see it: changes under load, a stop, and another binary in its place.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a suite ends where something is not as it should be"
)]

mod churn;
mod stop;
mod upgrade;
