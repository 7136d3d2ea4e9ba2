use std::borrow::Cow;

use super::{Group, count, number, text};
use crate::redevelop::{Programme, ProgrammeYear, Project};

/// Projects of a programme, begun or not.
pub(in super::super) struct ProjectRows<'a>(pub(in super::super) &'a Programme, pub(in super::super) usize);

impl<'a> ProjectRows<'a> {
    fn of(&self, i: usize) -> &'a Project {
        &self.0.projects[i]
    }
}

/// Years of a programme.
pub(in super::super) struct YearRows<'a>(pub(in super::super) &'a Programme);

impl<'a> YearRows<'a> {
    fn of(&self, i: usize) -> &'a ProgrammeYear {
        &self.0.years[i]
    }
}

/// Projects of a programme.
pub(in super::super) fn projects<'a>() -> Vec<Group<ProjectRows<'a>>> {
    vec![Group::<ProjectRows<'a>>::new(
        "redevelop::Project",
        [
            text("project", "Number of the site, rank of the assembly, or id of a parcel alone.", |c, i| {
                Some(Cow::from(&*c.of(i).name))
            }),
            count("start_year", "Year it starts in, from 1; null where it is not begun.", |c, i| {
                c.0.starts[i].map(Into::into)
            }),
            count("delivered_year", "Year its floor is delivered in.", |c, i| {
                c.0.starts[i].map(|year| u64::from(year) + c.1 as u64)
            }),
            number("value", "", "What it adds to the objective, before discount.", |c, i| {
                Some(c.of(i).value)
            }),
            number("supply_m2", "m²", "Its floor that counts as supply.", |c, i| Some(c.of(i).supply_m2)),
            number("built_m2", "m²", "Floor area built.", |c, i| Some(c.of(i).built_m2)),
            number("demolished_m2", "m²", "Floor area demolished.", |c, i| Some(c.of(i).demolished_m2)),
            number("cost", "", "Its cost, in the unit of the budget.", |c, i| Some(c.of(i).cost)),
            number(
                "line_share",
                "1",
                "Share of its land inside the lines that exclude construction.",
                |c, i| Some(c.of(i).line_share),
            ),
        ],
    )]
}

/// Years of a programme.
pub(in super::super) fn programme_years<'a>() -> Vec<Group<YearRows<'a>>> {
    vec![Group::<YearRows<'a>>::new(
        "redevelop::ProgrammeYear",
        [
            count("year", "The year, from 1.", |c, i| Some(c.of(i).year as u64)),
            count("started", "Projects that start.", |c, i| Some(c.of(i).started as u64)),
            count("delivered", "Projects that are delivered.", |c, i| Some(c.of(i).delivered as u64)),
            number("supply_m2", "m²", "Floor delivered that counts as supply.", |c, i| {
                Some(c.of(i).supply_m2)
            }),
            number("target_m2", "m²", "Least supply asked for.", |c, i| c.of(i).target_m2),
            number("cost", "", "Cost of what starts, in the unit of the budget.", |c, i| Some(c.of(i).cost)),
            number(
                "budget",
                "",
                "What may be spent, with what earlier years left where it is carried over.",
                |c, i| c.of(i).budget,
            ),
            number("demolished_m2", "m²", "Floor area demolished.", |c, i| Some(c.of(i).demolished_m2)),
            number("displaced_m2", "m²", "Displaced floor up to this year that needs room.", |c, i| {
                c.of(i).displaced_m2
            }),
            number("room_m2", "m²", "Room for it.", |c, i| c.of(i).room_m2),
        ],
    )]
}
