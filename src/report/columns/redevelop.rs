use std::borrow::Cow;

use super::{Group, count, flag, nested, number, push_list, text};
use crate::Analysis;
use crate::json_text::push_text;
use crate::redevelop::{Capacity, Figures, ParcelCapacity, SiteCapacity, UnitCapacity};

/// Parcels that are redeveloped, each by itself.
pub(in super::super) struct ParcelRows<'a> {
    pub(in super::super) analysis: &'a Analysis,
    pub(in super::super) capacity: &'a Capacity,
}

/// Sites, and parcels alone.
pub(in super::super) struct SiteRows<'a> {
    pub(in super::super) analysis: &'a Analysis,
    pub(in super::super) capacity: &'a Capacity,
}

/// Study units, and the whole.
pub(in super::super) struct UnitRows<'a>(pub(in super::super) &'a Capacity);

impl<'a> ParcelRows<'a> {
    fn of(&self, i: usize) -> &'a ParcelCapacity {
        &self.capacity.parcels[i]
    }
}

impl<'a> SiteRows<'a> {
    fn of(&self, i: usize) -> &'a SiteCapacity {
        &self.capacity.sites[i]
    }
}

impl<'a> UnitRows<'a> {
    fn of(&self, i: usize) -> &'a UnitCapacity {
        self.0.units.get(i).unwrap_or(&self.0.total)
    }
}

fn unit_id(analysis: &Analysis, unit: Option<u32>) -> Option<&str> {
    analysis.ledger().units[unit? as usize].id.as_deref()
}

/// Rows that have figures of land built anew.
trait HasFigures {
    fn figures(&self, i: usize) -> &Figures;
}

impl HasFigures for ParcelRows<'_> {
    fn figures(&self, i: usize) -> &Figures {
        &self.of(i).figures
    }
}

impl HasFigures for SiteRows<'_> {
    fn figures(&self, i: usize) -> &Figures {
        &self.of(i).figures
    }
}

impl HasFigures for UnitRows<'_> {
    fn figures(&self, i: usize) -> &Figures {
        &self.of(i).figures
    }
}

/// Land, ratios and floor.
fn figures<C: HasFigures>() -> [Group<C>; 2] {
    [
        Group::new(
            "redevelop::SiteLand",
            [
                number(
                    "site_m2",
                    "m²",
                    "Its land; land under several parcels counts for one of them.",
                    |c, i| Some(c.figures(i).land.site_m2),
                ),
                number(
                    "lines_m2",
                    "m²",
                    "Of it lost inside the lines that exclude construction.",
                    |c, i| Some(c.figures(i).land.lines_m2),
                ),
                number(
                    "line_setback_m2",
                    "m²",
                    "Of it lost outside the lines, but nearer to them than the setback.",
                    |c, i| Some(c.figures(i).land.line_setback_m2),
                ),
                number(
                    "usable_m2",
                    "m²",
                    "What is left: the land that the floor area ratio counts.",
                    |c, i| Some(c.figures(i).land.usable_m2),
                ),
                number(
                    "boundary_setback_m2",
                    "m²",
                    "Usable land nearer to the boundary than buildings may stand.",
                    |c, i| Some(c.figures(i).land.boundary_setback_m2),
                ),
                number("buildable_m2", "m²", "Usable land that buildings may stand on.", |c, i| {
                    Some(c.figures(i).land.buildable_m2)
                }),
                number("dedicated_m2", "m²", "Usable land handed over for public use.", |c, i| {
                    Some(c.figures(i).dedicated_m2)
                }),
            ],
        ),
        Group::new(
            "redevelop::Figures",
            [
                number("floor_m2", "m²", "Floor area that stands today, and is demolished.", |c, i| {
                    c.figures(i).floor_m2
                }),
                number("current_far", "1", "That over the land of which it is known.", |c, i| {
                    c.figures(i).current_far
                }),
                number(
                    "target_far",
                    "1",
                    "Target floor area ratio, over usable land less what is handed over.",
                    |c, i| c.figures(i).target_far,
                ),
                number("allowed_floor_m2", "m²", "Floor area that the target ratio allows.", |c, i| {
                    c.figures(i).allowed_floor_m2
                }),
                number("planned_far", "1", "Ratio that is built: the target, or what fits.", |c, i| {
                    c.figures(i).planned_far
                }),
                number(
                    "gross_new_floor_m2",
                    "m²",
                    "Floor area built, the old one not taken off.",
                    |c, i| c.figures(i).gross_new_floor_m2,
                ),
                number(
                    "uplift_m2",
                    "m²",
                    "Floor area gained; negative where more stands than may be built.",
                    |c, i| c.figures(i).uplift_m2,
                ),
                number(
                    "land_released_m2",
                    "m²",
                    "Land that is free once the floor of today stands at the planned ratio.",
                    |c, i| c.figures(i).land_released_m2,
                ),
                number("output", "", "Output today, in the unit of its column.", |c, i| c.figures(i).output),
                number("output_uplift", "", "Output gained where floor yields as much as today.", |c, i| {
                    c.figures(i).output_uplift
                }),
                number("output_gap", "", "Output gained where land yields the standard per mu.", |c, i| {
                    c.figures(i).output_gap
                }),
                number("build_ratio", "1", "Built over demolished floor area.", |c, i| {
                    c.figures(i).build_ratio
                }),
            ],
        ),
    ]
}

/// What fits, of land that is built on as one.
fn fit<C: HasFigures>() -> Group<C> {
    Group::new(
        "redevelop::Fit",
        [
            number("footprint_m2", "m²", "Most land that buildings can cover.", |c, i| {
                c.figures(i).fit.map(|fit| fit.footprint_m2)
            }),
            count("plates", "Whole floor plates that stand side by side on it.", |c, i| {
                c.figures(i).fit?.plates
            }),
            count("max_floors", "Most storeys, by height, number and load.", |c, i| {
                c.figures(i).fit?.floors.map(Into::into)
            }),
            number("reachable_far", "1", "Floor area ratio that fits on the usable land.", |c, i| {
                c.figures(i).fit?.far
            }),
            text("binding", "What keeps it from being more: `far` or `fit`.", |c, i| {
                c.figures(i).binding.map(|binding| binding.name().into())
            }),
            count("planned_floors", "Storeys of the lowest building that holds the new floor.", |c, i| {
                c.figures(i).planned.map(|planned| planned.floors.into())
            }),
            number("planned_height_m", "m", "Height of that building.", |c, i| {
                c.figures(i).planned?.height_m
            }),
            flag("planned_high_rise", "Whether it is a high-rise factory (industry upstairs).", |c, i| {
                c.figures(i).planned?.high_rise
            }),
        ],
    )
}

/// Parcels that are redeveloped.
pub(in super::super) fn capacity_parcels<'a>() -> Vec<Group<ParcelRows<'a>>> {
    let mut groups = vec![Group::<ParcelRows<'a>>::new(
        "redevelop::ParcelCapacity",
        [
            text("id", "Id of the parcel.", |c, i| {
                c.analysis.parcels().get(c.of(i).parcel).id().map(Cow::from)
            }),
            count("row", "Position of its feature in the input, from 0.", |c, i| {
                Some(c.analysis.parcels().source_row()[c.of(i).parcel.index()].into())
            }),
            count("site", "Number of its low-efficiency site; null for a parcel alone.", |c, i| {
                c.of(i).site.map(Into::into)
            }),
            text("unit", "Id of the study unit that most of its land lies in.", |c, i| {
                unit_id(c.analysis, c.of(i).unit).map(Cow::from)
            }),
            count(
                "far_source",
                "Which source its target ratio comes from, from 0 for the first of the options.",
                |c, i| c.of(i).far_source.map(Into::into),
            ),
            flag("high_rise_now", "Whether a high-rise factory stands on it today.", |c, i| {
                c.of(i).high_rise_now
            }),
        ],
    )];
    groups.extend(figures());
    groups.push(fit());
    groups
}

/// Sites, and parcels alone.
pub(in super::super) fn capacity_sites<'a>() -> Vec<Group<SiteRows<'a>>> {
    let mut groups = vec![Group::<SiteRows<'a>>::new(
        "redevelop::SiteCapacity",
        [
            count("site", "Number of the low-efficiency site; null for a parcel alone.", |c, i| {
                c.of(i).site.map(Into::into)
            }),
            text("unit", "Id of the study unit that most of its land lies in.", |c, i| {
                unit_id(c.analysis, c.of(i).unit).map(Cow::from)
            }),
            count("parcels", "Its parcels.", |c, i| Some(c.of(i).members.len() as u64)),
            nested("parcel_ids", "Their ids; null for one without an id.", &[], |c, i, text| {
                push_list(text, &c.of(i).members, |text, &at| {
                    let parcel = c.capacity.parcels[at as usize].parcel;
                    push_text(text, c.analysis.parcels().get(parcel).id());
                });
            }),
            count("far_unknown", "Parcels whose target ratio is not known: they add no floor.", |c, i| {
                Some(c.of(i).far_unknown as u64)
            }),
            count(
                "floor_unknown",
                "Parcels whose floor area today is not known: they add no uplift.",
                |c, i| Some(c.of(i).floor_unknown as u64),
            ),
        ],
    )];
    groups.extend(figures());
    groups.push(fit());
    groups
}

/// Study units, and the whole.
pub(in super::super) fn capacity_units<'a>() -> Vec<Group<UnitRows<'a>>> {
    let mut groups = vec![Group::<UnitRows<'a>>::new(
        "redevelop::UnitCapacity",
        [
            text("unit", "Id of the unit; `all` for the whole, null for what lies in no unit.", |c, i| {
                c.of(i).id.as_deref().map(Cow::from)
            }),
            count("sites", "Sites and parcels alone that count for it.", |c, i| Some(c.of(i).sites as u64)),
            count("parcels", "Parcels of theirs.", |c, i| Some(c.of(i).parcels as u64)),
            count("far_unknown", "Parcels whose target ratio is not known.", |c, i| {
                Some(c.of(i).far_unknown as u64)
            }),
            count("floor_unknown", "Parcels whose floor area today is not known.", |c, i| {
                Some(c.of(i).floor_unknown as u64)
            }),
            number(
                "existing_floor_m2",
                "m²",
                "Floor area of all parcels of the unit, as far as it is known.",
                |c, i| c.of(i).existing_floor_m2,
            ),
            number("demolished_share", "1", "Demolished over existing floor area.", |c, i| {
                c.of(i).demolished_share
            }),
            flag("within_caps", "Whether the caps on demolition hold.", |c, i| c.of(i).within_caps),
        ],
    )];
    groups.extend(figures());
    groups
}
