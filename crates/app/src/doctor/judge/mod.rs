//! What readings mean: pass, warn or fail, why that matters and what helps. Pure.

mod places;
mod rest;
#[cfg(test)]
mod tests;
mod words;

use super::readings::Readings;
use crate::api::{
    CheckGroup, CheckId, CheckView, FixAction, FixView, PlanId, RepositoryId, Verdict,
};

/// Every check, the worst first.
pub(super) fn judge(readings: &Readings) -> Vec<CheckView> {
    let mut checks = Vec::new();
    for plan in &readings.plans {
        checks.extend(places::of_plan(plan));
    }
    for repository in &readings.repositories {
        checks.extend(places::of_storage(repository));
        checks.extend(rest::of_inside(repository));
    }
    checks.extend(rest::of_computer(readings));
    checks.extend(rest::of_app(readings));
    checks.sort_by_key(|check| (check.verdict, check.group));
    checks
}

/// What a check is about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    group: CheckGroup,
    plan: Option<&'a PlanId>,
    repository: Option<&'a RepositoryId>,
    name: Option<&'a str>,
}

impl<'a> Subject<'a> {
    fn of(group: CheckGroup) -> Self {
        Self { group, plan: None, repository: None, name: None }
    }

    fn plan(group: CheckGroup, id: &'a PlanId, name: &'a str) -> Self {
        Self { plan: Some(id), name: Some(name), ..Self::of(group) }
    }

    fn repository(group: CheckGroup, id: &'a RepositoryId, name: &'a str) -> Self {
        Self { repository: Some(id), name: Some(name), ..Self::of(group) }
    }

    fn is(self, id: CheckId, verdict: Verdict, reading: impl Into<String>) -> CheckView {
        CheckView {
            id,
            group: self.group,
            plan: self.plan.cloned(),
            repository: self.repository.cloned(),
            name: self.name.map(str::to_owned),
            verdict,
            looked_at: words::looked_at(id).to_owned(),
            reading: reading.into(),
            why: words::why(id).to_owned(),
            fix: None,
        }
    }

    fn passes(self, id: CheckId, reading: impl Into<String>) -> CheckView {
        self.is(id, Verdict::Pass, reading)
    }

    fn warns(self, id: CheckId, reading: impl Into<String>) -> CheckView {
        self.is(id, Verdict::Warn, reading)
    }

    fn fails(self, id: CheckId, reading: impl Into<String>) -> CheckView {
        self.is(id, Verdict::Fail, reading)
    }
}

impl CheckView {
    fn fixed_by(self, words: impl Into<String>, action: Option<FixAction>) -> Self {
        Self { fix: Some(FixView { words: words.into(), action, command: None }), ..self }
    }

    fn with_command(mut self, command: String) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.command = Some(command);
        }
        self
    }
}
