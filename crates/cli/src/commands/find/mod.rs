//! `holdfast find`

mod writer;

use std::sync::Arc;

use holdfast_engine::backup::exclude::PatternList;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::find::{self, Found, NameQuery, Wanted};
use holdfast_engine::id::BlobId;
use holdfast_engine::index::Index;
use holdfast_engine::repository::{ReadError, Repository};
use holdfast_engine::time::Time;

use super::Ended;
use crate::arguments::FindArguments;
use crate::exit::{ExitStatus, Failure};
use crate::selection::Stored;
use crate::session::Session;
use crate::{explain, locking, values};

use writer::FindWriter;

/// What is looked for.
enum Query {
    Names(NameQuery),
    Uses(Wanted),
}

/// Finds entries by name, or where something is used.
pub(crate) fn find(session: &Session, arguments: &FindArguments) -> Ended {
    if arguments.patterns.is_empty() {
        return Err(Failure::fatal("wrong number of arguments")
            .advice("Say what to look for, such as '*.txt'."));
    }
    let names = names(session, arguments)?;
    let kinds = [arguments.blob, arguments.tree, arguments.pack];
    if kinds.iter().filter(|is_given| **is_given).count() > 1 {
        return Err(Failure::fatal("cannot have several ID types"));
    }
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "find")?;
    let found = search(session, arguments, &repository, names);
    locking::release(session, lock);
    found?;
    Ok(ExitStatus::Success)
}

fn names(session: &Session, arguments: &FindArguments) -> Result<NameQuery, Failure> {
    let moment = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => match values::any_moment(text, &session.zone) {
            Some(moment) => Ok(Some(Time::from_timestamp(moment.timestamp(), &session.zone))),
            None => Err(Failure::fatal(format!("unable to parse time: {text:?}"))
                .advice("Write it like \"2012-11-01\" or \"2012-11-01 22:08:41\".")),
        },
    };
    let (oldest, newest) = (moment(&arguments.oldest)?, moment(&arguments.newest)?);
    if let (Some(oldest), Some(newest)) = (&oldest, &newest)
        && oldest.cmp_moment(newest).is_gt()
    {
        return Err(Failure::fatal("--oldest must specify a time before --newest"));
    }
    // There is nothing to negate here, so a name may begin with an exclamation mark.
    let plain = |text: &String| match text.strip_prefix('!') {
        Some(rest) => format!("\\!{rest}"),
        None => text.clone(),
    };
    let patterns =
        PatternList::compile(arguments.patterns.iter().map(plain), arguments.ignore_case).map_err(
            |error| Failure::plain(ExitStatus::Failed, "syntax error in pattern").cause(error),
        )?;
    Ok(NameQuery { patterns, oldest, newest })
}

fn search(
    session: &Session,
    arguments: &FindArguments,
    repository: &Arc<Repository>,
    names: NameQuery,
) -> Result<(), Failure> {
    let all = session.load_snapshots(repository)?;
    let index = session.readable_index(repository)?;
    let mut query = query(session, arguments, repository, names)?;
    let filter = session.filter(&arguments.filter);
    let mut chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    chosen.sort_by(|(_, a), (_, b)| b.time.cmp_moment(&a.time));
    if arguments.reverse {
        chosen.reverse();
    }
    let mut writer = FindWriter::new(session, arguments);
    for snapshot in chosen {
        let found = search_one(session, repository, &index, snapshot, &mut query, &mut writer);
        writer.failure()?;
        found.map_err(explain::reading)?;
    }
    writer.end()?;
    if arguments.show_pack_id
        && let Query::Uses(wanted) = &query
    {
        show_packs(session, &index, wanted)?;
    }
    Ok(())
}

fn query(
    session: &Session,
    arguments: &FindArguments,
    repository: &Repository,
    names: NameQuery,
) -> Result<Query, Failure> {
    let ids = arguments.patterns.iter().cloned();
    if arguments.blob {
        return Ok(Query::Uses(Wanted::blobs(ids)));
    }
    if arguments.tree {
        return Ok(Query::Uses(Wanted::trees(ids)));
    }
    if arguments.pack {
        let found = find::blobs_of_packs(repository, &arguments.patterns, &session.cancel);
        let (wanted, unknown) = found.map_err(explain::reading)?;
        if !unknown.is_empty() {
            let unknown = unknown.join(" ");
            return Err(Failure::fatal(format!("unable to find pack(s): [{unknown}]")));
        }
        return Ok(Query::Uses(wanted));
    }
    Ok(Query::Names(names))
}

fn search_one(
    session: &Session,
    repository: &Repository,
    index: &Index,
    snapshot: &Stored,
    query: &mut Query,
    writer: &mut FindWriter<'_>,
) -> Result<(), ReadError> {
    let root = snapshot.1.tree;
    let mut tell = |found: Found<'_>| writer.found(snapshot, &found);
    match query {
        Query::Names(query) => {
            find::names(repository, index, root, query, &session.cancel, &mut tell)
        }
        Query::Uses(wanted) => {
            find::uses(repository, index, root, wanted, &session.cancel, &mut tell)
        }
    }
}

/// Says which packs hold what was looked for.
fn show_packs(session: &Session, index: &Index, wanted: &Wanted) -> Result<(), Failure> {
    let kinds = [(BlobKind::Data, "data", &wanted.blobs), (BlobKind::Tree, "tree", &wanted.trees)];
    for (kind, word, ids) in kinds {
        for text in ids {
            for line in pack_lines(index, kind, word, text) {
                session.terminal.line(&line)?;
            }
        }
    }
    Ok(())
}

fn pack_lines(index: &Index, kind: BlobKind, word: &str, text: &str) -> Vec<String> {
    let Ok(id) = text.parse() else {
        return vec![format!(
            "Note: cannot find pack for object '{text}', unable to parse ID: invalid length for \
             ID: {text:?}"
        )];
    };
    let id = BlobId(id);
    let Some(found) = index.locate(kind, &id) else {
        return vec![format!("Object {word} with type {} not found in the index", id.short())];
    };
    let (pack, offset, length) = (found.pack, found.offset, found.length);
    let uncompressed = found.uncompressed_length.unwrap_or(0);
    vec![
        format!("Object belongs to pack {pack}"),
        format!(
            " ... Pack {}: <Blob ({word}) {}, offset {offset}, length {length}, uncompressed \
             length {uncompressed}>",
            pack.short(),
            id.short()
        ),
    ]
}
