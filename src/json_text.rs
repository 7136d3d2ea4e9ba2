//! Numbers and texts as JSON writes them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// A value as indented JSON with a final line break; a nought has no sign.
///
/// ```
/// assert_eq!(landuse::io::to_json(&[-0.0, 1.5]), "[\n  0.0,\n  1.5\n]\n");
/// ```
pub fn to_json(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    // Numbers, texts and maps with text keys go into memory without a way to fail.
    let _written =
        value.serialize(&mut Serializer::with_formatter(&mut text, Unsigned(PrettyFormatter::new())));
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

/// Writes as the other does, but noughts without a sign.
struct Unsigned(PrettyFormatter<'static>);

/// Hands calls on.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $of:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $of)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl Formatter for Unsigned {
    hand_on! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Adding zero turns -0.0 into 0.0.
        self.0.write_f64(writer, value + 0.0)
    }
}

/// Adds a number as JSON: the shortest decimal that reads back to the same double, without the sign of a nought; `null` for
/// unknown, NaN and infinity.
///
/// ```
/// let mut text = Vec::new();
/// landuse::io::push_number(&mut text, Some(0.1));
/// text.push(b' ');
/// landuse::io::push_number(&mut text, Some(f64::NAN));
/// assert_eq!(text, b"0.1 null");
/// ```
pub fn push_number(text: &mut Vec<u8>, number: impl Into<Option<f64>>) {
    match number.into().filter(|x| x.is_finite()) {
        // Whole numbers and noughts are frequent, and their digits are at hand.
        Some(x) if x.abs() < 1e9 && (x as i64) as f64 == x => {
            push_decimal(text, x as i64, 0);
        }
        x => push_json(text, &x),
    }
}

/// Adds a count as JSON; `null` for none.
pub fn push_count(text: &mut Vec<u8>, count: impl Into<Option<u32>>) {
    match count.into() {
        Some(count) => push_digits(text, count.into(), 1),
        None => text.extend_from_slice(b"null"),
    }
}

/// Adds a whole number as JSON.
pub(crate) fn push_whole(text: &mut Vec<u8>, number: u64) {
    push_digits(text, number, 1);
}

/// Adds a text as JSON, in quotes and escaped; `null` for none.
pub fn push_text<'a>(text: &mut Vec<u8>, value: impl Into<Option<&'a str>>) {
    let Some(value) = value.into() else { return text.extend_from_slice(b"null") };
    let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Without a way out of the run the bytes are looked at side by side.
    let is_escaped = |run: &[u8]| run.iter().fold(false, |any, &byte| any | escaped(byte));
    if value.as_bytes().chunks(32).any(is_escaped) {
        return push_json(text, &value);
    }
    text.reserve(value.len() + 2);
    text.push(b'"');
    text.extend_from_slice(value.as_bytes());
    text.push(b'"');
}

/// Adds the digits of a number, at least `least` of them, at most 20.
fn push_digits(text: &mut Vec<u8>, mut number: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || digits.len() - start < least {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text.extend_from_slice(&digits[start..]);
}

/// Adds `units` · 10^−`decimals` as JSON, of at most nine decimals, with one decimal at least and no further noughts at the end.
pub(crate) fn push_decimal(text: &mut Vec<u8>, units: i64, decimals: usize) {
    let digits = Digits::of(units, decimals);
    let mut end = POINT + 1 + decimals.max(1);
    while end > POINT + 2 && digits.text[end - 1] == b'0' {
        end -= 1;
    }
    text.extend_from_slice(&digits.text[digits.start..end]);
}

/// Adds `units` · 10^−`decimals` with all of at most nine decimals; a whole number where there are none.
pub(crate) fn push_fixed(text: &mut Vec<u8>, units: i64, decimals: usize) {
    let digits = Digits::of(units, decimals);
    let end = if decimals == 0 { POINT } else { POINT + 1 + decimals };
    text.extend_from_slice(&digits.text[digits.start..end]);
}

/// Where the decimal point of [`Digits`] stands: 20 digits and a sign fit before it.
const POINT: usize = 21;

/// A decimal number in characters, with noughts behind its last digit.
struct Digits {
    text: [u8; 32],
    start: usize,
}

impl Digits {
    #[inline]
    fn of(units: i64, decimals: usize) -> Self {
        let mut text = [b'0'; 32];
        let mut rest = units.unsigned_abs();
        for place in (POINT + 1..=POINT + decimals).rev() {
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text[POINT] = b'.';
        let mut start = POINT;
        while rest > 0 || start == POINT {
            start -= 1;
            text[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        if units < 0 {
            start -= 1;
            text[start] = b'-';
        }
        Self { text, start }
    }
}

#[expect(
    clippy::expect_used,
    reason = "numbers, texts and JSON values always serialise, and memory takes them"
)]
pub(crate) fn push_json(text: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(text, value).expect("no value here can fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_what_serde_json_writes() {
        let pushed = |push: &dyn Fn(&mut Vec<u8>)| {
            let mut text = Vec::new();
            push(&mut text);
            String::from_utf8(text).unwrap()
        };
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut draw = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..100_000 {
            let size = 10_f64.powi(draw(24) as i32 - 8);
            let sign = [1.0, -1.0][draw(2) as usize];
            let exact = sign * draw(1 << 30) as f64 / (1 << 30) as f64 * size;
            let x = [exact, exact.round(), (exact * 1e9).round() / 1e9, (exact * 1e8).trunc() / 1e8 + 5e-10]
                [draw(4) as usize];
            // A nought has no sign.
            assert_eq!(pushed(&|text| push_number(text, x)), serde_json::to_string(&(x + 0.0)).unwrap());
            let count = (draw(u64::from(u32::MAX)) >> draw(32)) as u32;
            assert_eq!(pushed(&|text| push_count(text, count)), count.to_string());
            let word: String =
                (0..draw(80))
                    .map(|_| {
                        if draw(60) == 0 { ['"', '\\', '\n', '\u{7f}', '地'][draw(5) as usize] } else { 'a' }
                    })
                    .collect();
            assert_eq!(pushed(&|text| push_text(text, &*word)), serde_json::to_string(&word).unwrap());
        }
        for x in [0.0, -0.0, 1e9, -1e9, 1e15, 1e16, 5e-324, f64::MAX, 0.001, 1e-9, 4e-10] {
            // A nought has no sign.
            assert_eq!(pushed(&|text| push_number(text, x)), serde_json::to_string(&(x + 0.0)).unwrap());
        }
        let fixed = [(0, 0), (0, 1), (1_234_567, 0), (-1250, 2), (5, 8), (100_000_000, 8), (i64::MIN, 9)];
        let fixed = fixed.map(|(units, decimals)| pushed(&|text| push_fixed(text, units, decimals)));
        assert_eq!(
            fixed,
            ["0", "0.0", "1234567", "-12.50", "0.00000005", "1.00000000", "-9223372036.854775808"]
        );
    }
}
