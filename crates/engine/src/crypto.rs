//! Key derivation, sealing and opening.

/// How many bytes sealing adds: a nonce of 16 and a tag of 16.
pub const OVERHEAD_BYTES: usize = 32;
