//! `holdfast mount`

use super::Ended;
use crate::arguments::MountArguments;
use crate::session::Session;

/// Shows the snapshots as folders.
#[cfg(any(target_os = "linux", all(feature = "mount", target_os = "macos")))]
pub(crate) fn mount(session: &Session, arguments: &MountArguments) -> Ended {
    through_fuse::mount(session, arguments)
}

/// There is nothing to mount with here.
#[cfg(not(any(target_os = "linux", all(feature = "mount", target_os = "macos"))))]
pub(crate) fn mount(_: &Session, _: &MountArguments) -> Ended {
    let why = if cfg!(windows) {
        "Windows has no FUSE to mount a repository with"
    } else {
        "this holdfast was built without the feature `mount`, which needs macFUSE"
    };
    Err(crate::exit::Failure::fatal(why)
        .meaning("Nothing was mounted.")
        .advice("Use `ls`, `find`, `dump` and `restore` to look into snapshots."))
}

#[cfg(any(target_os = "linux", all(feature = "mount", target_os = "macos")))]
mod through_fuse {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use holdfast_engine::clock::Clock;
    use holdfast_engine::mount::fuse::{self, MountAccess, Mounted};
    use holdfast_engine::mount::{MountOptions, SnapshotFiles};
    use holdfast_engine::repository::Repository;
    use holdfast_machine::SystemClock;

    use crate::arguments::MountArguments;
    use crate::commands::Ended;
    use crate::exit::{ExitStatus, Failure};
    use crate::output::Verbosity;
    use crate::selection::Warnings;
    use crate::session::Session;
    use crate::{explain, locking};

    /// How often it is looked whether to stop.
    const LOOK: Duration = Duration::from_millis(50);

    pub(super) fn mount(session: &Session, arguments: &MountArguments) -> Ended {
        let [folder] = arguments.folders.as_slice() else {
            return Err(Failure::fatal("wrong number of parameters"));
        };
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(Failure::fatal(format!("mountpoint {folder} does not exist")));
        }
        let repository = session.open()?;
        refuse_own_folder(&repository, folder)?;
        let lock = session.lock_to_read(&repository, "mount")?;
        let served = serve(session, arguments, &repository, folder);
        locking::release(session, lock);
        served
    }

    /// A repository that is read through itself would wait for itself for ever (restic #5234).
    fn refuse_own_folder(repository: &Repository, folder: &Path) -> Result<(), Failure> {
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let Some(own) = repository.backend().folder().map(whole) else { return Ok(()) };
        let folder = whole(folder);
        let refuse = |what: &Path, relation: &str, other: &Path| {
            let (what, other) = (what.display(), other.display());
            let text = format!(
                "mountpoint {what} is {relation} {other}; refusing to mount to avoid deadlocking \
                 the FUSE server"
            );
            Err(Failure::fatal(text)
                .meaning("Nothing was mounted.")
                .advice("Choose a folder outside of the repository."))
        };
        if folder.starts_with(&own) {
            return refuse(&folder, "inside the local repository directory", &own);
        }
        if own.starts_with(&folder) {
            return refuse(&folder, "above the local repository directory", &own);
        }
        Ok(())
    }

    fn serve(
        session: &Session,
        arguments: &MountArguments,
        repository: &Arc<Repository>,
        folder: &Path,
    ) -> Ended {
        let mut options = MountOptions {
            filter: session.filter(&arguments.filter),
            time_template: arguments.time_template.clone(),
            owner: arguments.owner_root.then_some((0, 0)),
            mounter: (session.identity.uid, session.identity.gid),
            ..MountOptions::default()
        };
        if !arguments.path_template.is_empty() {
            options.path_templates.clone_from(&arguments.path_template);
        }
        let warnings = Warnings(&session.terminal, "ignoring error:");
        let clock = Arc::new(SystemClock);
        let cancel = &session.cancel;
        let files = SnapshotFiles::new(Arc::clone(repository), options, clock, &warnings, cancel)
            .map_err(explain::reading)?;
        let access = MountAccess {
            allow_other: arguments.allow_other,
            ignore_permissions: arguments.no_default_permissions,
        };
        let mounted = fuse::mount(files, folder, access).map_err(|error| {
            Failure::fatal(format!("unable to mount at {}", folder.display()))
                .meaning("Nothing was mounted.")
                .advice(
                    "FUSE is needed: install the package `fuse3`, and see that /dev/fuse is there \
                     and may be used. --allow-other needs `user_allow_other` in /etc/fuse.conf.",
                )
                .cause(error)
        })?;
        let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
        say(&format!("Now serving the repository at {}", folder.display()));
        say("Use another terminal or tool to browse the contents of this folder.");
        say("When finished, quit with Ctrl-c here or umount the mountpoint.");
        wait(session, mounted)
    }

    /// Until somebody stops it, or takes it from its folder.
    fn wait(session: &Session, mounted: Mounted) -> Ended {
        while !session.cancel.is_cancelled() && !mounted.is_over() {
            session.clock.sleep(LOOK);
        }
        if !mounted.is_over()
            && let Err(error) = mounted.unmount()
        {
            let text = "unable to umount (maybe already umounted or still in use?)";
            session.terminal.warn(&format!("{text}: {error}"));
        }
        Ok(ExitStatus::Success)
    }
}
