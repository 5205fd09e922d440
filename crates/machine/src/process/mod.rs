//! Which processes run, found out without touching them.
//!
//! A process counts as absent only if the operating system says that it does not exist. No right
//! to look at it, a `/proc` of another container, an answer that makes no sense: all of that is
//! "cannot be known".

use std::path::Path;

use holdfast_engine::lock::{Process, ProcessProbe, Sighting};

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

#[cfg(target_os = "linux")]
pub(crate) use system::namespace_number;
pub(crate) use system::own_start;

/// Looks at the processes and disks of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProbe;

impl ProcessProbe for SystemProbe {
    fn process(&self, pid: u32) -> Sighting {
        system::process(pid)
    }

    fn namesakes(&self, pid: u32) -> Option<Vec<Process>> {
        system::namesakes(pid)
    }

    fn knows_user(&self, username: &str, uid: u32) -> bool {
        system::knows_user(username, uid)
    }

    fn is_own_disk(&self, folder: &Path) -> bool {
        crate::disk::is_own(folder)
    }
}

/// Asks with signal 0, which is never delivered. Only "no such process" means absent; a process
/// of another user answers "not permitted" and exists.
#[cfg(unix)]
fn exists(pid: u32) -> Option<bool> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)?;
    match rustix::process::test_kill_process(pid) {
        Err(rustix::io::Errno::SRCH) => Some(false),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn child() -> Child {
        let program = if cfg!(windows) { "cmd" } else { "cat" };
        let mut command = Command::new(program);
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::null()).spawn().expect("a process")
    }

    #[test]
    fn this_process_is_present_and_has_the_start_that_its_identity_tells() {
        let identity = crate::identity("test");
        let Sighting::Present(process) = SystemProbe.process(identity.pid) else {
            panic!("this process is not seen");
        };
        assert_eq!(process.start, identity.process_start);
        let age = jiff::Timestamp::now().duration_since(process.started_at.expect("a moment"));
        assert!((-1..3600).contains(&age.as_secs()), "{age:?}");
    }

    #[test]
    fn a_child_is_present_until_it_is_killed_and_looking_does_not_harm_it() {
        let mut child = child();
        for _ in 0..3 {
            assert!(matches!(SystemProbe.process(child.id()), Sighting::Present(_)));
        }
        assert!(child.try_wait().expect("a state").is_none(), "looking ended the process");
        child.kill().expect("a kill");
        child.wait().expect("an end");
        assert_eq!(SystemProbe.process(child.id()), Sighting::Absent);
    }

    #[cfg(unix)]
    #[test]
    fn a_killed_process_that_nobody_has_waited_for_is_absent() {
        let mut child = child();
        child.kill().expect("a kill");
        let pid = rustix::process::Pid::from_child(&child);
        let options =
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).expect("its end");
        assert_eq!(SystemProbe.process(child.id()), Sighting::Absent);
        child.wait().expect("an end");
    }

    #[test]
    fn ids_that_no_process_can_have_are_unknown_and_signal_nobody() {
        // Windows has ids of 32 bits, so that one in the upper half may only be absent.
        let beyond = if cfg!(windows) { u32::MAX } else { 1 << 31 };
        for pid in [0, u32::MAX, beyond] {
            assert_eq!(SystemProbe.process(pid), Sighting::Unknown, "{pid}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_user_is_known_by_name_and_number_together() {
        let identity = crate::identity("test");
        assert!(SystemProbe.knows_user(&identity.username, identity.uid));
        assert!(!SystemProbe.knows_user("nobody-of-this-name", identity.uid));
        assert!(!SystemProbe.knows_user(&identity.username, 54_321));
    }
}
