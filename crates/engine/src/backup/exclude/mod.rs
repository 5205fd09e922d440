//! What a backup leaves out: restic's rules.
//!
//! [`Rules`] are compiled once and asked for every entry: by its path alone before anything is
//! read of it ([`Rules::excludes_path`]), then by its metadata ([`Rules::judge`]). Each folder is
//! asked once whether a marker lies in it ([`Rules::markers_in`]). Targets that the user named are
//! never excluded; the caller asks only about what lies below them.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};

use super::source::{Directory, Reader};
use crate::tree::{Node, NodeKind};

mod glob;
mod pattern;
mod pattern_file;

pub use pattern::{PatternList, PatternMatch};

/// The file that marks a cache folder, and how it begins.
const CACHE_TAG: (&str, &[u8]) = ("CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55");

/// A rule that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A pattern with an open bracket, or the like.
    #[error("the pattern {pattern:?} is not well formed")]
    Malformed {
        /// The pattern.
        pattern: String,
    },
    /// A marker without a file name.
    #[error("{marker:?} does not name the file that marks a folder")]
    UnnamedMarker {
        /// What was given.
        marker: String,
    },
}

/// Compiled rules.
///
/// ```
/// use holdfast_engine::backup::exclude::Rules;
///
/// let rules = Rules::builder().pattern("*.tmp").pattern("/home/*/cache").build()?;
/// assert!(rules.excludes_path(b"/home/anna/letter.tmp"));
/// assert!(rules.excludes_path(b"/home/anna/cache"));
/// assert!(!rules.excludes_path(b"/home/anna/letter.txt"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rules {
    patterns: PatternList,
    patterns_ignoring_case: PatternList,
    markers: Vec<Marker>,
    larger_than_bytes: Option<u64>,
    one_file_system: bool,
    online_only: bool,
}

/// Collects rules; see [`Rules::builder`].
#[derive(Debug, Clone, Default)]
pub struct RulesBuilder {
    patterns: Vec<Vec<u8>>,
    patterns_ignoring_case: Vec<Vec<u8>>,
    markers: Vec<OsString>,
    rules: Rules,
}

/// A file whose presence in a folder excludes what else is in there.
#[derive(Debug, Clone)]
struct Marker {
    name: OsString,
    /// What the file must begin with.
    header: Vec<u8>,
}

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is stored, with everything in it.
    Included,
    /// A mount point: it is stored, and nothing in it.
    IncludedEmpty,
    /// It is left out.
    Excluded,
}

/// The markers that lie in one folder.
#[derive(Debug, Default)]
pub struct FolderMarkers<'a> {
    present: Vec<&'a OsStr>,
    /// Markers that are there but could not be read or do not begin as they should. They do not
    /// count, which the user should know.
    pub doubtful: Vec<DoubtfulMarker>,
}

/// A file that has a marker's name and does not count as one.
#[derive(Debug)]
pub struct DoubtfulMarker {
    /// Its name.
    pub name: OsString,
    /// Why; `None` if it does not begin with the expected header.
    pub source: Option<io::Error>,
}

impl FolderMarkers<'_> {
    /// True if the folder's entry of this name is left out: all are but the marker itself.
    #[must_use]
    pub fn exclude(&self, name: &OsStr) -> bool {
        self.present.iter().any(|marker| *marker != name)
    }
}

impl Rules {
    /// Begins without any rule.
    #[must_use]
    pub fn builder() -> RulesBuilder {
        RulesBuilder::default()
    }

    /// True if the patterns exclude what stands at this absolute path.
    #[must_use]
    pub fn excludes_path(&self, path: &[u8]) -> bool {
        self.patterns.matches(path) || self.patterns_ignoring_case.matches(path)
    }

    /// True if any pattern is there to ask.
    #[must_use]
    pub fn has_patterns(&self) -> bool {
        !(self.patterns.is_empty() && self.patterns_ignoring_case.is_empty())
    }

    /// What becomes of an entry by its metadata. `target_device` is the device that the target
    /// lies on.
    #[must_use]
    pub fn judge(&self, node: &Node, target_device: u64) -> Judgement {
        let is_folder = node.kind == NodeKind::Folder;
        if !is_folder && self.larger_than_bytes.is_some_and(|most| node.size > most) {
            return Judgement::Excluded;
        }
        // Windows has no device numbers; both are 0 there.
        match self.one_file_system && node.device_id != target_device {
            false => Judgement::Included,
            true if is_folder => Judgement::IncludedEmpty,
            true => Judgement::Excluded,
        }
    }

    /// True if files whose content is only in the cloud are left out; then the caller asks
    /// [`Directory::is_online_only`] of each file.
    #[must_use]
    pub fn exclude_online_only(&self) -> bool {
        self.online_only
    }

    /// Looks for markers in a folder.
    #[must_use]
    pub fn markers_in(&self, directory: &Directory, reader: &Reader) -> FolderMarkers<'_> {
        let mut found = FolderMarkers::default();
        for marker in &self.markers {
            match marker.is_in(directory, reader) {
                Ok(None) => {}
                Ok(Some(true)) => found.present.push(&marker.name),
                Ok(Some(false)) => {
                    found.doubtful.push(DoubtfulMarker { name: marker.name.clone(), source: None });
                }
                Err(source) => found
                    .doubtful
                    .push(DoubtfulMarker { name: marker.name.clone(), source: Some(source) }),
            }
        }
        found
    }
}

impl Marker {
    /// `name` or `name:header`.
    fn parse(text: &OsStr) -> Result<Self, RuleError> {
        let bytes = text.as_encoded_bytes();
        let colon = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
        let header = bytes.get(colon + 1..).unwrap_or_default().to_vec();
        let name = if colon == bytes.len() {
            text.to_owned()
        } else {
            super::source::os_name(&bytes[..colon]).unwrap_or_default()
        };
        if name.is_empty() {
            return Err(RuleError::UnnamedMarker { marker: text.to_string_lossy().into_owned() });
        }
        Ok(Self { name, header })
    }

    /// `None` if there is no such file, false if it does not begin as it should.
    fn is_in(&self, directory: &Directory, reader: &Reader) -> io::Result<Option<bool>> {
        match directory.node(reader, &self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(_) if self.header.is_empty() => return Ok(Some(true)),
            Ok(_) => {}
        }
        let (file, _) = directory.open_file(reader, &self.name)?;
        let mut start = Vec::with_capacity(self.header.len());
        file.take(self.header.len() as u64).read_to_end(&mut start)?;
        Ok(Some(start == self.header))
    }
}

impl RulesBuilder {
    /// Excludes what matches; in restic `--exclude`.
    pub fn pattern(&mut self, pattern: impl AsRef<OsStr>) -> &mut Self {
        self.patterns.push(pattern.as_ref().as_encoded_bytes().to_vec());
        self
    }

    /// The same, whatever the case of the letters; in restic `--iexclude`.
    pub fn pattern_ignoring_case(&mut self, pattern: impl AsRef<OsStr>) -> &mut Self {
        self.patterns_ignoring_case.push(pattern.as_ref().as_encoded_bytes().to_vec());
        self
    }

    /// Excludes what a file's patterns match; in restic `--exclude-file` and `--iexclude-file`.
    /// `text` is what the file holds, `variable` looks up an environment variable.
    pub fn pattern_file(
        &mut self,
        text: &[u8],
        ignores_case: bool,
        variable: &dyn Fn(&OsStr) -> Option<OsString>,
    ) -> &mut Self {
        let list = if ignores_case { &mut self.patterns_ignoring_case } else { &mut self.patterns };
        list.extend(pattern_file::patterns(text, variable));
        self
    }

    /// Excludes what lies beside a file of this name, written `name` or `name:header`; in restic
    /// `--exclude-if-present`.
    pub fn if_present(&mut self, marker: impl AsRef<OsStr>) -> &mut Self {
        self.markers.push(marker.as_ref().to_owned());
        self
    }

    /// Excludes what lies in folders marked as caches; in restic `--exclude-caches`.
    pub fn caches(&mut self) -> &mut Self {
        let (name, header) = CACHE_TAG;
        self.rules.markers.push(Marker { name: name.into(), header: header.to_vec() });
        self
    }

    /// Excludes larger files; in restic `--exclude-larger-than`.
    pub fn larger_than(&mut self, bytes: u64) -> &mut Self {
        self.rules.larger_than_bytes = Some(bytes);
        self
    }

    /// Excludes what lies on other file systems than its target; in restic `--one-file-system`.
    pub fn one_file_system(&mut self) -> &mut Self {
        self.rules.one_file_system = true;
        self
    }

    /// Excludes files whose content is only in the cloud; in restic `--exclude-cloud-files`.
    pub fn online_only(&mut self) -> &mut Self {
        self.rules.online_only = true;
        self
    }

    /// Compiles the rules.
    pub fn build(&self) -> Result<Rules, RuleError> {
        let mut rules = self.rules.clone();
        rules.patterns = PatternList::compile(&self.patterns, false)?;
        rules.patterns_ignoring_case = PatternList::compile(&self.patterns_ignoring_case, true)?;
        for marker in &self.markers {
            rules.markers.push(Marker::parse(marker)?);
        }
        Ok(rules)
    }
}

/// The patterns in a file's text, for a caller that does something else with them than exclude.
#[must_use]
pub fn read_patterns(text: &[u8], variable: &dyn Fn(&OsStr) -> Option<OsString>) -> Vec<Vec<u8>> {
    pattern_file::patterns(text, variable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::source::SourceOptions;

    fn reader() -> Reader {
        Reader::new(SourceOptions::new(jiff::tz::TimeZone::UTC))
    }

    #[test]
    fn a_marker_excludes_everything_beside_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(".nobackup"), "").expect("write");
        std::fs::write(folder.path().join("CACHEDIR.TAG"), "Signature: wrong").expect("write");
        let rules = Rules::builder().if_present(".nobackup").caches().build().expect("rules");
        let directory = Directory::open(folder.path()).expect("open");
        let markers = rules.markers_in(&directory, &reader());
        assert!(markers.exclude(OsStr::new("file")));
        assert!(!markers.exclude(OsStr::new(".nobackup")));
        assert_eq!(markers.doubtful.len(), 1);
    }

    #[test]
    fn a_cache_tag_needs_its_signature() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = [CACHE_TAG.1, b"\n# made by a test"].concat();
        std::fs::write(folder.path().join("CACHEDIR.TAG"), text).expect("write");
        let rules = Rules::builder().caches().build().expect("rules");
        let directory = Directory::open(folder.path()).expect("open");
        let markers = rules.markers_in(&directory, &reader());
        assert!(markers.exclude(OsStr::new("file")) && markers.doubtful.is_empty());
    }

    #[test]
    fn other_file_systems_leave_their_empty_mount_point() {
        let rules = Rules::builder().one_file_system().larger_than(10).build().expect("rules");
        let judge = |kind, device_id, size| {
            rules.judge(&Node { kind, device_id, size, ..Node::default() }, 1)
        };
        assert_eq!(judge(NodeKind::Folder, 2, 0), Judgement::IncludedEmpty);
        assert_eq!(judge(NodeKind::File, 2, 0), Judgement::Excluded);
        assert_eq!(judge(NodeKind::File, 1, 10), Judgement::Included);
        assert_eq!(judge(NodeKind::File, 1, 11), Judgement::Excluded);
    }

    #[test]
    fn a_marker_without_a_name_is_refused() {
        assert!(Rules::builder().if_present(":header").build().is_err());
        assert!(Rules::builder().if_present("").build().is_err());
    }
}
