//! Tables of a flat buffer, each offset checked when it is followed.
//!
//! Source: `FlatBuffers`, internals: a table begins with the distance to its list of fields, a field is a place in the table or none.

/// Tables and lists in each other that are followed.
const DEEPEST: usize = 16;

/// A table in a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Where its list of fields stands, and the bytes of that.
    fields: usize,
    fields_len: usize,
    depth: usize,
}

fn at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], from: usize) -> Option<usize> {
    at(bytes, from).map(|bytes| usize::from(u16::from_le_bytes(bytes)))
}

fn u32_at(bytes: &[u8], from: usize) -> Option<usize> {
    at(bytes, from).map(|bytes| u32::from_le_bytes(bytes) as usize)
}

impl<'b> Table<'b> {
    /// The table that a buffer is made of.
    pub(super) fn root(bytes: &'b [u8]) -> Option<Self> {
        Self::new(bytes, u32_at(bytes, 0)?, 0)
    }

    fn new(bytes: &'b [u8], place: usize, depth: usize) -> Option<Self> {
        if depth > DEEPEST {
            return None;
        }
        let distance = at(bytes, place).map(i32::from_le_bytes)?;
        let fields = usize::try_from(i64::try_from(place).ok()? - i64::from(distance)).ok()?;
        let fields_len = u16_at(bytes, fields)?;
        bytes.get(fields..fields.checked_add(fields_len)?)?;
        Some(Self { bytes, at: place, fields, fields_len, depth })
    }

    /// Where a field stands, if the table has it.
    fn place(&self, field: usize) -> Option<usize> {
        let entry = 4 + 2 * field;
        if entry + 2 > self.fields_len {
            return None;
        }
        let offset = u16_at(self.bytes, self.fields + entry)?;
        (offset > 0).then(|| self.at + offset)
    }

    /// Where what a field leads to stands.
    fn target(&self, field: usize) -> Option<usize> {
        let place = self.place(field)?;
        place.checked_add(u32_at(self.bytes, place)?)
    }

    pub(super) fn has(&self, field: usize) -> bool {
        self.place(field).is_some()
    }

    pub(super) fn byte(&self, field: usize) -> Option<u8> {
        self.bytes.get(self.place(field)?).copied()
    }

    pub(super) fn short(&self, field: usize) -> Option<u16> {
        at(self.bytes, self.place(field)?).map(u16::from_le_bytes)
    }

    pub(super) fn int(&self, field: usize) -> Option<i32> {
        at(self.bytes, self.place(field)?).map(i32::from_le_bytes)
    }

    pub(super) fn long(&self, field: usize) -> Option<u64> {
        at(self.bytes, self.place(field)?).map(u64::from_le_bytes)
    }

    pub(super) fn table(&self, field: usize) -> Option<Self> {
        Self::new(self.bytes, self.target(field)?, self.depth + 1)
    }

    pub(super) fn text(&self, field: usize) -> Option<&'b str> {
        std::str::from_utf8(self.list(field, 1)?).ok()
    }

    /// The bytes of a list of items of `size` bytes each.
    pub(super) fn list(&self, field: usize, size: usize) -> Option<&'b [u8]> {
        let target = self.target(field)?;
        let len = u32_at(self.bytes, target)?.checked_mul(size)?;
        let start = target.checked_add(4)?;
        self.bytes.get(start..start.checked_add(len)?)
    }

    /// The tables of a list; none where one of them does not hold together.
    pub(super) fn tables(&self, field: usize) -> Option<Vec<Self>> {
        let target = self.target(field)?;
        let list = self.list(field, 4)?;
        let table = |i: usize| {
            let place = target + 4 + 4 * i;
            Self::new(self.bytes, place.checked_add(u32_at(self.bytes, place)?)?, self.depth + 1)
        };
        (0..list.len() / 4).map(table).collect()
    }
}
