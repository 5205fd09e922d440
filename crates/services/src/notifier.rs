//! Native notifications.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_app::ports::{ActionChosen, Notice, NoticeAction, Notifier, NotifyError};
use notify_rust::Notification;

/// The desktop's notifications. A notice takes the place of the one before it of the same subject.
#[derive(Default)]
pub struct DesktopNotifier {
    shown: Arc<Mutex<HashMap<String, Shown>>>,
}

/// The last notice of a subject.
#[derive(Clone, Copy, Default)]
struct Shown {
    /// What the desktop calls it.
    #[cfg(target_os = "linux")]
    id: u32,
    /// Which of our notices of the subject it is: an answer to an earlier one counts no more.
    turn: u64,
}

impl Notifier for DesktopNotifier {
    fn show(&self, notice: &Notice, chosen: ActionChosen) -> Result<(), NotifyError> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shown.get(&notice.subject).copied().unwrap_or_default();
        let notification = worded(notice);
        #[cfg(target_os = "linux")]
        let notification = linux::dressed(notification, notice, before.id);
        let handle =
            notification.show().map_err(|error| NotifyError { source: Box::new(error) })?;
        let now = Shown {
            #[cfg(target_os = "linux")]
            id: handle.id(),
            turn: before.turn + 1,
        };
        shown.insert(notice.subject.clone(), now);
        drop(shown);

        let (subjects, subject) = (Arc::clone(&self.shown), notice.subject.clone());
        let is_latest = move || {
            let shown = subjects.lock().unwrap_or_else(PoisonError::into_inner);
            shown.get(&subject).is_some_and(|latest| latest.turn == now.turn)
        };
        // The desktop answers whenever the person does; nothing may wait for that.
        let offered = notice.actions.clone();
        let waiting = std::thread::Builder::new().name("notice".into()).spawn(move || {
            #[allow(clippy::let_unit_value, reason = "on some systems it answers with a result")]
            let _ = handle.wait_for_action(|answer| {
                if let Some(action) = action_of(answer, &offered).filter(|_| is_latest()) {
                    chosen(action);
                }
            });
        });
        waiting.map(drop).map_err(|error| NotifyError { source: Box::new(error) })
    }

    /// Only Linux can lack a place for notifications.
    #[cfg(target_os = "linux")]
    fn presence(&self) -> Result<(), NotifyError> {
        let server = notify_rust::get_server_information();
        server.map(drop).map_err(|error| NotifyError { source: Box::new(error) })
    }
}

fn worded(notice: &Notice) -> Notification {
    let mut notification = Notification::new();
    notification.appname("Holdfast").summary(&notice.title).body(&body(&notice.body));
    for action in std::iter::once(&NoticeAction::Open).chain(&notice.actions) {
        notification.action(&key(*action), action.label());
    }
    notification
}

/// What an action is called on its way to the desktop and back. The notice itself is an action of
/// the desktop's, named "default".
fn key(action: NoticeAction) -> String {
    match action {
        NoticeAction::Open => "default".into(),
        other => other.label().to_lowercase().replace(' ', "-"),
    }
}

fn action_of(answer: &str, offered: &[NoticeAction]) -> Option<NoticeAction> {
    // macOS says so when the notice itself is clicked.
    if ["default", "__clicked", ""].contains(&answer) {
        return Some(NoticeAction::Open);
    }
    offered.iter().copied().find(|one| key(*one) == answer || one.label() == answer)
}

/// On Linux the body is markup.
#[cfg(target_os = "linux")]
fn body(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(not(target_os = "linux"))]
fn body(text: &str) -> String {
    text.to_owned()
}

#[cfg(target_os = "linux")]
mod linux {
    use holdfast_app::ports::{Notice, NoticeKind};
    use notify_rust::{Hint, Notification, Urgency};

    /// Adds what only Linux knows of: urgency, our desktop entry, the notice that is replaced.
    pub(super) fn dressed(
        mut notification: Notification,
        notice: &Notice,
        replaces: u32,
    ) -> Notification {
        let urgency = match notice.kind {
            _ if notice.is_urgent => Urgency::Critical,
            NoticeKind::Succeeded | NoticeKind::Recovered => Urgency::Low,
            _ => Urgency::Normal,
        };
        notification.urgency(urgency);
        notification.icon("holdfast-desktop");
        notification.hint(Hint::DesktopEntry("holdfast-desktop".into()));
        if replaces != 0 {
            notification.id(replaces);
        }
        notification
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_action_it_was_asked_for() {
        let offered = [NoticeAction::UnlockAndRetry, NoticeAction::Retry];
        for action in offered {
            assert_eq!(action_of(&key(action), &offered), Some(action));
            assert_eq!(action_of(action.label(), &offered), Some(action));
        }
        assert_eq!(action_of("default", &offered), Some(NoticeAction::Open));
        assert_eq!(action_of("show-details", &offered), None);
        assert_eq!(action_of("__closed", &offered), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_body_is_text_and_not_markup() {
        assert_eq!(body("R&D <new> & old"), "R&amp;D &lt;new&gt; &amp; old");
    }
}
