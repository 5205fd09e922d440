//! Measures Holdfast beside restic and rustic, and says what was measured how.
//!
//! Every figure is of a whole process: it starts, does its work and ends, under an accountant
//! ([`measure`]) that reads what the kernel booked for it. The tools take turns, round by round, so
//! that whatever else the machine does meets all of them; what counts is the median of the rounds'
//! ratios. A figure counts only if the work was done: a snapshot more, a tree restored whole, packs
//! gone ([`scenarios`]).
//!
//! In reading order: [`rows`] (what is measured, and the floors), [`inputs`] (what it is measured
//! on), [`place`] (where), [`tools`] (the programs and their arguments), [`measure`],
//! [`scenarios`] (one work after the other), [`held_open`] (a process that keeps the repository
//! open), [`results`] and [`statistics`], [`report`] (table, chart). It runs on Linux.
#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for contributors, which talks on their terminal"
)]

pub mod arguments;
pub mod error;
pub mod files;
pub mod generated;
pub mod held_open;
pub mod inputs;
pub mod machine;
pub mod measure;
pub mod place;
pub mod report;
pub mod results;
pub mod rows;
pub mod scenarios;
pub mod statistics;
pub mod tools;
