use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{Filled, overlay};
use crate::efficiency::{Allocation, AllocationBasis, JoinReport, Occupancy};
use crate::error::Error;
use crate::expr::ColumnTable;
use crate::io::{Table, Unreadable};
use crate::parcel::{CategoryColumn, Column, NamedNumbers, ParcelSet, TextColumn, own_names};
use crate::units::AreaUnit;

const FIRM: [&str; 7] = ["firm", "firm_id", "enterprise", "company", "企业", "企业编号", "统一社会信用代码"];
const PARCEL: [&str; 8] =
    ["parcel", "parcel_id", "parcels", "lot", "地块", "地块编号", "宗地编号", "不动产单元号"];
const LAND_M2: [&str; 3] = ["land_m2", "land_area_m2", "用地面积"];
const LAND_MU: [&str; 3] = ["land_mu", "用地亩数", "用地面积(亩)"];
const FLOOR: [&str; 3] = ["floor_area_m2", "floor_m2", "建筑面积"];
const JOBS: [&str; 5] = ["jobs", "employees", "从业人数", "职工人数", "职工平均人数"];

/// Firms and the parcels they stand on, from one table.
///
/// A row is a firm on a parcel. A firm on several parcels has several rows, or one row whose parcel cell names them all, set apart by
/// `;`; a parcel with several firms stands in the rows of each. The column that amounts are split by (land, floor area or jobs of the
/// firm *on that parcel*) belongs to the row; all others belong to the firm: its rows must agree, or leave them empty.
///
/// Columns are found by name: `firm` (or `firm_id`, 企业编号 …), `parcel` (`parcel_id`, 地块编号 …), `land_m2` or `land_mu`,
/// `floor_area_m2`, `jobs`. Every other column of numbers is an amount that adds up (tax, output, energy; bring no ratios), every
/// column of flags or texts a property of the firm.
///
/// ```
/// use landuse::efficiency::{AllocationBasis, Measures};
/// use landuse::io::{Source, Table};
/// use landuse::join::Firms;
/// let text = "firm,parcel,land_mu,tax,sector\nF,a,3,80,C26\nF,b,1,,\nG,b,2,10,C13\n";
/// let firms = Firms::from_table(&Table::read(&Source::bytes("firms.csv", text.as_bytes()))?, AllocationBasis::Land)?;
/// assert_eq!(firms.len(), 2);
/// assert_eq!(firms.columns()?.numbers("tax / land_mu")?.get(0), Some(20.0));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Firms {
    basis: AllocationBasis,
    ids: TextColumn,
    columns: Vec<(Box<str>, FirmColumn)>,
    row_firm: TextColumn,
    row_parcel: TextColumn,
    row_size: Column<f64>,
    has_sizes: bool,
    contradictions: Vec<Contradiction>,
    unreadable: Vec<Unreadable>,
    /// File and columns of a table that has none for parcels.
    without_parcels: Option<(Box<str>, Box<str>)>,
}

/// A column of the firms.
#[derive(Debug, Clone, PartialEq)]
pub enum FirmColumn {
    /// Amounts.
    Number(Column<f64>),
    /// Yes or no.
    Flag(Column<bool>),
    /// Texts.
    Text(TextColumn),
}

/// A firm whose rows say different things: its value counts as unknown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Contradiction {
    /// The firm.
    pub firm: Box<str>,
    /// The column.
    pub column: Box<str>,
    /// The value met first.
    pub first: Box<str>,
    /// The value that contradicts it.
    pub other: Box<str>,
}

/// What became of firms joined to parcels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirmReport {
    /// What amounts are split by.
    pub basis: AllocationBasis,
    /// Where the sizes come from: `rows` of the table, or the `parcels` themselves, as the table has none.
    pub sizes: &'static str,
    /// Firms in the table.
    pub firms: usize,
    /// Rows and ids.
    #[serde(flatten)]
    pub join: JoinReport,
    /// Firms whose rows disagree.
    pub contradictions: Vec<Contradiction>,
    /// Cells of columns of numbers that are no numbers, and so unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
    /// Per amount: total of the firms = allocated + unallocated; firms it is not known of.
    pub amounts: Vec<AmountReport>,
    /// What happened to the columns of the parcels.
    pub columns: Vec<Filled>,
}

/// How much of one amount reached parcels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmountReport {
    /// The column of the firms.
    pub column: Box<str>,
    /// Sum over firms with a known amount.
    pub total: f64,
    /// Part of it on parcels.
    pub allocated: f64,
    /// Part of it on no parcel.
    pub unallocated: f64,
    /// Firms whose amount is not known.
    pub unknown: usize,
}

/// Firms joined to parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct FirmsOnParcels {
    /// Who stands where, with which share.
    pub allocation: Allocation,
    /// What became of it.
    pub report: FirmReport,
}

impl Firms {
    /// Takes a table apart into firms and their rows.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] for a table without a column of firms.
    ///
    /// # Complexity
    /// O(cells) expected.
    pub fn from_table(table: &Table, basis: AllocationBasis) -> Result<Self, Error> {
        let found = || -> Box<str> { table.names().collect::<Vec<_>>().join(", ").into() };
        let missing = || Error::MissingColumn {
            file: table.file().into(),
            expected: "`firm` or `firm_id`",
            found: found(),
        };
        let firm_name = table.find(&FIRM).ok_or_else(missing)?;
        let parcel_name = table.find(&PARCEL);
        let size = size_column(table, basis);
        let size_name = size.as_ref().map(|(name, _)| *name);
        let firm = table.text(firm_name).ok_or_else(missing)?;

        let mut position: HashMap<&str, u32> = HashMap::new();
        let mut ids: Vec<&str> = firm.iter().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        for (i, id) in ids.iter().enumerate() {
            position.insert(id, i as u32);
        }
        let mut firms = Self {
            basis,
            ids: ids.iter().map(|&id| Some(id)).collect(),
            columns: Vec::new(),
            row_firm: TextColumn::new(),
            row_parcel: TextColumn::new(),
            row_size: Column::new(),
            has_sizes: size.is_some(),
            contradictions: Vec::new(),
            unreadable: (table.names().filter(|name| *name != firm_name && Some(*name) != parcel_name))
                .filter_map(|name| table.unreadable(name))
                .collect(),
            without_parcels: parcel_name.is_none().then(|| (table.file().into(), found())),
        };
        let at: Vec<Option<u32>> = firm.iter().map(|id| position.get(id?).copied()).collect();
        let own = |name: &&str| *name != firm_name && Some(*name) != parcel_name && Some(*name) != size_name;
        for name in table.names().filter(own) {
            firms.take(table, name, &at, &ids);
        }
        firms.contradictions.sort_unstable();
        let parcels = parcel_name.and_then(|name| table.text(name));
        for row in 0..table.len() {
            let parcel = parcels.and_then(|parcels| parcels.get(row));
            let size = size.as_ref().and_then(|(_, sizes)| sizes.get(row));
            let several = || parcel.unwrap_or_default().split(';').map(str::trim).filter(|id| !id.is_empty());
            let count = several().count();
            if count <= 1 {
                firms.push_row(firm.get(row), parcel, size);
            } else {
                // One size for several parcels says nothing of each.
                several().for_each(|id| firms.push_row(firm.get(row), Some(id), None));
            }
        }
        if let Some((_, sizes)) = size {
            firms.total_sizes(&sizes, &at);
        }
        Ok(firms)
    }

    fn push_row(&mut self, firm: Option<&str>, parcel: Option<&str>, size: Option<f64>) {
        self.row_firm.push(firm);
        self.row_parcel.push(parcel);
        self.row_size.push(size);
    }

    /// One column of the firms, from its cells in the rows of each.
    fn take(&mut self, table: &Table, name: &str, at: &[Option<u32>], ids: &[&str]) {
        let Some(cells) = table.text(name) else { return };
        let (numbers, flags) = (table.numbers(name), table.flags(name));
        let mut first: Vec<Option<usize>> = vec![None; ids.len()];
        let mut contradicted = vec![false; ids.len()];
        for (row, firm) in at.iter().enumerate() {
            let (Some(firm), Some(cell)) = (firm.map(|firm| firm as usize), cells.get(row)) else { continue };
            let Some(before) = first[firm] else {
                first[firm] = Some(row);
                continue;
            };
            let same = match (&numbers, &flags) {
                (Some(numbers), _) => numbers.get(before) == numbers.get(row),
                (_, Some(flags)) => flags.get(before) == flags.get(row),
                _ => cells.get(before) == Some(cell),
            };
            if !same && !contradicted[firm] {
                contradicted[firm] = true;
                // Which of the two stands first in the file has no say.
                let mut words = [cells.get(before).unwrap_or_default(), cell];
                words.sort_unstable();
                let [first, other] = words;
                self.contradictions.push(Contradiction {
                    firm: ids[firm].into(),
                    column: name.into(),
                    first: first.into(),
                    other: other.into(),
                });
            }
        }
        let row = |firm: usize| first[firm].filter(|_| !contradicted[firm]);
        let all = 0..ids.len();
        let column = match (numbers, flags) {
            (Some(numbers), _) => FirmColumn::Number(all.map(|firm| numbers.get(row(firm)?)).collect()),
            (_, Some(flags)) => FirmColumn::Flag(all.map(|firm| flags.get(row(firm)?)).collect()),
            _ => FirmColumn::Text(all.map(|firm| cells.get(row(firm)?)).collect()),
        };
        self.columns.push((name.into(), column));
    }

    /// Sizes over all rows of a firm, as columns of the firm; unknown where one is.
    fn total_sizes(&mut self, sizes: &Column<f64>, at: &[Option<u32>]) {
        let mut parts: Vec<Vec<Option<f64>>> = vec![Vec::new(); self.ids.len()];
        for (row, firm) in at.iter().enumerate() {
            if let Some(firm) = firm {
                parts[*firm as usize].push(sizes.get(row));
            }
        }
        let sum =
            |parts: Vec<Option<f64>>| parts.into_iter().collect::<Option<Vec<f64>>>().map(crate::sum::exact);
        let total: Column<f64> = parts.into_iter().map(sum).collect();
        let name = match self.basis {
            AllocationBasis::Land => {
                let mu = total.iter().map(|m2| m2.map(|m2| AreaUnit::Mu.from_m2(m2))).collect();
                self.columns.push(("land_mu".into(), FirmColumn::Number(mu)));
                "land_m2"
            }
            AllocationBasis::FloorArea => "floor_area_m2",
            AllocationBasis::Jobs => "jobs",
        };
        self.columns.push((name.into(), FirmColumn::Number(total)));
    }

    /// How many firms there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their ids, in order.
    pub fn ids(&self) -> &TextColumn {
        &self.ids
    }

    /// Firm, parcel and size of each row; a row that names several parcels stands once for each.
    pub fn rows(&self) -> Occupancy<'_> {
        Occupancy { firm: &self.row_firm, parcel: &self.row_parcel, size: &self.row_size }
    }

    /// Whether the table names a parcel anywhere.
    pub fn name_parcels(&self) -> bool {
        self.row_parcel.known() > 0
    }

    /// Firms whose rows disagree.
    pub fn contradictions(&self) -> &[Contradiction] {
        &self.contradictions
    }

    /// What is known of the firms beside their id, in the order of the table.
    pub fn known(&self) -> impl Iterator<Item = (&str, &FirmColumn)> {
        self.columns.iter().map(|(name, column)| (&**name, column))
    }

    /// The firms as rows to appraise.
    ///
    /// # Errors
    /// [`ParamError`](crate::ParamError) where the table has a column by the name of one that is summed from its rows.
    pub fn columns(&self) -> Result<ColumnTable, Error> {
        let mut columns = ColumnTable::new(self.len()).rows_are("firms").text("firm", self.ids.iter())?;
        for (name, column) in self.known() {
            columns = match column {
                FirmColumn::Number(values) => columns.number(name, values.iter())?,
                FirmColumn::Flag(flags) => columns.flag(name, flags.iter())?,
                FirmColumn::Text(texts) => columns.text(name, texts.iter())?,
            };
        }
        Ok(columns)
    }

    /// Brings the firms onto the parcels: each amount as a number column of its name, each text the firms of a parcel agree on as a text
    /// column, and `firms`, the number of firms in the table that stand there.
    ///
    /// Where the table has no sizes, the parcel's own area (or floor area) stands in for them, which is right for a firm that has each of
    /// its parcels to itself; jobs have no stand-in.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] where the table has no column of parcels; as [`Allocation::new`].
    ///
    /// # Complexity
    /// O(parcels + rows) per column.
    pub fn join(&self, set: &mut ParcelSet) -> Result<FirmsOnParcels, Error> {
        if let Some((file, found)) = &self.without_parcels {
            return Err(Error::MissingColumn {
                file: file.clone(),
                expected: "`parcel` or `parcel_id`",
                found: found.clone(),
            });
        }
        let stand_in = (!self.has_sizes && self.basis != AllocationBasis::Jobs).then(|| self.stand_in(set));
        let rows = Occupancy { size: stand_in.as_ref().unwrap_or(&self.row_size), ..self.rows() };
        let allocation = Allocation::among(&self.ids, set.ids(), set.len(), rows, self.basis)?;
        let mut report = FirmReport {
            basis: self.basis,
            sizes: if stand_in.is_some() { "parcels" } else { "rows" },
            firms: self.len(),
            join: allocation.report().clone(),
            contradictions: self.contradictions.clone(),
            unreadable: self.unreadable.clone(),
            amounts: Vec::new(),
            columns: Vec::new(),
        };
        let mut joined: BTreeMap<Box<str>, Column<f64>> = BTreeMap::new();
        let mut texts = Vec::new();
        for (name, column) in self.known() {
            match column {
                FirmColumn::Number(amounts) => {
                    let spread = allocation.spread(amounts)?;
                    report.amounts.push(AmountReport {
                        column: name.into(),
                        total: spread.total,
                        allocated: spread.allocated,
                        unallocated: spread.unallocated,
                        unknown: spread.unknown,
                    });
                    joined.insert(column_name(name), spread.amount);
                }
                FirmColumn::Flag(flags) => {
                    let words: TextColumn =
                        flags.iter().map(|f| f.map(|f| if f { "true" } else { "false" })).collect();
                    texts.push((column_name(name), agreed(&allocation, &words, set.len())));
                }
                FirmColumn::Text(words) => {
                    texts.push((column_name(name), agreed(&allocation, words, set.len())));
                }
            }
        }
        let count = allocation.firms_per_parcel().into_iter().map(|firms| Some(f64::from(firms))).collect();
        joined.insert("firms".into(), count);
        let len = set.len();
        let attributes = set.attributes_mut();
        for (name, values) in joined {
            let own =
                attributes.numbers.entry(name.clone()).or_insert_with(|| NamedNumbers::unknown(&name, len));
            report.columns.push(overlay(&name, &mut own.values, &values));
        }
        for (name, values) in texts {
            attributes.texts.insert(name, values);
        }
        Ok(FirmsOnParcels { allocation, report })
    }

    /// The parcel's own area or floor area, per row.
    fn stand_in(&self, set: &ParcelSet) -> Column<f64> {
        let at: HashMap<&str, usize> = set.ids().map(|(id, parcel)| (id, parcel.index())).collect();
        let size = |id: Option<&str>| {
            let parcel = *at.get(id?)?;
            match self.basis {
                AllocationBasis::FloorArea => set.attributes().floor_area_m2.get(parcel),
                _ => set.area_m2().get(parcel).copied(),
            }
        };
        self.row_parcel.iter().map(size).collect()
    }
}

/// The name an amount has among the columns of parcels: `firm_NAME` where parcels use its name for something else.
fn column_name(name: &str) -> Box<str> {
    if own_names().any(|own| own == name) { format!("firm_{name}").into() } else { name.into() }
}

/// The column amounts are split by, in m² or persons.
fn size_column(table: &Table, basis: AllocationBasis) -> Option<(&str, Column<f64>)> {
    let (names, scale): (&[&str], f64) = match basis {
        AllocationBasis::Land if table.find(&LAND_M2).is_some() => (&LAND_M2, 1.0),
        AllocationBasis::Land => (&LAND_MU, AreaUnit::Mu.to_m2(1.0)),
        AllocationBasis::FloorArea => (&FLOOR, 1.0),
        AllocationBasis::Jobs => (&JOBS, 1.0),
    };
    let name = table.find(names)?;
    let sizes = table.numbers(name)?;
    Some((name, sizes.iter().map(|size| size.map(|size| size * scale)).collect()))
}

/// Per parcel the text that all its firms have; unknown where they differ, or one is not known.
fn agreed(allocation: &Allocation, texts: &TextColumn, parcels: usize) -> CategoryColumn<Box<str>> {
    let mut found: Vec<Option<Option<&str>>> = vec![None; parcels];
    for row in allocation.rows() {
        let (Some(firm), Some(parcel)) = (row.firm, row.parcel) else { continue };
        let text = texts.get(firm as usize);
        let own = &mut found[parcel as usize];
        *own = Some(match own {
            None => text,
            Some(before) if *before == text => text,
            Some(_) => None,
        });
    }
    let mut column = CategoryColumn::new();
    found.into_iter().for_each(|text| column.push(text.flatten()));
    column
}
