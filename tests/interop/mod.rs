//! Two restics and Holdfast on the same repositories: each finds what the others stored, adds
//! nothing to it, brings all of it back, and finds nothing wrong with it.

mod exchange;
mod together;
