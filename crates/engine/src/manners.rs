//! How the threads of a piece of work behave towards other programs.
//!
//! The engine works in many threads and starts them where they are needed. Most systems keep
//! priorities by thread and hand none on, so each thread begins with what the one that started it
//! [took on](take_on).

use std::cell::RefCell;
use std::sync::Arc;

/// What a thread does before it works.
pub type Manners = Arc<dyn Fn() + Send + Sync>;

thread_local! {
    static MANNERS: RefCell<Option<Manners>> = const { RefCell::new(None) };
}

/// Calls `manners` on this thread, and on every thread that the engine starts from it for the work in
/// hand, before it works. The thread that keeps a lock fresh is not among them: a lock that nobody
/// refreshes in time is lost. Neither are those that answer for a mount.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use holdfast_engine::manners;
///
/// let threads = Arc::new(AtomicUsize::new(0));
/// let counted = threads.clone();
/// let work = std::thread::spawn(move || {
///     manners::take_on(Arc::new(move || {
///         counted.fetch_add(1, Ordering::Relaxed);
///     }));
///     // ... and a backup, each thread of which is counted.
/// });
/// work.join().expect("it does not panic");
/// assert_eq!(threads.load(Ordering::Relaxed), 1);
/// ```
pub fn take_on(manners: Manners) {
    manners();
    MANNERS.set(Some(manners));
}

/// The work of a thread that behaves as this one does.
pub(crate) fn as_here<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let manners = MANNERS.with_borrow(Clone::clone);
    move || {
        if let Some(manners) = manners {
            take_on(manners);
        }
        work()
    }
}
