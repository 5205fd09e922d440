//! What is wrong although the newest snapshots are young enough.

use crate::api::{Code, Concern, ConcernKind, OperationState};
use crate::operation::Operation;

/// What the last backup of a plan could not read. `backups` of one plan, the oldest first.
pub(crate) fn files_skipped(plan: &str, backups: &[Operation]) -> Option<Concern> {
    let last = backups.iter().rev().find(|backup| backup.is_good_backup())?;
    let is_it = has_problem(last, Code::FilesSkipped);
    is_it.then(|| concern(ConcernKind::FilesSkipped, plan, last))
}

/// What the last verify of a repository found that came to a verdict. `operations` on that
/// repository, the newest first.
pub(crate) fn damage_found<'a>(
    repository: &str,
    operations: impl Iterator<Item = &'a Operation>,
) -> Option<Concern> {
    damaged(operations).map(|verify| concern(ConcernKind::DamageFound, repository, verify))
}

/// The last verify that came to a verdict, if that was damage. The same operations.
pub(crate) fn damaged<'a>(
    mut operations: impl Iterator<Item = &'a Operation>,
) -> Option<&'a Operation> {
    let last = operations.find(|verify| {
        verify.state == OperationState::Succeeded || has_problem(verify, Code::VerifyFoundProblems)
    })?;
    (last.state != OperationState::Succeeded).then_some(last)
}

fn has_problem(operation: &Operation, code: Code) -> bool {
    operation.problem.as_ref().is_some_and(|problem| problem.code == code)
}

fn concern(kind: ConcernKind, name: &str, operation: &Operation) -> Concern {
    Concern {
        kind,
        name: name.to_owned(),
        count: operation.findings.max(1),
        operation: operation.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::backup;
    use super::*;
    use crate::api::{Problem, VerifyScope};
    use crate::error::AppError;
    use crate::operation::Task;

    fn with(error: AppError, findings: u64, operation: Operation) -> Operation {
        Operation { problem: Some(Problem::from(error)), findings, ..operation }
    }

    fn skipped() -> Operation {
        let warned = backup(OperationState::Warnings, "2026-03-05 02:00");
        with(AppError::FilesSkipped { count: 12 }, 12, warned)
    }

    fn verify(state: OperationState) -> Operation {
        let task = Task::Verify { scope: VerifyScope::Structure };
        Operation { task, plan: None, ..backup(state, "2026-03-05 02:00") }
    }

    fn damaged() -> Operation {
        let error = AppError::VerifyFoundProblems { count: 3 };
        with(error, 3, verify(OperationState::Failed))
    }

    #[test]
    fn skipped_items_are_counted_until_a_backup_reads_all() {
        let found = files_skipped("Photos", &[skipped()]).expect("a concern");
        assert_eq!((found.name.as_str(), found.count), ("Photos", 12));
        let good = backup(OperationState::Succeeded, "2026-03-06 02:00");
        assert_eq!(files_skipped("Photos", &[skipped(), good]), None);
        let stopped = backup(OperationState::Cancelled, "2026-03-06 02:00");
        assert!(files_skipped("Photos", &[skipped(), stopped]).is_some());
    }

    #[test]
    fn damage_is_not_hidden_by_a_verify_that_came_to_no_verdict() {
        let failed = with(AppError::KeychainLocked, 0, verify(OperationState::Failed));
        let newest_first = [failed, verify(OperationState::Cancelled), damaged()];
        let found = damage_found("Blue", newest_first.iter()).expect("a concern");
        assert_eq!((found.kind, found.count), (ConcernKind::DamageFound, 3));
        let newest_first = [verify(OperationState::Succeeded), damaged()];
        assert_eq!(damage_found("Blue", newest_first.iter()), None);
    }
}
