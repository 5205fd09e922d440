//! Gives an entry its metadata and its name, or takes it away again if it failed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::context::Context;
use super::decide::Placement;
use super::name::name_beside;
use super::target::{Existing, Folder};
use super::task::Task;
use crate::backup::source::os_name;
use crate::monitor::{Change, ItemKind};
use crate::tree::NodeKind;

impl Task {
    /// All of it is written, or given up. `file` is the open file, if the caller has it.
    pub(super) fn finish(self: &Arc<Self>, context: &Context<'_>, file: Option<File>) {
        let open = self.file.lock().take();
        let is_whole = !self.has_failed() && !self.is_incomplete();
        let name = if !is_whole || context.is_stopped() {
            drop((open, file));
            self.discard(context);
            None
        } else {
            match self.complete(context, file, open) {
                Ok(name) => Some(name),
                Err(error) => {
                    let target = self.folder.target_path();
                    context.target_problem(&self.location, "write", &error, target);
                    self.fail();
                    self.discard(context);
                    None
                }
            }
        };
        if let Some(links) = &self.links {
            links.finish(context, name);
        }
        self.folder.entry_done(context);
    }

    /// Returns the name that it got.
    fn complete(
        &self,
        context: &Context<'_>,
        file: Option<File>,
        open: Option<Arc<File>>,
    ) -> io::Result<OsString> {
        let folder = self.folder.open(context)?;
        let (node, attributes) = (&self.node, &context.options.attributes);
        let mut restored = None;
        let problems = if self.is_file() {
            let file = match (file, open) {
                (Some(file), _) => Arc::new(file),
                (None, Some(file)) => file,
                (None, None) => Arc::new(self.reopened(context, &folder)?),
            };
            let was_there = self.placement == Placement::InPlace;
            let problems = Folder::finish_file(&file, node, attributes, was_there);
            restored = Some(file);
            problems
        } else {
            folder.create_other(self.work_name(), node)?;
            self.made();
            folder.finish_other(self.work_name(), node, attributes)
        };
        context.metadata_problems(&self.location, problems);
        let temporary = self.is_temporary().then(|| self.work_name());
        let place = Place {
            name: &self.name,
            location: &self.location,
            placement: self.placement,
            existing: self.existing.as_ref(),
        };
        let other_name = put_in_place(context, &folder, temporary, &place)?;
        if let Some(file) = restored {
            context.metadata_problems(&self.location, Folder::finish_rights(&file, node));
        }
        if let Some(name) = &other_name {
            self.folder.note_made(name);
        }
        let has_new_content = self.has_new_content.load(Ordering::Relaxed);
        if has_new_content && context.options.verify {
            context.written.add(&self.location, other_name.clone());
        }
        let change = match self.placement {
            Placement::Replace => Change::Changed,
            Placement::InPlace if has_new_content => Change::Changed,
            Placement::InPlace => Change::Unmodified,
            _ => Change::New,
        };
        let kind = if self.is_file() { ItemKind::File } else { ItemKind::Other };
        context.finished(&self.location, kind, change, self.node.size);
        Ok(other_name.unwrap_or_else(|| self.name.clone()))
    }

    /// The file, when nobody has it open: an empty one is made here, one of right content is
    /// opened only to set its metadata.
    fn reopened(&self, context: &Context<'_>, folder: &Folder) -> io::Result<File> {
        if self.placement == Placement::InPlace {
            return folder.metadata_file(&self.name);
        }
        if !self.is_made() {
            self.has_new_content.store(true, Ordering::Relaxed);
        }
        self.open_for_writing(context)
    }

    /// Removes what was made of it, unless that is all that the repository still has.
    fn discard(&self, context: &Context<'_>) {
        if self.placement == Placement::InPlace || !self.is_made() {
            return;
        }
        let Ok(folder) = self.folder.open(context) else { return };
        if self.is_worth_keeping() && !context.is_stopped() {
            let mut name = self.name.clone();
            name.push(".incomplete");
            if folder.rename_new(self.work_name(), &name).is_ok() {
                self.folder.note_made(&name);
                let message =
                    format!("what could be read of it was kept as {}", name.to_string_lossy());
                let kind = crate::monitor::FindingKind::Note;
                context.finding(kind, &self.location, "restore", message);
                return;
            }
        }
        if let Err(error) = folder.remove_file(self.work_name()) {
            context.target_problem(&self.location, "remove", &error, self.folder.target_path());
        }
        self.unmade();
    }
}

/// Where something that was built shall go.
pub(super) struct Place<'a> {
    pub name: &'a OsStr,
    pub location: &'a Path,
    pub placement: Placement,
    pub existing: Option<&'a Existing>,
}

/// Gives what stands at the temporary name its own. Returns the name if it is another than wanted.
pub(super) fn put_in_place(
    context: &Context<'_>,
    folder: &Folder,
    temporary: Option<&OsStr>,
    place: &Place<'_>,
) -> io::Result<Option<OsString>> {
    let Some(temporary) = temporary else { return Ok(None) };
    match place.placement {
        Placement::New => folder.rename_new(temporary, place.name).map(|()| None),
        Placement::Beside => put_beside(folder, temporary, place.name).map(Some),
        _ => {
            make_way(context, folder, place)?;
            folder.rename(temporary, place.name)?;
            // Renaming one name of a file to another of the same file does nothing.
            let _ = folder.remove_file(temporary);
            Ok(None)
        }
    }
}

fn put_beside(folder: &Folder, temporary: &OsStr, name: &OsStr) -> io::Result<OsString> {
    const TRIED_MAX: u32 = 10_000;
    for number in 1..TRIED_MAX {
        let beside = name_beside(name.as_encoded_bytes(), number);
        let beside = os_name(&beside).ok_or(io::ErrorKind::InvalidFilename)?;
        match folder.rename_new(temporary, &beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| beside),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Takes away what is no folder and stands where one shall be.
pub(super) fn clear(context: &Context<'_>, folder: &Folder, place: &Place<'_>) -> io::Result<()> {
    make_way(context, folder, place)?;
    match folder.remove_file(place.name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Moves what is replaced aside if that is wanted, and removes a folder in the way.
fn make_way(context: &Context<'_>, folder: &Folder, place: &Place<'_>) -> io::Result<()> {
    if let Some(keep) = &context.options.keep_replaced
        && folder.existing(place.name)?.is_some()
    {
        return keep_aside(folder, place, keep);
    }
    if place.existing.is_some_and(|it| it.kind == NodeKind::Folder) {
        if context.options.delete {
            return folder.remove_all(place.name, Path::new(""), &mut |_| {});
        }
        // Only if it is empty: what is in it is not in the snapshot.
        return folder.remove_folder(place.name);
    }
    Ok(())
}

fn keep_aside(folder: &Folder, place: &Place<'_>, keep: &Path) -> io::Result<()> {
    let relative = place.location.strip_prefix("/").unwrap_or(place.location);
    let kept = keep.join(relative);
    if let Some(parent) = kept.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match folder.move_to(place.name, &kept) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut from = folder.read_file(place.name)?;
            let mut to = File::create_new(&kept)?;
            io::copy(&mut from, &mut to)?;
            to.set_modified(from.metadata()?.modified()?)
        }
        moved => moved,
    }
}
