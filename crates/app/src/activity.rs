//! History as the window asks for it.

use crate::api::{OperationDetail, OperationId, OperationView, OperationsQuery};
use crate::error::AppError;
use crate::operation::Operation;
use crate::state::State;

/// The longest page.
const LIMIT_MAX: u32 = 500;

impl State {
    /// Operations that match, the newest first.
    pub(crate) fn matching(&self, query: &OperationsQuery) -> Vec<OperationView> {
        let limit = query.limit.min(LIMIT_MAX) as usize;
        let found: Vec<Operation> = self.operations(|operations| {
            let newest_first = operations.values().rev();
            let found = newest_first.filter(|operation| matches(query, operation));
            found.take(limit).cloned().collect()
        });
        found.iter().map(|operation| self.operation_view(operation)).collect()
    }

    /// One operation with its log and findings; of one that runs, the findings so far.
    pub(crate) fn operation_detail(&self, id: &OperationId) -> Result<OperationDetail, AppError> {
        let operation = self.operation(id)?;
        let meter = self.live.lock().get(id).and_then(|live| live.meter.clone());
        let unreadable = |source| AppError::LogUnwritable { source: Box::new(source) };
        Ok(OperationDetail {
            operation: self.operation_view(&operation),
            log: self.log().lines(id).map_err(unreadable)?,
            findings: match meter {
                Some(meter) => meter.findings(|findings| findings.groups()),
                None => self.log().findings(id).map_err(unreadable)?,
            },
        })
    }
}

fn matches(query: &OperationsQuery, operation: &Operation) -> bool {
    let plan = operation.plan.as_ref().map(|(plan, _)| plan);
    query.plan.as_ref().is_none_or(|wanted| plan == Some(wanted))
        && query.repository.as_ref().is_none_or(|wanted| operation.repository == *wanted)
        && query.kind.is_none_or(|wanted| operation.task.kind() == wanted)
        && query.state.is_none_or(|wanted| operation.state == wanted)
        && query.before.as_ref().is_none_or(|before| operation.id < *before)
}
