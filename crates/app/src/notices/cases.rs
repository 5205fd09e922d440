//! What there is to tell, found in the facts: one function for each row of the table.

use jiff::SignedDuration;

use super::facts::{Event, Facts, PlanFacts, RepositoryFacts};
use super::words;
use crate::api::{Code, OperationId, OperationState, OperationView, RepositoryId, Trigger};
use crate::ports::Notice;

/// One thing to tell, whether or not it was told already.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The cause. Another one is told at once.
    pub(crate) code: Code,
    /// The operation behind it, if a person started that and waits for what becomes of it.
    pub(crate) by_hand: Option<OperationId>,
    /// True if it has lasted long.
    pub(crate) is_late: bool,
    /// True if something graver says the same, so that this need not be repeated.
    pub(crate) is_covered: bool,
    pub(crate) notice: Notice,
    /// What the notice's buttons act on.
    pub(crate) operation: Option<OperationId>,
    pub(crate) repository: Option<RepositoryId>,
}

impl Case {
    fn new(code: Code, repository: &RepositoryId, notice: Notice) -> Self {
        Self {
            code,
            by_hand: None,
            is_late: false,
            is_covered: false,
            notice,
            operation: None,
            repository: Some(repository.clone()),
        }
    }

    fn of(operation: &OperationView, code: Code, notice: Notice) -> Self {
        let by_hand = is_by_hand(operation).then(|| operation.id.clone());
        let id = Some(operation.id.clone());
        Self { by_hand, operation: id, ..Self::new(code, &operation.repository, notice) }
    }
}

/// After so long, or so many times its target, a plan that is overdue is urgent.
const LATE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
const LATE_AFTER_TARGETS: i32 = 3;

/// Which share of its target a backup may run before it no longer excuses that there is none.
const EXCUSED_SHARE: i32 = 4;

pub(crate) fn damage(facts: &Facts) -> Vec<Case> {
    let found = facts.repositories.iter().filter_map(|repository| {
        let verify = repository.damage.as_ref()?;
        let notice = words::damaged(verify);
        Some(Case::of(verify, Code::VerifyFoundProblems, notice))
    });
    found.collect()
}

pub(crate) fn backup_failed(facts: &Facts) -> Vec<Case> {
    let found = runnable(facts).filter_map(|plan| {
        let failed = plan.failed.as_ref()?;
        let problem = failed.problem.as_ref()?;
        let case = Case::of(failed, problem.code, words::not_backed_up(failed, problem));
        Some(Case { is_covered: plan.overdue.is_some(), ..case })
    });
    found.collect()
}

pub(crate) fn overdue(facts: &Facts) -> Vec<Case> {
    let found = runnable(facts).filter_map(|plan| {
        let reason = plan.overdue.as_ref()?;
        let is_excused = plan.working_since.is_some_and(|since| {
            let worked = facts.now.duration_since(since);
            !worked.is_negative() && worked < plan.target / EXCUSED_SHARE
        });
        if is_excused {
            return None;
        }
        let case = Case::new(reason.code, &plan.repository, words::overdue(plan, reason));
        let is_late = plan.age >= plan.target * LATE_AFTER_TARGETS || plan.age >= LATE_AFTER;
        let operation = plan.last.as_ref().map(|last| last.id.clone());
        Some(Case { is_late, operation, ..case })
    });
    found.collect()
}

pub(crate) fn never_runs(facts: &Facts) -> Vec<Case> {
    let found = facts.plans.iter().filter_map(|plan| {
        let reason = plan.never_runs.as_ref()?;
        let notice = words::never_runs(plan, reason);
        let operation = plan.last.as_ref().map(|last| last.id.clone());
        Some(Case { operation, ..Case::new(reason.code, &plan.repository, notice) })
    });
    found.collect()
}

/// Plans that can run at all: of the others there is no more to say.
fn runnable(facts: &Facts) -> impl Iterator<Item = &PlanFacts> {
    facts.plans.iter().filter(|plan| plan.never_runs.is_none())
}

pub(crate) fn password_needed(facts: &Facts) -> Vec<Case> {
    let found = facts.repositories.iter().filter_map(|repository| {
        let reason = repository.awaits_person.as_ref()?;
        let notice = words::password_needed(repository, reason);
        Some(Case::new(reason.code, &repository.id, notice))
    });
    found.collect()
}

pub(crate) fn verify_failed(facts: &Facts) -> Vec<Case> {
    let found = facts.repositories.iter().filter_map(|repository| {
        let verify = failed_verify(repository)?;
        let problem = verify.problem.as_ref()?;
        Some(Case::of(verify, problem.code, words::not_verified(verify, problem)))
    });
    found.collect()
}

fn failed_verify(repository: &RepositoryFacts) -> Option<&OperationView> {
    let verify = repository.verify.as_ref()?;
    let code = verify.problem.as_ref().map(|problem| problem.code);
    let is_verdict = code == Some(Code::VerifyFoundProblems);
    (verify.state == OperationState::Failed && !is_verdict).then_some(verify)
}

pub(crate) fn nearly_full(facts: &Facts) -> Vec<Case> {
    let found = facts.repositories.iter().filter_map(|repository| {
        let notice = words::nearly_full(repository, repository.hardly_any_room?);
        Some(Case::new(Code::DestinationFull, &repository.id, notice))
    });
    found.collect()
}

pub(crate) fn unlocked(facts: &Facts) -> Vec<Case> {
    match &facts.event {
        Some(Event::Unlocked { operation, whose }) => {
            let notice = words::unlocked(operation, whose);
            vec![Case { by_hand: None, ..Case::of(operation, Code::RepositoryLocked, notice) }]
        }
        _ => Vec::new(),
    }
}

pub(crate) fn succeeded(facts: &Facts) -> Vec<Case> {
    match &facts.event {
        Some(Event::Ended(operation)) if is_good_backup(operation) => {
            let notice = words::succeeded(operation);
            // It is no trouble, so it needs no cause.
            vec![Case { by_hand: None, ..Case::of(operation, Code::FilesSkipped, notice) }]
        }
        _ => Vec::new(),
    }
}

/// The notices that trouble is over, for everything that is well: what was shown decides which of
/// them is told.
pub(crate) fn well(facts: &Facts) -> Vec<Case> {
    let plans = runnable(facts).filter_map(|plan| {
        let is_well = plan.failed.is_none() && plan.overdue.is_none();
        plan.newest_good.filter(|_| is_well)?;
        let notice = words::protected_again(plan);
        let operation = plan.last.as_ref().map(|last| last.id.clone());
        Some(Case { operation, ..Case::new(Code::Overdue, &plan.repository, notice) })
    });
    let verifies = facts.repositories.iter().filter_map(|repository| {
        let verify = repository.verify.as_ref()?;
        let is_well = failed_verify(repository).is_none();
        let notice = is_well.then(|| words::verified_again(verify))?;
        Some(Case { by_hand: None, ..Case::of(verify, Code::VerifyFoundProblems, notice) })
    });
    let undamaged = facts.repositories.iter().filter_map(|repository| {
        let verify = repository.verify.as_ref().filter(|_| repository.damage.is_none())?;
        let notice = words::undamaged(verify);
        Some(Case { by_hand: None, ..Case::of(verify, Code::VerifyFoundProblems, notice) })
    });
    plans.chain(verifies).chain(undamaged).collect()
}

fn is_by_hand(operation: &OperationView) -> bool {
    matches!(operation.trigger, Trigger::Manual | Trigger::FirstStart | Trigger::Retry)
}

fn is_good_backup(operation: &OperationView) -> bool {
    operation.kind == crate::api::OperationKind::Backup
        && matches!(operation.state, OperationState::Succeeded | OperationState::Warnings)
}
