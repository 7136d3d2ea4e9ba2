//! Values of columns, as a property of `GeoJSON` would have them.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};

use crate::io::value::Value;
use crate::json_text::{push_number, push_text};

/// Whole numbers up to this are the same as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Nested types in each other that are followed.
const DEEPEST: usize = 32;
const DAY: i64 = 86_400;

/// The values of a column in a batch.
pub(super) enum Cells<'b> {
    /// Of a type that no property has.
    Unread,
    Flags(&'b BooleanArray),
    Int8(&'b PrimitiveArray<Int8Type>),
    Int16(&'b PrimitiveArray<Int16Type>),
    Int32(&'b PrimitiveArray<Int32Type>),
    Int64(&'b PrimitiveArray<Int64Type>),
    UInt8(&'b PrimitiveArray<UInt8Type>),
    UInt16(&'b PrimitiveArray<UInt16Type>),
    UInt32(&'b PrimitiveArray<UInt32Type>),
    UInt64(&'b PrimitiveArray<UInt64Type>),
    Float32(&'b PrimitiveArray<Float32Type>),
    Float64(&'b PrimitiveArray<Float64Type>),
    Texts(&'b StringArray),
    LargeTexts(&'b LargeStringArray),
    TextViews(&'b StringViewArray),
    /// Positions in a list of distinct values; none where unknown.
    Keyed(Vec<Option<u32>>, Box<Self>),
    /// Values that are made a text or a number one by one.
    Other(&'b dyn Array),
}

/// Whether values of a type are read.
pub(super) fn is_read(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_read(values),
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            is_read(field.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|field| is_read(field.data_type())),
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..) => true,
        kind => kind.is_numeric(),
    }
}

impl<'b> Cells<'b> {
    pub(super) fn of(array: &'b dyn Array) -> Self {
        match array.data_type() {
            DataType::Boolean => Self::Flags(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Utf8 => Self::Texts(array.as_string()),
            DataType::LargeUtf8 => Self::LargeTexts(array.as_string()),
            DataType::Utf8View => Self::TextViews(array.as_string_view()),
            DataType::Dictionary(..) => {
                let Some(keyed) = array.as_any_dictionary_opt() else { return Self::Unread };
                if keyed.values().is_empty() {
                    return Self::Unread;
                }
                let keys = keyed.normalized_keys();
                let known = |(row, key): (usize, usize)| keyed.is_valid(row).then_some(key as u32);
                let keys = keys.into_iter().enumerate().map(known).collect();
                Self::Keyed(keys, Box::new(Self::of(&**keyed.values())))
            }
            kind if is_read(kind) => Self::Other(array),
            _ => Self::Unread,
        }
    }

    /// The value in a row. What no JSON has, such as NaN, is missing.
    pub(super) fn value(&self, row: usize) -> Value<'b> {
        macro_rules! whole {
            ($array:expr) => {
                if $array.is_null(row) {
                    Value::Missing
                } else {
                    let number = $array.value(row);
                    let x = number as f64;
                    match i64::try_from(number) {
                        Ok(number) if x.abs() < EXACT => Value::Whole(number),
                        _ => Value::Number(x, number.to_string().into()),
                    }
                }
            };
        }
        macro_rules! text {
            ($array:expr) => {
                if $array.is_null(row) { Value::Missing } else { text($array.value(row)) }
            };
        }
        match self {
            Self::Unread => Value::Missing,
            Self::Flags(array) if array.is_null(row) => Value::Missing,
            Self::Flags(array) => Value::Bool(array.value(row)),
            Self::Int8(array) => whole!(array),
            Self::Int16(array) => whole!(array),
            Self::Int32(array) => whole!(array),
            Self::Int64(array) => whole!(array),
            Self::UInt8(array) => whole!(array),
            Self::UInt16(array) => whole!(array),
            Self::UInt32(array) => whole!(array),
            Self::UInt64(array) => whole!(array),
            Self::Float32(array) if array.is_null(row) => Value::Missing,
            Self::Float32(array) => float(f64::from(array.value(row))),
            Self::Float64(array) if array.is_null(row) => Value::Missing,
            Self::Float64(array) => float(array.value(row)),
            Self::Texts(array) => text!(array),
            Self::LargeTexts(array) => text!(array),
            Self::TextViews(array) => text!(array),
            Self::Keyed(keys, values) => {
                keys.get(row).copied().flatten().map_or(Value::Missing, |key| values.value(key as usize))
            }
            Self::Other(array) => other(*array, row, 0),
        }
    }

    /// Adds the value in a row as JSON.
    pub(super) fn push_json(&self, row: usize, text: &mut Vec<u8>) {
        push_value(&self.value(row), text);
    }
}

fn text(text: &str) -> Value<'_> {
    if text.is_empty() { Value::Missing } else { Value::Text(Cow::Borrowed(text)) }
}

fn float<'b>(x: f64) -> Value<'b> {
    if x.abs() < EXACT {
        Value::Plain(x + 0.0)
    } else if x.is_finite() {
        let mut digits = Vec::new();
        push_number(&mut digits, x);
        Value::Number(x, String::from_utf8(digits).unwrap_or_default().into())
    } else {
        Value::Missing
    }
}

fn push_value(value: &Value<'_>, text: &mut Vec<u8>) {
    match value {
        Value::Missing => text.extend_from_slice(b"null"),
        Value::Bool(flag) => text.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Whole(number) => text.extend_from_slice(number.to_string().as_bytes()),
        Value::Plain(x) => push_number(text, *x),
        Value::Number(_, digits) | Value::Nested(digits) => text.extend_from_slice(digits.as_bytes()),
        Value::Text(value) => push_text(text, &**value),
    }
}

/// A value of a type that is seldom: a number of a given scale, a moment, a list, an object.
fn other(array: &dyn Array, row: usize, depth: usize) -> Value<'_> {
    if array.is_null(row) || depth > DEEPEST {
        return Value::Missing;
    }
    macro_rules! of {
        ($kind:ty) => {
            array.as_primitive::<$kind>().value(row)
        };
    }
    macro_rules! decimal {
        ($kind:ty) => {{
            let digits = array.as_primitive::<$kind>().value_as_string(row);
            let number = digits.parse().ok().filter(|x: &f64| x.is_finite());
            number.map_or(Value::Missing, |x| Value::Number(x, digits.into()))
        }};
    }
    let second = |count: i64, per_second: i64| (count.div_euclid(per_second), count.rem_euclid(per_second));
    match array.data_type() {
        DataType::Float16 => float(f64::from(of!(Float16Type))),
        DataType::Decimal32(..) => decimal!(Decimal32Type),
        DataType::Decimal64(..) => decimal!(Decimal64Type),
        DataType::Decimal128(..) => decimal!(Decimal128Type),
        DataType::Decimal256(..) => decimal!(Decimal256Type),
        DataType::Date32 => Value::Text(date(i64::from(of!(Date32Type))).into()),
        DataType::Date64 => Value::Text(date(of!(Date64Type).div_euclid(DAY * 1_000)).into()),
        DataType::Time32(TimeUnit::Second) => Value::Text(time(of!(Time32SecondType).into(), 0, 1).into()),
        DataType::Time32(_) => {
            let (whole, part) = second(of!(Time32MillisecondType).into(), 1_000);
            Value::Text(time(whole, part, 1_000).into())
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let (whole, part) = second(of!(Time64MicrosecondType), 1_000_000);
            Value::Text(time(whole, part, 1_000_000).into())
        }
        DataType::Time64(_) => {
            let (whole, part) = second(of!(Time64NanosecondType), 1_000_000_000);
            Value::Text(time(whole, part, 1_000_000_000).into())
        }
        DataType::Timestamp(unit, zone) => {
            let (count, per_second) = match unit {
                TimeUnit::Second => (of!(TimestampSecondType), 1),
                TimeUnit::Millisecond => (of!(TimestampMillisecondType), 1_000),
                TimeUnit::Microsecond => (of!(TimestampMicrosecondType), 1_000_000),
                TimeUnit::Nanosecond => (of!(TimestampNanosecondType), 1_000_000_000),
            };
            let (whole, part) = second(count, per_second);
            let clock = time(whole.rem_euclid(DAY), part, per_second);
            let zone = if zone.is_some() { "Z" } else { "" };
            Value::Text(format!("{}T{clock}{zone}", date(whole.div_euclid(DAY))).into())
        }
        DataType::List(_) => nested_list(&array.as_list::<i32>().value(row), depth),
        DataType::LargeList(_) => nested_list(&array.as_list::<i64>().value(row), depth),
        DataType::FixedSizeList(..) => nested_list(&array.as_fixed_size_list().value(row), depth),
        DataType::Struct(fields) => {
            let mut json = Vec::new();
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                json.push(if json.is_empty() { b'{' } else { b',' });
                push_text(&mut json, &**field.name());
                json.push(b':');
                push_value(&inner(column, row, depth), &mut json);
            }
            if json.is_empty() {
                json.push(b'{');
            }
            json.push(b'}');
            Value::Nested(String::from_utf8(json).unwrap_or_default().into())
        }
        _ => Value::Missing,
    }
}

fn inner(array: &ArrayRef, row: usize, depth: usize) -> Value<'_> {
    match Cells::of(&**array) {
        Cells::Other(array) => other(array, row, depth + 1),
        cells => cells.value(row),
    }
}

fn nested_list<'v>(items: &ArrayRef, depth: usize) -> Value<'v> {
    let mut json = vec![b'['];
    for row in 0..items.len() {
        if row > 0 {
            json.push(b',');
        }
        push_value(&inner(items, row, depth), &mut json);
    }
    json.push(b']');
    Value::Nested(String::from_utf8(json).unwrap_or_default().into())
}

/// A day counted from 1970-01-01, in the Gregorian calendar.
fn date(day: i64) -> String {
    // Counted from a first of March, so that the leap day is the last of a year: 146,097 days are 400 years.
    let day = i128::from(day) + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

fn time(second: i64, part: i64, per_second: i64) -> String {
    let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    if part == 0 {
        return clock;
    }
    let digits = per_second.ilog10() as usize;
    format!("{clock}.{}", format!("{part:0digits$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{
        Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
        TimestampMillisecondArray,
    };

    fn json(array: &dyn Array) -> String {
        let cells = Cells::of(array);
        let mut text = Vec::new();
        for row in 0..array.len() {
            cells.push_json(row, &mut text);
            text.push(b' ');
        }
        String::from_utf8(text).unwrap().trim_end().into()
    }

    #[test]
    fn values_are_those_of_json() {
        let big = Int64Array::from(vec![Some(7), None, Some(440_305_199_000_123_456)]);
        assert_eq!(json(&big), "7 null 440305199000123456");
        assert_eq!(json(&Float64Array::from(vec![-0.0, 0.1, f64::NAN, f64::INFINITY])), "0.0 0.1 null null");
        let money = Decimal128Array::from(vec![Some(123_456), None]).with_precision_and_scale(10, 2).unwrap();
        assert_eq!(json(&money), "1234.56 null");
        let days = Date32Array::from(vec![0, -1, 11_016, 19_782, -719_528]);
        assert_eq!(json(&days), r#""1970-01-01" "1969-12-31" "2000-02-29" "2024-02-29" "0000-01-01""#);
        let moments = TimestampMillisecondArray::from(vec![1_709_210_096_250, -1]);
        assert_eq!(json(&moments), r#""2024-02-29T12:34:56.25" "1969-12-31T23:59:59.999""#);
        assert!(json(&moments.with_timezone("UTC")).contains("56.25Z"));
        let keyed: DictionaryArray<Int32Type> = vec![Some("工业"), None, Some("工业")].into_iter().collect();
        assert_eq!(json(&keyed), r#""工业" null "工业""#);
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None]);
        assert_eq!(json(&lists), "[1,null] null");
        let empty: DictionaryArray<Int32Type> = vec![None::<&str>].into_iter().collect();
        assert_eq!(json(&empty), "null");
    }
}
