use landuse::efficiency::{Appraisal, Rule};
use landuse::expr::{ColumnTable, Expr};
use landuse::io::schema::Schema;
use landuse::io::{Source, Table};
use landuse::stats::Weights;

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A schema that is read is the schema that is written.
pub fn schema(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok((schema, _)) = Schema::from_toml(text, "in.toml") else { return };
    // Schemes of its own stand beside a schema in a file, and are not part of it.
    if text.contains("[[scheme") {
        return;
    }
    let written = schema.to_toml();
    match Schema::from_toml(&written, "in.toml") {
        Ok((again, _)) => assert_eq!(again.to_toml(), written),
        Err(error) => panic!("a schema that was written is refused: {error}\n{written}"),
    }
}

/// A rule that is read is the rule that is written.
pub fn rule(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(rule) = toml::from_str::<Rule>(text) else { return };
    let Ok(written) = toml::to_string(&rule) else { panic!("a rule cannot be written: {rule:?}") };
    match toml::from_str::<Rule>(&written) {
        Ok(again) => assert_eq!(again, rule),
        Err(error) => panic!("a rule that was written is refused: {error}\n{written}"),
    }
}

fn rows() -> ColumnTable {
    let table = ColumnTable::new(4)
        .number("tax", [Some(1.5), None, Some(-0.0), Some(1e300)])
        .and_then(|table| table.number("area_m2", [Some(100.0), Some(0.0), Some(3.0), Some(4.0)]))
        .and_then(|table| table.flag("idle", [Some(true), Some(false), None, Some(true)]))
        .and_then(|table| table.text("code", [Some("0601"), Some("M1"), None, Some("")]));
    match table {
        Ok(table) => table,
        Err(error) => panic!("the table cannot be made: {error}"),
    }
}

/// A pack that is read appraises, each row within its group.
pub fn pack(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(pack) = Appraisal::from_toml(text, "in.toml") else { return };
    if let Ok(found) = pack.run(4, &rows()) {
        assert_eq!(found.score.len(), 4);
        for row in 0..4 {
            assert!(found.score.get(row).is_none_or(f64::is_finite), "a score is no number");
        }
    }
}

/// An expression that is read has a value for each row or an error, and says the same when it is read again.
pub fn expression(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(parsed) = Expr::parse(text) else { return };
    let rows = rows();
    let numbers = parsed.numbers(&rows);
    let conditions = parsed.conditions(&rows);
    if let Ok(numbers) = &numbers {
        assert_eq!(numbers.len(), 4);
        assert!(numbers.iter().flatten().all(f64::is_finite), "a value is no number: {text}");
    }
    if let (Ok(selected), Ok(conditions)) = (parsed.select(&rows), &conditions) {
        let held = conditions.iter().filter(|held| *held == Some(true)).count();
        assert_eq!(selected.selected, held, "{text}");
    }
}

/// A table has as many values in each column as it has rows.
pub fn table(data: &[u8]) {
    let Ok(table) = Table::read(&Source::bytes("in.csv", data)) else { return };
    for name in table.names() {
        assert!(table.text(name).is_none_or(|column| column.len() == table.len()));
        assert!(table.numbers(name).is_none_or(|column| column.len() == table.len()));
        assert!(table.flags(name).is_none_or(|column| column.len() == table.len()));
    }
}

/// A graph that is read is the graph that is written.
pub fn gal(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok((ids, weights)) = Weights::read_gal("in.gal", text) else { return };
    let Ok(written) = weights.write_gal("in", "id", &ids) else { return };
    match Weights::read_gal("in.gal", &written) {
        Ok((again, _)) => assert_eq!(again, ids),
        Err(error) => panic!("a graph that was written is refused: {error}\n{written}"),
    }
}
