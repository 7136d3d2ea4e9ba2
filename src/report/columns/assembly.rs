use std::borrow::Cow;

use super::{Group, count, flag, nested, number, push_list, text};
use crate::Analysis;
use crate::json_text::push_text;
use crate::parcel::ParcelIdx;
use crate::redevelop::{Assemblies, Assembly, Described, HoldOut};

/// Assemblies that are described, the best first.
pub(in super::super) struct AssemblyRows<'a> {
    pub(in super::super) analysis: &'a Analysis,
    pub(in super::super) assemblies: &'a Assemblies,
}

impl<'a> AssemblyRows<'a> {
    fn of(&self, i: usize) -> (&'a Assembly, &'a Described) {
        (&self.assemblies.found[i], &self.assemblies.described[i])
    }

    fn owner(&self, parcel: ParcelIdx) -> Option<&'a str> {
        let texts = &self.analysis.parcels().attributes().texts;
        texts.get(&**self.assemblies.owner.as_ref()?)?.get(parcel.index()).map(|owner| &**owner)
    }

    fn push_ids(&self, parcels: &[ParcelIdx], text: &mut Vec<u8>) {
        push_list(text, parcels, |text, &parcel| push_text(text, self.analysis.parcels().get(parcel).id()));
    }
}

/// Owners beside assemblies, by the assembly.
pub(in super::super) struct HoldOutRows<'a> {
    pub(in super::super) of: AssemblyRows<'a>,
    /// The assembly and the position of each row.
    pub(in super::super) rows: Vec<(u32, u32)>,
}

impl<'a> HoldOutRows<'a> {
    pub(in super::super) fn new(of: AssemblyRows<'a>) -> Self {
        let described = of.assemblies.described.iter().zip(0..);
        let rows = described.flat_map(|(own, at)| (0..own.holdouts.len() as u32).map(move |k| (at, k)));
        Self { rows: rows.collect(), of }
    }

    fn row(&self, i: usize) -> &'a HoldOut {
        let (assembly, at) = self.rows[i];
        &self.of.assemblies.described[assembly as usize].holdouts[at as usize]
    }
}

/// Assemblies.
pub(in super::super) fn assemblies<'a>() -> Vec<Group<AssemblyRows<'a>>> {
    vec![
        Group::<AssemblyRows<'a>>::new(
            "redevelop::Assembly",
            [
                count("assembly", "Its rank, from 1 for the best.", |_, i| Some(i as u64 + 1)),
                count("parcels", "Its parcels.", |c, i| Some(c.of(i).0.parcels.len() as u64)),
                nested("parcel_ids", "Their ids; null for one without an id.", &[], |c, i, text| {
                    c.push_ids(&c.of(i).0.parcels, text);
                }),
                number("area_m2", "m²", "Their land; land under several of them counts once.", |c, i| {
                    Some(c.of(i).0.area_m2)
                }),
                count("owners", "Its owners; one that is not known counts for each parcel.", |c, i| {
                    Some(c.of(i).0.owners as u64)
                }),
                count("owners_unknown", "Parcels whose owner is not known.", |c, i| {
                    Some(c.of(i).0.owners_unknown as u64)
                }),
                number("low_share", "1", "Low parcels as a share of its land.", |c, i| {
                    Some(c.of(i).0.low_share)
                }),
                number(
                    "frontage_m",
                    "m",
                    "Boundary that borders no other parcel, but a street, a square or water.",
                    |c, i| Some(c.of(i).0.frontage_m),
                ),
                flag("apart", "Whether it shares no parcel with a better one that is marked so.", |c, i| {
                    Some(c.of(i).0.apart)
                }),
            ],
        ),
        Group::<AssemblyRows<'a>>::new(
            "redevelop::Described",
            [
                text("unit", "Id of the study unit that most of its land lies in.", |c, i| {
                    let unit = c.of(i).1.unit?;
                    c.analysis.ledger().units[unit as usize].id.as_deref().map(Cow::from)
                }),
                number("span_m", "m", "Greatest distance between two of its points.", |c, i| {
                    c.of(i).1.shape.map(|shape| shape.span_m)
                }),
                number(
                    "polsby_popper",
                    "1",
                    "Polsby-Popper score of its outline, closed over roads and gaps.",
                    |c, i| c.of(i).1.shape.map(|shape| shape.polsby_popper),
                ),
                number("gross_new_floor_m2", "m²", "Floor area built, each parcel by itself.", |c, i| {
                    c.of(i).1.figures.gross_new_floor_m2
                }),
                number("uplift_m2", "m²", "Floor area gained.", |c, i| c.of(i).1.figures.uplift_m2),
                number("uplift_per_owner_m2", "m²", "That by owner.", |c, i| {
                    let (assembly, described) = c.of(i);
                    Some(described.figures.uplift_m2? / assembly.owners as f64)
                }),
                count("holdouts", "Owners beside it of whom one more would open land.", |c, i| {
                    Some(c.of(i).1.holdouts.len() as u64)
                }),
                number("opens_m2", "m²", "Most land that one more owner opens.", |c, i| {
                    c.of(i).1.holdouts.first().map(|own| own.area_m2)
                }),
            ],
        ),
    ]
}

/// Owners who hold out beside assemblies.
pub(in super::super) fn holdouts<'a>() -> Vec<Group<HoldOutRows<'a>>> {
    vec![Group::<HoldOutRows<'a>>::new(
        "redevelop::HoldOut",
        [
            count("assembly", "Rank of the assembly that he stands beside.", |c, i| {
                Some(u64::from(c.rows[i].0) + 1)
            }),
            text("owner", "The owner; null where he is not known.", |c, i| {
                let own = c.row(i);
                own.owner_known.then(|| c.of.owner(own.parcels[0]))?.map(Cow::from)
            }),
            nested("parcel_ids", "Ids of the parcels that would come in with him.", &[], |c, i, text| {
                c.of.push_ids(&c.row(i).parcels, text);
            }),
            number("area_m2", "m²", "Land that he would open.", |c, i| Some(c.row(i).area_m2)),
            number("uplift_m2", "m²", "Floor area gained on it.", |c, i| c.row(i).uplift_m2),
        ],
    )]
}
