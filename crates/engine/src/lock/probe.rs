//! What can be seen of this computer, without touching anything.

use std::path::Path;

use jiff::Timestamp;

/// Looks at the processes and disks of this computer.
///
/// # Contract
///
/// Looking has no side effects: no signal is sent (other than number 0, which only asks), nothing
/// is written. What cannot be found out is never reported as absent.
pub trait ProcessProbe: Send + Sync {
    /// The process with this id, as this program counts processes (on Linux: in its own pid
    /// namespace). One that has ended counts as absent although nobody has asked how it ended, and
    /// so do threads of the kernel, in which no program runs.
    fn process(&self, pid: u32) -> Sighting;

    /// Every process of this computer that knows *itself* by this id, in whatever container it
    /// runs; `None` unless all processes of the computer can be seen from here.
    fn namesakes(&self, pid: u32) -> Option<Vec<Process>>;

    /// True if this computer knows a user with this name and number.
    fn knows_user(&self, username: &str, uid: u32) -> bool;

    /// True if the folder lies on a disk of this computer, out of reach of the programs of other
    /// computers unless this one hands it on to them.
    fn is_own_disk(&self, folder: &Path) -> bool;
}

/// What there is to see of a process id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// No process has it.
    Absent,
    /// A process has it.
    Present(Process),
    /// It cannot be known.
    Unknown,
}

/// A process that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// When it started, in the unit of [`Identity::process_start`], if it can be known.
    ///
    /// [`Identity::process_start`]: crate::identity::Identity::process_start
    pub start: Option<u64>,
    /// The same by the wall clock, as that runs now.
    pub started_at: Option<Timestamp>,
    /// The name of its program, perhaps cut short.
    pub program: Option<String>,
}
