//! The file that a catalogue lies in: values by key, each sealed.
//!
//! Who takes the disk learns how many folders there are and how much was written about each, and no
//! name. A value says which one it is, so that none can be put in the place of another.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;

use holdfast_engine::crypto::MasterKey;
use redb::{
    Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition,
    TableError,
};
use zstd::bulk::{Compressor, Decompressor};

use super::bytes::Reader;
use super::folder::{Folder, FolderKey};
use super::names::Block;
use crate::durable;

/// Why a catalogue does not answer. None of it loses anything but time: all that it knows stands in
/// the repository.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It was changed, torn, or belongs to another repository.
    #[error("the catalogue is damaged")]
    Damaged,
    /// Another process has it open.
    #[error("the catalogue is open elsewhere")]
    InUse,
    /// It holds as much as it may.
    #[error("the catalogue is full")]
    Full,
    /// The disk failed, or is full.
    #[error("could not store the catalogue")]
    Storage {
        /// What redb says.
        source: Box<redb::Error>,
    },
    /// The system has no random numbers.
    #[error("there are no random numbers")]
    Random {
        /// What it says.
        source: getrandom::Error,
    },
}

impl CatalogueError {
    /// True if the file is of no more use.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged)
    }
}

impl<E: Into<redb::Error>> From<E> for CatalogueError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            redb::Error::Io(error) if is_of_content(error.kind()) => Self::Damaged,
            error @ (redb::Error::Io(_) | redb::Error::PreviousIo) => {
                Self::Storage { source: Box::new(error) }
            }
            _ => Self::Damaged,
        }
    }
}

/// True if the bytes are wrong, and not the disk.
fn is_of_content(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(kind, InvalidData | InvalidInput | UnexpectedEof)
}

type Result<T> = std::result::Result<T, CatalogueError>;

/// Format, and the salt of the folders' keys.
const HEAD: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("head");
const FOLDERS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("folders");
/// Blocks of names, by number.
const NAMES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("names");

/// What the head begins with. Another one is read as damage: a catalogue is soon made anew.
const FORMAT: u8 = 1;

/// What redb keeps in memory of the file.
const CACHE_BYTES: usize = 8 << 20;

/// What compresses best for its time, of small values.
const COMPRESSION_LEVEL: i32 = 3;

/// No value is longer than this before compression.
const VALUE_BYTES_MAX: usize = 1 << 30;

/// An open file.
pub(super) struct Store {
    database: Database,
    key: MasterKey,
    pub(super) salt: [u8; 32],
}

impl Store {
    /// Opens the file at `path`, or makes one: with this salt, or with one of its own.
    pub(super) fn open(path: &Path, key: MasterKey, salt: Option<[u8; 32]>) -> Result<Self> {
        let database = open_database(path)?;
        let mut store = Self { database, key, salt: [0; 32] };
        store.salt = match store.head()? {
            Some(salt) => salt,
            None => store.write_head(salt)?,
        };
        Ok(store)
    }

    fn head(&self) -> Result<Option<[u8; 32]>> {
        let table = match self.database.begin_read()?.open_table(HEAD) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            table => table?,
        };
        let sealed = table.get(0)?.ok_or(CatalogueError::Damaged)?;
        let head = self.key.open(sealed.value()).map_err(|_| CatalogueError::Damaged)?;
        match head.split_first() {
            Some((&FORMAT, salt)) => salt.try_into().map(Some).map_err(|_| CatalogueError::Damaged),
            _ => Err(CatalogueError::Damaged),
        }
    }

    fn write_head(&self, salt: Option<[u8; 32]>) -> Result<[u8; 32]> {
        let salt = match salt {
            Some(salt) => salt,
            None => {
                let mut salt = [0; 32];
                getrandom::fill(&mut salt).map_err(|source| CatalogueError::Random { source })?;
                salt
            }
        };
        let write = self.database.begin_write()?;
        {
            let head = self.key.seal(&[&[FORMAT][..], &salt].concat());
            write.open_table(HEAD)?.insert(0, head.as_slice())?;
            // So that a reader always finds them.
            write.open_table(FOLDERS)?;
            write.open_table(NAMES)?;
        }
        write.commit()?;
        Ok(salt)
    }

    /// What is in it now. It stays as it is for as long as the answer lives.
    pub(super) fn read(&self) -> Result<Reading<'_>> {
        let read = self.database.begin_read()?;
        Ok(Reading {
            folders: read.open_table(FOLDERS)?,
            names: read.open_table(NAMES)?,
            key: &self.key,
            unpacker: RefCell::new(Unpacker::new()?),
        })
    }

    /// Does `work` and stores what it put, all or nothing.
    pub(super) fn write<T>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T>) -> Result<T> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        let done = {
            let mut writing = Writing {
                folders: write.open_table(FOLDERS)?,
                names: write.open_table(NAMES)?,
                key: &self.key,
                unpacker: RefCell::new(Unpacker::new()?),
                packer: new_packer()?,
            };
            work(&mut writing)?
        };
        write.commit()?;
        Ok(done)
    }
}

/// Only this person can read it, as all that is kept about backups.
fn open_database(path: &Path) -> Result<Database> {
    let file: File = durable::create_options().read(true).open(path).map_err(redb::Error::Io)?;
    let file = redb::backends::FileBackend::new(file)?;
    Ok(Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(file)?)
}

/// What a value is of. It is sealed with it.
enum Place<'a> {
    Folder(&'a FolderKey),
    Names(u32),
}

impl Place<'_> {
    fn bytes(&self) -> [u8; 17] {
        let mut bytes = [0; 17];
        match self {
            Self::Folder(key) => bytes[1..].copy_from_slice(*key),
            Self::Names(number) => {
                bytes[0] = 1;
                bytes[1..5].copy_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }
}

/// Opens values. It keeps what it needs for that.
struct Unpacker {
    zstd: Decompressor<'static>,
    opened: Vec<u8>,
}

impl Unpacker {
    fn new() -> Result<Self> {
        let zstd = Decompressor::new().map_err(redb::Error::Io)?;
        Ok(Self { zstd, opened: Vec::new() })
    }

    fn unpack(&mut self, key: &MasterKey, place: &Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        key.open_into(sealed, &mut self.opened).ok()?;
        let packed = self.opened.strip_prefix(&place.bytes())?;
        let mut reader = Reader::new(packed);
        let length = usize::try_from(reader.number()?).ok().filter(|n| *n <= VALUE_BYTES_MAX)?;
        let value = self.zstd.decompress(reader.rest(), length).ok()?;
        (value.len() == length).then_some(value)
    }
}

fn new_packer() -> Result<Compressor<'static>> {
    Ok(Compressor::new(COMPRESSION_LEVEL).map_err(redb::Error::Io)?)
}

fn pack(
    packer: &mut Compressor<'static>,
    key: &MasterKey,
    place: &Place<'_>,
    value: &[u8],
) -> Result<Vec<u8>> {
    let mut packed = super::bytes::Writer { bytes: place.bytes().to_vec() };
    packed.number(value.len() as u64);
    packed.bytes.extend(packer.compress(value).map_err(redb::Error::Io)?);
    Ok(key.seal(&packed.bytes))
}

fn folder_in(
    table: &impl ReadableTable<&'static [u8; 16], &'static [u8]>,
    key: &MasterKey,
    unpacker: &RefCell<Unpacker>,
    folder: &FolderKey,
) -> Result<Option<Folder>> {
    let Some(sealed) = table.get(folder)? else { return Ok(None) };
    let place = Place::Folder(folder);
    let bytes = unpacker.borrow_mut().unpack(key, &place, sealed.value());
    let found = bytes.and_then(|bytes| Folder::decode(&bytes));
    found.map(Some).ok_or(CatalogueError::Damaged)
}

fn block_of(key: &MasterKey, unpacker: &mut Unpacker, number: u32, sealed: &[u8]) -> Result<Block> {
    let bytes = unpacker.unpack(key, &Place::Names(number), sealed);
    bytes.and_then(|bytes| Block::decode(&bytes)).ok_or(CatalogueError::Damaged)
}

/// What a catalogue holds at one moment.
pub(super) struct Reading<'a> {
    folders: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    names: ReadOnlyTable<u32, &'static [u8]>,
    key: &'a MasterKey,
    unpacker: RefCell<Unpacker>,
}

impl Reading<'_> {
    /// What is known of a folder.
    pub(super) fn folder(&self, folder: &FolderKey) -> Result<Option<Folder>> {
        folder_in(&self.folders, self.key, &self.unpacker, folder)
    }

    /// Calls `look` with each block of names whose number leaves `turn` when divided by `of`.
    pub(super) fn each_block(
        &self,
        (turn, of): (u32, u32),
        mut look: impl FnMut(&Block),
    ) -> Result<()> {
        for value in self.names.iter()? {
            let (number, sealed) = value?;
            let number = number.value();
            if number % of == turn {
                let unpacker = &mut self.unpacker.borrow_mut();
                look(&block_of(self.key, unpacker, number, sealed.value())?);
            }
        }
        Ok(())
    }
}

/// What a catalogue holds, and what is put into it.
pub(super) struct Writing<'a> {
    folders: Table<'a, &'static [u8; 16], &'static [u8]>,
    names: Table<'a, u32, &'static [u8]>,
    key: &'a MasterKey,
    unpacker: RefCell<Unpacker>,
    packer: Compressor<'static>,
}

impl Writing<'_> {
    /// What is known of a folder, with what was put already.
    pub(super) fn folder(&self, folder: &FolderKey) -> Result<Option<Folder>> {
        folder_in(&self.folders, self.key, &self.unpacker, folder)
    }

    /// Replaces what is known of a folder.
    pub(super) fn put_folder(&mut self, key: &FolderKey, folder: &Folder) -> Result<()> {
        let place = Place::Folder(key);
        let sealed = pack(&mut self.packer, self.key, &place, &folder.encode())?;
        self.folders.insert(key, sealed.as_slice())?;
        Ok(())
    }

    /// The block of names that is not full yet, and its number.
    pub(super) fn open_block(&self) -> Result<(u32, Block)> {
        let Some((number, sealed)) = self.names.last()? else { return Ok((0, Block::default())) };
        let number = number.value();
        let unpacker = &mut self.unpacker.borrow_mut();
        let block = block_of(self.key, unpacker, number, sealed.value())?;
        Ok(if block.is_full() { (number + 1, Block::default()) } else { (number, block) })
    }

    /// Replaces a block of names.
    pub(super) fn put_block(&mut self, number: u32, block: &Block) -> Result<()> {
        let place = Place::Names(number);
        let sealed = pack(&mut self.packer, self.key, &place, &block.encode())?;
        self.names.insert(number, sealed.as_slice())?;
        Ok(())
    }
}
