//! The content of a lock.
//!
//! restic's keys come first and mean what they mean to restic. Ours follow; restic ignores them.
//! They make it possible to tell a dead owner from one that cannot be seen.

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Clock;
use crate::identity::Identity;
use crate::time::Time;

/// What a lock says about its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockFile {
    /// When the lock was stored, by its owner's clock. Each refresh stores a new lock.
    pub time: Time,
    /// True if its owner tolerates no other lock.
    #[serde(default)]
    pub exclusive: bool,
    /// The owner's computer, as that calls itself.
    #[serde(default)]
    pub hostname: String,
    /// The owner's user.
    #[serde(default)]
    pub username: String,
    /// The owner's process, as that counts processes.
    #[serde(default)]
    pub pid: i64,
    /// The number of the owner's user.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uid: u32,
    /// The number of the owner's group.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gid: u32,
    /// Name and version of the owner's program.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub program_version: Option<String>,
    /// What the owner is doing, in a word.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// See [`Identity::session`].
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// See [`Identity::machine_id`].
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// See [`Identity::boot_id`].
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// See [`Identity::pid_namespace`].
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub pid_namespace: Option<u64>,
    /// See [`Identity::process_start`].
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub process_start: Option<u64>,
}

impl LockFile {
    /// A lock of this process, stored now.
    #[must_use]
    pub fn new(
        exclusive: bool,
        operation: &str,
        identity: &Identity,
        clock: &dyn Clock,
        zone: &TimeZone,
    ) -> Self {
        let identity = identity.clone();
        Self {
            time: Time::from_timestamp(clock.now(), zone),
            exclusive,
            hostname: identity.hostname,
            username: identity.username,
            pid: identity.pid.into(),
            uid: identity.uid,
            gid: identity.gid,
            program_version: Some(identity.program_version),
            operation: Some(operation.to_owned()),
            session: Some(identity.session),
            machine_id: identity.machine_id,
            boot_id: identity.boot_id,
            pid_namespace: identity.pid_namespace,
            process_start: identity.process_start,
        }
    }

    /// The process id, if it is one that a process can have.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        u32::try_from(self.pid).ok().filter(|pid| *pid != 0)
    }

    /// True if this process stored it.
    #[must_use]
    pub fn is_of_session(&self, identity: &Identity) -> bool {
        self.session.as_deref() == Some(identity.session.as_str())
    }

    /// True if the two locks may not stand side by side.
    #[must_use]
    pub fn conflicts_with(&self, exclusive: bool) -> bool {
        self.exclusive || exclusive
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Another program may give our keys another meaning; that must not make its lock unreadable.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::fake::{FakeClock, identity};

    const RESTICS: &str = r#"{"time":"2026-11-21T06:18:00.123456789+01:00","exclusive":true,"hostname":"vm","username":"root","pid":2300}"#;

    #[test]
    fn a_lock_of_restic_is_read_and_would_be_written_the_same() {
        let lock: LockFile = serde_json::from_str(RESTICS).expect("a lock");
        assert_eq!((lock.exclusive, lock.pid, lock.session.as_deref()), (true, 2300, None));
        assert_eq!(serde_json::to_string(&lock).expect("JSON"), RESTICS);
    }

    #[test]
    fn our_keys_come_after_restics() {
        let clock = FakeClock::at("2026-11-21T05:18:00Z");
        let lock = LockFile::new(false, "backup", &identity(), &clock, &TimeZone::UTC);
        let json = serde_json::to_string(&lock).expect("JSON");
        let restics = r#"{"time":"2026-11-21T05:18:00Z","exclusive":false,"hostname":"mac-mini","username":"anna","pid":4711,"uid":1000,"gid":1000,"program_version":"#;
        assert!(json.starts_with(restics), "{json}");
        assert_eq!(serde_json::from_str::<LockFile>(&json).expect("a lock"), lock);
    }

    #[test]
    fn keys_of_unknown_meaning_do_not_make_a_lock_unreadable() {
        let json = r#"{"time":"2026-11-21T05:18:00Z","pid":-7,"session":5,"boot_id":{},"x":1}"#;
        let lock: LockFile = serde_json::from_str(json).expect("a lock");
        assert_eq!((lock.session, lock.boot_id.clone(), lock.pid), (None, None, -7));
        assert_eq!(serde_json::from_str::<LockFile>(json).expect("a lock").process_id(), None);
    }
}
