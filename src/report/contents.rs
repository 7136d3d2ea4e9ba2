use super::table::{percent, table};
use crate::io::{CodeTable, Contents, PropertyContents};
use crate::units::people_number;

/// Characters of a value that a table shows.
const SHOWN: usize = 24;

/// What is in a file, in words for people: its properties, its land-use codes, and what no property says.
///
/// ```
/// use landuse::io::{Contents, ContentsOptions, Source};
/// let contents = Contents::of(&Source::file("data/city/parcels.geojson"), &ContentsOptions::default())?;
/// assert!(landuse::report::contents(&contents).contains("Codes of current_use: mnr:2023"));
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn contents(contents: &Contents) -> String {
    written(contents, |_| true)
}

/// A schema file to begin with: what is in the file as comments, then [`Contents::to_toml`]. It loads as it stands.
pub fn schema_file(contents: &Contents) -> String {
    // Codes without a scheme stand in the table that is to be filled in.
    let head = written(contents, |table| table.scheme.is_some());
    let comments =
        head.lines().map(|line| if line.is_empty() { "#\n".into() } else { format!("# {line}\n") });
    comments.collect::<String>() + "\n" + &contents.to_toml()
}

fn written(contents: &Contents, shows: impl Fn(&CodeTable) -> bool) -> String {
    let Contents { file, features, properties, codes, missing, settled, no_areas, .. } = contents;
    let (count, of) = (people_number(*features as f64, 0), properties.len());
    let mut text = format!("{}: {count} features, {of} properties\n", one_line(file));
    for settled in settled {
        text.push_str(&format!("  {}\n", one_line(&settled.to_string())));
    }
    if !properties.is_empty() {
        let head = ["property", "type", "known", "distinct", "values", "taken as"].map(String::from).to_vec();
        let rows = properties.iter().map(|property| row(property, *features));
        text.push('\n');
        text.push_str(&table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
    }
    for codes in codes.iter().filter(|codes| shows(codes)) {
        text.push_str(&code_rows(codes));
    }
    if let Some(reason) = no_areas {
        text.push_str(&format!("\nAreas are not known: {}\n", one_line(reason)));
    }
    if !missing.is_empty() {
        text.push_str("\nNo property says, and what it would give\n");
        let rows: Vec<Vec<String>> = (missing.iter())
            .map(|missing| {
                let near: Vec<String> = missing.near.iter().map(|name| one_line(name)).collect();
                let near = if near.is_empty() { String::new() } else { format!("near: {}", near.join(", ")) };
                vec![missing.target.to_string(), missing.gives.into(), near]
            })
            .collect();
        text.push_str(&table(&rows));
    }
    text
}

fn row(property: &PropertyContents, features: u64) -> Vec<String> {
    let PropertyContents { name, kind, known, distinct, range, samples, taken, near, .. } = property;
    let sample = |(value, count): &(Box<str>, u64)| {
        let value = shown(value);
        if *count > 1 { format!("{value} ({})", people_number(*count as f64, 0)) } else { value }
    };
    let mut values: Vec<String> = Vec::new();
    if let Some((least, greatest)) = range.filter(|(least, greatest)| least < greatest) {
        values.push(format!("{} to {}", short(least), short(greatest)));
    }
    // Values that all differ say little beside their range.
    if range.is_none() || samples.first().is_some_and(|(_, count)| *count > 1) {
        values.push(samples.iter().map(sample).collect::<Vec<_>>().join(", "));
    }
    let sign = if property.distinct_estimated { "≈" } else { "" };
    let taken = match (taken, near) {
        (Some(target), _) => target.to_string(),
        (None, Some(near)) => format!("– near {} ({})", near.name, near.target),
        (None, None) => "–".into(),
    };
    vec![
        one_line(name),
        kind.name().into(),
        if features > 0 { percent(*known as f64 / features as f64) } else { "-".into() },
        format!("{sign}{}", people_number(*distinct as f64, 0)),
        values.join(": "),
        taken,
    ]
}

fn code_rows(codes: &CodeTable) -> String {
    let CodeTable { property, labels, scheme, codes, .. } = codes;
    let scheme = scheme
        .as_ref()
        .map_or_else(|| "no built-in scheme fits".into(), |(name, edition)| format!("{name}:{edition}"));
    let labels =
        labels.as_ref().map_or_else(String::new, |labels| format!(", named by {}", one_line(labels)));
    let mut rows =
        vec![["code", "name", "features", "ha", "class", "construction"].map(String::from).to_vec()];
    for row in codes {
        let meaning = row.meaning.as_ref();
        let name = if row.label.is_empty() {
            meaning.map_or_else(String::new, |land| {
                if land.name_en.is_empty() { land.name.to_string() } else { land.name_en.to_string() }
            })
        } else {
            shown(&row.label)
        };
        rows.push(vec![
            shown(&row.code),
            name,
            people_number(row.features as f64, 0),
            row.area_m2.map_or_else(|| "-".into(), |m2| people_number(m2 / 1e4, 2)),
            meaning.map_or_else(|| "?".into(), |land| land.class.to_string()),
            meaning.map_or_else(|| "?".into(), |land| land.construction.to_string()),
        ]);
    }
    format!("\nCodes of {}: {scheme}{labels}\n{}", one_line(property), table(&rows))
}

fn shown(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A number as it is read fastest: six digits, or the whole part.
fn short(number: f64) -> String {
    let size = number.abs();
    if number.fract() == 0.0 && size < 1e15 {
        return number.to_string();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{number:.3e}");
    }
    let whole = if size >= 1.0 { size.log10() as usize + 1 } else { 0 };
    let text = format!("{number:.*}", 6_usize.saturating_sub(whole));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A text of a file on one line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
