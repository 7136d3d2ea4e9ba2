//! Small Shapefiles and archives, made byte by byte, so that each test can break what it wants.

#![expect(clippy::cast_possible_wrap, reason = "test files are small")]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Crc;
use flate2::write::DeflateEncoder;

/// Rings or lines of one shape; none for a null shape.
pub(crate) type Parts = Option<Vec<Vec<[f64; 2]>>>;

/// The bytes of a `.shp` with shapes in parts (3 lines, 5 polygons, 8 groups of points and those with Z or M).
pub(crate) fn shp(code: i32, shapes: &[Parts]) -> Vec<u8> {
    let contents: Vec<Vec<u8>> = shapes.iter().map(|shape| content(code, shape.as_deref())).collect();
    shp_of(code, &contents)
}

fn content(code: i32, parts: Option<&[Vec<[f64; 2]>]>) -> Vec<u8> {
    let Some(parts) = parts else { return 0i32.to_le_bytes().to_vec() };
    let points: Vec<[f64; 2]> = parts.iter().flatten().copied().collect();
    let mut content = code.to_le_bytes().to_vec();
    let push = |content: &mut Vec<u8>, numbers: &[f64]| {
        numbers.iter().for_each(|x| content.extend(x.to_le_bytes()));
    };
    if code % 10 == 1 {
        push(&mut content, &points[0]);
    } else {
        push(&mut content, &[0.0; 4]);
        if code % 10 != 8 {
            content.extend((parts.len() as i32).to_le_bytes());
        }
        content.extend((points.len() as i32).to_le_bytes());
        if code % 10 != 8 {
            let mut start = 0;
            for part in parts {
                content.extend((start as i32).to_le_bytes());
                start += part.len();
            }
        }
        points.iter().for_each(|at| push(&mut content, at));
    }
    // Z, then M, each with its range before it.
    for _ in 0..code / 10 {
        let numbers = if code % 10 == 1 { 1 } else { points.len() + 2 };
        push(&mut content, &vec![7.0; numbers]);
    }
    content
}

/// The bytes of a `.shp` with records of any content.
pub(crate) fn shp_of(code: i32, contents: &[Vec<u8>]) -> Vec<u8> {
    let length = 100 + contents.iter().map(|content| 8 + content.len()).sum::<usize>();
    let mut out = vec![0; 100];
    out[..4].copy_from_slice(&9994i32.to_be_bytes());
    out[24..28].copy_from_slice(&(length as i32 / 2).to_be_bytes());
    out[28..32].copy_from_slice(&1000i32.to_le_bytes());
    out[32..36].copy_from_slice(&code.to_le_bytes());
    for (number, content) in (1i32..).zip(contents) {
        out.extend(number.to_be_bytes());
        out.extend((content.len() as i32 / 2).to_be_bytes());
        out.extend(content);
    }
    out
}

/// A square ring, with the clock.
pub(crate) fn square(x: f64, y: f64, side: f64) -> Vec<[f64; 2]> {
    vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]]
}

/// A column: name, kind, width.
pub(crate) type Column<'a> = (&'a [u8], u8, u8);

/// The bytes of a `.dbf`; values are filled up with blanks. A row whose first value begins with `*` in front is deleted.
pub(crate) fn dbf(language_driver: u8, columns: &[Column<'_>], rows: &[Vec<&[u8]>]) -> Vec<u8> {
    let width: usize = 1 + columns.iter().map(|column| usize::from(column.2)).sum::<usize>();
    let head = 32 + 32 * columns.len() + 1;
    let mut out = vec![0; 32];
    out[0] = 3;
    out[4..8].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    out[8..10].copy_from_slice(&(head as u16).to_le_bytes());
    out[10..12].copy_from_slice(&(width as u16).to_le_bytes());
    out[29] = language_driver;
    for (name, kind, length) in columns {
        let mut entry = [0; 32];
        let name = &name[..name.len().min(10)];
        entry[..name.len()].copy_from_slice(name);
        (entry[11], entry[16]) = (*kind, *length);
        out.extend(entry);
    }
    out.push(0x0d);
    for row in rows {
        out.push(b' ');
        for (value, column) in row.iter().zip(columns) {
            let length = usize::from(column.2);
            let mut field = value[..value.len().min(length)].to_vec();
            field.resize(length, b' ');
            out.extend(field);
        }
    }
    out.push(0x1a);
    out
}

/// A zip archive with files of these names, packed or as they are.
pub(crate) fn zip(files: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut list = Vec::new();
    for (name, bytes) in files {
        let mut crc = Crc::new();
        crc.update(bytes);
        let packed = if deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.to_vec()
        };
        let offset = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&packed);
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&common);
        list.extend([0; 10]);
        list.extend(offset.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (offset, size) = (out.len() as u32, list.len() as u32);
    out.extend(list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((files.len() as u16).to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Writes files into a folder; the path of the first.
pub(crate) fn files(folder: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    folder.join(files[0].0)
}
