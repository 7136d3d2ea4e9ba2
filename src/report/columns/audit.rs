use std::borrow::Cow;

use super::{Group, count, nested, number, push_list, text};
use crate::audit::{Audit, Fate, ParcelChange, Year};
use crate::json_text::{push_text, push_whole};

/// Two dates, compared.
pub(in super::super) struct Compared<'a> {
    pub(in super::super) audit: &'a Audit,
    pub(in super::super) old: &'a Year,
    pub(in super::super) new: &'a Year,
}

impl<'a> Compared<'a> {
    /// The date that a change's parcel belongs to, and its position there.
    pub(in super::super) fn side(&self, change: &ParcelChange) -> (&'a Year, usize) {
        let year = if change.fate == Fate::Vanished { self.old } else { self.new };
        (year, change.parcel.index())
    }

    fn change(&self, i: usize) -> &'a ParcelChange {
        &self.audit.parcels[i]
    }

    fn of(&self, i: usize) -> (&'a Year, usize) {
        self.side(self.change(i))
    }
}

/// Parcels of the later date and vanished ones of the earlier, by position in the audit.
pub(in super::super) fn changes<'a>() -> Vec<Group<Compared<'a>>> {
    vec![
        Group::<Compared<'a>>::new(
            "audit::Year",
            [
                text("id", "Id of the parcel.", |c, i| {
                    let (year, at) = c.of(i);
                    year.set.attributes().id.get(at).map(Cow::from)
                }),
                count("row", "Position of its feature in the file of its date, from 0.", |c, i| {
                    let (year, at) = c.of(i);
                    Some(year.set.source_row()[at].into())
                }),
                text("date", "`new`, or `old` for a parcel that vanished.", |c, i| {
                    Some(if c.change(i).fate == Fate::Vanished { "old" } else { "new" }.into())
                }),
                text("status", "What it counts as: `construction`, `other` or `unknown`.", |c, i| {
                    let (year, at) = c.of(i);
                    Some(year.status[at].name().into())
                }),
                text("label", "Its label, by default the class of its current use.", |c, i| {
                    let (year, at) = c.of(i);
                    year.label.get(at).map(|label| (&**label).into())
                }),
                number("area_m2", "m²", "Its land, overlaps counted once.", |c, i| {
                    let (year, at) = c.of(i);
                    Some(year.partition.area_m2()[at])
                }),
            ],
        ),
        Group::<Compared<'a>>::new(
            "audit::ParcelChange",
            [
                text("fate", "What it came out of, or that it vanished.", |c, i| {
                    Some(c.change(i).fate.name().into())
                }),
                nested(
                    "from_ids",
                    "Ids of the parcels of the earlier date that it shares land with.",
                    &[],
                    |c, i, text| {
                        push_list(text, &c.change(i).others, |text, &other| {
                            push_text(text, c.old.set.get(other).id());
                        });
                    },
                ),
                nested("from_rows", "Positions of their features.", &[], |c, i, text| {
                    push_list(text, &c.change(i).others, |text, other| {
                        push_whole(text, c.old.set.source_row()[other.index()].into());
                    });
                }),
                text("inside", "What became of its construction land inside the lines.", |c, i| {
                    Some(c.change(i).inside.name().into())
                }),
                number(
                    "inside_before_m2",
                    "m²",
                    "Construction land on its ground inside the lines, at the earlier date.",
                    |c, i| Some(c.change(i).inside_before_m2),
                ),
                number("inside_after_m2", "m²", "The same at the later date.", |c, i| {
                    Some(c.change(i).inside_after_m2)
                }),
                number("added_m2", "m²", "Of it added.", |c, i| Some(c.change(i).added_m2)),
                number("removed_m2", "m²", "Of it removed.", |c, i| Some(c.change(i).removed_m2)),
            ],
        ),
    ]
}

/// Parcels of both dates that share land.
pub(in super::super) fn matches<'a>() -> Vec<Group<Compared<'a>>> {
    vec![Group::<Compared<'a>>::new(
        "audit::Piece",
        [
            text("old_id", "Id of the parcel of the earlier date.", |c, i| {
                c.old.set.get(c.audit.pieces[i].old).id().map(Cow::from)
            }),
            count("old_row", "Position of its feature in the input, from 0.", |c, i| {
                Some(c.old.set.source_row()[c.audit.pieces[i].old.index()].into())
            }),
            text("new_id", "Id of the parcel of the later date.", |c, i| {
                c.new.set.get(c.audit.pieces[i].new).id().map(Cow::from)
            }),
            count("new_row", "Position of its feature in the input, from 0.", |c, i| {
                Some(c.new.set.source_row()[c.audit.pieces[i].new.index()].into())
            }),
            number("shared_m2", "m²", "Land that both share.", |c, i| Some(c.audit.pieces[i].area_m2)),
            number("share_of_old", "1", "That land as a share of the earlier parcel.", |c, i| {
                let piece = &c.audit.pieces[i];
                Some(piece.area_m2 / c.old.partition.area_m2()[piece.old.index()])
            }),
            number("share_of_new", "1", "That land as a share of the later parcel.", |c, i| {
                let piece = &c.audit.pieces[i];
                Some(piece.area_m2 / c.new.partition.area_m2()[piece.new.index()])
            }),
            text("fate", "What the later parcel came out of.", |c, i| {
                Some(c.audit.parcels[c.audit.pieces[i].new.index()].fate.name().into())
            }),
        ],
    )]
}
