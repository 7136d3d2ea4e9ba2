//! Schemas as TOML files, read strictly and written so that they read back.

use super::{Field, Mapped, Schema, Target, Unknown};
use crate::units::{AreaUnit, Unit};
use crate::zoning::Schemes;
use crate::zoning::config::{self, Keys, Source};
use crate::{Error, ParamError};

impl Schema {
    /// Reads a schema, and the land-use schemes at hand with it: the built-in ones and those of its `[[scheme]]` tables.
    /// `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with line, key, value and what was expected.
    pub fn from_toml(text: &str, file: &str) -> Result<(Self, Schemes), Error> {
        let source = Source { file, text };
        let table = source.parse()?;
        let keys = Keys { source, table: &table, at: 0 }.only(&["name", "field", "scheme"])?;
        let mut schemes = Schemes::builtin();
        for scheme in keys.tables("scheme")? {
            schemes.add(scheme)?;
        }
        let mut schema = Self { name: keys.text("name")?.unwrap_or(file).into(), ..Self::default() };
        for keys in keys.tables("field")? {
            let field = Field::parse(keys, &schemes)?;
            if schema.fields.iter().any(|old| old.target == field.target) {
                return Err(source.fault(keys.at, format!("target `{}` stands twice", field.target)));
            }
            schema.fields.push(field);
        }
        if schema.fields.is_empty() {
            return Err(keys.missing("field"));
        }
        Ok((schema, schemes))
    }

    /// The schema as a TOML file that [`from_toml`](Self::from_toml) reads back; tables of schemes are not repeated.
    pub fn to_toml(&self) -> String {
        let mut out = format!("name = {}\n", quoted(&self.name));
        for field in &self.fields {
            out.push_str("\n[[field]]\n");
            field.write_toml(&mut out);
        }
        out
    }
}

impl Field {
    fn parse(keys: Keys<'_, '_>, schemes: &Schemes) -> Result<Self, Error> {
        const KEYS: [&str; 11] = [
            "property",
            "target",
            "unit",
            "column_unit",
            "kind",
            "scale",
            "scheme",
            "unknown",
            "digits",
            "values",
            "aliases",
        ];
        let keys = keys.only(&KEYS)?;
        let fault = |key: &str, error: &ParamError| match keys.get(key) {
            Some(value) => keys.source.fault(value.span().start, error.to_string()),
            None => keys.source.fault(keys.at, error.to_string()),
        };
        let target: Target = keys.require_text("target")?.parse().map_err(|error| fault("target", &error))?;
        let mut field = Self::new(keys.require_text("property")?, target);
        let refuse = |key: &str, why: &str| match keys.get(key) {
            Some(value) => {
                Err(keys.source.fault(value.span().start, format!("`{key}` has no place here: {why}")))
            }
            None => Ok(()),
        };
        if field.target.is_code() {
            let expected = || {
                let all: Vec<String> =
                    schemes.iter().map(|s| format!("{}:{}", s.name(), s.edition())).collect();
                format!("one of {}, or the name:edition of a [[scheme]] in this file", all.join(", "))
            };
            let Some(scheme) = keys.text("scheme")? else {
                let reason =
                    format!("key `scheme` is missing beside a land-use code, expected {}", expected());
                return Err(keys.source.fault(keys.at, reason));
            };
            let known = scheme.split_once(':').filter(|(name, edition)| schemes.get(name, edition).is_some());
            let (name, edition) =
                known.ok_or_else(|| fault("scheme", &ParamError::new("scheme", scheme, &expected())))?;
            field.scheme = Some((name.into(), edition.into()));
        } else {
            refuse("scheme", "the target is no land-use code")?;
            refuse("digits", "the target is no land-use code")?;
        }
        if field.target.is_number() {
            field.read_units(keys)?;
        } else {
            for key in ["unit", "column_unit", "scale"] {
                refuse(key, "the target is no number")?;
            }
        }
        match (keys.get("kind"), keys.text("kind")?) {
            (Some(value), _) if !matches!(field.target, Target::Number(_)) => {
                let expected = "nothing: this target's kind is known";
                return Err(keys.wrong("kind", value, expected));
            }
            (_, None) => {}
            (_, Some("amount")) => field.amount = Some(true),
            (_, Some("level")) => field.amount = Some(false),
            (Some(value), _) => return Err(keys.wrong("kind", value, "amount or level")),
            (None, _) => {}
        }
        if let Some(value) = keys.get("digits") {
            match config::number(value.get_ref()) {
                Some(digits) if (1.0..=16.0).contains(&digits) && digits.fract() == 0.0 => {
                    field.digits = digits as usize;
                }
                _ => return Err(keys.wrong("digits", value, "a whole number from 1 to 16")),
            }
        }
        for item in keys.array("unknown")? {
            field.unknown.push(Unknown::parse(item.get_ref()).ok_or_else(|| {
                keys.wrong("unknown", item, "a text, a number, or a bound such as \"< 0\"")
            })?);
        }
        for item in keys.array("aliases")? {
            let name = item.get_ref().as_str().ok_or_else(|| keys.wrong("aliases", item, "a text"))?;
            field.aliases.push(name.into());
        }
        if let Some(value) = keys.get("values") {
            for (from, to) in keys.table_of("values", value)?.table {
                let mapped =
                    match (to.get_ref().as_str(), to.get_ref().as_bool(), config::number(to.get_ref())) {
                        (Some(text), ..) => Mapped::Text(text.into()),
                        (_, Some(truth), _) => Mapped::Bool(truth),
                        (_, _, Some(number)) => Mapped::Number(number),
                        _ => return Err(keys.wrong("values", to, "a text, a number, true or false")),
                    };
                field.values.0.push((from.get_ref().as_ref().into(), mapped));
            }
            field.values.1 = field.values.0.iter().cloned().collect();
        }
        Ok(field)
    }

    fn read_units(&mut self, keys: Keys<'_, '_>) -> Result<(), Error> {
        let unit = |key: &str| -> Result<Option<Unit>, Error> {
            let Some(text) = keys.text(key)? else { return Ok(None) };
            let at = keys.get(key).map_or(keys.at, |value| value.span().start);
            text.parse().map(Some).map_err(|error: ParamError| keys.source.fault(at, error.to_string()))
        };
        let from = unit("unit")?;
        let named = matches!(self.target, Target::Number(_));
        let into = match self.target.unit() {
            Some(text) => text.parse().ok(),
            None => unit("column_unit")?,
        };
        if !named && let Some(value) = keys.get("column_unit") {
            return Err(keys.wrong(
                "column_unit",
                value,
                "nothing: this target's column has a unit of its own",
            ));
        }
        if let (Some(from), Some(into)) = (&from, &into) {
            let expected = || match into.area() {
                Some(AreaUnit::SquareMetre) => "a unit of area: m2, ha, km2, mu, acre, sq_ft".to_owned(),
                _ => format!("a unit that converts to {into}"),
            };
            self.scale = from.convert(1.0, into).ok_or_else(|| match keys.get("unit") {
                Some(value) => keys.wrong("unit", value, &expected()),
                None => keys.missing("unit"),
            })?;
        } else if into.is_some() && named {
            return Err(keys.missing("unit"));
        } else if let (false, None, Some(value)) = (named, &into, keys.get("unit")) {
            return Err(keys.wrong("unit", value, "nothing: this target has no unit"));
        }
        if let Some(scale) = keys.number("scale")? {
            self.scale *= scale;
        }
        if let Some(text) = keys.text("unit")? {
            self.file_unit = text.into();
        }
        if named {
            self.unit = keys.text("column_unit")?.or(keys.text("unit")?).unwrap_or_default().into();
        }
        Ok(())
    }

    pub(super) fn write_toml(&self, out: &mut String) {
        let mut line = |key: &str, value: String| out.extend([key, " = ", &value, "\n"]);
        line("property", quoted(&self.property));
        line("target", quoted(&self.target.to_string()));
        let mut scale = self.scale;
        if !self.file_unit.is_empty() {
            line("unit", quoted(&self.file_unit));
            let into = self.target.unit().unwrap_or(&self.unit);
            if let (Ok(from), Ok(into)) = (self.file_unit.parse::<Unit>(), into.parse()) {
                scale = from.convert(1.0, &into).map_or(scale, |factor| self.scale / factor);
            }
            if self.target.unit().is_none() && self.unit != self.file_unit {
                line("column_unit", quoted(&self.unit));
            }
        } else if !self.unit.is_empty() {
            line("unit", quoted(&self.unit));
        }
        if scale != 1.0 {
            line("scale", format!("{scale:?}"));
        }
        if let Some(amount) = self.amount {
            line("kind", quoted(if amount { "amount" } else { "level" }));
        }
        if let Some((scheme, edition)) = &self.scheme {
            line("scheme", quoted(&format!("{scheme}:{edition}")));
        }
        if self.digits > 0 {
            line("digits", self.digits.to_string());
        }
        if !self.unknown.is_empty() {
            let items: Vec<String> = self.unknown.iter().map(Unknown::to_toml).collect();
            line("unknown", format!("[{}]", items.join(", ")));
        }
        if !self.values.0.is_empty() {
            let items = self.values.0.iter().map(|(from, to)| {
                let to = match to {
                    Mapped::Bool(truth) => truth.to_string(),
                    Mapped::Number(number) => format!("{number:?}"),
                    Mapped::Text(text) => quoted(text),
                };
                format!("{} = {to}", quoted(from))
            });
            line("values", format!("{{ {} }}", items.collect::<Vec<_>>().join(", ")));
        }
        if !self.aliases.is_empty() {
            let items: Vec<String> = self.aliases.iter().map(|alias| quoted(alias)).collect();
            line("aliases", format!("[{}]", items.join(", ")));
        }
    }
}

impl Unknown {
    fn parse(value: &toml::de::DeValue<'_>) -> Option<Self> {
        let Some(text) = value.as_str() else { return config::number(value).map(Self::Number) };
        let text = text.trim();
        let bound = |sign: &str| text.strip_prefix(sign)?.trim().parse().ok().filter(|b: &f64| b.is_finite());
        None.or_else(|| bound("<=").map(|b| Self::Below(b, true)))
            .or_else(|| bound(">=").map(|b| Self::Above(b, true)))
            .or_else(|| bound("<").map(|b| Self::Below(b, false)))
            .or_else(|| bound(">").map(|b| Self::Above(b, false)))
            .or_else(|| Some(Self::Text(text.into())))
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => format!("{number:?}"),
            Self::Below(bound, with) => quoted(&format!("<{} {bound}", if *with { "=" } else { "" })),
            Self::Above(bound, with) => quoted(&format!(">{} {bound}", if *with { "=" } else { "" })),
        }
    }
}

/// A text as a TOML string on one line.
pub(in crate::io) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(["\\u", &format!("{:04X}", c as u32)]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
