//! What is in a file, for whoever has to say what it means: properties, codes, what is missing, and a schema to begin with.

use std::collections::BTreeMap;

use super::Source;
use super::format::{FeatureSource, features_of};
use super::inspect::{KnownNames, PropertySummary};
use super::load::Loader;
use super::schema::{
    Decision, Field, Inference, Meaning, Schema, Target, UNKNOWN_NAME, one_line, plain_name, quoted,
};
use super::transcode::Settled;
use super::values::ValueCounts;
use crate::crs::SourceCrs;
use crate::error::nearest;
use crate::parcel::{Attributes, ParcelSet};
use crate::sum::AreaSum;
use crate::warning::WhyLeftOut;
use crate::zoning::{Construction, LandUse, LandUseCode, Schemes, SmallClass, code_parts};
use crate::{Error, ParamError};

/// Values that are shown of a property.
const SAMPLES: usize = 4;
/// Distinct values that may still be codes.
const MOST_CODES: u64 = 1_000;
/// Properties that are tried as labels of codes.
const MOST_LABELS: usize = 12;
/// Share of the features whose label must be the usual one of their code.
const LABEL_SHARE: f64 = 0.9;

/// What is in a file.
///
/// ```
/// use landuse::io::{Contents, ContentsOptions, Source, schema::Schema};
///
/// let contents = Contents::of(&Source::file("data/city/parcels.geojson"), &ContentsOptions::default())?;
/// assert_eq!((contents.features, contents.codes[0].codes.len()), (1_200, 37));
/// let (schema, _) = Schema::from_toml(&contents.to_toml(), "schema.toml")?;
/// assert_eq!(schema.fields.len(), contents.properties.iter().filter(|property| property.taken.is_some()).count());
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contents {
    /// The file as the caller named it.
    pub file: Box<str>,
    /// Features in it.
    pub features: u64,
    /// Its properties, in the order of the file.
    pub properties: Vec<PropertyContents>,
    /// Properties that hold land-use codes, with every code.
    pub codes: Vec<CodeTable>,
    /// What no property says of the parcels, and what it would give.
    pub missing: Vec<MissingTarget>,
    /// Questions that the file left open, and how they were settled.
    pub settled: Vec<Settled>,
    /// Why the areas of codes are not known, where they are not.
    pub no_areas: Option<Box<str>>,
    inference: Inference,
    chosen: Option<Schema>,
    stub: Option<(Box<str>, Field)>,
}

/// What the caller knows of a file.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ContentsOptions {
    /// The property of land-use codes. Default: that which inference takes for the current use, else one whose name tells.
    pub codes: Option<Box<str>>,
    /// The property that names each code. Default: the first whose values go with the codes.
    pub labels: Option<Box<str>>,
    /// System of the coordinates, for the areas; it wins over what the file says.
    pub source_crs: Option<SourceCrs>,
    /// Which property is what. Default: inferred.
    pub schema: Option<Schema>,
    /// What codes mean. Default: the built-in schemes.
    pub schemes: Option<Schemes>,
}

/// What one property holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PropertyContents {
    /// Its name; `$id` is the features' own id.
    pub name: Box<str>,
    /// What its values are.
    pub kind: ValueKind,
    /// Features with a known value.
    pub known: u64,
    /// Distinct values.
    pub distinct: u64,
    /// Whether there are so many that their number is estimated, within some 2 %.
    pub distinct_estimated: bool,
    /// Least and greatest value, where most are numbers or texts that read as one.
    pub range: Option<(f64, f64)>,
    /// Its most frequent values, with how many features have each; where the number of distinct values is estimated, the most frequent of a
    /// sample.
    pub samples: Vec<(Box<str>, u64)>,
    /// What the schema takes it for.
    pub taken: Option<Target>,
    /// Why inference takes it, or not; empty where a schema is given.
    pub reason: Box<str>,
    /// The name of a built-in profile that its own is near to, where none knows it.
    pub near: Option<NearName>,
}

/// A name that a built-in profile knows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NearName {
    /// The name.
    pub name: Box<str>,
    /// What it stands for.
    pub target: Target,
}

/// What the values of a property are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Texts that read as numbers.
    NumericText,
    /// Texts.
    Text,
    /// Numbers and texts.
    Mixed,
    /// True and false.
    Flag,
    /// Lists and objects.
    Nested,
    /// Nothing is known.
    Empty,
}

impl ValueKind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole number",
            Self::Number => "number",
            Self::NumericText => "number as text",
            Self::Text => "text",
            Self::Mixed => "numbers and texts",
            Self::Flag => "true or false",
            Self::Nested => "list or object",
            Self::Empty => "nothing known",
        }
    }

    fn is_numeric(self) -> bool {
        matches!(self, Self::Whole | Self::Number | Self::NumericText)
    }

    fn of(summary: &PropertySummary) -> Self {
        let PropertySummary { numbers, numeric_texts, others, .. } = *summary;
        let (flags, nested) = summary.values.as_ref().map_or((0, 0), |values| (values.flags, values.nested));
        match (numbers, numeric_texts, others) {
            (0, 0, 0) => Self::Empty,
            (0, 0, others) if flags == others => Self::Flag,
            (0, 0, others) if nested == others => Self::Nested,
            (0, _, 0) => Self::NumericText,
            (0, ..) => Self::Text,
            (_, _, 0) if summary.values.as_ref().is_some_and(|values| values.is_whole()) => Self::Whole,
            (_, _, 0) => Self::Number,
            _ => Self::Mixed,
        }
    }
}

/// All codes of one property.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CodeTable {
    /// The property.
    pub property: Box<str>,
    /// Which use it tells.
    pub target: Target,
    /// The property that names the codes; none where no one does.
    pub labels: Option<Box<str>>,
    /// The scheme that knows them; none where a scheme has to be written.
    pub scheme: Option<(Box<str>, Box<str>)>,
    /// The codes, in the order of their texts.
    pub codes: Vec<CodeRow>,
}

/// One land-use code.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CodeRow {
    /// The code, as a schema reads it.
    pub code: Box<str>,
    /// What most of its features call it; empty where nothing does.
    pub label: Box<str>,
    /// Features that have it.
    pub features: u64,
    /// Area of those, m²; none where it is not known.
    pub area_m2: Option<f64>,
    /// What the scheme says of it; none without a scheme, or where it does not know the code.
    pub meaning: Option<LandUse>,
}

/// A target that no property feeds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MissingTarget {
    /// The target.
    pub target: Target,
    /// What an analysis gains from it.
    pub gives: &'static str,
    /// Properties whose names are near to one that a profile knows for it.
    pub near: Vec<Box<str>>,
}

impl Contents {
    /// Looks at all values of all properties, and at the land that each code is on.
    ///
    /// # Errors
    /// As [`inspect`](super::inspect); [`Error::Param`] where an option names a property that there is none of.
    ///
    /// # Complexity
    /// The text is read twice, once for the values and once for the land; in memory are up to 4,096 distinct values of each property, and
    /// the geometries.
    pub fn of(source: &Source, options: &ContentsOptions) -> Result<Self, Error> {
        let found = Self::of_features(&*features_of(source)?, options)?;
        Ok(Self { settled: source.settled()?, ..found })
    }

    /// The same of features of any source.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_features(source: &dyn FeatureSource, options: &ContentsOptions) -> Result<Self, Error> {
        let summaries = source.inspect_values()?;
        for name in options.codes.iter().chain(&options.labels) {
            let names = summaries.iter().map(|summary| &*summary.name);
            if !names.clone().any(|own| *own == **name) {
                let near = nearest(name, names.clone()).map_or(String::new(), |near| format!(" (`{near}`?)"));
                let all = names.collect::<Vec<_>>().join(", ");
                let expected = format!("a property of {}{near}: {all}", source.name());
                return Err(ParamError::new("property", name, &expected).into());
            }
        }
        let inference = Schema::infer(&summaries);
        let mut found = Self {
            file: source.name().into(),
            features: summaries.iter().map(|summary| summary.features).max().unwrap_or(0),
            properties: properties(&summaries, &inference, options.schema.as_ref()),
            codes: Vec::new(),
            missing: Vec::new(),
            settled: Vec::new(),
            no_areas: None,
            inference,
            chosen: options.schema.clone(),
            stub: None,
        };
        let fields = found.code_fields(&summaries, options);
        let labels = found.possible_labels(&fields, options);
        let set = found.land(source, &fields, &labels, options)?;
        let schemes = options.schemes.clone().unwrap_or_else(Schemes::builtin);
        for field in &fields {
            let summary = summaries.iter().find(|summary| summary.name == field.property);
            if let Some(summary) = summary {
                found.codes.push(code_table(field, summary, set.as_ref(), &labels, &schemes));
            }
        }
        found.missing = found.missing_targets();
        Ok(found)
    }

    /// The fields of the schema.
    fn fields(&self) -> &[Field] {
        &self.chosen.as_ref().unwrap_or(&self.inference.schema).fields
    }

    /// The fields of land-use codes: those that are taken, and a property to write a scheme for where no current use is.
    fn code_fields(&mut self, summaries: &[PropertySummary], options: &ContentsOptions) -> Vec<Field> {
        let taken = self.fields().iter().filter(|field| field.target.is_code());
        let mut fields: Vec<Field> = taken.cloned().collect();
        if self.chosen.is_some() {
            return fields;
        }
        let current = fields.iter().position(|field| field.target == Target::CurrentUse);
        let asked = options.codes.clone();
        if current.is_some_and(|at| asked.as_ref().is_none_or(|asked| fields[at].property == *asked)) {
            return fields;
        }
        let Some(property) = asked.or_else(|| self.property_of_codes(summaries)) else { return fields };
        if let Some(at) = current {
            fields.remove(at);
        }
        fields.retain(|field| field.property != property);
        let scheme: Box<str> = scheme_name(&self.file).into();
        let mut field = Field::new(&property, Target::CurrentUse);
        field.scheme = Some((scheme.clone(), EDITION.into()));
        fields.insert(0, field.clone());
        self.stub = Some((scheme, field));
        fields
    }

    /// The property that most likely holds codes of the current use: one that a profile knows and no scheme fits, else one whose name
    /// says so and that has few values.
    fn property_of_codes(&self, summaries: &[PropertySummary]) -> Option<Box<str>> {
        let refused = |decision: &&Decision| {
            let why = decision.why_left_out();
            matches!(why, Some(WhyLeftOut::Codes { target, .. } | WhyLeftOut::NoScheme { target })
                if **target == *Target::CurrentUse.to_string())
        };
        if let Some(known) = self.inference.decisions.iter().find(refused) {
            return Some(known.property.clone());
        }
        let has_few = |property: &&PropertyContents| {
            let of_codes = matches!(
                property.kind,
                ValueKind::Whole | ValueKind::NumericText | ValueKind::Text | ValueKind::Mixed
            );
            let many = property.distinct > MOST_CODES || property.distinct * 2 > property.known;
            property.taken.is_none() && of_codes && property.distinct > 1 && !many
        };
        let rank = |property: &PropertyContents| {
            let plain = plain_name(&property.name);
            WORDS_OF_CODES.iter().position(|word| plain.contains(word))
        };
        let named = self.properties.iter().filter(has_few);
        let named = named.filter_map(|property| Some((rank(property)?, property)));
        let first = named.min_by_key(|(rank, _)| *rank)?;
        summaries.iter().find(|summary| summary.name == first.1.name).map(|summary| summary.name.clone())
    }

    /// Properties that may name the codes.
    fn possible_labels(&self, fields: &[Field], options: &ContentsOptions) -> Vec<Box<str>> {
        if let Some(labels) = &options.labels {
            return vec![labels.clone()];
        }
        let codes = |field: &Field| {
            let property = self.properties.iter().find(|property| property.name == field.property);
            property.map_or(0, |property| property.distinct)
        };
        let most = fields.iter().map(codes).max().unwrap_or(0) * 3 + 10;
        let fits = |property: &&PropertyContents| {
            let is_code = fields.iter().any(|field| field.property == property.name);
            let is_text = matches!(property.kind, ValueKind::Text | ValueKind::Mixed);
            !is_code && is_text && (2..=most).contains(&property.distinct) && !property.distinct_estimated
        };
        self.properties.iter().filter(fits).take(MOST_LABELS).map(|property| property.name.clone()).collect()
    }

    /// The land with its codes and possible labels; none where the coordinates cannot be placed.
    fn land(
        &mut self,
        source: &dyn FeatureSource,
        fields: &[Field],
        labels: &[Box<str>],
        options: &ContentsOptions,
    ) -> Result<Option<ParcelSet>, Error> {
        let mut schema = Schema { name: "contents".into(), ..Schema::default() };
        schema.fields.extend(fields.iter().cloned());
        schema.fields.extend(labels.iter().map(|name| Field::new(name, Target::Text(name.clone()))));
        match Loader::new(schema).source_crs(options.source_crs.clone()).load_features(source) {
            Ok(loaded) => {
                self.features = loaded.report.features;
                if loaded.set.is_empty() {
                    self.no_areas = Some("no feature has land that can be used".into());
                }
                Ok(Some(loaded.set))
            }
            Err(error @ Error::Crs(_)) => {
                self.no_areas = Some(one_line(&error.chain()).into());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn missing_targets(&self) -> Vec<MissingTarget> {
        let is_fed = |target: &Target| {
            self.fields().iter().any(|field| field.target == *target)
                || self.stub.as_ref().is_some_and(|(_, field)| field.target == *target)
        };
        let near = |target: &Target| {
            let near = |property: &&PropertyContents| {
                property.near.as_ref().is_some_and(|near| near.target == *target)
            };
            self.properties.iter().filter(near).map(|property| property.name.clone()).collect()
        };
        let wanted = Target::wanted().into_iter().filter(|target| !is_fed(target));
        wanted.map(|target| MissingTarget { gives: target.gives(), near: near(&target), target }).collect()
    }

    /// The schema as a file to edit. One that inference makes has each field with the reason, what is left out as comments, and a table of
    /// codes to fill in where no built-in scheme fits; it loads as it stands.
    pub fn to_toml(&self) -> String {
        if let Some(chosen) = &self.chosen {
            return chosen.to_toml();
        }
        let mut inference = self.inference.clone();
        for (decision, property) in inference.decisions.iter_mut().zip(&self.properties) {
            if let Some(NearName { name, target }) = &property.near {
                let unit = if matches!(target, Target::FloorArea | Target::Footprint | Target::Height) {
                    " with the unit of the file, such as `unit = \"sq_ft\"`,"
                } else {
                    ""
                };
                let reason =
                    format!("{UNKNOWN_NAME}; near {name}: `target = \"{target}\"`{unit} may be meant");
                decision.reason = reason.into();
            }
        }
        let Some((scheme, field)) = &self.stub else { return inference.to_toml() };
        inference.schema.fields.retain(|own| own.target != field.target);
        let reason = "no built-in scheme fits its codes: fill in the table of them below";
        for decision in &mut inference.decisions {
            if decision.property == field.property {
                decision.field = Some(field.target.clone());
                decision.reason = reason.into();
            } else if decision.field.as_ref() == Some(&field.target) {
                decision.field = None;
            }
        }
        inference.schema.fields.push(field.clone());
        let mut out = inference.to_toml();
        if let Some(table) = self.codes.iter().find(|table| table.property == field.property) {
            self.push_scheme(scheme, table, &mut out);
        }
        out
    }

    /// Adds a table of codes, all unknown, ready to be filled in.
    fn push_scheme(&self, scheme: &str, table: &CodeTable, out: &mut String) {
        let names = |names: Vec<&str>| names.join(", ");
        let classes = names(SmallClass::ALL.iter().map(|class| class.name()).collect());
        let flags = names(Construction::ALL.iter().map(|flag| flag.name()).collect());
        let (property, file) = (&table.property, &self.file);
        out.push_str(&format!(
            "\n# All codes of {property}, the largest first. Give each its class, and say whether it is construction land;\n\
             # until then both are unknown. With `fallback = true` a code takes what the entry of its first\n\
             # letters says: {{ code = \"4\", … }} serves 400 and 401.\n\
             # class: {classes}\n# construction: {flags}\n",
            property = one_line(property),
        ));
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let source = quoted(&format!("values of the property {property} in {file}"));
        out.push_str(&format!(
            "[[scheme]]\nname = {}\nedition = {}\nsource = {source}\nevidence = \"not filled in yet\"\n\
             fallback = false\nentries = [\n",
            quoted(scheme),
            quoted(EDITION)
        ));
        let is_joined = |row: &&CodeRow| {
            let mut parts = code_parts(&row.code).peekable();
            let first = parts.next();
            first.is_some_and(|first| first.len() < row.code.len())
                && first.into_iter().chain(parts).all(|part| table.codes.iter().any(|own| *own.code == *part))
        };
        let (joined, mut single): (Vec<&CodeRow>, Vec<&CodeRow>) = table.codes.iter().partition(is_joined);
        // The largest first: a few codes are most of the land.
        let land = |row: &CodeRow| (row.area_m2.unwrap_or(0.0), row.features as f64);
        single.sort_by(|a, b| {
            let ((a_m2, a_count), (b_m2, b_count)) = (land(a), land(b));
            b_m2.total_cmp(&a_m2).then(b_count.total_cmp(&a_count)).then_with(|| a.code.cmp(&b.code))
        });
        for row in single {
            let name = if row.label.is_empty() { &row.code } else { &row.label };
            let area = row.area_m2.map_or_else(String::new, |m2| format!(", {:.2} ha", m2 / 1e4));
            out.push_str(&format!(
                "    {{ code = {}, name = {}, class = \"unknown\", construction = \"unknown\" }}, # {} features{area}\n",
                quoted(&row.code),
                quoted(name),
                row.features
            ));
        }
        out.push_str("]\n");
        if !joined.is_empty() {
            out.push_str("# Joined of these, and what their parts have in common, else mixed use:\n");
        }
        for row in joined {
            out.push_str(&format!("# {} ({} features)\n", one_line(&row.code), row.features));
        }
    }
}

/// Edition of a scheme that is made of a file.
const EDITION: &str = "1";

/// What stands in names of properties that hold codes of a use, the surest first.
const WORDS_OF_CODES: [&str; 15] = [
    "landuse",
    "usecode",
    "landcode",
    "lucode",
    "用地",
    "地类",
    "propclass",
    "proptype",
    "classcode",
    "codes",
    "code",
    "class",
    "use",
    "zon",
    "type",
];

/// A name for a scheme that is made of a file: that of the file, as far as a name may hold it.
fn scheme_name(file: &str) -> String {
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = stem.split(['.', '#']).next().unwrap_or(stem);
    let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = stem.chars().map(plain).collect();
    if name.trim_matches('_').is_empty() { "own".into() } else { name }
}

fn properties(
    summaries: &[PropertySummary],
    inference: &Inference,
    chosen: Option<&Schema>,
) -> Vec<PropertyContents> {
    let known = KnownNames::new();
    let names: Vec<(String, &str, &Target)> = (known.fields.iter())
        .flat_map(|(_, field)| field.names().map(|name| (plain_name(name), name, &field.target)))
        .collect();
    (summaries.iter().zip(&inference.decisions))
        .map(|(summary, decision)| {
            let (kind, values) = (ValueKind::of(summary), summary.values.as_deref());
            let (distinct, exact) = values.map_or((0, true), ValueCounts::distinct);
            let chosen_field = |schema: &Schema| {
                let field = schema.fields.iter().find(|field| field.property == summary.name);
                field.map(|field| field.target.clone())
            };
            let taken = chosen.map_or_else(|| decision.field.clone(), chosen_field);
            let unknown_name = taken.is_none() && &*decision.reason == UNKNOWN_NAME;
            PropertyContents {
                name: summary.name.clone(),
                kind,
                known: summary.features - summary.unknown,
                distinct: distinct.min(summary.features - summary.unknown),
                distinct_estimated: !exact,
                range: values.filter(|_| kind.is_numeric()).and_then(ValueCounts::range),
                samples: values.map_or_else(Vec::new, |values| values.samples(SAMPLES)),
                taken,
                reason: if chosen.is_some() { "".into() } else { decision.reason.clone() },
                near: (unknown_name && kind != ValueKind::Empty)
                    .then(|| near_name(&summary.name, &names))
                    .flatten(),
            }
        })
        .collect()
}

/// Words in names that no profile has as they are, and what they are near to.
const HINTS: [(&str, &str); 15] = [
    ("floorarea", "floor_area_m2"),
    ("grossarea", "floor_area_m2"),
    ("bldgarea", "floor_area_m2"),
    ("buildingarea", "floor_area_m2"),
    ("livingarea", "floor_area_m2"),
    ("gfa", "floor_area_m2"),
    ("yrbuilt", "year_built"),
    ("builtyear", "year_built"),
    ("constructionyear", "year_built"),
    ("maxfar", "allowed_far"),
    ("farmax", "allowed_far"),
    ("landuse", "current_use"),
    ("zoning", "zoned_use"),
    ("zone", "zoned_use"),
    ("apn", "id"),
];

/// The known name that a property's own is near to: a few letters away, or held by it as a whole, or told by a word.
fn near_name(name: &str, known: &[(String, &str, &Target)]) -> Option<NearName> {
    let plain = plain_name(name);
    let found = |(_, name, target): &(String, &str, &Target)| NearName {
        name: (*name).into(),
        target: (*target).clone(),
    };
    // A name of Chinese characters says as much in two as one of letters in five.
    let long_enough = |text: &str| text.chars().count() >= if text.is_ascii() { 5 } else { 2 };
    let held = known.iter().filter(|(known, ..)| long_enough(known) && plain.contains(&**known));
    if let Some(longest) = held.max_by_key(|(known, ..)| known.len()) {
        return Some(found(longest));
    }
    if let Some((_, meant)) = HINTS.iter().find(|(word, _)| plain.contains(word)) {
        return known.iter().find(|(_, name, _)| name == meant).map(found);
    }
    if !plain.is_ascii() || plain.len() < 5 {
        return None;
    }
    let candidates = known.iter().map(|(known, ..)| &**known).filter(|known| known.len() >= 5);
    let near = nearest(&plain, candidates)?;
    let close = near.len().abs_diff(plain.len()) <= 2;
    known.iter().find(|(known, ..)| close && *known == near).map(found)
}

/// The codes of a property, with their labels and land.
fn code_table(
    field: &Field,
    summary: &PropertySummary,
    set: Option<&ParcelSet>,
    labels: &[Box<str>],
    schemes: &Schemes,
) -> CodeTable {
    let read = |scalar| match field.read(scalar) {
        Ok(Meaning::Code(code)) => Some(code),
        _ => None,
    };
    let mut features: BTreeMap<Box<str>, u64> = BTreeMap::new();
    for (value, count) in summary.values.iter().flat_map(|values| values.iter()) {
        if let Some(code) = read(value.scalar()) {
            *features.entry(code.code).or_default() += count;
        }
    }
    let mut areas: BTreeMap<Box<str>, AreaSum> = BTreeMap::new();
    let mut label = None;
    if let Some(set) = set {
        let attributes = set.attributes();
        let codes =
            if field.target == Target::ZonedUse { &attributes.zoned_use } else { &attributes.current_use };
        for (row, &m2) in set.area_m2().iter().enumerate() {
            if let Some(code) = codes.get(row) {
                areas.entry(code.code.clone()).or_default().add(m2);
            }
        }
        let code_of = |row: usize| codes.get(row);
        let tried = labels.iter().filter_map(|name| Label::of(name, attributes, code_of, set.len()));
        label = tried.filter(|label| label.serves(features.len())).min_by(Label::better);
    }
    let scheme = field.scheme.clone().filter(|(name, edition)| schemes.get(name, edition).is_some());
    let rows = features.into_iter().map(|(code, features)| CodeRow {
        label: label.as_ref().and_then(|label| label.names.get(&code).cloned()).unwrap_or_default(),
        features,
        area_m2: areas.get(&code).map(|area| area.m2()),
        meaning: scheme
            .as_ref()
            .and_then(|(name, edition)| schemes.resolve(&LandUseCode::new(name, edition, &code))),
        code,
    });
    let mut codes: Vec<CodeRow> = rows.collect();
    // Short numbers count, longer ones have their parents before them.
    if codes.iter().all(|row| row.code.len() <= 2) {
        codes.sort_by_key(|row| row.code.parse().unwrap_or(u32::MAX));
    }
    let (property, target) = (field.property.clone(), field.target.clone());
    CodeTable { property, target, labels: label.map(|label| label.property), scheme, codes }
}

/// A property whose values may name codes.
struct Label {
    property: Box<str>,
    /// The usual name of each code.
    names: BTreeMap<Box<str>, Box<str>>,
    /// Distinct names among those.
    distinct: usize,
    /// Share of the features whose name is the usual one of their code.
    share: f64,
}

impl Label {
    fn of<'a>(
        name: &str,
        attributes: &'a Attributes,
        code_of: impl Fn(usize) -> Option<&'a LandUseCode>,
        rows: usize,
    ) -> Option<Self> {
        let texts = attributes.texts.get(name)?;
        let mut counts: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for row in 0..rows {
            if let (Some(code), Some(text)) = (code_of(row), texts.get(row)) {
                *counts.entry(&code.code).or_default().entry(text).or_default() += 1;
            }
        }
        let (mut usual, mut all) = (0, 0);
        let mut names = BTreeMap::new();
        for (code, texts) in counts {
            all += texts.values().sum::<u64>();
            // Of equal counts the first text.
            if let Some((text, count)) = texts.into_iter().rev().max_by_key(|(_, count)| *count) {
                usual += count;
                names.insert(code.into(), Box::from(text));
            }
        }
        let mut distinct: Vec<&Box<str>> = names.values().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let distinct = distinct.len();
        (all > 0).then(|| Self { property: name.into(), distinct, share: usual as f64 / all as f64, names })
    }

    /// Whether it goes with the codes: a name for most, the same for all features of one, and not the same for all codes.
    fn serves(&self, codes: usize) -> bool {
        self.share >= LABEL_SHARE && self.distinct >= 2.max(codes / 2) && self.names.len() * 2 >= codes
    }

    fn better(&self, other: &Self) -> std::cmp::Ordering {
        other.distinct.cmp(&self.distinct).then(other.share.total_cmp(&self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_near_to_known_ones_are_told() {
        let known = KnownNames::new();
        let names: Vec<(String, &str, &Target)> = (known.fields.iter())
            .flat_map(|(_, field)| field.names().map(|name| (plain_name(name), name, &field.target)))
            .collect();
        for (name, target) in [
            ("gross_floor_area_m2", Some("floor_area")),
            ("YEAR_BUILTT", Some("year_built")),
            ("企业产值2023", Some("number:output_yuan")),
            ("ML", None),
            ("gross_area_sf", Some("floor_area")),
            ("land_value_per_ha", Some("number:land_value")),
            ("zone_code", Some("zoned_use")),
        ] {
            let found = near_name(name, &names).map(|near| near.target.to_string());
            assert_eq!(found.as_deref(), target, "{name}");
        }
    }

    #[test]
    fn a_scheme_is_named_after_its_file() {
        for (file, name) in [
            ("/data/parcels_fy2014.geojson", "parcels_fy2014"),
            ("a:b.shp", "a_b"),
            ("-", "-"),
            ("..", "own"),
            ("城市.gpkg#地块", "城市"),
        ] {
            assert_eq!(scheme_name(file), name);
        }
    }
}
