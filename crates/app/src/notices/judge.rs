//! What is told now: the table, what is so, and what was told already.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::cases::{self, Case};
use super::facts::Facts;
use super::table::{Again, Cleared, InQuietHours, RULES, Rule, Topic, Urgent, rule};
use super::told::{Book, Key, Mark, Told};
use super::words;
use crate::api::{OperationId, RepositoryId};
use crate::ports::{Notice, NoticeKind};

/// A notice to show, and what is to be remembered once it was handed over.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) notice: Notice,
    /// What its buttons act on.
    pub(crate) operation: Option<OperationId>,
    pub(crate) repository: Option<RepositoryId>,
    /// Trouble that it tells of.
    pub(crate) marks: Vec<Mark>,
    /// Trouble that it tells the end of: forgotten once it was shown.
    pub(crate) ends: Vec<Key>,
}

/// What is to be done now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) tell: Vec<News>,
    /// Trouble that is gone without a word.
    pub(crate) forget: Vec<Key>,
}

/// How long after a notice could not be shown it is tried again.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// How far a clock may be set back before a notice "in the future" no longer counts as told.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_mins(5);

/// From so many on, notices of a kind that come together are one.
const TOGETHER_FROM: usize = 3;

/// What is told now, and what is forgotten.
pub(crate) fn judge(facts: &Facts, book: &Book) -> Verdict {
    let present: Vec<(&Rule, Case)> = RULES
        .iter()
        .flat_map(|rule| (rule.find)(facts).into_iter().map(move |case| (rule, case)))
        .collect();
    let mut verdict = ended(facts, book, &present);
    let recovered: BTreeSet<String> =
        verdict.tell.iter().map(|news| news.notice.subject.clone()).collect();
    for (rule, case) in present {
        let is_said = rule.topic == Topic::Succeeded && recovered.contains(&case.notice.subject);
        if !is_said && is_told(rule, &case, book, facts) {
            verdict.tell.push(news(rule, case));
        }
    }
    for kind in [NoticeKind::Failed, NoticeKind::Overdue, NoticeKind::Recovered] {
        merge(&mut verdict.tell, kind);
    }
    verdict
}

/// What becomes of trouble that was told and is gone.
fn ended(facts: &Facts, book: &Book, present: &[(&Rule, Case)]) -> Verdict {
    let is_present = |key: &Key| {
        let same = |(rule, case): &(&Rule, Case)| {
            rule.topic == key.topic && case.notice.subject == key.subject
        };
        present.iter().any(same)
    };
    // A plan that failed and is overdue is not protected again when it only ceases to be one.
    let lasts = |key: &Key| {
        let same = |(rule, case): &(&Rule, Case)| {
            rule.cleared == Cleared::Recovered && case.notice.subject == key.subject
        };
        present.iter().any(same)
    };
    let over = rule(Topic::Recovered);
    let is_waiting = over.in_quiet_hours == InQuietHours::Waits && facts.is_quiet;
    let mut verdict = Verdict::default();
    for (key, told) in book.entries.iter().filter(|(key, _)| !is_present(key)) {
        if rule(key.topic).cleared == Cleared::Silently || told.shown.is_none() {
            verdict.forget.push(key.clone());
        } else if lasts(key) {
            continue;
        } else if !is_known(facts, key) || !over.switch.is_on(&facts.settings) {
            verdict.forget.push(key.clone());
        } else if !is_waiting && !is_refused_lately(told, facts.now) {
            tell_end(&mut verdict, facts, key);
        }
    }
    verdict
}

/// Tells that trouble is over, if its subject is well; once for all trouble of one subject.
fn tell_end(verdict: &mut Verdict, facts: &Facts, key: &Key) {
    let is_same = |news: &&mut News| news.notice.subject == key.subject;
    if let Some(news) = verdict.tell.iter_mut().find(is_same) {
        news.ends.push(key.clone());
        return;
    }
    let mut well = cases::well(facts).into_iter();
    if let Some(case) = well.find(|case| case.notice.subject == key.subject) {
        let ends = vec![key.clone()];
        let marks = Vec::new();
        let Case { notice, operation, repository, .. } = case;
        verdict.tell.push(News { notice, operation, repository, marks, ends });
    }
}

/// True if the subject still exists: a plan that was removed is not told about.
fn is_known(facts: &Facts, key: &Key) -> bool {
    let plans = facts.plans.iter().map(|plan| plan.id.0.as_str());
    let repositories = facts.repositories.iter().map(|repository| repository.id.0.as_str());
    let named = key.subject.split_once(' ').map(|(_, name)| name);
    named.is_some_and(|named| plans.chain(repositories).any(|known| known == named))
}

/// True if the case is told now.
fn is_told(rule: &Rule, case: &Case, book: &Book, facts: &Facts) -> bool {
    let told = book.entries.get(&key(rule, case));
    let is_new_by_hand =
        case.by_hand.is_some() && told.is_none_or(|told| told.by_hand != case.by_hand);
    let is_disturbing =
        facts.is_quiet && rule.in_quiet_hours != InQuietHours::Told && !is_new_by_hand;
    rule.switch.is_on(&facts.settings)
        && !is_disturbing
        && told.is_none_or(|told| is_due(rule, case, told, is_new_by_hand, facts.now))
}

fn is_due(rule: &Rule, case: &Case, told: &Told, is_new_by_hand: bool, now: Timestamp) -> bool {
    if is_refused_lately(told, now) {
        return false;
    }
    let Some(shown) = told.shown else { return true };
    let is_repeated = match rule.again {
        Again::After(pause) => !case.is_covered && !is_within(shown, pause, now),
        Again::Never => false,
    };
    is_new_by_hand || case.code != told.code || is_repeated
}

fn is_refused_lately(told: &Told, now: Timestamp) -> bool {
    told.refused.is_some_and(|refused| is_within(refused, TRIED_AGAIN_AFTER, now))
}

/// True if `now` is less than `pause` after `then`, as far as the clock can be believed.
fn is_within(then: Timestamp, pause: SignedDuration, now: Timestamp) -> bool {
    let passed = now.duration_since(then);
    passed < pause && passed > -CLOCK_SET_BACK
}

fn news(rule: &Rule, case: Case) -> News {
    let mark = Mark { key: key(rule, &case), code: case.code, by_hand: case.by_hand };
    let is_event = rule.again == Again::Never;
    let is_urgent = match rule.urgent {
        Urgent::Yes => true,
        Urgent::No => false,
        Urgent::Late => case.is_late,
    };
    News {
        notice: Notice { is_urgent, ..case.notice },
        operation: case.operation,
        repository: case.repository,
        marks: if is_event { Vec::new() } else { vec![mark] },
        ends: Vec::new(),
    }
}

fn key(rule: &Rule, case: &Case) -> Key {
    Key { subject: case.notice.subject.clone(), topic: rule.topic }
}

/// Makes one notice of many about plans.
fn merge(tell: &mut Vec<News>, kind: NoticeKind) {
    let is_one = |news: &News| news.notice.kind == kind && news.notice.subject.starts_with("plan ");
    if tell.iter().filter(|news| is_one(news)).count() < TOGETHER_FROM {
        return;
    }
    let (several, rest): (Vec<News>, Vec<News>) = tell.drain(..).partition(is_one);
    let notices: Vec<&Notice> = several.iter().map(|news| &news.notice).collect();
    let is_urgent = notices.iter().any(|notice| notice.is_urgent);
    let notice = Notice { is_urgent, ..words::together(&notices, kind) };
    let (marks, ends): (Vec<_>, Vec<_>) =
        several.into_iter().map(|news| (news.marks, news.ends)).unzip();
    let marks = marks.into_iter().flatten().collect();
    let ends = ends.into_iter().flatten().collect();
    *tell = rest;
    tell.push(News { notice, operation: None, repository: None, marks, ends });
}
