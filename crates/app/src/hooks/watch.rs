//! What no operation tells: plans that become overdue, wait or are protected again, and storage
//! that fills up.
//!
//! Pure: how everything is and what was told before in, events and what was told from then on out.
//! A state is told once; being overdue once a day.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::HookEvent;
use crate::api::{
    HealthState, HookOn, Light, PlanId, PlanView, Problem, RepositoryId, RepositoryView, Trigger,
};

/// What was told, kept in the operation log so that a restart repeats nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WatchBook {
    plans: BTreeMap<PlanId, PlanTold>,
    repositories: BTreeMap<RepositoryId, RepositoryTold>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PlanTold {
    /// When it was last called overdue.
    overdue: Option<Timestamp>,
    is_waiting: bool,
    /// True from a failure or from being overdue until it is protected again.
    is_in_trouble: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RepositoryTold {
    is_nearly_full: bool,
}

const ONCE_A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is news since the book was written, and the book as it is then.
pub(crate) fn news(
    plans: &[PlanView],
    repositories: &[RepositoryView],
    book: &WatchBook,
    now: Timestamp,
) -> (Vec<HookEvent>, WatchBook) {
    let mut events = Vec::new();
    let mut then = WatchBook::default();
    for plan in plans {
        let told = book.plans.get(&plan.id).cloned().unwrap_or_default();
        let (name, told) = of_plan(plan, told, now);
        then.plans.insert(plan.id.clone(), told);
        events.extend(name.map(|name| HookEvent {
            plan: Some((plan.id.clone(), plan.name.clone())),
            problem: plan.health.reason.clone(),
            ..event(name, (plan.repository.clone(), name_of(repositories, plan)), now)
        }));
    }
    for repository in repositories {
        let told = book.repositories.get(&repository.id).cloned().unwrap_or_default();
        let is_nearly_full = match repository.lights.space {
            Light::Failed => true,
            // What could not be seen is as it was seen before.
            Light::Unknown => told.is_nearly_full,
            _ => false,
        };
        if is_nearly_full && !told.is_nearly_full {
            let about = (repository.id.clone(), repository.name.clone());
            events.push(event(HookOn::SpaceLow, about, now));
        }
        then.repositories.insert(repository.id.clone(), RepositoryTold { is_nearly_full });
    }
    (events, then)
}

fn of_plan(plan: &PlanView, told: PlanTold, now: Timestamp) -> (Option<HookOn>, PlanTold) {
    match plan.health.state {
        HealthState::Overdue => {
            let is_fresh = told.overdue.is_some_and(|at| {
                let age = now.duration_since(at);
                !age.is_negative() && age < ONCE_A_DAY
            });
            let overdue = if is_fresh { told.overdue } else { Some(now) };
            let told = PlanTold { overdue, is_in_trouble: true, ..told };
            ((!is_fresh).then_some(HookOn::Overdue), told)
        }
        // What failed was told when it did.
        HealthState::Failing => (None, PlanTold { is_in_trouble: true, ..told }),
        HealthState::Waiting => {
            let name = (!told.is_waiting).then_some(HookOn::Waiting);
            (name, PlanTold { is_waiting: true, ..told })
        }
        HealthState::Protected => {
            (told.is_in_trouble.then_some(HookOn::Recovered), PlanTold::default())
        }
        HealthState::NeverBackedUp | HealthState::NoPlans => (None, told),
    }
}

fn name_of(repositories: &[RepositoryView], plan: &PlanView) -> String {
    let known = repositories.iter().find(|repository| repository.id == plan.repository);
    known.map(|repository| repository.name.clone()).unwrap_or_default()
}

fn event(name: HookOn, repository: (RepositoryId, String), at: Timestamp) -> HookEvent {
    HookEvent {
        names: vec![name],
        at,
        plan: None,
        repository,
        run: None,
        trigger: Trigger::Scheduled,
        started: None,
        finished: None,
        summary: None,
        findings: 0,
        problem: None::<Problem>,
    }
}
