//! What the person was told, as it is kept in the operation log, so that a restart repeats nothing.
//!
//! An entry stands for trouble that lasts: it is made when the trouble is told, or when it could
//! not be, and goes when the trouble does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judge::News;
use super::table::Topic;
use crate::api::{Code, OperationId};

/// What a notice was about: its subject, and the topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) subject: String,
    pub(crate) topic: Topic,
}

/// What was told about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    /// The cause.
    pub(crate) code: Code,
    /// The operation that a person started and that was told about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by_hand: Option<OperationId>,
    /// When it was shown last, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shown: Option<Timestamp>,
    /// When it could not be shown, if that is so since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Timestamp>,
}

/// Everything that was told and lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) entries: BTreeMap<Key, Told>,
}

impl Book {
    /// As text, for the operation log.
    pub(crate) fn to_text(&self) -> Option<String> {
        let entries: Vec<(&Key, &Told)> = self.entries.iter().collect();
        serde_json::to_string(&entries).ok()
    }

    /// From such a text, entry by entry: one that cannot be understood is told again, and costs no
    /// other.
    pub(crate) fn from_text(text: &str) -> Self {
        let entries: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
        let understood = entries.into_iter().filter_map(|one| serde_json::from_value(one).ok());
        Self { entries: understood.collect() }
    }

    /// Takes down that a notice was shown.
    pub(crate) fn shown(&mut self, news: &News, now: Timestamp) {
        self.forget(&news.ends);
        for mark in &news.marks {
            let told = Told {
                code: mark.code,
                by_hand: mark.by_hand.clone(),
                shown: Some(now),
                refused: None,
            };
            self.entries.insert(mark.key.clone(), told);
        }
    }

    /// Takes down that a notice could not be shown. What was shown before stays.
    pub(crate) fn refused(&mut self, news: &News, now: Timestamp) {
        for key in &news.ends {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.refused = Some(now);
            }
        }
        for mark in &news.marks {
            let entry = self.entries.entry(mark.key.clone()).or_insert_with(|| Told {
                code: mark.code,
                by_hand: None,
                shown: None,
                refused: None,
            });
            entry.refused = Some(now);
        }
    }

    pub(crate) fn forget(&mut self, keys: &[Key]) {
        for key in keys {
            self.entries.remove(key);
        }
    }
}

/// What is to be remembered of a notice once it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) key: Key,
    pub(crate) code: Code,
    pub(crate) by_hand: Option<OperationId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let told = Told {
            code: Code::Overdue,
            by_hand: Some("1".into()),
            shown: Some(Timestamp::UNIX_EPOCH),
            refused: None,
        };
        let untold = Told { shown: None, refused: told.shown, ..told.clone() };
        let key = |topic| Key { subject: "plan photos".to_owned(), topic };
        let entries = [(key(Topic::Overdue), told), (key(Topic::BackupFailed), untold)];
        Book { entries: entries.into() }
    }

    #[test]
    fn a_book_is_the_same_after_it_was_stored() {
        assert_eq!(Book::from_text(&book().to_text().expect("text")), book());
    }

    #[test]
    fn an_entry_that_cannot_be_understood_costs_no_other() {
        let text = book().to_text().expect("text");
        let damaged = text.replacen('[', "[[{\"subject\":\"x\",\"topic\":\"unheardOf\"},{}],", 1);
        assert_eq!(Book::from_text(&damaged), book());
        assert_eq!(Book::from_text("{]"), Book::default());
    }
}
