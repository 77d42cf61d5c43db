#![doc = include_str!("../manual/front.md")]

pub mod algorithm;
pub mod base64url;
pub mod binding;
pub mod certificate;
pub mod challenge;
pub mod confirmation;
pub mod htu;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod manual;
pub mod nonce;
mod p256;
pub mod proof;
pub mod replay;
pub mod sign;
pub mod thumbprint;
pub mod time;
