//! Who this process is: what snapshots, keys and locks record of their writer.
//!
//! The engine does not ask the operating system for any of it; its caller does.

/// A process, the user that runs it and the computer that it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The computer's name, verbatim.
    pub hostname: String,
    /// The user's name; `DOMAIN\user` on Windows.
    pub username: String,
    /// Numeric user id; 0 where there is none.
    pub uid: u32,
    /// Numeric group id; 0 where there is none.
    pub gid: u32,
    /// Process id, as seen in the process's own pid namespace.
    pub pid: u32,
    /// An id of this installation of the operating system that outlives restarts.
    pub machine_id: Option<String>,
    /// An id of this start of the operating system.
    pub boot_id: Option<String>,
    /// The pid namespace (Linux: the inode of `/proc/self/ns/pid`).
    pub pid_namespace: Option<u64>,
    /// When the process started, in the operating system's own unit; only ever compared for equality.
    pub process_start: Option<u64>,
    /// Random, new for each start of the program.
    pub session: String,
    /// Name and version of the program, as in `holdfast 0.1.0`.
    pub program_version: String,
}
