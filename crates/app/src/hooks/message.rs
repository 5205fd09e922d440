//! What a hook says: the facts of an event, the app's own words for them, and templates in their
//! place.
//!
//! A template cannot read a file, ask the network or run for long: it has the facts and nothing
//! else. For JSON its values are written as JSON, with their quotation marks.

use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::event::HookEvent;
use super::failure::HookFailure;
use crate::api::{HookOn, OperationSummary, Problem};
use crate::text::{bytes, counted, span};

/// A message, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// The facts of an event, by the names that templates use.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Facts {
    pub(crate) event: HookOn,
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) plan: Option<String>,
    pub(crate) repository: String,
    pub(crate) computer: String,
    /// When it happened, and when its operation began and ended; RFC 3339, in local time.
    pub(crate) time: String,
    started: Option<String>,
    finished: Option<String>,
    duration_seconds: Option<i64>,
    files: Option<u64>,
    files_new: Option<u64>,
    files_changed: Option<u64>,
    bytes: Option<u64>,
    added_bytes: Option<u64>,
    stored_bytes: Option<u64>,
    snapshot: Option<String>,
    warnings: u64,
    problem: Option<ProblemFacts>,
}

/// A problem, in its parts.
#[derive(Debug, Clone, Serialize)]
struct ProblemFacts {
    code: crate::api::Code,
    title: String,
    meaning: String,
    advice: String,
}

/// A template may take so many steps.
const STEPS_MAX: u64 = 100_000;

/// A message may be so long.
const BYTES_MAX: usize = 64 * 1024;

impl Facts {
    /// The facts of an event, for a hook that knows it as `on`.
    pub(crate) fn of(event: &HookEvent, on: HookOn, computer: &str, zone: &TimeZone) -> Self {
        let local = |moment: Timestamp| {
            moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        };
        let took = event.started.zip(event.finished);
        let took = took.map(|(started, finished)| finished.duration_since(started).as_secs());
        let summary = event.summary.as_ref();
        let figure = |of: fn(&OperationSummary) -> u64| summary.map(of);
        let plan = event.plan.as_ref().map(|(_, name)| name.clone());
        let title = title(on, plan.as_deref(), &event.repository.1, event.problem.as_ref());
        Self {
            event: on,
            message: words(event, on, took, computer),
            title,
            plan,
            repository: event.repository.1.clone(),
            computer: computer.to_owned(),
            time: local(event.at),
            started: event.started.map(local),
            finished: event.finished.map(local),
            duration_seconds: took,
            files: figure(|summary| summary.files),
            files_new: figure(|summary| summary.files_new),
            files_changed: figure(|summary| summary.files_changed),
            bytes: figure(|summary| summary.bytes),
            added_bytes: figure(|summary| summary.added_bytes),
            stored_bytes: figure(|summary| summary.stored_bytes),
            snapshot: summary.and_then(|summary| summary.snapshot.clone()),
            warnings: event.findings,
            problem: event.problem.as_ref().map(|problem| ProblemFacts {
                code: problem.code,
                title: problem.title.clone(),
                meaning: problem.meaning.clone(),
                advice: problem.advice.clone(),
            }),
        }
    }

    /// The message: of the templates, and in the app's own words where there are none.
    pub(crate) fn message(
        &self,
        subject: Option<&str>,
        template: Option<&str>,
        is_json: bool,
    ) -> Result<Message, HookFailure> {
        let subject = match subject {
            Some(template) => one_line(&self.filled_in(template, AutoEscape::None)?),
            None => self.title.clone(),
        };
        let escape = if is_json { AutoEscape::Json } else { AutoEscape::None };
        let body = match template {
            Some(template) => self.filled_in(template, escape)?,
            None if is_json => serde_json::to_string(self).expect("facts can always be written"),
            None => self.message.clone(),
        };
        Ok(Message { subject, body })
    }

    /// The facts that a program finds in its environment.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let problem = self.problem.as_ref();
        vec![
            ("HOLDFAST_EVENT", serde_json::to_value(self.event).map(word).unwrap_or_default()),
            ("HOLDFAST_TITLE", self.title.clone()),
            ("HOLDFAST_PLAN", self.plan.clone().unwrap_or_default()),
            ("HOLDFAST_REPOSITORY", self.repository.clone()),
            ("HOLDFAST_COMPUTER", self.computer.clone()),
            ("HOLDFAST_TIME", self.time.clone()),
            ("HOLDFAST_SNAPSHOT", self.snapshot.clone().unwrap_or_default()),
            ("HOLDFAST_PROBLEM", problem.map(|one| one.title.clone()).unwrap_or_default()),
        ]
    }

    fn filled_in(&self, template: &str, escape: AutoEscape) -> Result<String, HookFailure> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(STEPS_MAX));
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(move |_| escape.clone());
        let mut text = Bounded(Vec::new());
        environment
            .template_from_str(template)
            .and_then(|template| {
                template.render_captured_to(minijinja::value::Serde(self), &mut text).map(drop)
            })
            .map_err(|error| failed(&error))?;
        Ok(String::from_utf8_lossy(&text.0).into_owned())
    }
}

fn failed(error: &minijinja::Error) -> HookFailure {
    let said = match error.kind() {
        minijinja::ErrorKind::WriteFailure => {
            format!("the message is longer than {}", bytes(BYTES_MAX as u64))
        }
        minijinja::ErrorKind::OutOfFuel => "it takes too long".to_owned(),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    HookFailure::TemplateFailed { line: error.line().unwrap_or(1), said }
}

/// Text up to the greatest length.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.0.len() + text.len() > BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Subjects of mails and titles have one line, whatever a template makes of them.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn title(on: HookOn, plan: Option<&str>, repository: &str, problem: Option<&Problem>) -> String {
    let plan = plan.unwrap_or(repository);
    match on {
        HookOn::BackupStarted => format!("\"{plan}\" is being backed up"),
        HookOn::BackupSucceeded => format!("\"{plan}\" was backed up"),
        HookOn::BackupWarnings => format!("\"{plan}\" was backed up, but not all of it"),
        HookOn::BackupFailed => format!("\"{plan}\" was not backed up"),
        HookOn::BackupMissed => format!("\"{plan}\" missed a run and is being backed up now"),
        HookOn::Overdue => format!("\"{plan}\" is overdue"),
        HookOn::Recovered => format!("\"{plan}\" is protected again"),
        HookOn::Waiting => format!("\"{plan}\" waits"),
        HookOn::VerifySucceeded => format!("\"{repository}\" was verified"),
        HookOn::VerifyFailed => match problem.map(|problem| problem.code) {
            Some(crate::api::Code::VerifyFoundProblems) => format!("\"{repository}\" is damaged"),
            _ => format!("\"{repository}\" was not verified"),
        },
        HookOn::CleanupSucceeded => format!("\"{repository}\" was cleaned up"),
        HookOn::CleanupFailed => format!("\"{repository}\" was not cleaned up"),
        HookOn::RetentionSucceeded => format!("Old snapshots of \"{plan}\" were removed"),
        HookOn::RetentionFailed => format!("Old snapshots of \"{plan}\" were not removed"),
        HookOn::DrillSucceeded => format!("\"{repository}\" is proven restorable"),
        HookOn::DrillFailed => format!("\"{repository}\" was not proven restorable"),
        HookOn::CopySucceeded => format!("\"{plan}\" was copied to \"{repository}\""),
        HookOn::CopyFailed => format!("\"{plan}\" was not copied to \"{repository}\""),
        HookOn::RestoreSucceeded => format!("The restore from \"{repository}\" is done"),
        HookOn::RestoreFailed => format!("Not everything was restored from \"{repository}\""),
        HookOn::Unlocked => format!("A lock on \"{repository}\" was removed"),
        HookOn::Locked => format!("\"{repository}\" is locked"),
        HookOn::GuardTripped => format!("The folders of \"{plan}\" changed unusually"),
        HookOn::SpaceLow => format!("\"{repository}\" is nearly full"),
        HookOn::AnyFailure => format!("\"{plan}\" has a problem"),
    }
}

/// The message in the app's own words.
fn words(event: &HookEvent, on: HookOn, took: Option<i64>, computer: &str) -> String {
    let mut lines = Vec::new();
    if let Some(problem) = &event.problem {
        lines.push(format!("{} {} {}", problem.title, problem.meaning, problem.advice));
    }
    if let Some((_, plan)) = &event.plan {
        lines.push(format!("Plan: {plan}"));
    }
    lines.push(format!("Repository: {}", event.repository.1));
    lines.push(format!("Computer: {computer}"));
    if let Some(seconds) = took {
        lines.push(format!("Took: {}", span(seconds.saturating_mul(1000))));
    }
    let is_backup = matches!(on, HookOn::BackupSucceeded | HookOn::BackupWarnings);
    if let Some(summary) = event.summary.as_ref().filter(|_| is_backup) {
        lines.push(format!(
            "Size: {}, {} ({} new, {} changed)",
            counted(summary.files, "file"),
            bytes(summary.bytes),
            summary.files_new,
            summary.files_changed
        ));
        lines.push(format!(
            "Stored: {} (of {} added)",
            bytes(summary.stored_bytes),
            bytes(summary.added_bytes)
        ));
        if let Some(snapshot) = &summary.snapshot {
            lines.push(format!("Snapshot: {}", snapshot.chars().take(8).collect::<String>()));
        }
    }
    if event.findings > 0 {
        lines.push(format!("Warnings: {}", event.findings));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OperationState;
    use crate::error::AppError;
    use crate::hooks::event::tests::operation;
    use crate::operation::{Operation, Task};

    fn facts(operation: &Operation) -> Facts {
        let event = HookEvent::of(operation, operation.latest()).expect("it is news");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        Facts::of(&event, event.names[0], "mac-mini", &zone)
    }

    fn backed_up() -> Facts {
        let summary = OperationSummary {
            files_new: 12,
            files_changed: 3,
            files: 4711,
            bytes: 123_456_789_012,
            added_bytes: 52_000_000,
            stored_bytes: 31_000_000,
            snapshot: Some("8c4f2a17d05e".to_owned()),
            ..OperationSummary::default()
        };
        let done = operation(Task::Backup, OperationState::Succeeded);
        facts(&Operation { summary: Some(summary), ..done })
    }

    fn failed_on(path: &str) -> Facts {
        let problem = AppError::SourceMissing { path: path.into() }.problem();
        let failed = operation(Task::Backup, OperationState::Failed);
        facts(&Operation { problem: Some(problem), ..failed })
    }

    #[test]
    fn a_success_is_told_with_its_figures() {
        let message = backed_up().message(None, None, false).expect("a message");
        assert_eq!(message.subject, "\"Photos\" was backed up");
        let expected = "Plan: Photos\nRepository: Blue\nComputer: mac-mini\nTook: 1 minute\n\
                        Size: 4711 files, 123 GB (12 new, 3 changed)\n\
                        Stored: 31 MB (of 52 MB added)\nSnapshot: 8c4f2a17";
        assert_eq!(message.body, expected);
    }

    #[test]
    fn a_failure_is_told_with_its_reason_first() {
        let message = failed_on("/home/anna/Mail").message(None, None, false).expect("a message");
        assert_eq!(message.subject, "\"Photos\" was not backed up");
        assert!(message.body.starts_with("The folder /home/anna/Mail"), "{}", message.body);
    }

    #[test]
    fn for_json_the_facts_themselves_are_the_message() {
        let body = backed_up().message(None, None, true).expect("a message").body;
        let value: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
        assert_eq!(value["event"], "backupSucceeded");
        assert_eq!(value["time"], "2026-03-27T09:28:15+01:00");
        assert_eq!(value["duration_seconds"], 95);
        assert_eq!(value["added_bytes"], 52_000_000);
    }

    #[test]
    fn whatever_a_name_holds_a_template_for_json_stays_json() {
        let facts = failed_on("/home/anna/\"odd\\ \u{7}\n<name>");
        let template = r#"{"text": {{ problem.title }}, "n": {{ warnings }}, "x": {{ snapshot }}}"#;
        let body = facts.message(None, Some(template), true).expect("a message").body;
        let value: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
        assert!(value["text"].as_str().is_some_and(|text| text.contains("\"odd\\")));
        assert!(value["x"].is_null());
    }

    #[test]
    fn a_subject_has_one_line() {
        let message = backed_up().message(Some("{{ plan }}\nBcc: all"), None, false);
        assert_eq!(message.expect("a message").subject, "Photos Bcc: all");
    }

    #[test]
    fn a_template_that_errs_says_where() {
        let table = [
            ("{{ plan", 1),
            ("fine\n{% if %}", 2),
            ("\n\n{{ plan.name.first }}", 3),
            ("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", 1),
            ("{% for a in range(9999) %}{{ message }} and more{% endfor %}", 1),
            ("{% include '/etc/passwd' %}", 1),
        ];
        for (template, expected) in table {
            let failed = backed_up().message(None, Some(template), false);
            let Err(HookFailure::TemplateFailed { line, said }) = failed else {
                panic!("{template} is filled in");
            };
            assert!(line == expected && !said.is_empty(), "{template}: {line} {said}");
        }
    }
}
