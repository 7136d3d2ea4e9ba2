//! Numbers in bytes; none where there are not enough of them.

fn at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub(super) fn u16_le(bytes: &[u8], from: usize) -> Option<u16> {
    at(bytes, from).map(u16::from_le_bytes)
}

pub(super) fn u32_le(bytes: &[u8], from: usize) -> Option<u32> {
    at(bytes, from).map(u32::from_le_bytes)
}

pub(super) fn i32_le(bytes: &[u8], from: usize) -> Option<i32> {
    at(bytes, from).map(i32::from_le_bytes)
}

pub(super) fn i32_be(bytes: &[u8], from: usize) -> Option<i32> {
    at(bytes, from).map(i32::from_be_bytes)
}

pub(super) fn f64_le(bytes: &[u8], from: usize) -> Option<f64> {
    at(bytes, from).map(f64::from_le_bytes)
}
