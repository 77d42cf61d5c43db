//! Only the chain makes a permit.

use keybound_plugins::contract::{Head, Permit};

fn gateway(head: Head) -> Permit {
    Permit { head }
}

fn main() {}
