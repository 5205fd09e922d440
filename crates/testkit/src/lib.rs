//! Fakes and builders, for tests only.
