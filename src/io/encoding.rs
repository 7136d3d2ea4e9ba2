//! Which encoding texts are in that a file holds as bytes: what is stated, and what the bytes bear out.

use std::borrow::Cow;

use encoding_rs::{BIG5, Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

use crate::error::ParamError;
use crate::warning::WarningKind;

/// Share of characters in the plane of common Chinese ones from which bytes are Chinese text and not another that happens to decode.
const CHINESE_SHARE: f64 = 0.75;
/// The same where a one-byte encoding is stated, in which any bytes are text.
const CHINESE_SHARE_AGAINST: f64 = 0.9;
/// Characters from which a share says something.
const ENOUGH: u64 = 4;
/// Bytes that the end of a field can cut off the last character.
const LONGEST_CUT: usize = 3;

/// An encoding by any of its names: labels of the web, code pages, the words that offices write into `.cpg` files.
fn named(name: &str) -> Option<&'static Encoding> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    let compact: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let labels = [name, &compact].map(|label| Encoding::for_label(label.as_bytes()));
    if let Some(encoding) = labels.into_iter().flatten().next() {
        return Some(encoding);
    }
    let lower = name.to_ascii_lowercase();
    let digits = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
    let page: u32 = digits.parse().ok()?;
    let word = lower[..lower.len() - digits.len()].trim_end_matches([' ', '-', '_', ':', '/']);
    if !["", "ansi", "cp", "oem", "ms", "windows", "win", "ldid", "codepage", "code page", "iso"]
        .contains(&word)
    {
        return None;
    }
    code_page(page)
}

/// The encoding of a code page of Windows.
fn code_page(page: u32) -> Option<&'static Encoding> {
    let label = match page {
        65_001 => "utf-8",
        936 | 20_936 => "gbk",
        54_936 => "gb18030",
        950 | 951 => "big5",
        932 => "shift_jis",
        949 | 51_949 => "euc-kr",
        866 => "ibm866",
        874 => "windows-874",
        1250..=1258 => return Encoding::for_label(format!("windows-{page}").as_bytes()),
        28_591..=28_606 => return Encoding::for_label(format!("iso-8859-{}", page - 28_590).as_bytes()),
        88_591..=88_599 => return Encoding::for_label(format!("iso-8859-{}", page - 88_590).as_bytes()),
        885_910..=885_916 => return Encoding::for_label(format!("iso-8859-{}", page - 885_900).as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding that a caller asks for.
///
/// # Errors
/// [`ParamError`] for a name of none.
pub(super) fn asked(name: &str) -> Result<&'static Encoding, ParamError> {
    named(name).ok_or_else(|| {
        ParamError::new("encoding", name, "the name of an encoding, such as UTF-8, GBK, Big5, windows-1252")
    })
}

/// Whether a name is that of an encoding.
///
/// # Errors
/// [`ParamError`] where it is not.
pub(crate) fn check_encoding(name: &str) -> Result<(), ParamError> {
    asked(name).map(drop)
}

/// What bytes say; `cut` where a character may have been cut off at their end. Whether all of them could be read.
pub(super) fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8], cut: bool) -> (Cow<'a, str>, bool) {
    if let Some(text) = strict(encoding, bytes, cut) {
        return (text, true);
    }
    (encoding.decode_without_bom_handling(bytes).0, false)
}

/// What bytes say, if all of them can be read but for a character that was cut off at their end.
fn strict<'a>(encoding: &'static Encoding, bytes: &'a [u8], cut: bool) -> Option<Cow<'a, str>> {
    let ends = if cut && !encoding.is_single_byte() { LONGEST_CUT } else { 0 };
    (0..=ends.min(bytes.len())).find_map(|cut| {
        encoding.decode_without_bom_handling_and_without_replacement(&bytes[..bytes.len() - cut])
    })
}

/// What texts are by themselves.
#[derive(Debug)]
pub(super) struct Evidence {
    /// Texts with bytes beyond ASCII.
    texts: u64,
    candidates: Vec<(&'static Encoding, bool)>,
    /// Characters of two bytes, and those among them in the plane of common Chinese ones.
    pairs: u64,
    common: u64,
    /// Whether a byte can begin a character of three bytes in UTF-8, as Chinese ones are.
    wide: bool,
    sample: Vec<u8>,
}

impl Evidence {
    /// Evidence for UTF-8, for Chinese encodings and for the ones that are stated.
    fn new(stated: impl IntoIterator<Item = &'static Encoding>) -> Self {
        let mut candidates: Vec<_> = vec![(UTF_8, true), (GB18030, true), (BIG5, true)];
        for encoding in stated {
            if !candidates.iter().any(|(other, _)| *other == encoding) {
                candidates.push((encoding, true));
            }
        }
        Self { texts: 0, candidates, pairs: 0, common: 0, wide: false, sample: Vec::new() }
    }

    /// Looks at a text.
    pub(super) fn add(&mut self, bytes: &[u8], cut: bool) {
        if bytes.is_ascii() {
            return;
        }
        self.texts += 1;
        if self.sample.is_empty() {
            self.sample = bytes.to_vec();
        }
        for (encoding, fits) in &mut self.candidates {
            *fits = *fits && strict(encoding, bytes, cut).is_some();
        }
        self.wide |= bytes.iter().any(|&byte| byte >= 0xe0);
        let mut rest = bytes;
        while let [lead, behind @ ..] = rest {
            rest = behind;
            if let (0x81..=0xfe, [trail, behind @ ..]) = (lead, behind) {
                rest = behind;
                self.pairs += 1;
                self.common += u64::from((0xa1..=0xf7).contains(lead) && *trail >= 0xa1);
            }
        }
    }

    fn fits(&self, encoding: &'static Encoding) -> bool {
        self.candidates.iter().any(|&(other, fits)| other == encoding && fits)
    }

    /// What speaks against an encoding that is stated.
    fn against(&self, encoding: &'static Encoding) -> Against {
        let surely_chinese = self.pairs >= ENOUGH && self.chinese(CHINESE_SHARE_AGAINST);
        // Any bytes are text in an encoding of one byte, and UTF-8 is nothing else by chance.
        let another = match encoding {
            _ if !self.fits(encoding) => true,
            _ if encoding == UTF_8 => false,
            _ if encoding == WINDOWS_1252 => self.fits(UTF_8) || surely_chinese,
            _ if encoding == BIG5 => (self.fits(UTF_8) && self.wide) || surely_chinese,
            _ => self.fits(UTF_8) && self.wide,
        };
        if another {
            return Against::Another;
        }
        let rare = (self.common as f64) < CHINESE_SHARE * self.pairs as f64;
        let simplified = encoding == GBK || encoding == GB18030;
        if simplified && rare && self.pairs >= ENOUGH && self.fits(BIG5) {
            Against::Open
        } else {
            Against::Nothing
        }
    }

    fn chinese(&self, share: f64) -> bool {
        self.fits(GB18030) && self.common as f64 >= share * self.pairs as f64
    }
}

/// What speaks against an encoding that is stated.
enum Against {
    Nothing,
    /// Texts are not in it, or are another beyond doubt.
    Another,
    /// Texts may be in it, and look more like another.
    Open,
}

/// What a file states of its encoding.
#[derive(Debug, Clone, Default)]
pub(super) struct Stated {
    /// The text of its `.cpg`.
    pub(super) cpg: Option<String>,
    /// The code of a language driver in its table.
    pub(super) ldid: Option<u8>,
}

impl Stated {
    /// The encodings it could be, and what each is stated by; the first counts.
    fn encodings(&self) -> Vec<(&'static Encoding, String)> {
        let cpg = self
            .cpg
            .as_deref()
            .and_then(|name| Some((named(name)?, format!("the .cpg says `{}`", name.trim()))));
        let ldid = self
            .ldid
            .and_then(|id| Some((language_driver(id)?, format!("the .dbf says language driver {id:#04x}"))));
        cpg.into_iter().chain(ldid).collect()
    }

    /// Looks for the evidence that the decision needs.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::new(self.encodings().into_iter().map(|(encoding, _)| encoding))
    }
}

/// The encoding of a language driver of dBASE. 0x57, the page of whichever computer wrote the file, says nothing.
fn language_driver(id: u8) -> Option<&'static Encoding> {
    code_page(match id {
        0x03 | 0x58 | 0x59 => 1252,
        0x26 | 0x65 | 0x66 => 866,
        0x13 | 0x7b => 932,
        0x4d | 0x7a => 936,
        0x4e | 0x79 => 949,
        0x4f | 0x78 => 950,
        0x50 | 0x7c => 874,
        0x7d => 1255,
        0x7e => 1256,
        0xc8 => 1250,
        0xc9 => 1251,
        0xca => 1254,
        0xcb => 1253,
        0xcc => 1257,
        _ => return None,
    })
}

/// The encoding that is taken, and why.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) encoding: &'static Encoding,
    /// What it is called.
    pub(super) name: &'static str,
    pub(super) reason: String,
    pub(super) warning: Option<WarningKind>,
}

/// Decides by what the caller asks, by what the file states as far as its texts bear it out, by the texts alone.
///
/// # Errors
/// Why nothing could be decided, in words.
pub(super) fn decide(
    asked: Option<&'static Encoding>,
    stated: &Stated,
    evidence: &Evidence,
) -> Result<Decision, String> {
    let taken = |encoding: &'static Encoding, reason: String, warning| Decision {
        encoding,
        name: if encoding == GB18030 { "GB18030" } else { encoding.name() },
        reason,
        warning,
    };
    if let Some(encoding) = asked {
        return Ok(taken(encoding, "the caller says so".into(), None));
    }
    if evidence.texts == 0 {
        return Ok(Decision { name: "ASCII", ..taken(UTF_8, "no name and no text needs more".into(), None) });
    }
    let candidates = stated.encodings();
    let by_itself = if evidence.fits(UTF_8) {
        Some((UTF_8, "all names and texts are UTF-8"))
    } else if evidence.chinese(CHINESE_SHARE) {
        Some((GB18030, "all names and texts are Chinese in GB18030, and not UTF-8"))
    } else {
        None
    };
    for (encoding, source) in &candidates {
        match evidence.against(encoding) {
            Against::Nothing => return Ok(taken(encoding, source.clone(), None)),
            Against::Another => {}
            Against::Open => return Err(undecided(&candidates, None, evidence)),
        }
    }
    let unknown = stated.cpg.as_deref().filter(|name| named(name).is_none());
    match by_itself {
        Some((encoding, why)) => {
            let same = |other: &Encoding| other == encoding || (other == GBK && encoding == GB18030);
            // A stated one that is not what the texts are, or one that nobody knows.
            let stated = candidates.first().map(|(other, source)| (other.name(), source.clone()));
            let stated = stated
                .or_else(|| unknown.map(|name| (name.trim(), format!("the .cpg says `{}`", name.trim()))));
            let name = taken(encoding, String::new(), None).name;
            Ok(match stated {
                Some((stated, source)) if !candidates.first().is_some_and(|(other, _)| same(other)) => taken(
                    encoding,
                    format!("{source}, but {why}"),
                    Some(WarningKind::EncodingOverruled { stated: stated.into(), taken: name.into() }),
                ),
                _ => {
                    let guessed = encoding != UTF_8;
                    let warning = guessed.then(|| WarningKind::EncodingGuessed { taken: name.into() });
                    taken(encoding, why.into(), warning)
                }
            })
        }
        None => Err(undecided(&candidates, unknown, evidence)),
    }
}

/// Why nothing could be decided, with what a sample would be in each encoding.
fn undecided(
    candidates: &[(&'static Encoding, String)],
    unknown: Option<&str>,
    evidence: &Evidence,
) -> String {
    let stated = match (candidates.first(), unknown) {
        (Some((_, source)), _) => format!("{source}, but its texts seem to be in another"),
        (None, Some(name)) => format!("the .cpg says `{}`, which is no known encoding", name.trim()),
        (None, None) => "nothing says which encoding its texts are in".to_owned(),
    };
    let readings = [GB18030, BIG5, WINDOWS_1252].into_iter().filter_map(|encoding| {
        let fits = encoding == WINDOWS_1252 || evidence.fits(encoding);
        let text = fits.then(|| decode(encoding, &evidence.sample, true).0)?;
        Some(format!("`{}` in {}", text.trim_end().escape_debug(), encoding.name()))
    });
    format!(
        "{stated}, and they do not tell: the first one is {}; expected the right one as option `encoding`",
        readings.collect::<Vec<_>>().join(", ")
    )
}
