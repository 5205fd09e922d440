//! Folders full of everything that a file system can hold and a backup can get wrong.
//!
//! The same seed makes the same folder (but for what only root may make, and only root gets).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags, lsetxattr, makedev, mknodat,
    utimensat,
};

use crate::random::Random;

/// What a folder is made of.
#[derive(Debug, Clone, Copy)]
pub struct TreeOptions {
    /// How many entries there are, folders included.
    pub entries: usize,
    /// Leave out what restic 0.14 stores in another way than its successors: links to what is not
    /// UTF-8, and characters that are younger than Unicode 13.
    pub for_restic_0_14: bool,
}

impl Default for TreeOptions {
    fn default() -> Self {
        Self { entries: 120, for_restic_0_14: false }
    }
}

/// Makes a folder at `root`, which does not exist yet.
///
/// # Errors
/// When the file system refuses what every file system should do.
pub fn make(root: &Path, seed: u64, options: TreeOptions) -> io::Result<()> {
    fs::create_dir_all(root)?;
    let mut maker = Maker {
        random: Random::new(seed),
        options,
        is_root: rustix::process::geteuid().is_root(),
        folders: vec![root.to_owned()],
        files: Vec::new(),
        made: Vec::new(),
    };
    for _ in 0..options.entries {
        maker.make_entry()?;
    }
    maker.finish()
}

struct Maker {
    random: Random,
    options: TreeOptions,
    is_root: bool,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// Everything but links, in the order in which it was made.
    made: Vec<PathBuf>,
}

impl Maker {
    fn make_entry(&mut self) -> io::Result<()> {
        let folder = self.random.pick(&self.folders).clone();
        let path = folder.join(OsString::from_vec(self.name()));
        if path.symlink_metadata().is_ok() || path.as_os_str().len() > 3000 {
            return Ok(());
        }
        match self.random.below(20) {
            0..=2 => {
                fs::create_dir(&path)?;
                self.folders.push(path.clone());
            }
            3 if !self.files.is_empty() => {
                let original = self.random.pick(&self.files).clone();
                fs::hard_link(original, &path)?;
                return Ok(());
            }
            4 | 5 => symlink(OsString::from_vec(self.link_target()), &path)?,
            6 => mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?,
            7 if self.is_root => {
                let kind = *self.random.pick(&[FileType::CharacterDevice, FileType::BlockDevice]);
                let device = makedev(self.random.below(300) as u32, self.random.below(300) as u32);
                mknodat(CWD, &path, kind, Mode::from_raw_mode(0o600), device)?;
            }
            _ => {
                self.write_file(&path)?;
                self.files.push(path.clone());
            }
        }
        self.made.push(path);
        Ok(())
    }

    fn name(&mut self) -> Vec<u8> {
        let young = if self.options.for_restic_0_14 { "🫖" } else { "🫨\u{1fae8}" };
        let odd: [&[u8]; 24] = [
            b"\"quoted\"",
            b"back\\slash",
            b"new\nline",
            b"tab\tbell\x07",
            b"carriage\rreturn",
            b"\x01\x1f\x7f\x0b\x0c\x08",
            b"<angle> & <brackets>",
            b"not utf-8 \xff\xfe",
            b"cut \xe2\x82",
            b"surrogate \xed\xa0\x80",
            b"-dash",
            b" space ",
            b"...",
            b"dot.",
            b"%s%n$HOME`id`",
            "é e\u{301}".as_bytes(),
            "語".as_bytes(),
            "no\u{a0}break".as_bytes(),
            "zero\u{200d}width\u{200b}".as_bytes(),
            "line\u{2028}separator\u{2029}".as_bytes(),
            "\u{feff}mark".as_bytes(),
            "private\u{e000}\u{10ffff}".as_bytes(),
            "unassigned\u{378}".as_bytes(),
            young.as_bytes(),
        ];
        let mut name = match self.random.below(10) {
            0..=4 => format!("file {}", self.random.below(1000)).into_bytes(),
            5..=7 => {
                [self.random.pick(&odd), &b" "[..], self.random.below(100).to_string().as_bytes()]
                    .concat()
            }
            8 => [self.random.below(1000).to_string().into_bytes(), vec![b'x'; 255]].concat(),
            _ => {
                let length = 1 + self.random.below(40) as usize;
                self.random.bytes(length)
            }
        };
        name.truncate(255);
        if self.options.for_restic_0_14 && !name.starts_with(b"\xf0") {
            // Random bytes could by chance be a character that is too young.
            name.retain(|byte| !(0xf0..=0xf7).contains(byte));
        }
        name.retain(|byte| !matches!(byte, b'/' | 0));
        if matches!(name.as_slice(), b"" | b"." | b"..") { b"name".to_vec() } else { name }
    }

    fn link_target(&mut self) -> Vec<u8> {
        let targets: [&[u8]; 7] = [
            b"../somewhere",
            b"/nowhere/at all",
            b"a <b> & \"c\" \\ d\n\t\x01\x7f",
            "é \u{2028} 語 \u{200d}".as_bytes(),
            b".",
            b"not utf-8 \xff",
            b"cut \xe2\x82 and \xed\xa0\x80",
        ];
        let usable = if self.options.for_restic_0_14 { 5 } else { targets.len() };
        self.random.pick(&targets[..usable]).to_vec()
    }

    fn write_file(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        match self.random.below(14) {
            0 | 1 => {}
            2 => {
                // Holes: in front, between, behind.
                let hole = self.random.below(3_000_000);
                file.seek(SeekFrom::Start(hole))?;
                file.write_all(&self.random.bytes(70_000))?;
                file.seek(SeekFrom::Current(1_500_000))?;
                file.write_all(b"after a hole")?;
                let end = file.stream_position()?;
                file.set_len(end + self.random.below(2_000_000))?;
            }
            3 => {
                let count = 700_000 + self.random.below(4_000_000) as usize;
                file.write_all(&self.random.bytes(count))?;
            }
            4 => file.write_all(&vec![0; self.random.below(1_300_000) as usize])?,
            5 => {
                let line = format!("line of text number {}\n", self.random.below(3));
                file.write_all(line.repeat(1 + self.random.below(40_000) as usize).as_bytes())?;
            }
            6 => file.write_all(b"the same in several files")?,
            _ => {
                let count = self.random.below(5000) as usize;
                file.write_all(&self.random.bytes(count))?;
            }
        }
        Ok(())
    }

    /// Gives everything its metadata, the deepest first: writing into a folder changes its times.
    fn finish(mut self) -> io::Result<()> {
        for path in std::mem::take(&mut self.made).iter().rev() {
            let kind = path.symlink_metadata()?.file_type();
            if kind.is_file() || kind.is_dir() {
                self.set_attributes(path)?;
            }
            if self.is_root && self.random.chance(1, 3) {
                let (user, group) = (self.random.below(70_000), self.random.below(3));
                lchown(path, Some(user as u32), Some(group as u32))?;
            }
            if !kind.is_symlink() {
                let mode = self.mode(kind.is_dir());
                fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
            }
            self.set_times(path)?;
        }
        Ok(())
    }

    fn mode(&mut self, is_folder: bool) -> u32 {
        let ordinary: &[u32] = if is_folder { &[0o755, 0o700] } else { &[0o644, 0o600, 0o755] };
        let odd = [0o0, 0o1, 0o444, 0o777, 0o4755, 0o2755, 0o1777, 0o7777, 0o6000, 0o2070];
        let mode = if self.random.chance(1, 3) {
            *self.random.pick(&odd)
        } else {
            *self.random.pick(ordinary)
        };
        match (self.is_root, is_folder) {
            (true, _) => mode,
            (false, true) => mode | 0o700,
            (false, false) => mode | 0o400,
        }
    }

    fn set_attributes(&mut self, path: &Path) -> io::Result<()> {
        if !self.random.chance(1, 4) {
            return Ok(());
        }
        // In no order: what the file system lists first is stored first.
        for name in ["user.zebra", "user.alpha", "user.<odd> & \"name\"", "user.é"] {
            if self.random.chance(1, 2) {
                let count = self.random.below(40) as usize;
                match lsetxattr(path, name, &self.random.bytes(count), XattrFlags::empty()) {
                    Err(rustix::io::Errno::NOTSUP) => return Ok(()),
                    other => other?,
                }
            }
        }
        Ok(())
    }

    fn set_times(&mut self, path: &Path) -> io::Result<()> {
        let seconds = match self.random.below(8) {
            0 => -(self.random.below(2_000_000_000) as i64),
            // 2100, which is no leap year; a file system with times of 32 bits clamps it.
            1 => 4_102_444_800 + self.random.below(31_536_000) as i64,
            2 => 0,
            // Around the ends of summer time in Europe and America.
            3 => 1_698_541_200 + self.random.below(900_000) as i64,
            4 => 1_710_000_000 + self.random.below(2_000_000) as i64,
            _ => 1_000_000_000 + self.random.below(700_000_000) as i64,
        };
        let nanoseconds = match self.random.below(4) {
            0 => 0,
            1 => 500_000_000,
            2 => self.random.below(1000) * 1_000_000,
            _ => self.random.below(1_000_000_000),
        };
        let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
        let times = Timestamps { last_access: time, last_modification: time };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(())
    }
}
