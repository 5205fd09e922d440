//! What the tray shows, as a function of the overview.

use holdfast_app::api::{
    Code, Concern, ConcernKind, HealthState, OperationId, OperationKind, OperationState,
    OperationView, Overview, PlanId, PlanView, Progress, ProgressPhase,
};

/// Which of the drawings is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// All is well, or waits.
    Calm,
    /// Something runs.
    Running,
    /// Somebody should look.
    Attention,
    /// A backup failed.
    Failed,
}

/// Icon and menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Face {
    /// The drawing.
    pub(crate) mood: Mood,
    /// The one sentence.
    pub(crate) sentence: String,
    /// That nothing starts by itself for now, and until when.
    pub(crate) paused: Option<String>,
    /// What runs, with the words for how far it is.
    pub(crate) running: Vec<(OperationId, String)>,
    /// The plans that can be started.
    pub(crate) plans: Vec<(PlanId, String)>,
}

impl Face {
    /// What the tray shows while this is how everything is.
    pub(crate) fn of(overview: &Overview) -> Self {
        let runs = overview.running.iter().filter(|one| one.state == OperationState::Running);
        let running: Vec<_> =
            runs.map(|one| (one.id.clone(), progress_line(one, one.progress.as_ref()))).collect();
        let is_damaged = overview.concerns.iter().any(|one| one.kind == ConcernKind::DamageFound);
        let mood = match overview.health {
            _ if !running.is_empty() => Mood::Running,
            HealthState::Protected | HealthState::Waiting if is_damaged => Mood::Attention,
            HealthState::Failing => Mood::Failed,
            HealthState::Overdue | HealthState::NeverBackedUp => Mood::Attention,
            HealthState::Protected | HealthState::Waiting | HealthState::NoPlans => Mood::Calm,
        };
        let plans = overview.plans.iter().map(|plan| (plan.id.clone(), plan.name.clone()));
        let paused = overview.paused.as_ref().map(|pause| pause.problem.title.clone());
        Self { mood, sentence: sentence(overview), paused, running, plans: plans.collect() }
    }
}

/// The worst of all plans in one sentence.
fn sentence(overview: &Overview) -> String {
    let worst: Vec<&PlanView> =
        overview.plans.iter().filter(|plan| plan.health.state == overview.health).collect();
    let who = match worst.as_slice() {
        [] => String::new(),
        [plan] => plan.name.clone(),
        several => format!("{} plans", several.len()),
    };
    let (have, need, wait) =
        if worst.len() == 1 { ("has", "needs", "waits") } else { ("have", "need", "wait") };
    match overview.health {
        HealthState::NoPlans => "Nothing is backed up yet.".into(),
        HealthState::Protected => match overview.concerns.as_slice() {
            [] => "Everything is protected.".into(),
            concerns => {
                format!("Everything is protected, but {}.", clauses(concerns).join(" and "))
            }
        },
        HealthState::NeverBackedUp => format!("{who} {have} not been backed up yet."),
        HealthState::Overdue => format!("{who} {have} not been backed up for too long."),
        HealthState::Failing => match worst.first().and_then(|plan| plan.health.reason.as_ref()) {
            Some(reason) if worst.len() == 1 && reason.code == Code::RepositoryUnknown => {
                reason.title.clone()
            }
            _ => format!("{who} {need} attention: the last backup failed."),
        },
        HealthState::Waiting => match worst.first().and_then(|plan| plan.health.reason.as_ref()) {
            Some(reason) => format!("{who} {wait}: {}", reason.title),
            None => format!("{who} {wait}."),
        },
    }
}

/// One clause for each kind of concern, however many there are.
fn clauses(concerns: &[Concern]) -> Vec<String> {
    let of = |kind| concerns.iter().filter(move |concern| concern.kind == kind).collect::<Vec<_>>();
    let damage = match of(ConcernKind::DamageFound).as_slice() {
        [] => None,
        [one] => Some(format!("verifying {} found problems", one.name)),
        several => Some(format!("verifying found problems in {} repositories", several.len())),
    };
    let skipped = match of(ConcernKind::FilesSkipped).as_slice() {
        [] => None,
        [one] if one.count == 1 => Some(format!("1 item of {} could not be read", one.name)),
        [one] => Some(format!("{} items of {} could not be read", one.count, one.name)),
        several => Some(format!("some items of {} plans could not be read", several.len())),
    };
    damage.into_iter().chain(skipped).collect()
}

/// One line on how far an operation is.
pub(crate) fn progress_line(operation: &OperationView, progress: Option<&Progress>) -> String {
    let what = match (operation.kind, &operation.plan_name) {
        (OperationKind::Backup, Some(plan)) => format!("Backing up {plan}"),
        (OperationKind::Backup, None) => "Backing up".into(),
        (OperationKind::Restore, _) => format!("Restoring from {}", operation.repository_name),
        (OperationKind::Verify, _) => format!("Verifying {}", operation.repository_name),
        (OperationKind::Unlock, _) => format!("Unlocking {}", operation.repository_name),
        (OperationKind::Forget | OperationKind::Retention, _) => {
            format!("Removing snapshots from {}", operation.repository_name)
        }
        (OperationKind::Cleanup, _) => format!("Freeing space in {}", operation.repository_name),
        (OperationKind::Drill, _) => format!("Trying a restore from {}", operation.repository_name),
        (OperationKind::Hook, _) => format!("Telling of {}", operation.repository_name),
        (OperationKind::Copy, _) => format!("Copying to {}", operation.repository_name),
    };
    match progress {
        Some(progress) if progress.phase == ProgressPhase::WaitingForLock => {
            format!("{what}: waiting, in use by another program")
        }
        Some(progress) => match progress.percent() {
            Some(percent) => format!("{what}: {percent} %"),
            None => what,
        },
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concern(kind: ConcernKind, name: &str, count: u64) -> Concern {
        Concern { kind, name: name.into(), count, operation: "1".into() }
    }

    #[test]
    fn damage_is_said_before_what_was_skipped() {
        let concerns = [
            concern(ConcernKind::DamageFound, "Blue", 3),
            concern(ConcernKind::FilesSkipped, "Photos", 12),
        ];
        let expected = ["verifying Blue found problems", "12 items of Photos could not be read"];
        assert_eq!(clauses(&concerns), expected);
    }

    #[test]
    fn what_is_wrong_in_several_places_is_one_clause() {
        let concerns =
            ["Photos", "Letters"].map(|name| concern(ConcernKind::FilesSkipped, name, 2));
        assert_eq!(clauses(&concerns), ["some items of 2 plans could not be read"]);
    }
}
