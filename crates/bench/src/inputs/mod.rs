//! What is backed up: made from a seed, or copied from this machine.
//!
//! Everything is copied into the working folder before it is measured, so that all tools read from
//! the same storage and what is to change can be changed.

mod change;
mod made;
mod taken;

use std::path::{Path, PathBuf};

use crate::error::BenchError;
use crate::files;

/// Where the inputs are taken from that are not made.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The system's programs and libraries.
    pub usr_lib: PathBuf,
    /// Many small files of source code.
    pub sources: PathBuf,
}

/// What is backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// One file of random bytes.
    Random,
    /// A system's programs and libraries.
    UsrLib,
    /// The sources of Rust libraries.
    Sources,
    /// A million files of some bytes.
    Tiny,
    /// The image of a disk: mostly holes, and much of the rest is there several times.
    Image,
}

const GB: f64 = 1e9;

impl Input {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Random, Self::UsrLib, Self::Sources, Self::Tiny, Self::Image];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::UsrLib => "usr-lib",
            Self::Sources => "sources",
            Self::Tiny => "tiny",
            Self::Image => "image",
        }
    }

    /// What it is, for the report.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Random => "one file of random bytes",
            Self::UsrLib => "this machine's /usr/lib",
            Self::Sources => "the cargo registry's sources",
            Self::Tiny => "a tree of files of 16 to 200 bytes, a thousand in each folder",
            Self::Image => {
                "a disk image: four fifths holes, and of the rest three quarters pieces that are \
                 there several times"
            }
        }
    }

    /// The room that it takes itself, and the room that one repository of it takes at the most,
    /// after three rounds of changes.
    ///
    /// # Errors
    /// When what it is taken from cannot be read.
    pub fn room_bytes(self, origins: &Origins, scale: f64) -> Result<(u64, u64), BenchError> {
        let (itself, repository) = match self {
            Self::Random => (2.0 * GB, 2.3 * GB),
            Self::UsrLib => {
                let room = as_float(files::room_of(&origins.usr_lib)?);
                (room, 0.45 * room)
            }
            Self::Sources => {
                let room = as_float(files::room_of(&origins.sources)?);
                (room, 0.4 * room)
            }
            // A file fills a page, and the system remembers it.
            Self::Tiny => (6.0 * GB, 0.7 * GB),
            // Changes fill holes.
            Self::Image => (4.8 * GB, 2.8 * GB),
        };
        Ok((as_bytes(itself * scale), as_bytes(repository * scale)))
    }

    /// Makes it, as `folder` or a file of that name.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn make(self, origins: &Origins, scale: f64, folder: &Path) -> Result<(), BenchError> {
        match self {
            Self::Random => made::random_file(as_bytes(2.0 * GB * scale), folder),
            Self::Tiny => made::tiny_files(as_bytes(1e6 * scale), folder),
            Self::Image => made::disk_image(as_bytes(20.0 * GB * scale), folder),
            Self::UsrLib => taken::part_of(&origins.usr_lib, scale, folder),
            Self::Sources => taken::part_of(&origins.sources, scale, folder),
        }
    }

    /// Changes one per cent of it; another one in each round.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn change(self, path: &Path, round: u64) -> Result<(), BenchError> {
        match self {
            Self::Random | Self::Image => change::one_per_cent_of_a_file(path, round),
            Self::UsrLib | Self::Sources | Self::Tiny => {
                change::one_per_cent_of_the_files(path, round)
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^52")]
fn as_float(number: u64) -> f64 {
    number as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "amounts are positive and far below 2^64"
)]
pub(crate) fn as_bytes(number: f64) -> u64 {
    number.round() as u64
}
