//! Schemas of Arrow as they are stored, looked at before they are believed: the decoder of the crate takes them to be whole.

use arrow_ipc::{
    DateUnit, Endianness, Field, Int, IntervalUnit, Precision, Schema, TimeUnit, Type, UnionMode,
    root_as_message,
};

/// Types in each other that are followed.
const DEEPEST: usize = 48;

/// Whether a schema has only types that are known, with what belongs to each.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(schema: Schema<'_>) -> Result<(), &'static str> {
    const BROKEN: &str = "has a schema that does not hold together";
    if schema.endianness() != Endianness::Little {
        return Err("has numbers whose highest byte comes first, expected the lowest");
    }
    let Some(fields) = schema.fields() else { return Err(BROKEN) };
    let pairs = schema.custom_metadata();
    let named = pairs.into_iter().flatten().all(|pair| pair.key().is_some() && pair.value().is_some());
    if named && fields.iter().all(|field| is_known(field, 0)) { Ok(()) } else { Err(BROKEN) }
}

/// Whether the schema that Parquet carries for readers of Arrow, in base 64, is one.
pub(super) fn is_carried(text: &str) -> bool {
    let Some(bytes) = from_base64(text) else { return false };
    let ([0xff, 0xff, 0xff, 0xff, _, _, _, _, message @ ..] | [_, _, _, _, message @ ..]) = &bytes[..] else {
        return false;
    };
    let schema = root_as_message(message).ok().and_then(|message| message.header_as_schema());
    schema.is_some_and(|schema| check(schema).is_ok())
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

fn is_known(field: Field<'_>, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let pairs = field.custom_metadata().into_iter().flatten();
    if !pairs.into_iter().all(|pair| pair.key().is_some() && pair.value().is_some()) {
        return false;
    }
    if field.dictionary().is_some_and(|keyed| !keyed.indexType().is_some_and(is_whole)) {
        return false;
    }
    let children: Vec<Field<'_>> = field.children().into_iter().flatten().collect();
    let fits = match field.type_type() {
        Type::Null
        | Type::Bool
        | Type::Binary
        | Type::BinaryView
        | Type::LargeBinary
        | Type::Utf8
        | Type::Utf8View
        | Type::LargeUtf8
        | Type::Struct_ => true,
        Type::Int => field.type_as_int().is_some_and(is_whole),
        Type::FixedSizeBinary => field.type_as_fixed_size_binary().is_some_and(|own| own.byteWidth() >= 0),
        Type::FloatingPoint => field.type_as_floating_point().is_some_and(|own| {
            [Precision::HALF, Precision::SINGLE, Precision::DOUBLE].contains(&own.precision())
        }),
        Type::Date => field
            .type_as_date()
            .is_some_and(|own| [DateUnit::DAY, DateUnit::MILLISECOND].contains(&own.unit())),
        Type::Time => field.type_as_time().is_some_and(|own| match own.bitWidth() {
            32 => [TimeUnit::SECOND, TimeUnit::MILLISECOND].contains(&own.unit()),
            64 => [TimeUnit::MICROSECOND, TimeUnit::NANOSECOND].contains(&own.unit()),
            _ => false,
        }),
        Type::Timestamp => field.type_as_timestamp().is_some_and(|own| is_unit(own.unit())),
        Type::Duration => field.type_as_duration().is_some_and(|own| is_unit(own.unit())),
        Type::Interval => field.type_as_interval().is_some_and(|own| {
            [IntervalUnit::YEAR_MONTH, IntervalUnit::DAY_TIME, IntervalUnit::MONTH_DAY_NANO]
                .contains(&own.unit())
        }),
        Type::List | Type::LargeList | Type::ListView | Type::LargeListView => children.len() == 1,
        Type::FixedSizeList => {
            children.len() == 1 && field.type_as_fixed_size_list().is_some_and(|own| own.listSize() >= 0)
        }
        Type::Map => children.len() == 1 && field.type_as_map().is_some(),
        Type::RunEndEncoded => children.len() == 2,
        Type::Decimal => field.type_as_decimal().is_some_and(|own| {
            let most = match own.bitWidth() {
                32 => 9,
                64 => 18,
                128 => 38,
                256 => 76,
                _ => return false,
            };
            (1..=most).contains(&own.precision()) && (-most..=most).contains(&own.scale())
        }),
        Type::Union => field.type_as_union().is_some_and(|own| {
            let mut ids: Vec<i32> = own.typeIds().into_iter().flatten().collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            let distinct = ids.len() == count && ids.iter().all(|id| (0..128).contains(id));
            let of_each = own.typeIds().is_none() && children.len() < 128 || count == children.len();
            [UnionMode::Dense, UnionMode::Sparse].contains(&own.mode()) && distinct && of_each
        }),
        _ => false,
    };
    fits && children.into_iter().all(|child| is_known(child, depth + 1))
}

fn is_whole(int: Int<'_>) -> bool {
    [8, 16, 32, 64].contains(&int.bitWidth())
}

fn is_unit(unit: TimeUnit) -> bool {
    [TimeUnit::SECOND, TimeUnit::MILLISECOND, TimeUnit::MICROSECOND, TimeUnit::NANOSECOND].contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_read() {
        assert_eq!(from_base64("bGFuZHVzZQ==").unwrap(), b"landuse");
        assert_eq!(from_base64("").unwrap(), b"");
        assert!(from_base64("b GF").is_none() && !is_carried("bGFuZHVzZQ=="));
    }
}
