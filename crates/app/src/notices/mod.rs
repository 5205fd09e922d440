//! What a person is told outside the window, when, and how often.
//!
//! [`table`] is the whole rule: one row for each topic. [`facts`] is all that the rows look at,
//! [`cases`] finds in it what there is to tell, [`judge`] weighs that against what was [`told`]
//! already, [`quiet`] knows the hours in which a person sleeps, and [`words`] writes the notice.
//! All of them are pure; [`telling`] gathers the facts, shows what was decided and remembers it.
//!
//! Nothing is told without its cause, nothing was told unless it was shown, and whoever was never
//! shown a trouble is not told that it is over.

mod cases;
mod facts;
mod judge;
mod quiet;
#[cfg(test)]
mod scenarios;
mod table;
mod telling;
mod told;
mod words;

pub(crate) use facts::Event;
pub use table::written_down;
pub(crate) use telling::remembered;
pub(crate) use told::Book;
