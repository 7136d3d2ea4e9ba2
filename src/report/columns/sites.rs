use super::{Found, Group, count, flag, nested, number, push_list, text};
use crate::Analysis;
use crate::cluster::{Ownership, Site, TreeSite};
use crate::json_text::push_text;
use crate::sum;

/// Land of a site's low parcels inside the union of the lines that exclude construction, m², and as a share of the parcels; none
/// without lines.
pub(in super::super) fn inside_lines_of(analysis: &Analysis, site: &Site) -> Option<[f64; 2]> {
    let overlay = analysis.overlay()?;
    let sum = |column: &[f64]| sum::area_m2(site.members.iter().map(|member| column[member.index()]));
    let inside_m2 = sum(&overlay.excluded_m2);
    Some([inside_m2, inside_m2 / sum(analysis.parcels().area_m2())])
}

impl<'a> Found<'a> {
    fn site(&self, i: usize) -> &'a Site {
        self.0.sites().get(i)
    }

    /// The gaps over which a site lasts; none where its gap is wider than the sweep's.
    fn lasting(&self, i: usize) -> Option<&'a TreeSite> {
        self.0.merging().site_of(self.site(i).members[0], self.0.options().sites.gap_m)
    }

    fn owners(&self, i: usize) -> Option<Ownership> {
        self.0.ownership().map(|ownership| ownership[i])
    }
}

/// Low-efficiency sites, by number.
#[expect(clippy::too_many_lines, reason = "a table of columns, one entry after the other")]
pub(in super::super) fn sites<'a>() -> Vec<Group<Found<'a>>> {
    vec![
        Group::<Found<'a>>::new(
            "cluster::Site",
            [
                count("site", "Number of the site, from 1 for the one with most net area.", |c, i| {
                    Some(c.site(i).number.into())
                }),
                count("parcels", "Its low parcels.", |c, i| Some(c.site(i).members.len() as u64)),
                number(
                    "net_area_m2",
                    "m²",
                    "Land of its low parcels; land under two of them counts once.",
                    |c, i| Some(c.site(i).net_area_m2),
                ),
                number(
                    "union_area_m2",
                    "m²",
                    "Area of the union of its parcels, bridging ones included.",
                    |c, i| Some(c.site(i).union_area_m2),
                ),
                number(
                    "gross_area_m2",
                    "m²",
                    "Area with the roads and gaps between its parcels.",
                    |c, i| Some(c.site(i).gross_area_m2),
                ),
                number(
                    "bridge_area_m2",
                    "m²",
                    "Land of parcels that are not low and join its parts.",
                    |c, i| Some(c.site(i).bridge_area_m2),
                ),
                text(
                    "size",
                    "Size class by net area: `below1_ha`, `from1_to3_ha`, `from3_to10_ha` or `over10_ha`.",
                    |c, i| Some(c.site(i).size.name().into()),
                ),
                flag("single_parcel", "Whether it is one parcel alone.", |c, i| Some(c.site(i).is_single())),
                nested(
                    "parcel_ids",
                    "Ids of its low parcels; null for one without an id.",
                    &[],
                    |c, i, text| {
                        push_list(text, &c.site(i).members, |text, &member| {
                            push_text(text, c.0.parcels().get(member).id());
                        });
                    },
                ),
            ],
        ),
        Group::<Found<'a>>::new(
            "control::Overlay",
            [
                number(
                    "control_m2",
                    "m²",
                    "Land of its low parcels inside the lines that exclude construction.",
                    |c, i| inside_lines_of(c.0, c.site(i)).map(|[inside_m2, _]| inside_m2),
                ),
                number("control_share", "1", "That land as a share of its low parcels.", |c, i| {
                    inside_lines_of(c.0, c.site(i)).map(|[_, share]| share)
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "cluster::Significance",
            [
                number(
                    "p_area",
                    "1",
                    "Share of random arrangements with a site of at least its net area.",
                    |c, i| Some(c.0.significance().p_area[i]),
                ),
                number(
                    "p_parcels",
                    "1",
                    "Share of random arrangements with a site of at least its parcels.",
                    |c, i| Some(c.0.significance().p_parcels[i]),
                ),
            ],
        ),
        Group::<Found<'a>>::new(
            "cluster::MergeTree",
            [
                number("birth_m", "m", "Gap from which on its parcels are one site.", |c, i| {
                    Some(c.lasting(i)?.birth_m)
                }),
                number("death_m", "m", "Gap at which it merges with a larger site.", |c, i| {
                    c.lasting(i)?.death_m
                }),
                number("persistence_m", "m", "Range of gaps over which it lasts.", |c, i| {
                    c.lasting(i).map(|site| c.0.merging().persistence_m(site))
                }),
            ],
        ),
        Group::<Found<'a>>::new(
            "cluster::Shape",
            [
                number("perimeter_m", "m", "Length of all rings of its closed outline.", |c, i| {
                    Some(c.site(i).shape.perimeter_m)
                }),
                number("span_m", "m", "Greatest distance between two points of it.", |c, i| {
                    Some(c.site(i).shape.span_m)
                }),
                number(
                    "polsby_popper",
                    "1",
                    "Polsby-Popper score, 4π·area / perimeter²: 1 for a circle.",
                    |c, i| Some(c.site(i).shape.polsby_popper),
                ),
                number(
                    "shape_index",
                    "1",
                    "Perimeter over that of a circle of its area: 1 for a circle.",
                    |c, i| Some(c.site(i).shape.shape_index),
                ),
                number("hull_ratio", "1", "Area over that of its convex hull.", |c, i| {
                    Some(c.site(i).shape.hull_ratio)
                }),
                number(
                    "circle_ratio",
                    "1",
                    "Area over that of the least circle around it (Reock score).",
                    |c, i| Some(c.site(i).shape.circle_ratio),
                ),
                number(
                    "elongation",
                    "1",
                    "Shorter over longer side of the least rectangle around it.",
                    |c, i| Some(c.site(i).shape.elongation),
                ),
            ],
        ),
        Group::<Found<'a>>::new(
            "cluster::Ownership",
            [
                count("owners", "Owners that are known; null where no column names any.", |c, i| {
                    Some(c.owners(i)?.owners as u64)
                }),
                number(
                    "owner_hhi",
                    "1",
                    "Herfindahl-Hirschman index of the owners' shares: 1 for one owner.",
                    |c, i| c.owners(i)?.hhi,
                ),
                number(
                    "owner_largest_share",
                    "1",
                    "Share of the largest owner in the land whose owner is known.",
                    |c, i| c.owners(i)?.largest_share,
                ),
                number("owner_known_share", "1", "Share of its land whose owner is known.", |c, i| {
                    c.owners(i)?.known_share
                }),
            ],
        ),
    ]
}
