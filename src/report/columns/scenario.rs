use std::borrow::Cow;

use super::{Group, count, flag, number, text};
use crate::redevelop::{
    AmountDifference, Differences, Outcome, ParcelDifference, SiteDifference, Weighed, pareto_front,
};

/// A base and its scenarios, in order.
pub(in super::super) struct OutcomeRows<'a> {
    all: Vec<&'a Outcome>,
    weighed: Vec<Option<Weighed>>,
    front: Vec<bool>,
}

impl<'a> OutcomeRows<'a> {
    pub(in super::super) fn new(base: &'a Outcome, scenarios: &'a [Outcome]) -> Self {
        let all: Vec<&Outcome> = std::iter::once(base).chain(scenarios).collect();
        let weighed: Vec<Option<Weighed>> = all.iter().map(|own| own.weighed()).collect();
        let front = pareto_front(&weighed);
        Self { all, weighed, front }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Differences of scenarios to their base, one row after the other.
pub(in super::super) struct DifferenceRows<'a, T> {
    base: &'a Outcome,
    rows: Vec<(&'a Outcome, &'a T)>,
}

impl<'a, T> DifferenceRows<'a, T> {
    pub(in super::super) fn new(
        base: &'a Outcome,
        scenarios: &'a [Outcome],
        differences: &'a [Differences],
        of: fn(&'a Differences) -> &'a [T],
    ) -> Self {
        let pairs = scenarios.iter().zip(differences);
        let rows = pairs.flat_map(|(own, all)| of(all).iter().map(move |row| (own, row))).collect();
        Self { base, rows }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, i: usize) -> &'a T {
        self.rows[i].1
    }

    fn name(&self, i: usize) -> Cow<'a, str> {
        Cow::from(&*self.rows[i].0.name)
    }
}

/// A base and its scenarios.
pub(in super::super) fn scenarios<'a>() -> Vec<Group<OutcomeRows<'a>>> {
    vec![Group::<OutcomeRows<'a>>::new(
        "redevelop::Outcome",
        [
            text("scenario", "Its name; `base` for what all are held against.", |c, i| {
                Some(Cow::from(&*c.all[i].name))
            }),
            count("sites", "Sites and parcels alone.", |c, i| Some(c.all[i].capacity.total.sites as u64)),
            count("parcels", "Parcels of theirs.", |c, i| Some(c.all[i].capacity.total.parcels as u64)),
            number("usable_m2", "m²", "Usable land of all sites.", |c, i| {
                Some(c.all[i].capacity.total.figures.land.usable_m2)
            }),
            number("gross_new_floor_m2", "m²", "Floor area built on all sites.", |c, i| {
                c.all[i].capacity.total.figures.gross_new_floor_m2
            }),
            number("uplift_m2", "m²", "Floor area gained on all sites.", |c, i| {
                c.all[i].capacity.total.figures.uplift_m2
            }),
            count("started", "Projects of the programme that start.", |c, i| {
                c.all[i].programme.as_ref().map(|programme| programme.started() as u64)
            }),
            number("value", "", "What the programme is worth.", |c, i| {
                Some(c.all[i].programme.as_ref()?.value)
            }),
            number("bound", "", "No programme is worth more.", |c, i| {
                Some(c.all[i].programme.as_ref()?.bound)
            }),
            number(
                "supply_m2",
                "m²",
                "Floor delivered by the programme; without one, all new floor.",
                |c, i| c.weighed[i].map(|own| own.supply_m2),
            ),
            number("cost", "", "Cost of the programme, in the unit of its budget.", |c, i| {
                c.weighed[i]?.cost
            }),
            number(
                "ecological_m2",
                "m²",
                "Land inside the lines that is given back: of projects that start; without a programme, of all sites.",
                |c, i| c.weighed[i].map(|own| own.ecological_m2),
            ),
            flag(
                "pareto",
                "Whether no other has as much supply at no more cost with as much land given back, and more of one.",
                |c, i| c.weighed[i].is_some().then_some(c.front[i]),
            ),
            text(
                "infeasible",
                "Why there is no programme; null where there is, or none was asked for.",
                |c, i| c.all[i].infeasible.as_deref().map(Cow::from),
            ),
        ],
    )]
}

/// Parcels that differ.
pub(in super::super) fn scenario_parcels<'a>() -> Vec<Group<DifferenceRows<'a, ParcelDifference>>> {
    vec![Group::<DifferenceRows<'a, ParcelDifference>>::new(
        "redevelop::ParcelDifference",
        [
            text("scenario", "Name of the scenario.", |c, i| Some(c.name(i))),
            text("id", "Id of the parcel.", |c, i| {
                c.base.analysis.parcels().get(c.row(i).parcel).id().map(Cow::from)
            }),
            count("row", "Position of its feature in the input, from 0.", |c, i| {
                Some(c.base.analysis.parcels().source_row()[c.row(i).parcel.index()].into())
            }),
            text("verdict_before", "Verdict in the base.", |c, i| Some(c.row(i).verdict[0].name().into())),
            text("verdict", "Verdict in the scenario.", |c, i| Some(c.row(i).verdict[1].name().into())),
            count("site_before", "Number of its site in the base.", |c, i| c.row(i).site[0].map(Into::into)),
            count("site", "Number of its site in the scenario.", |c, i| c.row(i).site[1].map(Into::into)),
            number("gross_before_m2", "m²", "Floor area built on it alone in the base.", |c, i| {
                c.row(i).gross_m2[0]
            }),
            number("gross_new_floor_m2", "m²", "The same in the scenario.", |c, i| c.row(i).gross_m2[1]),
        ],
    )]
}

/// Sites beside those of the base.
pub(in super::super) fn scenario_sites<'a>() -> Vec<Group<DifferenceRows<'a, SiteDifference>>> {
    vec![Group::<DifferenceRows<'a, SiteDifference>>::new(
        "redevelop::SiteDifference",
        [
            text("scenario", "Name of the scenario.", |c, i| Some(c.name(i))),
            count("site_before", "Number of the site of the base that shares most parcels.", |c, i| {
                c.row(i).site[0].map(Into::into)
            }),
            count("site", "Number of the site in the scenario; null where it is gone.", |c, i| {
                c.row(i).site[1].map(Into::into)
            }),
            count("parcels_shared", "Parcels that both have.", |c, i| Some(c.row(i).shared as u64)),
            count("parcels_added", "Parcels that only the scenario's has.", |c, i| {
                Some(c.row(i).added as u64)
            }),
            count("parcels_removed", "Parcels that only the base's has.", |c, i| {
                Some(c.row(i).removed as u64)
            }),
            number("gross_before_m2", "m²", "Floor area built in the base.", |c, i| c.row(i).gross_m2[0]),
            number("gross_new_floor_m2", "m²", "Floor area built in the scenario.", |c, i| {
                c.row(i).gross_m2[1]
            }),
        ],
    )]
}

/// Study units.
pub(in super::super) fn scenario_units<'a>() -> Vec<Group<DifferenceRows<'a, AmountDifference>>> {
    vec![Group::<DifferenceRows<'a, AmountDifference>>::new(
        "redevelop::AmountDifference",
        [
            text("scenario", "Name of the scenario.", |c, i| Some(c.name(i))),
            text("unit", "Id of the unit; `all` for the whole.", |c, i| Some(Cow::from(&*c.row(i).id))),
            number("usable_before_m2", "m²", "Usable land of its sites in the base.", |c, i| {
                c.row(i).land_m2[0]
            }),
            number("usable_m2", "m²", "The same in the scenario.", |c, i| c.row(i).land_m2[1]),
            number("gross_before_m2", "m²", "Floor area built in the base.", |c, i| c.row(i).gross_m2[0]),
            number("gross_new_floor_m2", "m²", "Floor area built in the scenario.", |c, i| {
                c.row(i).gross_m2[1]
            }),
        ],
    )]
}

/// Control lines.
pub(in super::super) fn scenario_lines<'a>() -> Vec<Group<DifferenceRows<'a, AmountDifference>>> {
    vec![Group::<DifferenceRows<'a, AmountDifference>>::new(
        "redevelop::AmountDifference",
        [
            text("scenario", "Name of the scenario.", |c, i| Some(c.name(i))),
            text("line", "Id of the line.", |c, i| Some(Cow::from(&*c.row(i).id))),
            number(
                "redeveloped_before_m2",
                "m²",
                "Land of redeveloped parcels inside it in the base; null where it does not hold.",
                |c, i| c.row(i).land_m2[0],
            ),
            number("redeveloped_m2", "m²", "The same in the scenario.", |c, i| c.row(i).land_m2[1]),
        ],
    )]
}
