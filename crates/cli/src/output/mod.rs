//! Everything that the command writes.
//!
//! [`Terminal`] is the one place that touches standard output and standard error: results, JSON
//! messages, the status lines at the bottom of a terminal, warnings. Each module beside it knows
//! one shape of output.

mod estimate;
pub(crate) mod format;
mod indent;
mod json;
pub(crate) mod messages;
pub(crate) mod progress;
pub(crate) mod table;
mod terminal;

pub(crate) use estimate::Estimate;
pub(crate) use indent::indented;
pub(crate) use json::{is_zero_u32, to_json};
pub(crate) use terminal::{Terminal, Verbosity};
