//! The report as text, to hand on to somebody who helps: without secrets, and without the names of
//! the person and the computer.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::{CheckView, Verdict};
use crate::text::counted;

/// What is kept out of a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden {
    /// The person's folder, written `~`.
    pub(super) home: Option<PathBuf>,
    pub(super) user: String,
    pub(super) computer: String,
}

/// A name shorter than this is a word that means other things, too.
const NAME_CHARS_MIN: usize = 3;

/// The whole report.
pub(super) fn text(
    checks: &[CheckView],
    hidden: &Hidden,
    version: &str,
    at: Timestamp,
    zone: &TimeZone,
) -> String {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count() as u64;
    let at = at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
    let mut lines = vec![
        format!("Doctor's report of {at}, {version}"),
        format!(
            "{} failed, {}, {} passed",
            count(Verdict::Fail),
            counted(count(Verdict::Warn), "warning"),
            count(Verdict::Pass)
        ),
    ];
    for check in checks {
        let about = check.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!("{} {}{about}", word(check.verdict), check.looked_at));
        lines.push(format!("     {}", check.reading));
        if let Some(fix) = check.fix.as_ref().filter(|_| check.verdict < Verdict::Note) {
            lines.push(format!("     {} {}", check.why, fix.words));
            lines.extend(fix.command.iter().map(|command| format!("     > {command}")));
        }
    }
    lines.push(String::new());
    hidden.without(&lines.join("\n"))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "FAIL",
        Verdict::Warn => "WARN",
        Verdict::CouldNotLook => "????",
        Verdict::Note => "note",
        Verdict::Pass => "pass",
    }
}

impl Hidden {
    /// A text without what is to be hidden.
    pub(super) fn without(&self, text: &str) -> String {
        let mut text = without_credentials(text);
        if let Some(home) = self.home.as_deref().and_then(Path::to_str) {
            text = text.replace(home, "~");
        }
        text = without_word(&text, &self.user, "(user)");
        without_word(&text, &self.computer, "(computer)")
    }
}

/// A text without what stands before the `@` in addresses, and without their queries.
fn without_credentials(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(position) = rest.find("://") {
        let (before, after) = rest.split_at(position + 3);
        kept.push_str(before);
        let end = after.find(|one: char| one.is_whitespace() || "\"'<>".contains(one));
        let (address, then) = after.split_at(end.unwrap_or(after.len()));
        let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
        let (host, query) = host.split_once('?').map_or((host, None), |(host, _)| (host, Some(())));
        if host.len() < address.len() && address.contains('@') {
            kept.push_str("(hidden)@");
        }
        kept.push_str(host);
        kept.push_str(query.map_or("", |()| "?(hidden)"));
        rest = then;
    }
    kept.push_str(rest);
    kept
}

/// A text with a whole word replaced.
fn without_word(text: &str, word: &str, by: &str) -> String {
    if word.chars().count() < NAME_CHARS_MIN {
        return text.to_owned();
    }
    let is_part = |one: char| one.is_alphanumeric();
    let mut kept = String::new();
    let mut rest = text;
    while let Some(position) = rest.find(word) {
        let (before, found) = rest.split_at(position);
        let after = &found[word.len()..];
        let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        kept.push_str(before);
        kept.push_str(if is_whole { by } else { word });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Hidden {
        Hidden {
            home: Some("/home/anna".into()),
            user: "anna".to_owned(),
            computer: "mac-mini".to_owned(),
        }
    }

    #[test]
    fn names_of_the_person_and_the_computer_are_left_out() {
        let said = hidden().without("/home/anna/Mail of anna on mac-mini; Hannah's and annabel");
        assert_eq!(said, "~/Mail of (user) on (computer); Hannah's and annabel");
    }

    #[test]
    fn whatever_stands_around_it_no_secret_of_an_address_is_left() {
        let before = ["", "see ", "\"", "could not read sftp://x/y and ", "@", "é://"];
        let after = ["", " again", "\"", "\n", " https://c@d", "é"];
        let secrets =
            ["https://anna:S3CRET@host/x", "rest:https://S3CRET@host", "s3://h/x?token=S3CRET"];
        for before in before {
            for after in after {
                for secret in secrets {
                    let said = hidden().without(&format!("{before}{secret}{after}"));
                    assert!(!said.contains("S3CRET"), "{said}");
                    assert!(said.contains('h'), "{said}");
                }
            }
        }
    }
}
