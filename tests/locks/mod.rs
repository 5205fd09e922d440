//! Locks between real programs: who may remove what, and that nothing alive is ever removed or
//! signalled.

mod holder;
mod honour;
mod leftovers;
mod matrix;
mod reused;
mod standstill;
