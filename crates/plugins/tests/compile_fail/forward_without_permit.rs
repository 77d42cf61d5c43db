//! The upstream stage takes a permit; a head that no chain decided on is none.

use keybound_plugins::contract::{Head, Permit};

fn forward(_: Permit) {}

fn gateway(head: Head) {
    forward(head);
}

fn main() {}
