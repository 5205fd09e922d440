//! What the tray shows, as a function of the overview.

use holdfast_app::api::{
    HealthState, OperationId, OperationKind, OperationState, OperationView, Overview, PlanId,
    PlanView, Progress, ProgressPhase,
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
        let mood = match overview.health {
            _ if !running.is_empty() => Mood::Running,
            HealthState::Failing => Mood::Failed,
            HealthState::Overdue | HealthState::NeverBackedUp => Mood::Attention,
            HealthState::Protected | HealthState::Waiting | HealthState::NoPlans => Mood::Calm,
        };
        let plans = overview.plans.iter().map(|plan| (plan.id.clone(), plan.name.clone()));
        Self { mood, sentence: sentence(overview), running, plans: plans.collect() }
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
        HealthState::Protected => "Everything is protected.".into(),
        HealthState::NeverBackedUp => format!("{who} {have} not been backed up yet."),
        HealthState::Overdue => format!("{who} {have} not been backed up for too long."),
        HealthState::Failing => format!("{who} {need} attention: the last backup failed."),
        HealthState::Waiting => match worst.first().and_then(|plan| plan.health.reason.as_ref()) {
            Some(reason) => format!("{who} {wait}: {}", reason.title),
            None => format!("{who} {wait}."),
        },
    }
}

/// One line on how far an operation is.
pub(crate) fn progress_line(operation: &OperationView, progress: Option<&Progress>) -> String {
    let what = match (operation.kind, &operation.plan_name) {
        (OperationKind::Backup, Some(plan)) => format!("Backing up {plan}"),
        (OperationKind::Backup, None) => "Backing up".into(),
        (OperationKind::Restore, _) => format!("Restoring from {}", operation.repository_name),
        (OperationKind::Verify, _) => format!("Verifying {}", operation.repository_name),
        (OperationKind::Unlock, _) => format!("Unlocking {}", operation.repository_name),
        (OperationKind::Forget, _) => {
            format!("Removing snapshots from {}", operation.repository_name)
        }
    };
    match progress {
        Some(progress) if progress.phase == ProgressPhase::WaitingForLock => {
            format!("{what}: waiting, in use by another program")
        }
        Some(progress) => match percent(progress) {
            Some(percent) => format!("{what}: {percent} %"),
            None => what,
        },
        None => what,
    }
}

/// Whole percents, and 100 only at the end.
fn percent(progress: &Progress) -> Option<u64> {
    let total = progress.bytes_total.filter(|total| *total > 0)?;
    let done = u128::from(progress.bytes_done.min(total)) * 100 / u128::from(total);
    u64::try_from(done).ok().map(|percent| percent.min(99))
}
