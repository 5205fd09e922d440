//! The table: for each topic when it is told, how often, how loud, and what ends it.
//!
//! Nothing else decides. `docs/notices.md` is this table for people, and a test keeps it true.

use jiff::SignedDuration;

use super::cases::{self, Case};
use super::facts::Facts;
use crate::api::Settings;

/// What a notice is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Topic {
    /// Verifying found damage.
    Damage,
    /// A plan's newest backup failed.
    BackupFailed,
    /// A plan's newest good snapshot is too old.
    Overdue,
    /// A plan can never run.
    NeverRuns,
    /// Backups wait for a password.
    PasswordNeeded,
    /// The newest verify failed without a verdict.
    VerifyFailed,
    /// The storage is almost full.
    NearlyFull,
    /// Auto Unlock removed a lock.
    Unlocked,
    /// Trouble that was told is over.
    Recovered,
    /// A backup succeeded.
    Succeeded,
}

/// How one topic is told.
pub(crate) struct Rule {
    pub(crate) topic: Topic,
    /// When there is something to tell, in words.
    pub(crate) when: &'static str,
    /// The same, found in the facts.
    pub(crate) find: fn(&Facts) -> Vec<Case>,
    pub(crate) again: Again,
    pub(crate) urgent: Urgent,
    pub(crate) in_quiet_hours: InQuietHours,
    pub(crate) switch: Switch,
    pub(crate) cleared: Cleared,
}

/// When the same is told once more while it lasts. Another cause is told at once, and so is what
/// a person started by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// After so long.
    After(SignedDuration),
    /// It is an event: told when it happens, and not remembered.
    Never,
}

/// Whether the notice is to be seen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgent {
    Yes,
    No,
    /// Once it has lasted long.
    Late,
}

/// What becomes of it while the person does not want to be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InQuietHours {
    /// It is told when they are over, if it is still so; what was started by hand at once.
    Waits,
    /// It is told all the same.
    Told,
    /// It is not told; history has it.
    Dropped,
}

/// Which of the person's settings turns it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    Failure,
    Overdue,
    Recovery,
    Success,
    Always,
}

impl Switch {
    pub(crate) fn is_on(self, settings: &Settings) -> bool {
        match self {
            Self::Failure => settings.notify_on_failure,
            Self::Overdue => settings.notify_on_overdue,
            Self::Recovery => settings.notify_on_recovery,
            Self::Success => settings.notify_on_success,
            Self::Always => true,
        }
    }
}

/// What follows when it is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleared {
    Silently,
    /// Whoever was shown it is told that it is over.
    Recovered,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const DAILY: Again = Again::After(DAY);
const EVERY_THREE_DAYS: Again = Again::After(SignedDuration::from_hours(3 * 24));
const WEEKLY: Again = Again::After(SignedDuration::from_hours(7 * 24));

/// One row for each topic, the gravest first.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        topic: Topic::Damage,
        when: "a verify found damage, and no later one found none",
        find: cases::damage,
        again: EVERY_THREE_DAYS,
        urgent: Urgent::Yes,
        in_quiet_hours: InQuietHours::Told,
        switch: Switch::Failure,
        cleared: Cleared::Recovered,
    },
    Rule {
        topic: Topic::BackupFailed,
        when: "a plan's newest backup failed; once the plan is overdue, that is repeated instead",
        find: cases::backup_failed,
        again: DAILY,
        urgent: Urgent::Yes,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Failure,
        cleared: Cleared::Recovered,
    },
    Rule {
        topic: Topic::Overdue,
        when: "a plan's newest good snapshot is older than its target, and no backup of it has \
               been running for less than a quarter of that",
        find: cases::overdue,
        again: DAILY,
        urgent: Urgent::Late,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Overdue,
        cleared: Cleared::Recovered,
    },
    Rule {
        topic: Topic::NeverRuns,
        when: "a plan has no repository, or a schedule that never comes",
        find: cases::never_runs,
        again: DAILY,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Overdue,
        cleared: Cleared::Silently,
    },
    Rule {
        topic: Topic::PasswordNeeded,
        when: "a backup that the clock started waits for a password or the keychain",
        find: cases::password_needed,
        again: DAILY,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Failure,
        cleared: Cleared::Silently,
    },
    Rule {
        topic: Topic::VerifyFailed,
        when: "the newest verify of a repository failed before it came to a verdict",
        find: cases::verify_failed,
        again: EVERY_THREE_DAYS,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Failure,
        cleared: Cleared::Recovered,
    },
    Rule {
        topic: Topic::NearlyFull,
        when: "the storage of a repository is almost full",
        find: cases::nearly_full,
        again: WEEKLY,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Failure,
        cleared: Cleared::Silently,
    },
    Rule {
        topic: Topic::Unlocked,
        when: "Auto Unlock removed a lock",
        find: cases::unlocked,
        again: Again::Never,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Dropped,
        switch: Switch::Always,
        cleared: Cleared::Silently,
    },
    Rule {
        topic: Topic::Recovered,
        when: "trouble that was shown is over",
        // It is found by what was told, not by what is so.
        find: |_| Vec::new(),
        again: Again::Never,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Waits,
        switch: Switch::Recovery,
        cleared: Cleared::Silently,
    },
    Rule {
        topic: Topic::Succeeded,
        when: "a backup succeeded, and that ended no trouble that is told as over",
        find: cases::succeeded,
        again: Again::Never,
        urgent: Urgent::No,
        in_quiet_hours: InQuietHours::Dropped,
        switch: Switch::Success,
        cleared: Cleared::Silently,
    },
];

/// The row of a topic.
pub(crate) fn rule(topic: Topic) -> &'static Rule {
    RULES.iter().find(|rule| rule.topic == topic).expect("every topic has a row")
}

const HEADING: &str = "\
# What is told outside the window

Made from `crates/app/src/notices/table.rs` by `scripts/types`; never edited by hand.

Waiting is no news until it lasts too long, nor is what was stopped or interrupted, nor a failure
that Holdfast tries again by itself. Another cause is told at once, and so is the end of what a
person started by hand. What could not be shown is tried again after a quarter of an hour. In quiet
hours nothing is kept to be told later: when they are over, what is still so is told. Three notices
of a sort that come together are one.

| topic | told when | again | urgent | in quiet hours | turned off with | when it is over |
| --- | --- | --- | --- | --- | --- | --- |
";

/// The table for people: `docs/notices.md`.
#[must_use]
pub fn written_down() -> String {
    let rows = RULES.iter().map(|rule| {
        let Rule { topic, when, again, urgent, in_quiet_hours, switch, cleared, .. } = rule;
        let again = match again {
            Again::After(pause) => match pause.as_hours() / 24 {
                1 => "daily".to_owned(),
                days => format!("every {days} days"),
            },
            Again::Never => "-".to_owned(),
        };
        let urgent = match urgent {
            Urgent::Yes => "yes",
            Urgent::No => "no",
            Urgent::Late => "from three times the target, or a week",
        };
        let in_quiet_hours = format!("{in_quiet_hours:?}").to_lowercase();
        let switch = match switch {
            Switch::Failure => "failures",
            Switch::Overdue => "overdue",
            Switch::Recovery => "recovery",
            Switch::Success => "success",
            Switch::Always => "-",
        };
        let cleared = match cleared {
            Cleared::Silently => "-",
            Cleared::Recovered => "told, if it was shown",
        };
        format!(
            "| {topic:?} | {when} | {again} | {urgent} | {in_quiet_hours} | {switch} | {cleared} |\n"
        )
    });
    HEADING.chars().chain(rows.collect::<String>().chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documents_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/notices.md");
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == written_down(), "{} is not fresh: run `scripts/types`", path.display());
    }

    #[test]
    fn every_topic_has_exactly_one_row() {
        let mut topics: Vec<Topic> = RULES.iter().map(|rule| rule.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        assert_eq!(topics.len(), RULES.len());
    }
}
