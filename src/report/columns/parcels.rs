use std::borrow::Cow;

use super::{ColumnKind, ColumnMember, Found, Group, Record, count, flag, nested, number, push_list, text};
use crate::efficiency::{Language, StockClass};
use crate::parcel::{Attributes, ParcelIdx};
use crate::stats::Quadrant;

/// Members of an entry of `lu_reasons`.
const REASON: [ColumnMember; 8] = [
    ColumnMember { name: "rule", kind: ColumnKind::Text, unit: "", meaning: "The test in words." },
    ColumnMember {
        name: "basis",
        kind: ColumnKind::Text,
        unit: "",
        meaning: "What the threshold rests on: `standard`, `quantile` or `condition`.",
    },
    ColumnMember {
        name: "low",
        kind: ColumnKind::Flag,
        unit: "",
        meaning: "Whether the test marks the parcel as low; null where its value is unknown.",
    },
    ColumnMember {
        name: "value",
        kind: ColumnKind::Number,
        unit: "",
        meaning: "The parcel's value, in the unit of the test's expression.",
    },
    ColumnMember {
        name: "threshold",
        kind: ColumnKind::Number,
        unit: "",
        meaning: "The threshold, in the same unit.",
    },
    ColumnMember {
        name: "margin",
        kind: ColumnKind::Number,
        unit: "",
        meaning: "How far the value is on the good side of the threshold; negative on the bad side.",
    },
    ColumnMember {
        name: "percentile",
        kind: ColumnKind::Number,
        unit: "1",
        meaning: "Share of its peers the parcel is better than, equal ones counted half.",
    },
    ColumnMember {
        name: "turns",
        kind: ColumnKind::Flag,
        unit: "",
        meaning: "Whether the opposite outcome of this test alone turns the verdict.",
    },
];

/// Members of `lu_field_check`.
const FIELD_CHECK: [ColumnMember; 4] = [
    ColumnMember {
        name: "status",
        kind: ColumnKind::Text,
        unit: "",
        meaning: "Class that the field check found.",
    },
    ColumnMember { name: "reason", kind: ColumnKind::Text, unit: "", meaning: "Why." },
    ColumnMember { name: "date", kind: ColumnKind::Text, unit: "", meaning: "When." },
    ColumnMember {
        name: "instead_of",
        kind: ColumnKind::Text,
        unit: "",
        meaning: "Class that was computed.",
    },
];

/// Members of an entry of `lu_items`.
const ITEM: [ColumnMember; 4] = [
    ColumnMember { name: "key", kind: ColumnKind::Text, unit: "", meaning: "Short name of the indicator." },
    ColumnMember {
        name: "value",
        kind: ColumnKind::Number,
        unit: "",
        meaning: "The parcel's value, in the unit of the indicator.",
    },
    ColumnMember { name: "points", kind: ColumnKind::Number, unit: "", meaning: "Points it earned." },
    ColumnMember { name: "weight", kind: ColumnKind::Number, unit: "", meaning: "Points at the benchmark." },
];

impl<'a> Found<'a> {
    fn attributes(&self) -> &'a Attributes {
        self.0.parcels().attributes()
    }

    /// The columns of a record, and its row there.
    fn record(&self, i: usize) -> (&'a Attributes, usize) {
        self.0.parcels().record(i).attributes()
    }

    fn sentence(&self, i: usize, language: Language) -> Option<Cow<'a, str>> {
        crate::report::sentence(self.0, at(i), language).map(Cow::from)
    }

    /// The row of a parcel in the appraisal.
    fn appraised_row(&self, i: usize) -> Option<usize> {
        self.0.efficiency().appraised.as_ref()?.row(at(i))
    }
}

fn at(i: usize) -> ParcelIdx {
    ParcelIdx(i as u32)
}

/// What the records came with, as it was understood; by position of the record.
pub(in super::super) fn recorded<'a>() -> Vec<Group<Found<'a>>> {
    use super::{Entry, Get};
    vec![
        Group::<Found<'a>>::new(
            "parcel::Attributes",
            [
                text("id", "Id in the cadastre.", |c, i| c.0.parcels().record(i).id().map(Cow::from)),
                count("row", "Position of the feature in the input, from 0.", |c, i| {
                    Some(c.0.parcels().record(i).source_row().into())
                }),
                text("current_use", "Code of the surveyed current use.", |c, i| {
                    let (of, i) = c.record(i);
                    Some((&*of.current_use.get(i)?.code).into())
                }),
                text("zoned_use", "Code of the use that the plan gives.", |c, i| {
                    let (of, i) = c.record(i);
                    Some((&*of.zoned_use.get(i)?.code).into())
                }),
                flag("construction", "Recorded construction flag.", |c, i| {
                    let (of, i) = c.record(i);
                    of.construction.get(i)
                }),
                number("floor_area_m2", "m²", "Gross floor area.", |c, i| {
                    let (of, i) = c.record(i);
                    of.floor_area_m2.get(i)
                }),
                number("footprint_m2", "m²", "Ground that buildings stand on.", |c, i| {
                    let (of, i) = c.record(i);
                    of.footprint_m2.get(i)
                }),
                number("floors", "1", "Storeys of the highest building.", |c, i| {
                    let (of, i) = c.record(i);
                    of.floors.get(i)
                }),
                number("height_m", "m", "Height of the highest building.", |c, i| {
                    let (of, i) = c.record(i);
                    of.height_m.get(i)
                }),
                number("allowed_far", "1", "Floor area ratio that the plan allows.", |c, i| {
                    let (of, i) = c.record(i);
                    of.allowed_far.get(i)
                }),
                number("year_built", "a", "Year built.", |c, i| {
                    let (of, i) = c.record(i);
                    of.year_built.get(i)
                }),
                text("district", "Study unit by attribute.", |c, i| {
                    let (of, i) = c.record(i);
                    Some((&**of.district.get(i)?).into())
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "parcel::NamedNumbers",
            [Entry::new(
                "(name of a numeric column)",
                "as declared",
                "A numeric column of the input, under its own name.",
                Get::Numbers(
                    |c| {
                        let numbers = c.attributes().numbers.iter();
                        numbers.map(|(name, column)| (name.to_string(), column.unit.to_string())).collect()
                    },
                    |c, i, member| {
                        let (of, i) = c.record(i);
                        of.numbers.values().nth(member)?.values.get(i)
                    },
                ),
            )],
        ),
        Group::<Found<'a>>::new(
            "parcel::NamedTexts",
            [Entry::new(
                "(name of a text column)",
                "",
                "A text column of the input, under its own name.",
                Get::Texts(
                    |c| c.attributes().texts.keys().map(|name| (name.to_string(), String::new())).collect(),
                    |c, i, member| {
                        let (of, i) = c.record(i);
                        Some((&**of.texts.values().nth(member)?.get(i)?).into())
                    },
                ),
            )],
        ),
    ]
}

/// The parcel that a record lies on, and what was computed of that; by position of the record.
pub(in super::super) fn computed<'a>() -> Vec<Group<Found<'a>>> {
    let of_parcel = |group: Group<Found<'a>>| group.of_row(|c, i| c.0.parcels().parcel_of_record(i).index());
    std::iter::once(of_record()).chain(of_parcels().into_iter().map(of_parcel)).collect()
}

/// [`computed`] without the sentences and the list of tests: what is longest in a file of many parcels.
pub(in super::super) fn computed_without_reasons<'a>() -> Vec<Group<Found<'a>>> {
    const LONG: [&str; 3] = ["lu_reasons", "lu_sentence_en", "lu_sentence_zh"];
    let mut groups = computed();
    groups.iter_mut().for_each(|group| group.entries.retain(|entry| !LONG.contains(&entry.name)));
    groups
}

fn of_record<'a>() -> Group<Found<'a>> {
    Group::<Found<'a>>::new(
        "parcel::RecordRef",
        [
            text(
                "lu_parcel",
                "Id of the land that the record lies on, the least of its records; `#` and the position of its first feature \
                 where none has an id.",
                |c, i| Some(c.0.parcels().parcel_name(c.0.parcels().parcel_of_record(i))),
            ),
            count("lu_records", "Records on that land: features of the same boundary.", |c, i| {
                let set = c.0.parcels();
                Some(set.records_on_land(set.parcel_of_record(i)) as u64)
            }),
            flag(
                "lu_first",
                "Whether it is the first record on its land: figures of land are added up over these.",
                |c, i| Some(c.0.parcels().record(i).is_first()),
            ),
        ],
    )
}

#[expect(clippy::too_many_lines, reason = "one entry per column")]
fn of_parcels<'a>() -> Vec<Group<Found<'a>>> {
    vec![
        Group::<Found<'a>>::new(
            "analysis::Analysis",
            [
                number("lu_area_m2", "m²", "Area in the working plane.", |c, i| {
                    Some(c.0.parcels().area_m2()[i])
                }),
                text(
                    "lu_class",
                    "Small class of the current use; null where no scheme knows its code.",
                    |c, i| Some(c.0.land_use(at(i))?.class.name().into()),
                ),
                text("lu_status", "What it counts as: `construction`, `other` or `unknown`.", |c, i| {
                    Some(c.0.status()[i].name().into())
                }),
                count("lu_neighbours", "Its neighbours by the adjacency rule.", |c, i| {
                    Some(c.0.graph().neighbours(at(i)).len() as u64)
                }),
                number("lu_score", "as the score", "The score, whether candidate or not.", |c, i| {
                    c.0.efficiency().score.as_ref()?.get(i)
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "efficiency::Assessment",
            [
                text("lu_verdict", "`low`, `not_low`, `unknown` or `not_candidate`.", |c, i| {
                    Some(c.0.verdict(at(i)).name().into())
                }),
                nested(
                    "lu_reasons",
                    "Every test of the rule; null for what is not judged.",
                    &REASON,
                    |c, i, text| {
                        let judged =
                            c.0.efficiency().assessment.as_ref().filter(|a| a.computed(at(i)).is_some());
                        let Some(assessment) = judged else { return text.extend_from_slice(b"null") };
                        push_list(text, assessment.reasons(at(i)), |text, reason| {
                            let mut record = Record::new(text, &REASON);
                            record.text(Some(reason.rule));
                            record.text(Some(reason.basis.name()));
                            record.flag(reason.low);
                            record.number(reason.value);
                            record.number(reason.threshold);
                            record.number(reason.margin);
                            record.number(reason.percentile);
                            record.flag(Some(reason.turns));
                            record.end();
                        });
                    },
                ),
                text(
                    "lu_stock",
                    "Class in the stock of land; null for what is neither judged nor unused.",
                    |c, i| Some(c.0.efficiency().stock[i]?.name().into()),
                ),
                text("lu_sentence_en", "The verdict in words, in English.", |c, i| {
                    c.sentence(i, Language::English)
                }),
                text("lu_sentence_zh", "The verdict in words, in Chinese.", |c, i| {
                    c.sentence(i, Language::Chinese)
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "efficiency::FieldChecks",
            [nested(
                "lu_field_check",
                "What was found on the spot; null where nobody went.",
                &FIELD_CHECK,
                |c, i, text| {
                    let Some(check) = c.0.field_check(at(i)) else { return text.extend_from_slice(b"null") };
                    let mut record = Record::new(text, &FIELD_CHECK);
                    record.text(Some(check.status.name()));
                    record.text(Some(&check.reason));
                    record.text(Some(&check.date));
                    record.text(c.0.computed_stock(at(i)).map(StockClass::name));
                    record.end();
                },
            )],
        )
        .when("with field checks", |c| c.0.inputs().field_checks().is_some()),
        Group::<Found<'a>>::new(
            "efficiency::Appraised",
            [
                text("lu_grade", "Grade by the rule pack.", |c, i| {
                    let grade = c.0.efficiency().appraised.as_ref()?.found.grades[c.appraised_row(i)?]?;
                    Some(grade.to_string().into())
                }),
                count("lu_rank", "Rank in its group, from 1.", |c, i| {
                    c.0.efficiency().appraised.as_ref()?.found.rank.get(c.appraised_row(i)?).map(u64::from)
                }),
                nested(
                    "lu_items",
                    "Items of the score; null for what is not appraised.",
                    &ITEM,
                    |c, i, text| {
                        let row = c.0.efficiency().appraised.as_ref().zip(c.appraised_row(i));
                        let Some((appraised, row)) = row else { return text.extend_from_slice(b"null") };
                        push_list(text, appraised.found.items(row), |text, item| {
                            let mut record = Record::new(text, &ITEM);
                            record.text(Some(item.key));
                            record.number(item.value);
                            record.number(item.points);
                            record.number(Some(item.weight));
                            record.end();
                        });
                    },
                ),
            ],
        )
        .when("with a rule pack", |c| c.0.efficiency().appraised.is_some()),
        Group::<Found<'a>>::new(
            "cluster::Sites",
            [count("lu_site", "Number of its low-efficiency site.", |c, i| {
                c.0.sites().of_parcel()[i].map(u64::from)
            })],
        ),
        Group::<Found<'a>>::new(
            "cluster::Dbscan",
            [
                count("lu_density_cluster", "Density cluster, from 1.", |c, i| {
                    Some(u64::from(c.0.density()?.labels[i]?) + 1)
                }),
                flag("lu_density_core", "Whether it is a core of its density cluster.", |c, i| {
                    Some(c.0.density()?.core[i])
                }),
            ],
        )
        .when("with density clusters", |c| c.0.density().is_some()),
        Group::<Found<'a>>::new(
            "cluster::Regions",
            [count("lu_region", "Region of low parcels, from 1.", |c, i| {
                Some(u64::from(c.0.regions()?.labels[i]?) + 1)
            })],
        )
        .when("with regions", |c| c.0.regions().is_some()),
        Group::<Found<'a>>::new(
            "stats::LocalResults",
            [
                number("lu_moran", "1", "Local Moran's I of the score among candidates.", |c, i| {
                    c.0.local()?.moran.get(i)
                }),
                number("lu_moran_p", "1", "Its permutation p.", |c, i| c.0.local()?.moran_p.get(i)),
                text("lu_moran_quadrant", "Quadrant of the Moran plot: `HH`, `LH`, `LL` or `HL`.", |c, i| {
                    c.0.local()?.quadrant[i].map(Quadrant::name).map(Cow::from)
                }),
                number(
                    "lu_moran_q",
                    "1",
                    "The rate of false discoveries at which it would just be significant (q-value).",
                    |c, i| c.0.local()?.moran_fdr.q.get(i),
                ),
                flag("lu_moran_significant_fdr", "Whether its q-value is at most the level.", |c, i| {
                    let local = c.0.local()?;
                    local.moran_p.get(i).map(|_| local.moran_fdr.discovery[i])
                }),
                number("lu_gi_star_z", "1", "Getis-Ord Gi* as z.", |c, i| c.0.local()?.gi_star_z.get(i)),
                number("lu_gi_p", "1", "Permutation p of Gi.", |c, i| c.0.local()?.g_p.get(i)),
                number(
                    "lu_gi_q",
                    "1",
                    "The rate of false discoveries at which it would just be significant (q-value).",
                    |c, i| c.0.local()?.g_fdr.q.get(i),
                ),
                flag("lu_gi_significant_fdr", "Whether its q-value is at most the level.", |c, i| {
                    let local = c.0.local()?;
                    local.moran_p.get(i).map(|_| local.g_fdr.discovery[i])
                }),
            ],
        )
        .when("with a score", |c| c.0.local().is_some()),
        Group::<Found<'a>>::new(
            "control::Overlay",
            [
                number(
                    "lu_control_m2",
                    "m²",
                    "Area inside the union of the lines that exclude construction.",
                    |c, i| Some(c.0.overlay()?.excluded_m2[i]),
                ),
                number("lu_control_share", "1", "That area as a share of the parcel.", |c, i| {
                    Some(c.0.overlay()?.excluded_m2[i] / c.0.parcels().area_m2()[i])
                }),
                text(
                    "lu_relation",
                    "How it lies to these lines: `outside`, `partial` or `inside`.",
                    |c, i| Some(c.0.overlay()?.relation[i].name().into()),
                ),
            ],
        )
        .when("with control lines", |c| c.0.overlay().is_some()),
        Group::<Found<'a>>::new(
            "sensitivity::Sensitivity",
            [
                number(
                    "lu_low_share",
                    "1",
                    "Share of the swept thresholds under which it is low.",
                    |c, i| c.0.sensitivity()?.low_share.get(i),
                ),
                number("lu_low_tips_at", "as the setting", "Setting at which its verdict tips.", |c, i| {
                    c.0.sensitivity()?.tips_at.get(i)
                }),
                number(
                    "lu_site_share",
                    "1",
                    "Share of the swept settings under which it is in a site.",
                    |c, i| c.0.sensitivity()?.site_share.get(i),
                ),
                number(
                    "lu_line_tips_m",
                    "m",
                    "Least swept move of the lines that turns it from outside to not outside, or back.",
                    |c, i| c.0.sensitivity()?.line_tips_m.get(i),
                ),
            ],
        )
        .when("with a sweep of settings", |c| c.0.sensitivity().is_some()),
        Group::<Found<'a>>::new(
            "intensity::Constraints",
            [number(
                "lu_outside_boundary_m2",
                "m²",
                "Area outside the lines that confine construction.",
                |c, i| Some(c.0.constraints().confine.as_ref()?.outside_m2[i]),
            )],
        )
        .when("with lines that confine construction", |c| c.0.constraints().confine.is_some()),
    ]
}
