//! A strict reader of JSON text that is driven by its caller: nothing is built that nobody asked for.

use std::borrow::Cow;

/// How deeply arrays and objects may be nested.
const MAX_DEPTH: u32 = 128;

/// What an object or an array stands between, and what is expected where it is not.
#[derive(Clone, Copy)]
struct Brackets {
    open: u8,
    close: u8,
    what: &'static str,
    next: &'static str,
}

const OBJECT: Brackets = Brackets { open: b'{', close: b'}', what: "an object", next: "`,` or `}`" };
const ARRAY: Brackets = Brackets { open: b'[', close: b']', what: "an array", next: "`,` or `]`" };

/// Where text stops being the JSON that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct Fault {
    /// Byte position in the text.
    pub(in crate::io) at: usize,
    /// What should have stood there.
    pub(in crate::io) expected: &'static str,
}

impl Fault {
    /// "found …, expected …".
    pub(in crate::io) fn describe(self, text: &str) -> String {
        format!("found {}, expected {}", found_at(text, self.at), self.expected)
    }
}

/// What stands at a position, in words.
pub(in crate::io) fn found_at(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        None => "the end of the text".into(),
        Some('n') if text[at..].starts_with("null") => "null".into(),
        Some('t') if text[at..].starts_with("true") => "true".into(),
        Some('f') if text[at..].starts_with("false") => "false".into(),
        Some('"') => "a text".into(),
        Some('[') => "an array".into(),
        Some('{') => "an object".into(),
        Some('-' | '0'..='9') => "a number".into(),
        Some(c) => format!("`{}`", c.escape_debug()),
    }
}

/// A text between quotes, not yet unescaped.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Quoted<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// The text as written between the quotes.
    pub(in crate::io) fn raw(self) -> &'a str {
        self.raw
    }

    /// The text itself. Half a surrogate pair, which JSON allows and Unicode does not, becomes U+FFFD.
    pub(in crate::io) fn text(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// The keys of the object before, in order: each with its colon as written, and what it stands for.
#[derive(Debug)]
pub(in crate::io) struct KeyCache<'a, K>(Vec<(&'a str, K)>);

impl<K> Default for KeyCache<'_, K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A cursor over JSON text.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Json<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    depth: u32,
}

impl<'a> Json<'a> {
    pub(in crate::io) fn new(text: &'a str) -> Self {
        Self::at(text, 0)
    }

    pub(in crate::io) fn at(text: &'a str, pos: usize) -> Self {
        Self { text, pos, depth: 0 }
    }

    pub(in crate::io) fn pos(&self) -> usize {
        self.pos
    }

    /// Passes over an object by its braces and quotes, without reading it. Whether it ends.
    pub(in crate::io) fn pass_object(&mut self) -> bool {
        let end = object_end(self.text.as_bytes(), self.pos);
        self.pos = end.unwrap_or(self.pos);
        end.is_some()
    }

    /// The text from `start` to here.
    pub(in crate::io) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.pos]
    }

    pub(in crate::io) fn describe(&self, fault: Fault) -> String {
        fault.describe(self.text)
    }

    /// What stands at the next token, in words.
    pub(in crate::io) fn found(&mut self) -> String {
        self.token();
        found_at(self.text, self.pos)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(in crate::io) fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.pos, expected }
    }

    /// The first byte that is no white space; the cursor stands on it.
    #[inline]
    pub(in crate::io) fn token(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.pos += 1,
                other => return other,
            }
        }
    }

    /// Moves over `byte` if it is the next token.
    #[inline]
    pub(in crate::io) fn take(&mut self, byte: u8) -> bool {
        let found = self.token() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    #[inline]
    pub(in crate::io) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(self.fault(expected)) }
    }

    fn descend(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault("at most 128 levels of arrays and objects"));
        }
        Ok(())
    }

    /// Walks an object: `member` is called with each key and has to move over its value.
    #[inline]
    pub(in crate::io) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enclosed(OBJECT, |json| {
            if json.token() != Some(b'"') {
                return Err(json.fault("a key in double quotes").into());
            }
            let key = json.string()?;
            json.expect(b':', "`:`")?;
            json.token();
            member(json, key)
        })
    }

    /// As [`object`](Self::object), for objects whose keys are mostly those of the object before, in their order: a key is
    /// then one comparison. `resolve` says what a key stands for.
    #[inline]
    pub(in crate::io) fn object_with_cache<K: Copy, E: From<Fault>>(
        &mut self,
        cache: &mut KeyCache<'a, K>,
        resolve: impl Fn(&str) -> K,
        mut member: impl FnMut(&mut Self, K) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut position = 0;
        self.enclosed(OBJECT, |json| {
            let before = json.token();
            let rest = &json.text.as_bytes()[json.pos..];
            let kind = match cache.0.get(position) {
                Some((key, kind)) if starts_with(rest, key.as_bytes()) => {
                    json.pos += key.len();
                    *kind
                }
                _ => {
                    if before != Some(b'"') {
                        return Err(json.fault("a key in double quotes").into());
                    }
                    let start = json.pos;
                    let key = json.string()?;
                    json.expect(b':', "`:`")?;
                    let seen = (json.since(start), resolve(&key.text()));
                    match cache.0.get_mut(position) {
                        Some(old) => *old = seen,
                        None => cache.0.push(seen),
                    }
                    seen.1
                }
            };
            position += 1;
            json.token();
            member(json, kind)
        })
    }

    /// Walks an array: `element` is called for each element and has to move over it.
    #[inline]
    pub(in crate::io) fn array<E: From<Fault>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enclosed(ARRAY, |json| {
            json.token();
            element(json)
        })
    }

    /// Walks what stands between brackets, set apart by commas: `item` has to move over each.
    #[inline]
    fn enclosed<E: From<Fault>>(
        &mut self,
        brackets: Brackets,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(brackets.open, brackets.what)?;
        self.descend()?;
        if !self.take(brackets.close) {
            loop {
                item(self)?;
                match self.token() {
                    Some(b',') => self.pos += 1,
                    Some(byte) if byte == brackets.close => break,
                    _ => return Err(self.fault(brackets.next).into()),
                }
            }
            self.pos += 1;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a text; the cursor stands on its opening quote.
    #[inline]
    pub(in crate::io) fn string(&mut self) -> Result<Quoted<'a>, Fault> {
        self.expect(b'"', "a text")?;
        let bytes = self.text.as_bytes();
        let start = self.pos;
        let mut escaped = false;
        loop {
            while let Some(&eight) = bytes[self.pos..].first_chunk() {
                let plain = plain_bytes(eight);
                self.pos += plain;
                if plain < 8 {
                    break;
                }
            }
            match bytes.get(self.pos) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0x20..) => self.pos += 1,
                Some(_) => return Err(self.fault("control characters in texts to be escaped")),
                None => return Err(self.fault("`\"` at the end of a text")),
            }
        }
        self.pos += 1;
        Ok(Quoted { raw: &self.text[start..self.pos - 1], escaped })
    }

    #[cold]
    fn escape(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.pos += 1,
            Some(b'u') => {
                self.pos += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return Err(self.fault("four hexadecimal digits"));
                    }
                    self.pos += 1;
                }
            }
            _ => return Err(self.fault("one of `\"\\/bfnrtu` after a backslash")),
        }
        Ok(())
    }

    /// Moves over a value of any kind and checks its syntax.
    pub(in crate::io) fn skip(&mut self) -> Result<(), Fault> {
        match self.token() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(|json, _| json.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => self.literal().map(drop),
        }
    }

    /// Moves over a value that is known to be JSON: of objects only braces and quotes are looked at.
    pub(in crate::io) fn skip_checked(&mut self) -> Result<(), Fault> {
        if self.token() != Some(b'{') {
            return self.skip();
        }
        self.pos = object_end(self.text.as_bytes(), self.pos).ok_or_else(|| self.fault("`}`"))?;
        Ok(())
    }

    /// Reads `true` or `false`; `null` is none.
    pub(in crate::io) fn literal(&mut self) -> Result<Option<bool>, Fault> {
        let rest = &self.text.as_bytes()[self.pos..];
        for (word, value) in [("null", None), ("true", Some(true)), ("false", Some(false))] {
            if rest.starts_with(word.as_bytes()) {
                self.pos += word.len();
                return Ok(value);
            }
        }
        // A word that is cut off is at fault where it ends, so that more text can complete it.
        let whole = ["null", "true", "false"].iter().any(|word| word.as_bytes().starts_with(rest));
        Err(Fault { at: if whole { self.text.len() } else { self.pos }, expected: "a value" })
    }

    /// Whether only white space is left.
    pub(in crate::io) fn at_end(&mut self) -> bool {
        self.token().is_none()
    }
}

/// Whether `text` starts with a key: keys are too short for a call to compare them.
#[inline]
fn starts_with(text: &[u8], key: &[u8]) -> bool {
    let Some(text) = text.get(..key.len()) else { return false };
    let (eights, text_rest) = text.as_chunks::<8>();
    let (key_eights, key_rest) = key.as_chunks::<8>();
    if eights.iter().zip(key_eights).any(|(a, b)| u64::from_le_bytes(*a) != u64::from_le_bytes(*b)) {
        return false;
    }
    match (text.last_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(a), Some(b)) => u64::from_le_bytes(*a) == u64::from_le_bytes(*b),
        _ => text_rest.iter().zip(key_rest).all(|(a, b)| a == b),
    }
}

/// How many of eight bytes stand for themselves in a text before the first that does not: a quote, a backslash, a control.
#[inline]
fn plain_bytes(eight: [u8; 8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = EACH * 0x80;
    let text = u64::from_le_bytes(eight);
    // Of a byte below `bound` the subtraction sets the highest bit; a borrow reaches only the bytes behind the first such.
    let below = |text: u64, bound: u64| text.wrapping_sub(EACH * bound) & !text & HIGH;
    let (quote, backslash) = (text ^ (EACH * 0x22), text ^ (EACH * 0x5c));
    let special = below(quote, 1) | below(backslash, 1) | below(text, 0x20);
    special.trailing_zeros() as usize / 8
}

fn unescape(raw: &str) -> String {
    let hex = |at: usize| raw.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let mut text = String::with_capacity(raw.len());
    let mut rest = 0;
    while let Some(offset) = memchr::memchr(b'\\', &raw.as_bytes()[rest..]) {
        let at = rest + offset;
        text.push_str(&raw[rest..at]);
        rest = at + 2;
        text.push(match raw.as_bytes().get(at + 1) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = hex(at + 2).unwrap_or(0xfffd);
                rest = (at + 6).min(raw.len());
                let low = if raw[rest..].starts_with("\\u") { hex(rest + 2) } else { None };
                match (unit, low) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        rest += 6;
                        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
                            .unwrap_or('\u{fffd}')
                    }
                    _ => char::from_u32(unit).unwrap_or('\u{fffd}'),
                }
            }
            Some(&other) => char::from(other),
            None => break,
        });
    }
    text.push_str(&raw[rest.min(raw.len())..]);
    text
}

/// End of the object that starts at `start`, found by braces outside texts; none where the bytes end before it.
///
/// For an object that is JSON this is its end. What it finds in other bytes is caught by whoever reads the object.
pub(in crate::io) fn object_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0u32;
    let mut i = start;
    loop {
        i += memchr::memchr3(b'"', b'{', b'}', bytes.get(i..)?)?;
        match bytes[i] {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ => i = string_end(bytes, i + 1)?,
        }
        i += 1;
    }
}

/// Position of the closing quote of a text whose first character is at `i`.
fn string_end(bytes: &[u8], mut i: usize) -> Option<usize> {
    loop {
        i += memchr::memchr2(b'"', b'\\', bytes.get(i..)?)?;
        if bytes[i] == b'"' {
            return Some(i);
        }
        i += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_whole() {
        for key in ["", "\"a\":", "\"abcd\":", "\"abcde\":", "\"abcdefgh\":", "\"abcdefghijklmn\":"] {
            assert!(starts_with(format!("{key}1").as_bytes(), key.as_bytes()));
            for i in 0..key.len() {
                let mut other = key.as_bytes().to_vec();
                other[i] ^= 1;
                assert!(!starts_with(&other, key.as_bytes()), "{key} {i}");
                assert!(!starts_with(&key.as_bytes()[..i], key.as_bytes()));
            }
        }
    }

    #[test]
    fn syntax_is_that_of_the_json_crate() {
        let cases = [
            "null",
            "true",
            "false",
            "tru",
            "nul",
            "\"\"",
            "\"a\\n\\u00e9\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"",
            "[1,2]",
            "[1,]",
            "[,1]",
            "[",
            "{\"a\":1}",
            "{\"a\":}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1,}",
            "{}",
            "[]",
            "[}",
            "{]",
            "\"\u{1}\"",
            "\"\t\"",
            "1 2",
            "[1 2]",
            "é",
            "\"é\"",
            "[\"\\\\\"]",
            " \n\t\r[ 1 , { } ] ",
            "\u{a0}1",
        ];
        for text in cases {
            let mut json = Json::new(text);
            let ours = json.skip().is_ok() && json.at_end();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn texts_are_unescaped_as_by_the_json_crate() {
        for text in [
            r#""plain""#,
            r#""a\"b\\c\/d\b\f\n\r\t""#,
            r#""\u0041\u00e9\u4e2d""#,
            r#""\ud83c\udfd9 x""#,
            r#""é中""#,
        ] {
            let ours = Json::new(text).string().unwrap().text().into_owned();
            assert_eq!(ours, serde_json::from_str::<String>(text).unwrap());
        }
        assert_eq!(Json::new(r#""\ud800x\udc00""#).string().unwrap().text(), "\u{fffd}x\u{fffd}");
        assert_eq!(Json::new(r#""\ud800\ud83c\udfd9""#).string().unwrap().text(), "\u{fffd}🏙");
    }

    #[test]
    fn depth_is_limited() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Json::new(&deep(128)).skip().is_ok());
        assert!(Json::new(&deep(129)).skip().is_err());
        assert!(Json::new(&deep(1_000_000)).skip().is_err());
    }

    #[test]
    fn objects_end_at_their_brace() {
        let text = br#"{"a}":"{\"","b":[{"c":{}}]} tail"#;
        assert_eq!(object_end(text, 0), Some(text.len() - 5));
        for cut in 0..text.len() - 5 {
            assert_eq!(object_end(&text[..cut], 0), None);
        }
    }
}
