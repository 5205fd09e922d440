//! Who this process is.

use holdfast_engine::identity::Identity;

/// The identity of this process, with a session id of its own.
///
/// `program_version` is what snapshots and locks name as their writer, such as `holdfast 0.1.0`.
/// What the operating system does not tell is left out: it only ever serves as a proof.
#[must_use]
pub fn identity(program_version: &str) -> Identity {
    let mut identity = system::identity();
    identity.session = session();
    program_version.clone_into(&mut identity.program_version);
    identity
}

/// 128 random bits.
fn session() -> String {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes an id that only this program knows out of the one that all programs know, so that a lock
/// in a store of others does not give the computer away.
fn machine_id_of(system_id: &str) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(format!("holdfast machine {system_id}"))[..16])
}

#[cfg(unix)]
mod system {
    use holdfast_engine::identity::Identity;

    pub(super) fn identity() -> Identity {
        let uid = rustix::process::getuid().as_raw();
        Identity {
            hostname: hostname(),
            username: crate::user::name(uid)
                .or_else(|| std::env::var("USER").ok())
                .unwrap_or_default(),
            uid,
            gid: rustix::process::getgid().as_raw(),
            pid: std::process::id(),
            machine_id: machine_id(),
            boot_id: boot_id(),
            pid_namespace: pid_namespace(),
            process_start: crate::process::own_start(),
            session: String::new(),
            program_version: String::new(),
        }
    }

    /// As Go's `os.Hostname`: the kernel's word for it, with no domain added or removed.
    fn hostname() -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }

    #[cfg(not(target_os = "macos"))]
    fn machine_id() -> Option<String> {
        let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok())?;
        // While a fresh system starts for the first time, the file says "uninitialized".
        let id = id.trim();
        let is_id = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_id.then(|| super::machine_id_of(id))
    }

    #[cfg(target_os = "macos")]
    fn machine_id() -> Option<String> {
        crate::macos::hardware_id().map(|id| super::machine_id_of(&id))
    }

    #[cfg(not(target_os = "macos"))]
    fn boot_id() -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }

    #[cfg(target_os = "macos")]
    fn boot_id() -> Option<String> {
        crate::macos::boot_session()
    }

    /// The kernel's number of the namespace, as in `pid:[4026531836]`.
    #[cfg(target_os = "linux")]
    fn pid_namespace() -> Option<u64> {
        crate::process::namespace_number("/proc/self/ns/pid")
    }

    #[cfg(not(target_os = "linux"))]
    fn pid_namespace() -> Option<u64> {
        None
    }
}

#[cfg(windows)]
mod system {
    use holdfast_engine::identity::Identity;

    pub(super) fn identity() -> Identity {
        Identity {
            hostname: crate::windows::hostname(),
            username: crate::windows::username(),
            uid: 0,
            gid: 0,
            pid: std::process::id(),
            machine_id: crate::windows::machine_guid().map(|id| super::machine_id_of(&id)),
            // Windows has no id of a start; its process start times are absolute and serve as well.
            boot_id: None,
            pid_namespace: None,
            process_start: crate::process::own_start(),
            session: String::new(),
            program_version: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_has_its_own_session_and_the_rest_in_common() {
        let (one, mut other) = (identity("holdfast 1"), identity("holdfast 1"));
        assert_ne!(one.session, other.session);
        other.session.clone_from(&one.session);
        assert_eq!(one, other);
    }

    #[test]
    fn the_identity_tells_computer_user_and_process() {
        let identity = identity("holdfast 1");
        assert!(!identity.hostname.is_empty());
        assert_eq!(identity.pid, std::process::id());
        assert!(identity.process_start.is_some());
        assert_eq!(identity.program_version, "holdfast 1");
    }

    #[test]
    fn the_machine_id_does_not_give_the_systems_own_away() {
        let id = machine_id_of("3d1219c7c4c5404aaa1f6d2a48adfda4");
        assert_eq!(id.len(), 32);
        assert!(!id.contains("3d1219c7"));
    }
}
