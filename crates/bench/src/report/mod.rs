//! The report: a table that says for each row what was reached and what was to be, and a chart.

mod chart;
mod figures;
mod table;

pub use chart::chart;
pub use table::table;
