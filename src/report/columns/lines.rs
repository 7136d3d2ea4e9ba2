use std::borrow::Cow;

use super::{Found, Group, count, number, text};
use crate::control::{ControlLine, ControlLines, Finding};
use crate::{Analysis, ParcelSet};

/// Parcels that share land with a line that excludes construction, by position in the set.
pub(in super::super) fn inside_lines<'a>() -> Vec<Group<Found<'a>>> {
    vec![
        Group::<Found<'a>>::new(
            "parcel::ParcelSet",
            [
                text("id", "Id of the parcel.", |c, i| c.0.parcels().attributes().id.get(i).map(Cow::from)),
                count("row", "Position of its feature in the input, from 0.", |c, i| {
                    Some(c.0.parcels().source_row()[i].into())
                }),
                number("area_m2", "m²", "Its area.", |c, i| Some(c.0.parcels().area_m2()[i])),
                text("status", "What it counts as: `construction` or `unknown`.", |c, i| {
                    Some(c.0.status()[i].name().into())
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "control::Overlay",
            [
                number("control_m2", "m²", "Its area inside the union of these lines.", |c, i| {
                    Some(c.0.overlay()?.excluded_m2[i])
                }),
                number("control_share", "1", "That area as a share of the parcel.", |c, i| {
                    Some(c.0.overlay()?.excluded_m2[i] / c.0.parcels().area_m2()[i])
                }),
                text("relation", "How it lies to these lines: `partial` or `inside`.", |c, i| {
                    Some(c.0.overlay()?.relation[i].name().into())
                }),
            ],
        ),
    ]
}

/// Control lines as they came in.
pub(in super::super) struct DrawnLines<'a>(pub(in super::super) Vec<ControlLine<'a>>);

/// Control lines: what each is. What stands inside them is in the summary, by id.
pub(in super::super) fn control_lines<'a>() -> Vec<Group<DrawnLines<'a>>> {
    vec![Group::<DrawnLines<'a>>::new(
        "control::ControlLine",
        [
            text("id", "Id of the line.", |c: &DrawnLines<'_>, i| Some(c.0[i].id())),
            text("effect", "`exclude`, `confine` or `reserve`.", |c, i| {
                Some(c.0[i].effect().to_string().into())
            }),
            text("tier", "Tier of the line.", |c, i| c.0[i].tier().map(Cow::from)),
            number("area_m2", "m²", "Its own area, whole.", |c, i| Some(c.0[i].area_m2())),
        ],
    )]
}

/// Findings of a review, and the lines they were made at.
pub(in super::super) struct Certain<'a> {
    set: &'a ParcelSet,
    findings: &'a [Finding],
    /// Id and tier of each line.
    lines: Vec<(Cow<'a, str>, Option<&'a str>)>,
}

impl<'a> Certain<'a> {
    pub(in super::super) fn new(analysis: &'a Analysis) -> Self {
        let lines = analysis.inputs().control_lines().into_iter().flat_map(ControlLines::iter);
        Self {
            set: analysis.parcels(),
            findings: analysis.encroachments().map_or(&[], |found| &found.findings),
            lines: lines.map(|line| (line.id(), line.tier())).collect(),
        }
    }

    fn parcel(&self, i: usize) -> usize {
        self.findings[i].parcel.index()
    }

    fn line(&self, i: usize) -> &(Cow<'a, str>, Option<&'a str>) {
        &self.lines[self.findings[i].line as usize]
    }
}

/// Construction land inside each line that excludes it, by position of the finding.
pub(in super::super) fn encroachments<'a>() -> Vec<Group<Certain<'a>>> {
    vec![
        Group::<Certain<'a>>::new(
            "parcel::ParcelSet",
            [
                text("id", "Id of the parcel.", |c, i| c.set.attributes().id.get(c.parcel(i)).map(Cow::from)),
                count("row", "Position of its feature in the input, from 0.", |c, i| {
                    Some(c.set.source_row()[c.parcel(i)].into())
                }),
            ],
        ),
        Group::<Certain<'a>>::new(
            "control::ControlLine",
            [
                text("line", "Id of the line.", |c, i| Some((&*c.line(i).0).into())),
                text("tier", "Tier of the line.", |c, i| c.line(i).1.map(Cow::from)),
            ],
        ),
        Group::<Certain<'a>>::new(
            "control::Finding",
            [
                number("overlap_m2", "m²", "Area inside, as drawn.", |c, i| Some(c.findings[i].overlap_m2)),
                number("certain_m2", "m²", "Of it certain, given the errors of both surveys.", |c, i| {
                    Some(c.findings[i].certain_m2)
                }),
                number("possible_m2", "m²", "Of it possible.", |c, i| Some(c.findings[i].possible_m2)),
                number("artefact_m2", "m²", "Of it explained by the errors of the layers.", |c, i| {
                    Some(c.findings[i].artefact_m2)
                }),
                text("standing", "What it is by use, year and exemption.", |c, i| {
                    Some(c.findings[i].standing.name().into())
                }),
                text("reason", "Why.", |c, i| Some((&*c.findings[i].reason).into())),
            ],
        ),
    ]
}
