use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Entry, Get, Group, count, flag, number, text};
use crate::ParcelSet;
use crate::efficiency::{Appraised, Grade, Language, RowOutcome};
use crate::join::{Buildings, FirmColumn, Firms, FirmsOnParcels};
use crate::parcel::{Column, TextColumn};
use crate::sum;

/// Rows of firms joined to parcels.
pub(in super::super) struct FirmRows<'a> {
    firms: &'a Firms,
    joined: &'a FirmsOnParcels,
    amounts: Vec<(&'a str, &'a Column<f64>)>,
}

impl<'a> FirmRows<'a> {
    pub(in super::super) fn new(firms: &'a Firms, joined: &'a FirmsOnParcels) -> Self {
        let amounts = firms.known().filter_map(|(name, column)| match column {
            FirmColumn::Number(values) => Some((name, values)),
            _ => None,
        });
        Self { firms, joined, amounts: amounts.collect() }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.joined.allocation.rows().len()
    }
}

/// The join of firms: one row per firm and parcel.
pub(in super::super) fn firms<'a>() -> Vec<Group<FirmRows<'a>>> {
    vec![
        Group::<FirmRows<'a>>::new(
            "efficiency::Allocation",
            [
                text("firm", "Id of the firm.", |c, i| c.firms.rows().firm.get(i).map(Cow::from)),
                text("parcel", "Id of the parcel.", |c, i| c.firms.rows().parcel.get(i).map(Cow::from)),
                text(
                    "outcome",
                    "`matched`, or why not: `without_id`, `unknown_firm`, `unknown_parcel` or `ambiguous_parcel`.",
                    |c, i| Some(c.joined.allocation.rows()[i].outcome.name().into()),
                ),
                number("size", "as the firms are split", "What the firm's amounts are split by.", |c, i| {
                    c.firms.rows().size.get(i)
                }),
                number(
                    "share",
                    "1",
                    "Share of the firm that the row is; unknown where it cannot be split.",
                    |c, i| c.joined.allocation.rows()[i].share,
                ),
            ],
        ),
        Group::<FirmRows<'a>>::new(
            "join::Firms",
            [Entry::new(
                "(name of an amount)",
                "as in the table of firms",
                "That share of the firm's amount. What was matched sums to the columns of the parcels.",
                Get::Numbers(
                    |c| c.amounts.iter().map(|(name, _)| ((*name).to_owned(), String::new())).collect(),
                    |c, i, member| {
                        let row = &c.joined.allocation.rows()[i];
                        Some(c.amounts[member].1.get(row.firm? as usize)? * row.share?)
                    },
                ),
            )],
        ),
    ]
}

/// Buildings and the parcels they stand on.
pub(in super::super) struct BuildingRows<'a> {
    rows: Vec<BuildingRow<'a>>,
}

struct BuildingRow<'a> {
    id: Option<&'a str>,
    row: u32,
    parcel: Option<&'a str>,
    outcome: &'a str,
    overlap_m2: Option<f64>,
    share: Option<f64>,
    floor_area_m2: Option<f64>,
}

impl<'a> BuildingRows<'a> {
    /// # Complexity
    /// O(buildings + pieces).
    pub(in super::super) fn new(
        parcels: &'a ParcelSet,
        buildings: &'a ParcelSet,
        joined: &Buildings,
    ) -> Self {
        let mut rows = Vec::new();
        let mut pieces = joined.pieces.iter().peekable();
        for building in buildings.iter() {
            let i = building.idx().index();
            let id = buildings.attributes().id.get(i);
            let (row, floor_area_m2) = (buildings.source_row()[i], joined.floor_area_m2.get(i));
            let before = rows.len();
            while let Some(piece) = pieces.next_if(|piece| piece.building == building.idx()) {
                rows.push(BuildingRow {
                    id,
                    row,
                    parcel: parcels.attributes().id.get(piece.parcel.index()),
                    outcome: RowOutcome::Matched.name(),
                    overlap_m2: Some(piece.overlap_m2),
                    share: Some(piece.share),
                    floor_area_m2: floor_area_m2.map(|m2| m2 * piece.share),
                });
            }
            if rows.len() == before {
                let (outcome, overlap_m2) = ("on_no_parcel", Some(0.0));
                rows.push(BuildingRow {
                    id,
                    row,
                    parcel: None,
                    outcome,
                    overlap_m2,
                    share: None,
                    floor_area_m2,
                });
            }
        }
        rows.extend(buildings.rejected().iter().map(|rejected| BuildingRow {
            id: rejected.at.id.as_deref(),
            row: rejected.at.row,
            parcel: None,
            outcome: &rejected.reason,
            overlap_m2: None,
            share: None,
            floor_area_m2: None,
        }));
        Self { rows }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The join of buildings: one row per building and parcel it stands on, one without parcel for each on none.
pub(in super::super) fn buildings<'a>() -> Vec<Group<BuildingRows<'a>>> {
    vec![Group::<BuildingRows<'a>>::new(
        "join::BuildingPiece",
        [
            text("building", "Id of the building.", |c, i| c.rows[i].id.map(Cow::from)),
            count("row", "Position of its feature in the file, from 0.", |c, i| Some(c.rows[i].row.into())),
            text("parcel", "Id of the parcel.", |c, i| c.rows[i].parcel.map(Cow::from)),
            text("outcome", "`matched`, `on_no_parcel`, or why the feature cannot be used.", |c, i| {
                Some(c.rows[i].outcome.into())
            }),
            number("overlap_m2", "m²", "Ground of the building on the parcel.", |c, i| c.rows[i].overlap_m2),
            number("share", "1", "Share of the building on the parcel.", |c, i| c.rows[i].share),
            number("floor_area_m2", "m²", "That share of its floor area.", |c, i| c.rows[i].floor_area_m2),
        ],
    )]
}

/// Firms that were appraised.
pub(in super::super) struct AppraisalRows<'a> {
    ids: &'a TextColumn,
    found: &'a Appraised,
    /// Short names of all indicators of all groups, each once.
    keys: Vec<&'a str>,
}

impl<'a> AppraisalRows<'a> {
    pub(in super::super) fn new(ids: &'a TextColumn, found: &'a Appraised) -> Self {
        let mut keys: Vec<&str> = Vec::new();
        for indicator in found.pack().groups().iter().flat_map(|group| &group.indicators) {
            if !keys.contains(&&*indicator.key) {
                keys.push(&indicator.key);
            }
        }
        Self { ids, found, keys }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.ids.len()
    }

    fn names(&self, suffix: &str) -> Vec<(String, String)> {
        self.keys.iter().map(|key| (format!("{key}{suffix}"), String::new())).collect()
    }

    /// The item of a row that an indicator gave.
    fn item(&self, i: usize, member: usize) -> Option<crate::efficiency::ItemScore<'a>> {
        self.found.items(i).find(|item| item.key == self.keys[member])
    }
}

/// An appraisal: one row per firm.
pub(in super::super) fn appraisal<'a>() -> Vec<Group<AppraisalRows<'a>>> {
    vec![
        Group::<AppraisalRows<'a>>::new(
            "efficiency::Appraised",
            [
                text("firm", "Id of the firm.", |c, i| c.ids.get(i).map(Cow::from)),
                text("group", "Group of firms it is ranked in.", |c, i| {
                    c.found.group(i).map(|group| (&*group.key).into())
                }),
                text("standing", "Whether it was scored, or why not.", |c, i| {
                    Some(c.found.standing[i].name().into())
                }),
                number("score", "points", "Its score.", |c, i| c.found.score.get(i)),
                number(
                    "lowest",
                    "points",
                    "The least the score can be, were all missing values known.",
                    |c, i| c.found.lowest.get(i),
                ),
                number("highest", "points", "The most it can be.", |c, i| c.found.highest.get(i)),
                count("rank", "Rank in its group, from 1.", |c, i| c.found.rank.get(i).map(u64::from)),
                text("grade", "Its grade.", |c, i| Some(c.found.grades[i]?.to_string().into())),
                flag("exit", "Whether it meets the pack's condition for closure or relocation.", |c, i| {
                    c.found.exit.get(i)
                }),
            ],
        ),
        Group::<AppraisalRows<'a>>::new(
            "efficiency::ItemScore",
            [
                Entry::new(
                    "(key of an indicator)_value",
                    "as the indicator",
                    "The firm's value; empty for indicators of other groups.",
                    Get::Numbers(|c| c.names("_value"), |c, i, member| c.item(i, member)?.value),
                ),
                Entry::new(
                    "(key of an indicator)_points",
                    "points",
                    "Points it earned.",
                    Get::Numbers(|c| c.names("_points"), |c, i, member| c.item(i, member)?.points),
                ),
            ],
        ),
        Group::<AppraisalRows<'a>>::new(
            "efficiency::Appraised",
            [
                text("sentence_en", "The verdict in words, in English.", |c, i| {
                    Some(c.found.sentence(i, Language::English).into())
                }),
                text("sentence_zh", "The verdict in words, in Chinese.", |c, i| {
                    Some(c.found.sentence(i, Language::Chinese).into())
                }),
            ],
        ),
    ]
}

/// Parcels that appraised firms stand on.
pub(in super::super) struct AppraisedParcelRows<'a> {
    rows: Vec<AppraisedParcel<'a>>,
}

struct AppraisedParcel<'a> {
    parcel: &'a str,
    firms: u64,
    best: Option<Grade>,
    worst: Option<Grade>,
    low_share: Option<f64>,
    standing: String,
}

impl<'a> AppraisedParcelRows<'a> {
    /// # Complexity
    /// O(rows · log rows).
    pub(in super::super) fn new(firms: &'a Firms, found: &Appraised, low: &[Grade]) -> Self {
        let at: BTreeMap<&str, usize> =
            firms.ids().iter().enumerate().filter_map(|(row, id)| Some((id?, row))).collect();
        let given = firms.rows();
        let mut parcels: BTreeMap<&str, Vec<(&str, Option<f64>)>> = BTreeMap::new();
        for row in 0..given.firm.len() {
            if let (Some(parcel), Some(firm)) = (given.parcel.get(row), given.firm.get(row)) {
                parcels.entry(parcel).or_default().push((firm, given.size.get(row)));
            }
        }
        let rows = parcels.into_iter().map(|(parcel, mut standing)| {
            standing.sort_unstable_by(|a, b| a.0.cmp(b.0));
            let grade = |firm: &str| at.get(firm).and_then(|&row| found.grades[row]);
            let ranked = || standing.iter().filter_map(|(firm, _)| grade(firm)).filter(|&g| g != Grade::T);
            let sizes = |wanted: &dyn Fn(&str) -> bool| -> Option<f64> {
                let chosen = standing.iter().filter(|(firm, _)| wanted(firm));
                chosen.map(|(_, size)| *size).collect::<Option<Vec<f64>>>().map(sum::exact)
            };
            let known = standing.iter().all(|(firm, _)| grade(firm).is_some());
            let share = sizes(&|_| true)
                .filter(|&all| known && all > 0.0)
                .zip(sizes(&|firm| grade(firm).is_some_and(|grade| low.contains(&grade))));
            let name = |(firm, _): &(&str, _)| {
                format!("{firm}:{}", grade(firm).map_or("?".into(), |grade| grade.to_string()))
            };
            let mut names: Vec<String> = standing.iter().map(name).collect();
            names.dedup();
            AppraisedParcel {
                parcel,
                firms: names.len() as u64,
                best: ranked().min(),
                worst: ranked().max(),
                low_share: share.map(|(all, low)| low / all),
                standing: names.join(";"),
            }
        });
        Self { rows: rows.collect() }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// What stands on each parcel that firms name.
pub(in super::super) fn appraised_parcels<'a>() -> Vec<Group<AppraisedParcelRows<'a>>> {
    vec![Group::<AppraisedParcelRows<'a>>::new(
        "efficiency::Appraised",
        [
            text("parcel", "Id of the parcel.", |c, i| Some(c.rows[i].parcel.into())),
            count("firms", "Firms that stand there.", |c, i| Some(c.rows[i].firms)),
            text("best_grade", "The best of their grades.", |c, i| Some(c.rows[i].best?.to_string().into())),
            text("worst_grade", "The worst of their grades.", |c, i| {
                Some(c.rows[i].worst?.to_string().into())
            }),
            number(
                "low_share",
                "1",
                "Share of the parcel's occupied size that firms of a low grade take; unknown where a size or a grade is.",
                |c, i| c.rows[i].low_share,
            ),
            text("standing", "The firms with their grades.", |c, i| Some((&*c.rows[i].standing).into())),
        ],
    )]
}
