//! A schema from the names and values of a file's properties.

use serde::Serialize;

use super::{CUT_BYTES, Field, Meaning, PROFILES, Schema, Target, cut_name, plain_name, quoted};
use crate::io::columns::OWN_ID;
use crate::io::inspect::{Codes, KnownNames, PropertySummary};
use crate::warning::WhyLeftOut;
use crate::zoning::{LandUseCode, Schemes};

/// An inferred schema, and why ([`Schema::infer`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Inference {
    /// The schema.
    pub schema: Schema,
    /// One per property, in the order given.
    pub decisions: Vec<Decision>,
}

/// What was made of one property, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The property.
    pub property: Box<str>,
    /// What it was taken for; `None` where it is left out.
    pub field: Option<Target>,
    /// Why.
    pub reason: Box<str>,
    numeric: bool,
    /// Why it was left out, where its name is known.
    left_out: Option<WhyLeftOut>,
}

impl Decision {
    fn leave_out(&mut self, why: WhyLeftOut) {
        self.reason = why.to_string().into();
        self.left_out = Some(why);
    }
}

/// A property whose name is known and that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// The property.
    pub property: Box<str>,
    /// Why.
    pub reason: WhyLeftOut,
}

impl LeftOut {
    /// A property of land-use codes of which only the place knows what they mean.
    pub(super) fn of_no_scheme(property: &str) -> Self {
        let target = text(&Target::CurrentUse);
        Self { property: property.into(), reason: WhyLeftOut::NoScheme { target } }
    }
}

impl Decision {
    /// A field that takes the property as a named column.
    pub(in crate::io) fn as_it_is(&self) -> Field {
        let name = self.property.clone();
        Field::new(&self.property, if self.numeric { Target::Number(name) } else { Target::Text(name) })
    }

    pub(in crate::io) fn why_left_out(&self) -> Option<&WhyLeftOut> {
        self.left_out.as_ref()
    }

    /// Whether the property is a column of numbers ([`PropertySummary::is_numeric`]).
    pub fn is_numeric(&self) -> bool {
        self.numeric
    }
}

impl Schema {
    /// Infers a schema from all values of a file's properties, by the names that the built-in profiles know.
    ///
    /// A property is taken where its name is known and most of its known values can be read; the others are unknown, and the reader
    /// counts them. Of codes more than half must mean something in the scheme: among schemes the one that knows most wins, the
    /// profile's own at a tie. A target that is taken stays with the first property in the order of the profiles. What is known by name
    /// and not taken is in [`left_out`](Schema::left_out).
    ///
    /// The result does not depend on the order of the features.
    ///
    /// ```
    /// use landuse::io::PropertySummary;
    /// use landuse::io::schema::{Scalar, Schema, Target};
    /// let summaries = [
    ///     PropertySummary::of("DKBH", [Scalar::Text("A-1")]),
    ///     PropertySummary::of("DLBM", [Scalar::Text("05H1")]),
    ///     PropertySummary::of("x", []),
    /// ];
    /// let inferred = Schema::infer(&summaries);
    /// assert_eq!(inferred.schema.fields[1].target, Target::CurrentUse);
    /// assert_eq!(inferred.schema.fields[1].scheme, Some(("survey".into(), "third".into())));
    /// assert!(inferred.decisions[2].field.is_none());
    /// ```
    pub fn infer(summaries: &[PropertySummary]) -> Inference {
        let schemes = Schemes::builtin();
        let known = KnownNames::new();
        let plain: Vec<String> = summaries.iter().map(|summary| plain_name(&summary.name)).collect();
        let mut decisions: Vec<Decision> = (summaries.iter())
            .map(|summary| Decision {
                property: summary.name.clone(),
                field: None,
                reason: UNKNOWN_NAME.into(),
                numeric: summary.is_numeric(),
                left_out: None,
            })
            .collect();
        let mut schema = Self { name: "inferred".into(), ..Self::default() };
        for (i, (profile, field)) in known.fields.iter().enumerate() {
            if !profile.fits(&plain) {
                continue;
            }
            let cut = field.names().filter(|name| cut_tells(name, &field.target, &known));
            let names = field.names().map(|name| (name, plain_name(name)));
            let names = names.chain(cut.filter_map(|name| Some((name, cut_name(name)?))));
            for (name, wanted) in names {
                let is_cut = wanted != plain_name(name);
                let named =
                    |&at: &usize| plain[at] == wanted && (!is_cut || summaries[at].name.len() == CUT_BYTES);
                let mut named: Vec<usize> = (0..summaries.len()).filter(named).collect();
                named.sort_by_key(|&at| *summaries[at].name != *name);
                for at in named {
                    if decisions[at].field.is_some() {
                        continue;
                    }
                    if let Some(taken) = schema.fields.iter().find(|old| old.target == field.target) {
                        let (target, property) = (text(&field.target), taken.property.clone());
                        decisions[at].leave_out(WhyLeftOut::Taken { target, property });
                        continue;
                    }
                    let property = summaries[at].name.clone();
                    let mut fitted = Field { property, aliases: Vec::new(), ..field.clone() };
                    match fitted.suits(&summaries[at], i, &schemes) {
                        Ok(why) => {
                            let name =
                                if is_cut { format!("`{name}`, cut to 10 bytes") } else { "the name".into() };
                            decisions[at].reason =
                                format!("profile `{}` knows {name}{why}", profile.name).into();
                            decisions[at].field = Some(fitted.target.clone());
                            schema.fields.push(fitted);
                        }
                        Err(why) => decisions[at].leave_out(why),
                    }
                }
            }
        }
        for profile in PROFILES.iter().filter(|profile| profile.fits(&plain)) {
            let own = profile.own_codes.iter().map(|name| plain_name(name));
            for wanted in own {
                let named = |at: &usize| plain[*at] == wanted && decisions[*at].field.is_none();
                if let Some(at) = (0..summaries.len()).find(named) {
                    decisions[at].leave_out(LeftOut::of_no_scheme(&summaries[at].name).reason);
                }
            }
        }
        let left_out = decisions.iter().filter(|decision| decision.field.is_none()).filter_map(|decision| {
            Some(LeftOut { property: decision.property.clone(), reason: decision.left_out.clone()? })
        });
        schema.left_out = left_out.collect();
        Inference { schema, decisions }
    }
}

/// Whether a name that is cut says one thing: no other target has a name that is cut to the same.
fn cut_tells(name: &str, target: &Target, known: &KnownNames) -> bool {
    let cut = cut_name(name);
    let same = |field: &Field| field.names().any(|other| cut.is_some() && cut_name(other) == cut);
    known.fields.iter().all(|(_, field)| field.target == *target || !same(field))
}

/// Why most properties are left out.
pub(in crate::io) const UNKNOWN_NAME: &str = "no profile knows the name";

impl Field {
    /// Whether the values of a property fit, with the reason; decides on the scheme of codes.
    fn suits(
        &mut self,
        summary: &PropertySummary,
        known: usize,
        schemes: &Schemes,
    ) -> Result<String, WhyLeftOut> {
        if let (true, Some(codes)) = (self.target.is_code(), &summary.codes) {
            return self.suits_codes(codes, schemes);
        }
        let fit = summary.fits.iter().find(|fit| fit.field == known);
        let (readable, unreadable) = fit.map_or((0, 0), |fit| (fit.readable, fit.unreadable));
        let expected = self.target.expected();
        let known = readable + unreadable;
        if unreadable > 0 && unreadable >= readable {
            return Err(WhyLeftOut::Values { target: text(&self.target), unreadable, known, expected });
        }
        let unit = if self.file_unit.is_empty() {
            String::new()
        } else {
            format!("; unit {} assumed", self.file_unit)
        };
        let share = if unreadable > 0 {
            format!("; {unreadable} of {known} known values are not {expected}")
        } else {
            String::new()
        };
        Ok(unit + &share)
    }

    fn suits_codes(&mut self, values: &Codes, schemes: &Schemes) -> Result<String, WhyLeftOut> {
        let read = |value| match self.read(value) {
            Ok(Meaning::Code(code)) => Some(code),
            _ => None,
        };
        let codes: Vec<(LandUseCode, u64)> =
            values.iter().filter_map(|(value, count)| Some((read(value)?, count))).collect();
        let total: u64 = codes.iter().map(|(_, count)| count).sum();
        let own = self.scheme.clone();
        // Codes known, then how much of them: a fallback to the parent code is weaker evidence than the code itself.
        let mut best = ((0, 0), own.clone());
        for scheme in schemes.iter() {
            let key = Some((scheme.name().into(), scheme.edition().into()));
            // Codes as short as these mean something in any scheme.
            let is_of_one_place = matches!(scheme.name(), "pluto" | "massachusetts");
            if key != own && (is_of_one_place || self.digits > 0) {
                continue;
            }
            let known = codes
                .iter()
                .filter_map(|(code, n)| Some((scheme.resolve(&code.code)?, n)))
                .fold((0, 0), |(known, length), (land, count)| {
                    (known + count, length + land.matched.len() as u64 * count)
                });
            if known > best.0 || known == best.0 && key == own {
                best = (known, key);
            }
        }
        if total == 0 {
            return Ok("; no value tells the scheme".into());
        }
        if best.0.0 * 2 <= total {
            return Err(WhyLeftOut::Codes { target: text(&self.target), codes: best.0.0, values: total });
        }
        self.scheme = best.1;
        let (name, edition) = self.scheme.clone().unwrap_or_default();
        Ok(format!("; {} of {total} values are codes of {name}:{edition}", best.0.0))
    }
}

impl Inference {
    /// The schema as a file to edit: each field with its reason, properties left out as comments. It loads: where no property is taken, the
    /// first one stands as a named column.
    pub fn to_toml(&self) -> String {
        let mut out = format!("name = {}\n", quoted(&self.schema.name));
        for field in &self.schema.fields {
            let reason =
                self.decisions.iter().find(|d| d.property == field.property).map_or("", |d| &d.reason);
            out.extend(["\n# ", &one_line(reason), "\n[[field]]\n"]);
            field.write_toml(&mut out);
        }
        let none_taken = self.schema.fields.is_empty();
        for (i, decision) in self.decisions.iter().filter(|decision| decision.field.is_none()).enumerate() {
            let mut field = String::from("[[field]]\n");
            decision.as_it_is().write_toml(&mut field);
            out.extend(["\n# ", &one_line(&decision.reason), "\n"]);
            let comment = if none_taken && i == 0 { "" } else { "# " };
            for line in field.lines() {
                out.extend([comment, line, "\n"]);
            }
        }
        if none_taken && self.decisions.is_empty() {
            out.push_str("\n# the features have no property\n[[field]]\n");
            Field::new(OWN_ID, Target::Id).write_toml(&mut out);
        }
        out
    }
}

fn text(target: &Target) -> Box<str> {
    target.to_string().into()
}

pub(in crate::io) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Scalar;
    use super::*;

    /// A Shapefile keeps 10 bytes of a name.
    #[test]
    fn names_that_a_shapefile_cuts_are_known() {
        let names = ["current_us", "floor_area", "footprint_", "construct", "year_built", "allowed_fa"];
        let code = Scalar::Text("1001");
        let values = [
            code,
            Scalar::Number(3.0),
            Scalar::Number(2.0),
            code,
            Scalar::Number(1990.0),
            Scalar::Number(2.0),
        ];
        let summaries: Vec<PropertySummary> =
            names.iter().zip(values).map(|(name, value)| PropertySummary::of(name, [value])).collect();
        let found = Schema::infer(&summaries);
        let targets: Vec<Option<String>> =
            found.decisions.iter().map(|d| d.field.as_ref().map(ToString::to_string)).collect();
        let expected = ["current_use", "floor_area", "footprint", "", "year_built", "allowed_far"];
        assert_eq!(targets, expected.map(|target| (!target.is_empty()).then(|| target.to_owned())));
        assert!(found.decisions[1].reason.contains("`floor_area_m2`, cut to 10 bytes; unit m2 assumed"));
    }

    #[test]
    fn inference_gives_reasons_and_an_editable_file() {
        let samples = [
            ("BBL", vec![Scalar::Number(1e9)]),
            ("landuse", vec![Scalar::Text("forest")]),
            ("Floor_Area_M2", vec![Scalar::Text("12"), Scalar::Null]),
            ("用地代码", vec![Scalar::Text("100100"), Scalar::Text("2301")]),
            ("产值", vec![Scalar::Number(3.0)]),
            ("建筑面积", vec![Scalar::Number(3.0)]),
            ("odd \"name\"\nx", vec![Scalar::Number(3.0)]),
        ];
        let summaries =
            samples.each_ref().map(|(name, values)| PropertySummary::of(name, values.iter().copied()));
        let inferred = Schema::infer(&summaries);
        let targets: Vec<Option<String>> =
            inferred.decisions.iter().map(|d| d.field.as_ref().map(ToString::to_string)).collect();
        let expected = [
            Some("id"),
            None,
            Some("floor_area"),
            Some("current_use"),
            Some("number:output_yuan"),
            None,
            None,
        ];
        assert_eq!(targets, expected.map(|t| t.map(String::from)));
        assert_eq!(&*inferred.decisions[5].reason, "`floor_area` is `Floor_Area_M2` already");
        assert!(inferred.decisions[1].reason.contains("only 0 of 1 values are codes"));
        assert!(inferred.decisions[3].reason.contains("2 of 2 values are codes of mnr:2023"));
        let text = inferred.to_toml();
        assert!(text.contains("# target = \"text:landuse\""), "{text}");
        let (again, _) = Schema::from_toml(&text, "again").unwrap();
        assert_eq!(again.to_toml().replace("again", "inferred"), inferred.schema.to_toml());
        // With every comment but the reasons taken off, the file still reads.
        let open: Vec<&str> = text
            .lines()
            .map(|l| match l.strip_prefix("# ") {
                Some(rest)
                    if rest.starts_with(['[', 'p', 't']) && (rest.contains(" = ") || rest == "[[field]]") =>
                {
                    rest
                }
                _ => l,
            })
            .collect();
        assert_eq!(Schema::from_toml(&open.join("\n"), "open").unwrap().0.fields.len(), samples.len());
    }
}
