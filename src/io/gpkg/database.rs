//! An `SQLite` file, opened to be read and nothing else.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::io::source::{Origin, fill};

/// Bytes before the first page of tables.
const HEAD: usize = 100;

/// A database, and what messages call it.
pub(super) struct Database {
    pub(super) name: Box<str>,
    pub(super) connection: Connection,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] where it is no database, was cut off, or has changes that stand in a file beside it.
    pub(super) fn open(origin: &Origin) -> Result<Self, Error> {
        let name: Box<str> = origin.name().into();
        let size = check_head(origin)?;
        let connection = match origin {
            Origin::File(path) => {
                check_beside(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_URI
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let absolute = std::path::absolute(path).map_err(|error| Error::io("open", path, error))?;
                Connection::open_with_flags(uri(&absolute), flags)
            }
            Origin::Bytes { bytes, .. } => in_memory(bytes),
        };
        let connection = connection.map_err(|error| broken(&name, &error))?;
        let prepare = || {
            // What the file brings is data: it may call no function that acts.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            // No value is larger than its file.
            let limit = i32::try_from(size.max(1 << 20)).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limit)
        };
        prepare().map_err(|error| broken(&name, &error))?;
        Ok(Self { name, connection })
    }

    /// An error of `SQLite`, as one of this file.
    pub(super) fn broken(&self, error: &rusqlite::Error) -> Error {
        broken(&self.name, error)
    }

    pub(super) fn fault(&self, reason: impl Into<Box<str>>) -> Error {
        Error::File { file: self.name.clone(), reason: reason.into() }
    }
}

fn broken(name: &str, error: &rusqlite::Error) -> Error {
    Error::File {
        file: name.into(),
        reason: format!("it does not hold together as a GeoPackage: {error}").into(),
    }
}

/// Compares what the head says with the size of the file, which it gives.
fn check_head(origin: &Origin) -> Result<u64, Error> {
    let failed = |error| Error::io("read", origin.path(), error);
    let mut head = [0; HEAD];
    let mut file = origin.open()?;
    let len = fill(&mut file, &mut head).map_err(failed)?;
    let size = file.seek(std::io::SeekFrom::End(0)).map_err(failed)?;
    let cut = |expected: u64| {
        let reason = format!("it has {size} bytes, expected {expected}: it was cut off, copy it again");
        Error::File { file: origin.name().into(), reason: reason.into() }
    };
    if len < HEAD {
        return Err(cut(HEAD as u64));
    }
    let whole = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let page = match u64::from(u16::from_be_bytes([head[16], head[17]])) {
        1 => 1 << 16,
        page => page,
    };
    // The number of pages holds where the version that wrote it last was one that keeps it.
    let pages = if whole(92) == whole(24) { u64::from(whole(28)) } else { 0 };
    if size < pages * page { Err(cut(pages * page)) } else { Ok(size) }
}

/// Refuses a database whose last changes stand in a file beside it: opened without touching the folder, it would be without them.
fn check_beside(path: &Path) -> Result<(), Error> {
    const HOT: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let log = beside("-wal");
    let unfinished = |other: &Path| {
        let reason = format!(
            "changes to it stand in `{}`: close the program that has it open, such as QGIS, or let that save a copy",
            other.display()
        );
        Err(Error::File { file: path.display().to_string().into(), reason: reason.into() })
    };
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return unfinished(&log);
    }
    let journal = beside("-journal");
    let mut start = [0; 8];
    let hot = fs::File::open(&journal).is_ok_and(|mut file| fill(&mut file, &mut start).is_ok());
    if hot && start == HOT { unfinished(&journal) } else { Ok(()) }
}

/// A path as `SQLite` takes it where it is told that nobody changes the file: it is neither locked nor is anything made beside it.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    if cfg!(windows) {
        uri.push('/');
    }
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' | b':' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

/// A database in memory.
fn in_memory(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let (head, rest) = bytes.split_at(HEAD.min(bytes.len()));
    let mut head = head.to_vec();
    // A database that keeps a log of changes cannot be in memory; without the log it is a plain one.
    if let Some(versions) = head.get_mut(18..20) {
        versions.fill(1);
    }
    let whole = Cursor::new(head).chain(rest);
    connection.deserialize_read_exact("main", whole, bytes.len(), true)?;
    Ok(connection)
}

use std::io::Read as _;
use std::io::Seek as _;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_part_of_what_is_asked() {
        let path = Path::new("/data/a b?mode=rwc#100%/地块.gpkg");
        let expected = "file:/data/a%20b%3Fmode%3Drwc%23100%25/%E5%9C%B0%E5%9D%97.gpkg?mode=ro&immutable=1";
        assert_eq!(uri(path), expected);
    }
}
