//! Zip archives: which files are in one, and each as a stream that is checked while it is read.

use std::io::{self, Read, Seek, SeekFrom, Take};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::bytes::{u16_le, u32_le};
use super::source::{Origin, ReadSeek};
use crate::Error;

/// Length of the record that closes an archive, and the most that a comment behind it can take.
const CLOSING: u64 = 22;
const COMMENT: u64 = 0xffff;
/// Length of the heads of an entry: where it is listed, where it stands.
const LISTED: usize = 46;
const STANDING: usize = 30;

/// A file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the archive.
    pub(super) name: Vec<u8>,
    pub(super) packed: u64,
    pub(super) size: u64,
    deflated: bool,
    encrypted: bool,
    known: bool,
    crc: u32,
    offset: u64,
}

fn fault(archive: &Origin, reason: &str) -> Error {
    Error::File { file: archive.name().into(), reason: reason.into() }
}

/// The files in an archive, folders left out.
pub(super) fn entries(archive: &Origin) -> Result<Vec<Entry>, Error> {
    let read = |error| Error::io("read", archive.path(), error);
    let broken = || fault(archive, "found no list of its files at its end, expected a whole zip archive");
    let mut file = archive.open()?;
    let length = file.seek(SeekFrom::End(0)).map_err(read)?;
    let mut part = |from: u64, length: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))
            .and_then(|_| (&mut file).take(length).read_to_end(&mut bytes))
            .map_err(read)?;
        Ok::<Vec<u8>, Error>(bytes)
    };
    let from = length.saturating_sub(CLOSING + COMMENT);
    let end = part(from, length - from)?;
    let at = memchr::memmem::rfind(&end, b"PK\x05\x06").ok_or_else(broken)?;
    let closing = &end[at..];
    let (Some(count), Some(size), Some(offset)) =
        (u16_le(closing, 10), u32_le(closing, 12), u32_le(closing, 16))
    else {
        return Err(broken());
    };
    if closing.len() < CLOSING as usize {
        return Err(broken());
    }
    if count == u16::MAX || size == u32::MAX || offset == u32::MAX {
        return Err(fault(archive, "found an archive of the kind Zip64, expected one of less than 4 GB"));
    }
    if u64::from(offset) + u64::from(size) > length {
        return Err(broken());
    }
    let list = part(offset.into(), size.into())?;
    let mut rest = &list[..];
    let mut found = Vec::new();
    for _ in 0..count {
        let (entry, length) = listed(rest).ok_or_else(broken)?;
        rest = rest.get(length..).ok_or_else(broken)?;
        if !entry.name.ends_with(b"/") {
            found.push(entry);
        }
    }
    Ok(found)
}

/// The first entry of a list, and its length in it.
fn listed(list: &[u8]) -> Option<(Entry, usize)> {
    if !list.starts_with(b"PK\x01\x02") {
        return None;
    }
    let flags = u16_le(list, 8)?;
    let method = u16_le(list, 10)?;
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_le(list, at).map(usize::from));
    let (name, behind) = (name?, extra? + comment?);
    let entry = Entry {
        name: list.get(LISTED..LISTED + name)?.to_vec(),
        packed: u32_le(list, 20)?.into(),
        size: u32_le(list, 24)?.into(),
        deflated: method == 8,
        encrypted: flags & 1 != 0,
        known: method == 0 || method == 8,
        crc: u32_le(list, 16)?,
        offset: u32_le(list, 42)?.into(),
    };
    Some((entry, LISTED + name + behind))
}

impl Entry {
    /// Its path as text.
    pub(super) fn path(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// What it holds.
    pub(super) fn open(&self, archive: &Origin) -> Result<Box<dyn Read + Send>, Error> {
        let read = |error| Error::io("read", archive.path(), error);
        let named = |reason: &str| fault(archive, &format!("`{}` {reason}", self.path()));
        if self.encrypted {
            return Err(named("is encrypted, expected an archive without a password"));
        }
        if !self.known {
            return Err(named("is packed in a way other than Deflate, expected an ordinary zip archive"));
        }
        let mut file = archive.open()?;
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(self.offset))
            .and_then(|_| (&mut file).take(STANDING as u64).read_to_end(&mut head))
            .map_err(read)?;
        let lengths = [26, 28].map(|at| u16_le(&head, at));
        let ([Some(name), Some(extra)], true) = (lengths, head.starts_with(b"PK\x03\x04")) else {
            return Err(named("does not stand where the archive says"));
        };
        file.seek(SeekFrom::Current(i64::from(name) + i64::from(extra))).map_err(read)?;
        let packed: Take<Box<dyn ReadSeek>> = file.take(self.packed);
        let plain: Box<dyn Read + Send> =
            if self.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        Ok(Box::new(Checked { plain, crc: Crc::new(), left: self.size, expected: self.crc }))
    }
}

/// Holds what is unpacked against what the archive says of it.
struct Checked {
    plain: Box<dyn Read + Send>,
    crc: Crc,
    left: u64,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wrong = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        let count = self.plain.read(buffer)?;
        if count == 0 && !buffer.is_empty() && (self.left > 0 || self.crc.sum() != self.expected) {
            return Err(wrong("a file in the archive is not what the archive says of it"));
        }
        self.crc.update(&buffer[..count]);
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| wrong("a file in the archive is longer than the archive says"))?;
        Ok(count)
    }
}
