use std::borrow::Cow;

use super::schema::{Scalar, Target};

/// Characters of a value that a message quotes.
const QUOTED: usize = 40;

/// A value of a property as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Missing,
    Bool(bool),
    /// A whole number of which no digits were written, and that a double holds exactly.
    #[cfg(feature = "parquet")]
    Whole(i64),
    /// A number of which no digits were written, less than the whole ones that a double would blur.
    #[cfg(feature = "parquet")]
    Plain(f64),
    /// With the digits as written, which an id may need; empty where the number says it all.
    Number(f64, Cow<'a, str>),
    Text(Cow<'a, str>),
    Nested(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The value as a field of this target takes it: a whole number that a double would blur is a text to those that want
    /// texts (ids of 18 digits).
    pub(super) fn scalar(&self, target: &Target) -> Scalar<'_> {
        let textual = || {
            matches!(
                target,
                Target::Id | Target::CurrentUse | Target::ZonedUse | Target::District | Target::Text(_)
            )
        };
        match self {
            Self::Missing => Scalar::Null,
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Number(x, written) if x.abs() > 9_007_199_254_740_991.0 && textual() => {
                Scalar::Text(written)
            }
            #[cfg(feature = "parquet")]
            Self::Whole(number) => Scalar::Number(*number as f64),
            #[cfg(feature = "parquet")]
            Self::Plain(x) => Scalar::Number(*x),
            Self::Number(x, _) => Scalar::Number(*x),
            Self::Text(text) => Scalar::Text(text),
            Self::Nested(text) => Scalar::Nested(text),
        }
    }

    /// The text where it is one and stands unescaped in the file.
    pub(super) fn borrowed_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    /// As a message quotes it.
    pub(super) fn quoted(&self) -> Box<str> {
        let text = match self {
            Self::Missing => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(x, Cow::Borrowed("")) => x.to_string(),
            #[cfg(feature = "parquet")]
            Self::Whole(number) => number.to_string(),
            #[cfg(feature = "parquet")]
            Self::Plain(x) => {
                let mut digits = Vec::new();
                crate::json_text::push_number(&mut digits, *x);
                String::from_utf8(digits).unwrap_or_default()
            }
            Self::Number(_, written) | Self::Nested(written) => written.to_string(),
            Self::Text(text) => format!("\"{text}\""),
        };
        match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", &text[..end]).into(),
            None => text.into(),
        }
    }
}

impl<'a> From<Scalar<'a>> for Value<'a> {
    fn from(scalar: Scalar<'a>) -> Self {
        match scalar {
            Scalar::Null | Scalar::Text("") => Self::Missing,
            Scalar::Bool(flag) => Self::Bool(flag),
            Scalar::Number(number) => Self::Number(number, number.to_string().into()),
            Scalar::Text(text) => Self::Text(text.into()),
            Scalar::Nested(text) => Self::Nested(text.into()),
        }
    }
}
