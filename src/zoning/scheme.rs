use std::collections::HashMap;

use super::config::{self, Keys, Source};
use super::{Construction, LandUse, LandUseCode, SmallClass};
use crate::Error;
use crate::column::CategoryColumn;

const BUILTIN: [(&str, &str); 6] = [
    ("built-in mnr:2023", include_str!("tables/mnr_2023.toml")),
    ("built-in survey:third", include_str!("tables/survey_third.toml")),
    ("built-in gb50137:2011", include_str!("tables/gb50137_2011.toml")),
    ("built-in shenzhen:local", include_str!("tables/shenzhen_local.toml")),
    ("built-in pluto:landuse", include_str!("tables/pluto_landuse.toml")),
    ("built-in massachusetts:2019", include_str!("tables/massachusetts_2019.toml")),
];

const SCHEME_KEYS: [&str; 8] =
    ["name", "edition", "title", "source", "evidence", "widths", "fallback", "entries"];
const ENTRY_KEYS: [&str; 6] = ["code", "name", "name_en", "class", "construction", "evidence"];

/// What sets the parts of a joined code apart.
const JOINTS: [char; 5] = ['+', '/', ',', ';', '、'];

/// The parts of a joined code, such as `M1+C1`; a code that is not joined is its own part.
pub(crate) fn code_parts(code: &str) -> impl Iterator<Item = &str> {
    code.split(JOINTS).map(str::trim)
}

/// One edition of a classification: its codes and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    name: Box<str>,
    edition: Box<str>,
    title: Box<str>,
    source: Box<str>,
    widths: Vec<u8>,
    fallback: bool,
    entries: Vec<LandUse>,
    by_code: HashMap<Box<str>, usize>,
    by_name: HashMap<Box<str>, usize>,
}

impl Scheme {
    /// Name, such as `mnr`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Edition, such as `2023`.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// Full title; the name where the table gives none.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where the table comes from; empty where it does not say.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All entries, in the order of the table.
    pub fn entries(&self) -> &[LandUse] {
        &self.entries
    }

    /// How long codes of digits may be, ascending; empty where the table does not say.
    pub fn widths(&self) -> &[u8] {
        &self.widths
    }

    /// What a code means: itself, its upper-case form, an entry's name, else (where the scheme falls back) its nearest
    /// parent. `None` where nothing fits.
    ///
    /// A parent is found by dropping digits, or a letter that follows a digit (`H9A`, the survey's `0307K`), from the end; a
    /// code of digits whose length is not among [`widths`](Self::widths) has lost or gained a digit and means nothing. Parts
    /// joined by `+`, `/`, `,`, `;` or `、` (`M1+C1`) are looked up one by one: their common class, else [`SmallClass::Mixed`]; their common
    /// flag, else [`Construction::Unknown`].
    ///
    /// # Complexity
    /// O(length of the code) look-ups. Resolve distinct codes, not rows ([`Schemes::resolve_column`]).
    pub fn resolve(&self, code: &str) -> Option<LandUse> {
        let code = code.trim();
        if let Some(use_) = self.find(code) {
            return Some(use_.clone());
        }
        if !code.contains(JOINTS) {
            return None;
        }
        let mut parts = code_parts(code).map(|part| self.find(part));
        let mut all = parts.next()??.clone();
        for part in parts {
            let part = part?;
            if part.class != all.class {
                all.class = SmallClass::Mixed;
            }
            if part.construction != all.construction {
                all.construction = Construction::Unknown;
            }
            for (text, more) in [
                (&mut all.matched, &part.matched),
                (&mut all.name, &part.name),
                (&mut all.name_en, &part.name_en),
            ] {
                *text = format!("{text}+{more}").into();
            }
        }
        Some(all)
    }

    fn find(&self, code: &str) -> Option<&LandUse> {
        let exact = self.by_code.get(code).or_else(|| self.by_name.get(code));
        if let Some(&i) = exact {
            return Some(&self.entries[i]);
        }
        let upper = code.to_ascii_uppercase();
        let digits = upper.trim_end_matches(|c: char| c.is_ascii_uppercase());
        let stray = !self.widths.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !self.widths.contains(&(digits.len() as u8));
        if stray || upper.len() > 32 {
            return None;
        }
        let mut rest = upper.as_str();
        loop {
            if let Some(&i) = self.by_code.get(rest) {
                return Some(&self.entries[i]);
            }
            let last = rest.chars().next_back().filter(|_| self.fallback)?;
            let shorter = &rest[..rest.len() - last.len_utf8()];
            let after_digit = shorter.ends_with(|c: char| c.is_ascii_digit());
            if !(last.is_ascii_digit() || last.is_ascii_uppercase() && after_digit) {
                return None;
            }
            rest = shorter;
        }
    }

    fn read(keys: Keys<'_, '_>) -> Result<Self, Error> {
        let keys = keys.only(&SCHEME_KEYS)?;
        let name = keys.require_text("name")?;
        let mut widths = Vec::new();
        for item in keys.array("widths")? {
            match config::number(item.get_ref()) {
                Some(width) if (1.0..=32.0).contains(&width) && width.fract() == 0.0 => {
                    widths.push(width as u8);
                }
                _ => return Err(keys.wrong("widths", item, "a whole number from 1 to 32")),
            }
        }
        widths.sort_unstable();
        widths.dedup();
        let mut scheme = Self {
            name: name.into(),
            edition: keys.require_text("edition")?.into(),
            title: keys.text("title")?.unwrap_or(name).into(),
            source: keys.text("source")?.unwrap_or_default().into(),
            widths,
            fallback: keys.flag("fallback")?.unwrap_or(false),
            entries: Vec::new(),
            by_code: HashMap::new(),
            by_name: HashMap::new(),
        };
        let rows = keys.tables("entries")?;
        if rows.is_empty() {
            return Err(keys.missing("entries"));
        }
        let mut by_code = HashMap::new();
        for row in &rows {
            let row = row.only(&ENTRY_KEYS)?;
            let code = row.require_text("code")?;
            if by_code.insert(code, row).is_some() {
                return Err(row.source.fault(row.at, format!("code `{code}` stands twice")));
            }
        }
        for row in rows {
            let code = row.require_text("code")?;
            // The entry itself and its parents, nearest first: an attribute is the first that one of them gives.
            let line: Vec<_> = (1..=code.len())
                .rev()
                .filter_map(|end| by_code.get(code.get(..end)?).copied())
                .take(if scheme.fallback { usize::MAX } else { 1 })
                .collect();
            let inherited = |key| line.iter().find(|row| row.get(key).is_some()).copied().unwrap_or(row);
            let parsed = |key, expected: &str| -> Result<&str, Error> {
                let from = inherited(key);
                from.text(key)?.ok_or_else(|| {
                    row.source.fault(
                        row.at,
                        format!("code `{code}` has no `{key}`, and no parent has: expected {expected}"),
                    )
                })
            };
            let class = parsed("class", &names(SmallClass::ALL.iter().map(|c| c.name())))?;
            let construction = parsed("construction", &names(Construction::ALL.iter().map(|c| c.name())))?;
            let fault = |key, error: &crate::ParamError| {
                let from = inherited(key);
                from.source.fault(from.at, format!("code `{code}`: {error}"))
            };
            let name = row.text("name")?.unwrap_or(code);
            let evidence = inherited("evidence").text("evidence")?;
            let position = scheme.entries.len();
            scheme.by_code.insert(code.into(), position);
            scheme.by_name.entry(name.into()).or_insert(position);
            scheme.entries.push(LandUse {
                class: class.parse().map_err(|error| fault("class", &error))?,
                construction: construction.parse().map_err(|error| fault("construction", &error))?,
                matched: code.into(),
                name: name.into(),
                name_en: row.text("name_en")?.unwrap_or_default().into(),
                evidence: evidence.or(keys.text("evidence")?).unwrap_or_default().into(),
            });
        }
        Ok(scheme)
    }
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// All schemes at hand, by name and edition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schemes {
    schemes: Vec<Scheme>,
}

impl Schemes {
    /// The built-in schemes: `mnr:2023`, `survey:third`, `gb50137:2011`, `shenzhen:local`, `pluto:landuse`, `massachusetts:2019`.
    pub fn builtin() -> Self {
        let mut schemes = Self::default();
        for (file, text) in BUILTIN {
            // Constant texts, read without fault by the tests of this module.
            let _ = schemes.add_toml(text, file);
        }
        schemes
    }

    /// Adds the table of a TOML text in the form of the [module](super), replacing one of the same name and edition.
    /// `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with line, key, value and what was expected.
    pub fn add_toml(&mut self, text: &str, file: &str) -> Result<(), Error> {
        let source = Source { file, text };
        let table = source.parse()?;
        self.add(Keys { source, table: &table, at: 0 })
    }

    pub(crate) fn add(&mut self, keys: Keys<'_, '_>) -> Result<(), Error> {
        let scheme = Scheme::read(keys)?;
        self.schemes.retain(|old| (&old.name, &old.edition) != (&scheme.name, &scheme.edition));
        self.schemes.push(scheme);
        Ok(())
    }

    /// All of them, in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Scheme> {
        self.schemes.iter()
    }

    /// The scheme of that name and edition.
    pub fn get(&self, name: &str, edition: &str) -> Option<&Scheme> {
        self.schemes.iter().find(|scheme| &*scheme.name == name && &*scheme.edition == edition)
    }

    /// What a code means ([`Scheme::resolve`]); `None` where its scheme is not at hand or does not know it.
    pub fn resolve(&self, code: &LandUseCode) -> Option<LandUse> {
        self.get(&code.scheme, &code.edition)?.resolve(&code.code)
    }

    /// What the codes of a column mean, each distinct code looked up once.
    ///
    /// # Complexity
    /// O(rows + distinct codes).
    ///
    /// ```
    /// use landuse::parcel::CategoryColumn;
    /// use landuse::zoning::{LandUseCode, Schemes, SmallClass};
    ///
    /// let codes = ["1001", "1001", "9999"].map(|code| LandUseCode::new("mnr", "2023", code));
    /// let mut column = CategoryColumn::new();
    /// codes.iter().for_each(|code| column.push(Some(code)));
    /// let uses = Schemes::builtin().resolve_column(&column);
    /// assert_eq!(uses.of(column.key(1)).map(|u| u.class), Some(SmallClass::Industrial));
    /// assert_eq!(uses.of(column.key(2)), None);
    /// assert_eq!(uses.unresolved()[0].to_string(), "`mnr:2023:9999` (1 parcel)");
    /// ```
    pub fn resolve_column(&self, column: &CategoryColumn<LandUseCode>) -> ResolvedUses {
        let uses: Vec<Option<LandUse>> = column.distinct().iter().map(|code| self.resolve(code)).collect();
        let mut rows = vec![0_u32; uses.len()];
        for key in (0..column.len()).filter_map(|i| column.key(i)) {
            rows[key as usize] += 1;
        }
        let mut unresolved: Vec<Unresolved> = column
            .distinct()
            .iter()
            .zip(&uses)
            .zip(rows)
            .filter(|((_, use_), rows)| use_.is_none() && *rows > 0)
            .map(|((code, _), parcels)| Unresolved { code: code.clone(), parcels })
            .collect();
        unresolved.sort_by(|a, b| b.parcels.cmp(&a.parcels).then_with(|| a.code.cmp(&b.code)));
        ResolvedUses { uses, unresolved }
    }
}

/// What the distinct codes of a column mean ([`Schemes::resolve_column`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedUses {
    uses: Vec<Option<LandUse>>,
    unresolved: Vec<Unresolved>,
}

impl ResolvedUses {
    /// The use behind a key of the column ([`CategoryColumn::key`]); `None` without a key or where nothing is known.
    pub fn of(&self, key: Option<u32>) -> Option<&LandUse> {
        self.uses.get(key? as usize)?.as_ref()
    }

    /// One per distinct code of the column, in its order.
    pub fn uses(&self) -> &[Option<LandUse>] {
        &self.uses
    }

    /// Codes that mean nothing to any scheme at hand, those of most parcels first.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }
}

/// A code that no scheme at hand knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The code.
    pub code: LandUseCode,
    /// How many parcels carry it.
    pub parcels: u32,
}

impl std::fmt::Display for Unresolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({} parcel{})", self.code, self.parcels, if self.parcels == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(scheme: &str, edition: &str, code: &str) -> Option<(SmallClass, Construction)> {
        let found = Schemes::builtin().resolve(&LandUseCode::new(scheme, edition, code))?;
        Some((found.class, found.construction))
    }

    const YES: Construction = Construction::Yes;
    const NO: Construction = Construction::No;

    #[test]
    fn builtin_tables_hold_together() {
        for (file, text) in BUILTIN {
            Schemes::default().add_toml(text, file).unwrap();
        }
        let schemes = Schemes::builtin();
        let names: Vec<String> = schemes.iter().map(|s| format!("{}:{}", s.name(), s.edition())).collect();
        let expected = [
            "mnr:2023",
            "survey:third",
            "gb50137:2011",
            "shenzhen:local",
            "pluto:landuse",
            "massachusetts:2019",
        ];
        assert_eq!(names, expected);
        for scheme in schemes.iter() {
            assert!(!scheme.source().is_empty());
            for entry in scheme.entries() {
                assert!(
                    !entry.name_en.is_empty() && !entry.evidence.is_empty(),
                    "{} {}",
                    scheme.name(),
                    entry.matched
                );
                assert_eq!(scheme.resolve(&entry.matched).as_ref(), Some(entry), "an entry finds itself");
            }
        }
        // The annex has 24 first-level classes.
        let mnr = schemes.get("mnr", "2023").unwrap();
        assert_eq!(mnr.entries().iter().filter(|e| e.matched.len() == 2).count(), 24);
    }

    #[test]
    fn the_same_digits_mean_different_land() {
        assert_eq!(class("mnr", "2023", "1001"), Some((SmallClass::Industrial, YES)));
        assert_eq!(class("survey", "third", "1001"), Some((SmallClass::Transport, YES)));
        assert_eq!(class("mnr", "2023", "0601"), Some((SmallClass::Transport, NO)));
        assert_eq!(class("survey", "third", "0601"), Some((SmallClass::Industrial, YES)));
        assert_eq!(class("mnr", "2020", "1001"), None, "another edition is another scheme");
    }

    #[test]
    fn construction_follows_the_code_and_not_the_class() {
        // Document 234 of 2023, and the working classes of the third survey.
        assert_eq!(class("mnr", "2023", "1401"), Some((SmallClass::UrbanGreen, YES)));
        assert_eq!(class("gb50137", "2011", "G1"), Some((SmallClass::UrbanGreen, YES)));
        assert_eq!(class("mnr", "2023", "0301"), Some((SmallClass::Ecological, NO)));
        assert_eq!(class("survey", "third", "1109"), Some((SmallClass::Utility, YES)));
        assert_eq!(class("survey", "third", "1103"), Some((SmallClass::Water, NO)));
        assert_eq!(class("survey", "third", "1004"), Some((SmallClass::Transport, YES)));
        assert_eq!(class("survey", "third", "1006"), Some((SmallClass::Transport, NO)));
        assert_eq!(class("survey", "third", "1201"), Some((SmallClass::Vacant, YES)));
        assert_eq!(class("survey", "third", "1206"), Some((SmallClass::Undeveloped, NO)));
        assert_eq!(class("mnr", "2023", "16"), Some((SmallClass::Reserved, Construction::ByStatus)));
        assert_eq!(class("mnr", "2023", "23"), Some((SmallClass::Undeveloped, Construction::Unknown)));
    }

    /// The three lists of major classes, whole.
    #[test]
    fn survey_classes_group_as_published() {
        let farm = "0101 0102 0103 0201 0202 0203 0204 0301 0302 0303 0304 0305 0306 0307 0401 0402 0403 1006 1103 \
                    1104 1107 1202 1203";
        let construction = "05H1 0508 0601 0602 0603 0701 0702 08H1 08H2 0809 0810 09 1001 1002 1003 1004 1005 1007 \
                            1008 1009 1109 1201";
        let unused = "0404 1101 1102 1105 1106 1108 1110 1204 1205 1206 1207";
        for (list, flag) in [(farm, NO), (construction, YES), (unused, NO)] {
            for code in list.split_whitespace() {
                assert_eq!(class("survey", "third", code).map(|c| c.1), Some(flag), "{code}");
            }
        }
    }

    #[test]
    fn unknown_children_fall_back_to_their_parent() {
        let schemes = Schemes::builtin();
        let kunming = schemes.resolve(&LandUseCode::new("mnr", "2023", "100100")).unwrap();
        assert_eq!((&*kunming.matched, kunming.class), ("1001", SmallClass::Industrial));
        for (scheme, edition, code, matched) in [
            ("survey", "third", "0307K", "0307"),
            ("survey", "third", "1104A", "1104"),
            ("survey", "third", "1107a", "1107"),
            ("gb50137", "2011", "A331", "A33"),
            ("gb50137", "2011", "H9A", "H9"),
            ("gb50137", "2011", "H9R", "H9"),
            ("gb50137", "2011", "G4", "G"),
            ("gb50137", "2011", " r22 ", "R2"),
            ("shenzhen", "local", "GIC5", "GIC"),
            ("mnr", "2023", "工业用地", "1001"),
            ("massachusetts", "2019", "3161", "31"),
            ("massachusetts", "2019", "0104", "0"),
            ("massachusetts", "2019", "9420", "94"),
        ] {
            let found = schemes.resolve(&LandUseCode::new(scheme, edition, code));
            assert_eq!(found.map(|f| f.matched).as_deref(), Some(matched), "{code}");
        }
    }

    #[test]
    fn what_is_no_code_means_nothing() {
        // A lost leading zero must not turn dry land (0103) into industry (10), nor a word into its first letter.
        for (scheme, edition, code) in [
            ("mnr", "2023", "103"),
            ("mnr", "2023", "10011"),
            ("mnr", "2023", "99"),
            ("mnr", "2023", ""),
            ("mnr", "2023", "10-01"),
            ("gb50137", "2011", "AGRI"),
            ("gb50137", "2011", "Residential"),
            ("gb50137", "2011", "F1"),
            ("gb50137", "2011", "工业"),
            ("pluto", "landuse", "1"),
            ("pluto", "landuse", "011"),
            ("pluto", "landuse", "01A"),
            ("massachusetts", "2019", "13"),
            ("mnr", "2023", "+"),
        ] {
            assert_eq!(class(scheme, edition, code), None, "{code:?}");
        }
        assert_eq!(class("mnr", "2023", &"1".repeat(100_000)), None);
        assert_eq!(class("gb50137", "2011", &"1A".repeat(100_000)), None);
    }

    #[test]
    fn joined_codes_are_mixed_use() {
        assert_eq!(class("shenzhen", "local", "M0+C1"), Some((SmallClass::Mixed, YES)));
        assert_eq!(class("gb50137", "2011", "R2/R3"), Some((SmallClass::Residential, YES)));
        assert_eq!(class("gb50137", "2011", "R2, R3"), Some((SmallClass::Residential, YES)));
        assert_eq!(class("mnr", "2023", "1001、0901"), Some((SmallClass::Mixed, YES)));
        assert_eq!(class("gb50137", "2011", "B1+E2"), Some((SmallClass::Mixed, Construction::Unknown)));
        assert_eq!(class("gb50137", "2011", "B1+Q"), None);
        assert_eq!(class("gb50137", "2011", "B1+"), None);
    }

    #[test]
    fn the_sea_is_no_land() {
        for code in ["18", "19", "20", "21", "22", "24", "180101"] {
            assert_eq!(class("mnr", "2023", code).map(|c| c.0.is_land()), Some(false), "{code}");
        }
        assert_eq!(SmallClass::ALL.iter().filter(|c| !c.is_land()).count(), 1);
    }

    #[test]
    fn faulty_tables_are_told_by_line_and_key() {
        let fault = |text: &str| Schemes::default().add_toml(text, "t.toml").unwrap_err().to_string();
        let head = "name = 'x'\nedition = '1'\n";
        assert_eq!(fault(head), "t.toml: line 1: key `entries` is missing");
        assert_eq!(fault("nam = 'x'"), "t.toml: line 1: unknown key `nam`, did you mean `name`?");
        assert_eq!(
            fault(&format!("{head}entries = [{{ code = 1 }}]")),
            "t.toml: line 3: `code` is 1, expected a text that is not empty"
        );
        let wrong =
            fault(&format!("{head}entries = [{{ code = 'a', class = 'factory', construction = 'yes' }}]"));
        assert!(
            wrong.starts_with(
                "t.toml: line 3: code `a`: `class` is factory, expected one of industrial mining"
            )
        );
        let none = fault(&format!("{head}entries = [{{ code = 'a', class = 'vacant' }}]"));
        assert_eq!(
            none,
            "t.toml: line 3: code `a` has no `construction`, and no parent has: expected yes, no, by_status, unknown"
        );
        let twice = fault(&format!(
            "{head}entries = [\n{{ code = 'a', class = 'vacant', construction = 'yes' }},\n{{ code = 'a' }}]"
        ));
        assert_eq!(twice, "t.toml: line 5: code `a` stands twice");
        assert!(fault(&format!("{head}widths = [0]")).contains("expected a whole number from 1 to 32"));
    }
}
