use std::borrow::Cow;
use std::collections::HashMap;

use super::{ColumnKind, ColumnMember, Entry, Get, Group, Record, count, nested, number, push_list, text};
use crate::Analysis;
use crate::intensity::{Account, Density, Ledger, Nature, UnitAmount, unit_id};
use crate::parcel::{ParcelIdx, ParcelSet};

/// Members of an entry of `amounts`.
const AMOUNT: [ColumnMember; 4] = [
    ColumnMember {
        name: "name",
        kind: ColumnKind::Text,
        unit: "",
        meaning: "The expression that is carried.",
    },
    ColumnMember {
        name: "nature",
        kind: ColumnKind::Text,
        unit: "",
        meaning: "`extensive` where it adds up, `intensive` where it is averaged by area.",
    },
    ColumnMember {
        name: "unknown",
        kind: ColumnKind::Count,
        unit: "",
        meaning: "Parcels in the unit whose value is not known.",
    },
    ColumnMember {
        name: "value",
        kind: ColumnKind::Number,
        unit: "",
        meaning: "The sum of what is known, or its mean by area.",
    },
];

/// Accounts as rows.
pub(in super::super) struct Units<'a> {
    /// What each row is, and its account.
    rows: Vec<(&'static str, Option<&'a Account>)>,
    /// What is carried.
    carried: &'a [UnitAmount],
    /// Whether the rows are study units with a shape.
    of_shapes: bool,
    /// The name of each row's unit; none where units have no names.
    names: Option<Vec<Option<&'a str>>>,
}

/// The name of each study unit, by position; none where they have no names.
fn names_of(districts: Option<&ParcelSet>) -> Option<Vec<Option<&str>>> {
    let names = districts?.attributes().texts.get("name")?;
    Some((0..names.len()).map(|i| names.get(i).map(|name| &**name)).collect())
}

impl<'a> Units<'a> {
    /// All units, then the whole; `districts` are those of them that have a shape.
    pub(in super::super) fn of_ledger(ledger: Option<&'a Ledger>, districts: Option<&'a ParcelSet>) -> Self {
        let kind = |unit: &Account| if unit.id.is_some() { "unit" } else { "outside" };
        let units = ledger.into_iter().flat_map(|ledger| &ledger.units).map(|unit| (kind(unit), Some(unit)));
        let total = ledger.map(|ledger| ("total", Some(&ledger.total)));
        let rows: Vec<(&'static str, Option<&'a Account>)> = units.chain(total).collect();
        let names = names_of(districts).zip(districts).map(|(names, set)| {
            let by_id: HashMap<Box<str>, Option<&str>> =
                names.into_iter().enumerate().map(|(i, name)| (unit_id(set, i), name)).collect();
            let of = |account: &Account| by_id.get(account.id.as_deref()?).copied().flatten();
            rows.iter().map(|(_, account)| of((*account)?)).collect()
        });
        let carried = ledger.map_or(&[][..], |ledger| &ledger.total.density.amounts);
        Self { rows, carried, of_shapes: false, names }
    }

    /// The accounts of study units that have a shape.
    pub(in super::super) fn of_shapes(ledger: &'a Ledger, districts: Option<&'a ParcelSet>) -> Self {
        let accounts: HashMap<&str, &Account> =
            ledger.units.iter().filter_map(|unit| Some((unit.id.as_deref()?, unit))).collect();
        let of = |set: &ParcelSet, i| ("unit", accounts.get(&*unit_id(set, i)).copied());
        let rows: Vec<_> =
            districts.map_or_else(Vec::new, |set| (0..set.len()).map(|i| of(set, i)).collect());
        let names = names_of(districts);
        Self { rows, carried: &ledger.total.density.amounts, of_shapes: true, names }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn account(&self, i: usize) -> Option<&'a Account> {
        self.rows[i].1
    }

    fn density(&self, i: usize) -> Option<&'a Density> {
        Some(&self.account(i)?.density)
    }

    fn amount(&self, i: usize, member: usize) -> Option<&'a UnitAmount> {
        self.density(i)?.amounts.get(member)
    }

    fn names(&self, suffix: &str) -> Vec<(String, String)> {
        self.carried.iter().map(|amount| (format!("{}{suffix}", amount.name), String::new())).collect()
    }
}

/// Accounts of study units.
#[expect(clippy::too_many_lines, reason = "one entry per column")]
pub(in super::super) fn units<'a>() -> Vec<Group<Units<'a>>> {
    vec![
        Group::<Units<'a>>::new(
            "intensity::Ledger",
            [text(
                "row",
                "What the row is: `unit`, `outside` for what lies in no unit, or `total` for the study area.",
                |c, i| Some(c.rows[i].0.into()),
            )],
        )
        .when("in tables of a ledger", |c| !c.of_shapes),
        Group::<Units<'a>>::new(
            "parcel::ParcelSet",
            [text("name", "Name of the unit, where it has one.", |c: &Units<'_>, i| {
                c.names.as_ref()?[i].map(Cow::from)
            })
            .sparse()],
        )
        .when("where districts have names", |c| c.names.is_some()),
        Group::<Units<'a>>::new(
            "intensity::Account",
            [
                text("id", "Id of the unit.", |c, i| c.account(i)?.id.as_deref().map(Cow::from)),
                number("land_m2", "m²", "Land of the unit.", |c, i| Some(c.account(i)?.land_m2)),
                number(
                    "control_m2",
                    "m²",
                    "Land inside the union of the lines that exclude construction.",
                    |c, i| c.account(i)?.control_m2,
                ),
                number("unrestricted_m2", "m²", "Land outside it.", |c, i| c.account(i)?.unrestricted_m2),
                number(
                    "developable_m2",
                    "m²",
                    "Unrestricted land that is not unsuitable for other reasons.",
                    |c, i| c.account(i)?.developable_m2,
                ),
                number("construction_m2", "m²", "Construction land.", |c, i| {
                    Some(c.account(i)?.construction_m2)
                }),
                number("construction_inside_m2", "m²", "Construction land inside the lines.", |c, i| {
                    c.account(i)?.construction_inside_m2
                }),
                number("construction_outside_m2", "m²", "Construction land outside the lines.", |c, i| {
                    c.account(i)?.construction_outside_m2
                }),
                number("other_m2", "m²", "Parcels that are not construction land.", |c, i| {
                    Some(c.account(i)?.other_m2)
                }),
                number("other_inside_m2", "m²", "Of it inside the lines.", |c, i| {
                    c.account(i)?.other_inside_m2
                }),
                number("unknown_m2", "m²", "Parcels of which it is not known.", |c, i| {
                    Some(c.account(i)?.unknown_m2)
                }),
                number("unknown_inside_m2", "m²", "Of it inside the lines.", |c, i| {
                    c.account(i)?.unknown_inside_m2
                }),
                number(
                    "construction_unsuitable_m2",
                    "m²",
                    "Construction land outside the lines on land that is unsuitable for other reasons.",
                    |c, i| c.account(i)?.construction_unsuitable_m2,
                ),
                number("unparcelled_m2", "m²", "Land without parcels, streets mostly.", |c, i| {
                    Some(c.account(i)?.unparcelled_m2)
                }),
                number(
                    "gross",
                    "1",
                    "Gross intensity: construction land over land; a lower bound where anything is unknown, or unparcelled without counting as construction land.",
                    |c, i| c.account(i)?.gross,
                ),
                number(
                    "gross_upper",
                    "1",
                    "Its upper bound, with all unknown land built, and unparcelled land unless it counts as other land.",
                    |c, i| c.account(i)?.gross_upper,
                ),
                number(
                    "net",
                    "1",
                    "Net intensity: construction land on developable land over developable land; a lower bound as the gross one is.",
                    |c, i| c.account(i)?.net,
                ),
                number(
                    "net_upper",
                    "1",
                    "Its upper bound: what of the developable land is not known to be other land.",
                    |c, i| c.account(i)?.net_upper,
                ),
                number(
                    "construction_to_developable",
                    "1",
                    "Construction land over developable land; may exceed 1.",
                    |c, i| c.account(i)?.construction_to_developable,
                ),
                number(
                    "warning_line",
                    "1",
                    "Share of land under construction that should not be passed.",
                    |c, i| c.account(i)?.warning_line,
                ),
                number("limit_m2", "m²", "The warning line as an area.", |c, i| c.account(i)?.limit_m2),
                number(
                    "headroom_m2",
                    "m²",
                    "What construction land leaves of it; negative where it is passed, an upper bound where the gross intensity is a lower one.",
                    |c, i| c.account(i)?.headroom_m2,
                ),
                number(
                    "headroom_lower_m2",
                    "m²",
                    "Its lower bound: the limit less the land that the upper bound of gross intensity counts.",
                    |c, i| c.account(i)?.headroom_lower_m2,
                ),
                text("status", "`not_assessed`, `below`, `exceeded` or `undetermined`.", |c, i| {
                    Some(c.account(i)?.status.name().into())
                }),
                text("limit_source", "Who set the warning line.", |c, i| {
                    c.account(i)?.limit_source.as_deref().map(Cow::from)
                }),
            ],
        ),
        Group::<Units<'a>>::new(
            "intensity::Density",
            [
                number("floor_area_m2", "m²", "Gross floor area that is known.", |c, i| {
                    c.density(i)?.floor_area_m2
                }),
                count("floor_area_unknown", "Parcels whose floor area is not known.", |c, i| {
                    Some(c.density(i)?.floor_area_unknown as u64)
                }),
                number("gross_far", "1", "Gross floor area ratio: floor area over all land.", |c, i| {
                    c.density(i)?.gross_far
                }),
                number(
                    "net_far",
                    "1",
                    "Net floor area ratio: floor area on construction land over that land.",
                    |c, i| c.density(i)?.net_far,
                ),
                number("footprint_m2", "m²", "Ground that buildings stand on, where known.", |c, i| {
                    c.density(i)?.footprint_m2
                }),
                count("footprint_unknown", "Parcels whose footprint is not known.", |c, i| {
                    Some(c.density(i)?.footprint_unknown as u64)
                }),
                number("coverage", "1", "Footprint over all land.", |c, i| c.density(i)?.coverage),
                number(
                    "spacematrix_base_m2",
                    "m²",
                    "Construction land of which floor area and footprint are known: base of the four measures below.",
                    |c, i| c.density(i)?.spacematrix_base_m2,
                ),
                number("fsi", "1", "Floor space index on that base.", |c, i| c.density(i)?.fsi),
                number("gsi", "1", "Ground space index.", |c, i| c.density(i)?.gsi),
                number("osr", "1", "Open space ratio.", |c, i| c.density(i)?.osr),
                number("l", "1", "Mean number of floors.", |c, i| c.density(i)?.l),
                number("population", "persons", "Residents.", |c, i| c.density(i)?.population),
                number("land_per_person_m2", "m²", "Land per resident.", |c, i| {
                    c.density(i)?.land_per_person_m2
                }),
                number("construction_per_person_m2", "m²", "Construction land per resident.", |c, i| {
                    c.density(i)?.construction_per_person_m2
                }),
            ],
        ),
        Group::<Units<'a>>::new(
            "intensity::UnitAmount",
            [
                nested("amounts", "Carried columns.", &AMOUNT, |c: &Units<'_>, i, text| {
                    let amounts = c.density(i).map_or(&[][..], |density| &density.amounts);
                    push_list(text, amounts, |text, amount| {
                        let mut record = Record::new(text, &AMOUNT);
                        record.text(Some(&amount.name));
                        record.text(Some(match amount.nature {
                            Nature::Extensive => "extensive",
                            Nature::Intensive => "intensive",
                        }));
                        record.count(Some(amount.unknown as u64));
                        record.number(amount.value);
                        record.end();
                    });
                })
                .geojson_only(),
                Entry::new(
                    "(name of a carried column)",
                    "",
                    "The sum of what is known of it, or its mean by area.",
                    Get::Numbers(|c: &Units<'_>| c.names(""), |c, i, member| c.amount(i, member)?.value),
                )
                .flat_only(),
                Entry::new(
                    "(name of a carried column) unknown",
                    "",
                    "Parcels in the unit whose value is not known.",
                    Get::Counts(
                        |c: &Units<'_>| c.names(" unknown"),
                        |c, i, member| Some(c.amount(i, member)?.unknown as u64),
                    ),
                )
                .flat_only(),
            ],
        )
        .when("with carried columns", |c| !c.carried.is_empty()),
    ]
}

/// Parcels whose withdrawal brings a unit back within its limit.
pub(in super::super) struct Withdrawals<'a> {
    set: &'a ParcelSet,
    rows: Vec<Withdrawal<'a>>,
}

struct Withdrawal<'a> {
    unit: &'a str,
    rank: u64,
    parcel: ParcelIdx,
    construction_m2: Option<f64>,
}

impl<'a> Withdrawals<'a> {
    /// The fewest parcels of each unit, from the largest down.
    ///
    /// # Complexity
    /// O(n log n) in parcels of construction land.
    pub(in super::super) fn new(analysis: &'a Analysis) -> Self {
        let ledger = analysis.ledger();
        let units = ledger.units.iter().enumerate();
        let position: HashMap<&str, usize> = units.filter_map(|(i, u)| Some((u.id.as_deref()?, i))).collect();
        let mut rows = Vec::new();
        for (at, unit) in analysis.outlooks().iter().enumerate() {
            let gone = unit.withdrawals.as_deref().unwrap_or_default();
            if gone.is_empty() {
                continue;
            }
            let is_total = at + 1 == analysis.outlooks().len() && ledger.units.len() > 1;
            let areas = match position.get(&*unit.id) {
                Some(&position) if !is_total => ledger.construction_in(position),
                _ => ledger.construction_in_all(),
            };
            rows.extend((1..).zip(gone).map(|(rank, &parcel)| {
                let area = areas.binary_search_by_key(&parcel, |area| area.0).ok();
                Withdrawal { unit: &unit.id, rank, parcel, construction_m2: area.map(|at| areas[at].1) }
            }));
        }
        Self { set: analysis.parcels(), rows }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The fewest parcels whose withdrawal brings each unit back within its limit.
pub(in super::super) fn withdrawals<'a>() -> Vec<Group<Withdrawals<'a>>> {
    vec![Group::<Withdrawals<'a>>::new(
        "intensity::UnitOutlook",
        [
            text("unit", "Id of the unit; `all` for the whole study area.", |c, i| {
                Some(c.rows[i].unit.into())
            }),
            count("rank", "Its place among the parcels to withdraw, from 1 for the largest.", |c, i| {
                Some(c.rows[i].rank)
            }),
            text("parcel_id", "Id of the parcel.", |c, i| c.set.get(c.rows[i].parcel).id().map(Cow::from)),
            count("parcel_row", "Position of its feature in the input, from 0.", |c, i| {
                Some(c.set.source_row()[c.rows[i].parcel.index()].into())
            }),
            number("construction_m2", "m²", "Its construction land in the unit.", |c, i| {
                c.rows[i].construction_m2
            }),
        ],
    )]
}
