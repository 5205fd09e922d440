//! Findings of an operation, counted by kind with the first examples of each.
//!
//! Memory is bounded however much goes wrong.

use std::collections::BTreeMap;

use holdfast_engine::monitor::{Finding, FindingKind};

use crate::api::{FindingExample, FindingGroup};
use crate::text::counted;

const EXAMPLES_MAX: usize = 50;

/// Findings so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    groups: BTreeMap<u8, Group>,
}

#[derive(Debug)]
struct Group {
    kind: FindingKind,
    count: u64,
    examples: Vec<FindingExample>,
}

impl Findings {
    /// Takes one in.
    pub(crate) fn add(&mut self, finding: &Finding) {
        let group = self.groups.entry(seriousness(finding.kind)).or_insert_with(|| Group {
            kind: finding.kind,
            count: 0,
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES_MAX {
            group.examples.push(FindingExample {
                path: finding.path.as_ref().map(|path| path.display().to_string()),
                message: finding.message.clone(),
            });
        }
    }

    /// How many that are more than notes.
    pub(crate) fn count(&self) -> u64 {
        let real = self.groups.values().filter(|group| group.kind != FindingKind::Note);
        real.map(|group| group.count).sum()
    }

    /// The groups, the most serious first.
    pub(crate) fn groups(&self) -> Vec<FindingGroup> {
        self.groups
            .values()
            .map(|group| FindingGroup {
                kind: word(group.kind).to_owned(),
                title: title(group.kind, group.count),
                count: group.count,
                examples: group.examples.clone(),
            })
            .collect()
    }
}

fn seriousness(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::Damaged => 0,
        FindingKind::Missing => 1,
        FindingKind::Hostile => 2,
        FindingKind::Unwritable => 3,
        FindingKind::Unreadable => 4,
        FindingKind::Denied => 5,
        FindingKind::InUse => 6,
        FindingKind::Vanished => 7,
        FindingKind::Note => 9,
        _ => 8,
    }
}

fn word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Damaged => "damaged",
        FindingKind::Missing => "missing",
        FindingKind::Hostile => "hostile",
        FindingKind::Unwritable => "unwritable",
        FindingKind::Denied => "denied",
        FindingKind::InUse => "inUse",
        FindingKind::Vanished => "vanished",
        FindingKind::Note => "note",
        _ => "unreadable",
    }
}

fn title(kind: FindingKind, count: u64) -> String {
    let items = counted(count, "item");
    let parts = counted(count, "part");
    match kind {
        FindingKind::Damaged => format!("{parts} of the repository damaged"),
        FindingKind::Missing => format!("{parts} of the repository missing"),
        FindingKind::Hostile => format!("{items} refused: names or sizes that cannot be right"),
        FindingKind::Unwritable => format!("{items} could not be written"),
        FindingKind::Denied => format!("{items}: access denied"),
        FindingKind::InUse => format!("{items}: open in another program"),
        FindingKind::Vanished => format!("{items} gone when their turn came"),
        FindingKind::Note => counted(count, "note"),
        _ => format!("{items} could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: FindingKind, path: &str) -> Finding {
        Finding { kind, path: Some(path.into()), during: "open", message: "why".into() }
    }

    #[test]
    fn findings_are_grouped_by_kind_with_the_most_serious_first() {
        let mut findings = Findings::default();
        findings.add(&finding(FindingKind::Denied, "/a"));
        findings.add(&finding(FindingKind::Damaged, "/b"));
        findings.add(&finding(FindingKind::Denied, "/c"));
        let groups = findings.groups();
        let titles: Vec<&str> = groups.iter().map(|group| group.title.as_str()).collect();
        assert_eq!(titles, ["1 part of the repository damaged", "2 items: access denied"]);
    }

    #[test]
    fn a_million_findings_keep_fifty_examples_and_the_right_count() {
        let mut findings = Findings::default();
        for _ in 0..1_000_000 {
            findings.add(&finding(FindingKind::Unreadable, "/a"));
        }
        let groups = findings.groups();
        assert_eq!((groups[0].count, groups[0].examples.len()), (1_000_000, 50));
    }

    #[test]
    fn notes_do_not_count() {
        let mut findings = Findings::default();
        findings.add(&finding(FindingKind::Note, "/a"));
        assert_eq!(findings.count(), 0);
    }
}
