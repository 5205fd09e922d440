//! Repairs: what can be rebuilt is, what cannot is told, and nothing is lost on the way, wherever it
//! is interrupted.

mod index;
mod marked;
mod migrate;
mod packs;
mod recover;
mod rewrite;
mod snapshots;
mod world;
