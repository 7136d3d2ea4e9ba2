//! Numbers in JSON text, read as the standard library reads them, and faster.

use super::json::{Fault, Json};

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

impl Json<'_> {
    /// Reads a number: the double nearest to it, infinite where it is too large.
    ///
    /// Up to 2^53 digits and 10^±22 one division or multiplication of two exact doubles rounds correctly (Clinger 1990,
    /// "How to read floating point numbers accurately"); everything else is left to the standard library.
    #[inline]
    pub(in crate::io) fn number(&mut self) -> Result<f64, Fault> {
        const DIGIT: &str = "a digit";
        let bytes = self.text.as_bytes();
        let start = self.pos;
        let mut i = start;
        let negative = bytes.get(i) == Some(&b'-');
        i += usize::from(negative);
        let digits = |i: &mut usize, mut mantissa: u64| {
            while let Some(digit) = bytes.get(*i).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
                *i += 1;
            }
            mantissa
        };
        let mut mantissa = 0;
        let whole = i;
        match bytes.get(i) {
            Some(b'0') => i += 1,
            Some(b'1'..=b'9') => mantissa = digits(&mut i, 0),
            _ => return Err(Fault { at: i, expected: if negative { DIGIT } else { "a number" } }),
        }
        let mut count = i - whole;
        let mut exponent = 0i32;
        if bytes.get(i) == Some(&b'.') {
            i += 1;
            let first = i;
            // Coordinates have eight decimals more often than any other number of them.
            while let Some(eight) = bytes[i..].first_chunk().and_then(|&eight| eight_digits(eight)) {
                mantissa = mantissa.wrapping_mul(100_000_000).wrapping_add(eight);
                i += 8;
            }
            mantissa = digits(&mut i, mantissa);
            let decimals = i - first;
            if decimals == 0 {
                return Err(Fault { at: i, expected: DIGIT });
            }
            count += decimals;
            exponent = -i32::try_from(decimals).unwrap_or(i32::MAX / 2);
        }
        if let Some(b'e' | b'E') = bytes.get(i) {
            i += 1;
            let minus = bytes.get(i) == Some(&b'-');
            i += usize::from(matches!(bytes.get(i), Some(b'-' | b'+')));
            let first = i;
            let mut power = 0i32;
            while let Some(digit) = bytes.get(i).filter(|b| b.is_ascii_digit()) {
                power = (power * 10 + i32::from(digit - b'0')).min(1_000_000);
                i += 1;
            }
            if i == first {
                return Err(Fault { at: i, expected: DIGIT });
            }
            exponent += if minus { -power } else { power };
        }
        self.pos = i;
        // 19 digits cannot overflow 64 bits.
        if count <= 19 && mantissa <= 1 << 53 && (-22..=22).contains(&exponent) {
            let whole = mantissa as f64;
            let power = POWERS[exponent.unsigned_abs() as usize];
            let value = if exponent < 0 { whole / power } else { whole * power };
            return Ok(if negative { -value } else { value });
        }
        self.text[start..i].parse().map_err(|_| Fault { at: start, expected: "a number" })
    }

    /// Reads `[x,y]` where both are as positions mostly stand in files, and moves behind; else stays.
    #[inline]
    pub(in crate::io) fn plain_pair(&mut self) -> Option<[f64; 2]> {
        let bytes = &self.text.as_bytes()[self.pos..];
        let (x, behind) = plain_number(bytes.strip_prefix(b"[")?)?;
        let behind = behind.strip_prefix(b",")?;
        let (y, behind) = plain_number(behind.strip_prefix(b" ").unwrap_or(behind))?;
        let behind = behind.strip_prefix(b"]")?;
        self.pos += bytes.len() - behind.len();
        Some([x, y])
    }
}

/// The number that eight digits stand for; none where one is no digit.
#[inline]
fn eight_digits(eight: [u8; 8]) -> Option<u64> {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let digits = u64::from_le_bytes(eight) ^ (EACH * 0x30);
    // A byte above 9 reaches its highest bit with 0x76 more, or has it.
    let above = (digits & (EACH * 0x7f)) + EACH * 0x76;
    if (above | digits) & (EACH * 0x80) != 0 {
        return None;
    }
    Some(joined(digits))
}

/// The number of eight digits, the first in the lowest byte: neighbours join to numbers of two, four and eight digits.
#[inline]
fn joined(digits: u64) -> u64 {
    let twos = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// A number of one to four digits, a point and decimals that a double holds with them, and what stands behind; none for another number.
#[inline]
fn plain_number(bytes: &[u8]) -> Option<(f64, &[u8])> {
    let unsigned = bytes.strip_prefix(b"-");
    let bytes = unsigned.unwrap_or(bytes);
    let digit =
        |i: usize| bytes.get(i).map(|byte| u64::from(byte.wrapping_sub(b'0'))).filter(|&digit| digit < 10);
    let mut whole = digit(0)?;
    let mut at = 1;
    while at < 4
        && let Some(next) = digit(at)
    {
        if whole == 0 {
            return None;
        }
        whole = whole * 10 + next;
        at += 1;
    }
    let mut behind = bytes[at..].strip_prefix(b".")?;
    let mut mantissa = whole;
    let mut decimals = 0;
    loop {
        let (value, count) = leading_digits(*behind.first_chunk()?);
        decimals += count;
        // Of four digits and fifteen decimals 64 bits hold any.
        if decimals > 15 {
            return None;
        }
        mantissa = mantissa * TENS[count] + value;
        behind = &behind[count..];
        if count < 8 {
            break;
        }
    }
    if decimals == 0 || mantissa > 1 << 53 {
        return None;
    }
    let value = mantissa as f64 / POWERS[decimals];
    Some((if unsigned.is_some() { -value } else { value }, behind))
}

/// 10ⁿ for up to eight digits.
const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// How many of eight bytes are digits before the first that is none, and the number they stand for.
#[inline]
fn leading_digits(eight: [u8; 8]) -> (u64, usize) {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let digits = u64::from_le_bytes(eight) ^ (EACH * 0x30);
    let above = (((digits & (EACH * 0x7f)) + EACH * 0x76) | digits) & (EACH * 0x80);
    let count = above.trailing_zeros() as usize / 8;
    // With as many noughts in front as digits are missing, the number is that of eight digits.
    let digits = if count == 0 { 0 } else { digits << (8 * (8 - count)) };
    (joined(digits), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<f64, Fault> {
        let mut json = Json::new(text);
        let value = json.number()?;
        if json.at_end() { Ok(value) } else { Err(json.fault("the end")) }
    }

    /// Numbers below `n`, from a multiplicative generator (L'Ecuyer 1999, table 4, m = 2^64).
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self.0.wrapping_mul(1_181_783_497_276_652_981);
            (self.0 >> 33) % n
        }
    }

    #[test]
    fn numbers_are_rounded_as_the_standard_library_rounds() {
        let mut draw = Draw(2_685_821_657_736_338_717);
        for round in 0..400_000 {
            let mut text = String::new();
            if draw.below(2) == 0 {
                text.push('-');
            }
            let digits = 1 + draw.below(if round % 4 == 0 { 25 } else { 17 });
            for i in 0..digits {
                let digit = if i == 0 && digits > 1 { 1 + draw.below(9) } else { draw.below(10) };
                text.push(char::from(b'0' + digit as u8));
            }
            if draw.below(8) > 0 {
                text.push('.');
                for _ in 0..=draw.below(18) {
                    text.push(char::from(b'0' + draw.below(10) as u8));
                }
            }
            if draw.below(4) == 0 {
                text.push_str(["e", "E", "e+", "e-"][draw.below(4) as usize]);
                text.push_str(&draw.below(330).to_string());
            }
            let expected: f64 = text.parse().unwrap();
            assert_eq!(number(&text).unwrap().to_bits(), expected.to_bits(), "{text}");
        }
    }

    #[test]
    fn plain_pairs_are_read_as_their_numbers_are() {
        let mut draw = Draw(1_181_783_497_276_652_981);
        let (mut plain, mut other) = (0, 0);
        for _ in 0..100_000 {
            let one = |draw: &mut Draw| {
                let sign = ["", "-"][draw.below(2) as usize];
                let most = [10, 200, 20_000][draw.below(3) as usize];
                let whole = draw.below(most);
                let count = draw.below(19);
                let decimals: String = (0..count).map(|_| char::from(b'0' + draw.below(10) as u8)).collect();
                format!("{sign}{whole}{}{decimals}", if decimals.is_empty() { "" } else { "." })
            };
            let (x, y) = (one(&mut draw), one(&mut draw));
            let text = format!("[{x},{}{y}],[1,2]]", ["", " "][draw.below(2) as usize]);
            let mut json = Json::new(&text);
            match json.plain_pair() {
                None => {
                    other += 1;
                    assert_eq!(json.pos(), 0);
                }
                Some(pair) => {
                    plain += 1;
                    let expected = [x, y].map(|text| text.parse::<f64>().unwrap().to_bits());
                    assert_eq!(pair.map(f64::to_bits), expected, "{text}");
                    assert!(text[json.pos()..].starts_with(",[1,2]]"));
                }
            }
        }
        assert!(plain > 20_000 && other > 20_000, "{plain} {other}");
        for text in [
            "[01.5,2.5],[1,2]]",
            "[1.,2.5],[1,2]]",
            "[.5,2.5],[1,2]]",
            "[1.5,2.5,3.5],[1,2]]",
            "[1.5e3,2.5],[1,2]]",
            "[+1.5,2.5],[1,2]]",
            "[1.5,2.5",
            "",
        ] {
            assert_eq!(Json::new(text).plain_pair(), None, "{text}");
        }
    }

    #[test]
    fn numbers_at_the_edges() {
        let edges = [
            "0",
            "-0",
            "0.0",
            "-0.0",
            "9007199254740992",
            "9007199254740993",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "1e400",
            "-1e400",
            "4.9e-324",
            "2e-324",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "0e999999999999",
            "18446744073709551616",
            "0.000000000000000000000000000000000001",
            "9999999999999999999",
        ];
        for text in edges {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(number(text).unwrap().to_bits(), expected.to_bits(), "{text}");
        }
        for text in
            ["", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "-Infinity", "1,"]
        {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
