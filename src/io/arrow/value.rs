//! Cells of Arrow columns as values of properties.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowNativeTypeOp};
use arrow_schema::{DataType, TimeUnit};

use crate::io::value::Value;

/// Whole numbers up to here are doubles without a blur.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// One cell as the value of a property: what is null or not a number is missing, a date is its text (ISO 8601), a category its value,
/// and what no property can be, such as a list, is nested.
pub(super) fn value(array: &dyn Array, row: usize) -> Value<'_> {
    if array.is_null(row) {
        return Value::Missing;
    }
    match array.data_type() {
        DataType::Null => Value::Missing,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => small(cell::<Int8Type>(array, row).into()),
        DataType::Int16 => small(cell::<Int16Type>(array, row).into()),
        DataType::Int32 => small(cell::<Int32Type>(array, row).into()),
        DataType::UInt8 => small(cell::<UInt8Type>(array, row).into()),
        DataType::UInt16 => small(cell::<UInt16Type>(array, row).into()),
        DataType::UInt32 => small(cell::<UInt32Type>(array, row).into()),
        DataType::Int64 => {
            let whole = cell::<Int64Type>(array, row);
            large(whole as f64, || whole.to_string())
        }
        DataType::UInt64 => {
            let whole = cell::<UInt64Type>(array, row);
            large(whole as f64, || whole.to_string())
        }
        DataType::Float16 => number(cell::<Float16Type>(array, row).into()),
        DataType::Float32 => number(cell::<Float32Type>(array, row).into()),
        DataType::Float64 => number(cell::<Float64Type>(array, row)),
        DataType::Decimal32(..) => decimal::<Decimal32Type>(array, row),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(array, row),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array, row),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array, row),
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value_as_date(row)),
        DataType::Date64 => date(array.as_primitive::<Date64Type>().value_as_date(row)),
        DataType::Timestamp(unit, zone) => {
            let moment = match unit {
                TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value_as_datetime(row),
                TimeUnit::Millisecond => {
                    array.as_primitive::<TimestampMillisecondType>().value_as_datetime(row)
                }
                TimeUnit::Microsecond => {
                    array.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row)
                }
                TimeUnit::Nanosecond => {
                    array.as_primitive::<TimestampNanosecondType>().value_as_datetime(row)
                }
            };
            let zone = if zone.is_some() { "Z" } else { "" };
            moment.map_or(Value::Missing, |moment| Value::Text(format!("{moment:?}{zone}").into()))
        }
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => category::<Int8Type>(array, row),
            DataType::Int16 => category::<Int16Type>(array, row),
            DataType::Int32 => category::<Int32Type>(array, row),
            DataType::Int64 => category::<Int64Type>(array, row),
            DataType::UInt8 => category::<UInt8Type>(array, row),
            DataType::UInt16 => category::<UInt16Type>(array, row),
            DataType::UInt32 => category::<UInt32Type>(array, row),
            _ => category::<UInt64Type>(array, row),
        },
        other => Value::Nested(other.to_string().into()),
    }
}

/// The distinct values of a column of categories, and which of them each row has.
pub(super) fn categories(array: &dyn Array) -> Option<(&dyn Array, Vec<Option<usize>>)> {
    let categories = array.as_any_dictionary_opt()?;
    let (keys, values) = (categories.keys(), categories.values());
    // Keys of a column without any category point nowhere.
    let key_of: Vec<usize> =
        if values.is_empty() { vec![0; keys.len()] } else { categories.normalized_keys() };
    let known = |row: usize| keys.is_valid(row).then_some(key_of[row]).filter(|&key| key < values.len());
    Some((values.as_ref(), (0..keys.len()).map(known).collect()))
}

fn cell<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn category<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> Value<'_> {
    let categories = array.as_dictionary::<K>();
    let values = categories.values().as_ref();
    match categories.key(row) {
        Some(key) if key < values.len() => value(values, key),
        _ => Value::Missing,
    }
}

fn small(whole: i64) -> Value<'static> {
    Value::Number(whole as f64, Cow::Borrowed(""))
}

fn large(x: f64, written: impl FnOnce() -> String) -> Value<'static> {
    Value::Number(x, if x.abs() > EXACT { written().into() } else { Cow::Borrowed("") })
}

fn number(x: f64) -> Value<'static> {
    if x.is_nan() { Value::Missing } else { large(x, || x.to_string()) }
}

fn decimal<T: DecimalType>(array: &dyn Array, row: usize) -> Value<'_>
where
    T::Native: ArrowNativeTypeOp,
{
    let written = array.as_primitive::<T>().value_as_string(row);
    written.parse().map_or(Value::Missing, |x| Value::Number(x, written.into()))
}

fn text(text: &str) -> Value<'_> {
    if text.is_empty() { Value::Missing } else { Value::Text(text.into()) }
}

fn date(date: Option<impl std::fmt::Debug>) -> Value<'static> {
    date.map_or(Value::Missing, |date| Value::Text(format!("{date:?}").into()))
}
