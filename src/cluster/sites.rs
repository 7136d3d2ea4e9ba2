use std::collections::HashMap;

use serde::Serialize;

use super::bridge;
use super::input::{SiteInput, SiteOptions};
use super::shape::Shape;
use crate::adjacency::Graph;
use crate::error::{Error, ParamError};
use crate::geometry::partition::Partition;
use crate::geometry::{MultiPolygonArray, boolean, closing::closed_size};
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet};
use crate::sum;
use crate::union_find::UnionFind;

/// Size of a site by net area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SizeClass {
    /// Less than 1 ha.
    Below1Ha,
    /// 1 ha to less than 3 ha.
    From1To3Ha,
    /// 3 ha to 10 ha.
    From3To10Ha,
    /// Over 10 ha.
    Over10Ha,
}

impl SizeClass {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below1Ha => "below1_ha",
            Self::From1To3Ha => "from1_to3_ha",
            Self::From3To10Ha => "from3_to10_ha",
            Self::Over10Ha => "over10_ha",
        }
    }

    /// The class of an area in m².
    pub fn of(area_m2: f64) -> Self {
        match area_m2 / 10_000.0 {
            ha if ha < 1.0 => Self::Below1Ha,
            ha if ha < 3.0 => Self::From1To3Ha,
            ha if ha <= 10.0 => Self::From3To10Ha,
            _ => Self::Over10Ha,
        }
    }
}

/// Land each parcel adds to a site, m², one per parcel: land under several of the parcels that `may_join` counts for one of
/// them, for a low one before others. `overlaps` are the pairs that share land, as
/// [`graph_and_overlaps`](crate::adjacency::Adjacency::graph_and_overlaps) finds them.
///
/// # Errors
/// As [`Partition::new`].
///
/// # Complexity
/// O(n), and one difference for each parcel that loses land.
pub fn net_area_m2(
    set: &ParcelSet,
    overlaps: &[(ParcelIdx, ParcelIdx, f64)],
    low: &[bool],
    may_join: impl Fn(ParcelIdx) -> bool,
) -> Result<Vec<f64>, Error> {
    let joined = overlaps.iter().filter(|&&(a, b, _)| may_join(a) && may_join(b));
    let pairs: Vec<[u32; 2]> = joined.map(|(a, b, _)| [a.0, b.0]).collect();
    let priority: Vec<u8> = low.iter().map(|&low| u8::from(!low)).collect();
    Ok(Partition::new(set.geometry(), &pairs, &priority)?.area_m2().to_vec())
}

/// A contiguous low-efficiency site.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Site {
    /// Its number: 1 for the site with most net area, and so on; equal areas by smallest member.
    pub number: u32,
    /// Its low parcels, ascending.
    pub members: Vec<ParcelIdx>,
    /// Parcels that are not low and join its parts, ascending; empty unless bridging was asked for.
    pub bridges: Vec<ParcelIdx>,
    /// Land of its low parcels, m²: land under two of them [once](net_area_m2()).
    pub net_area_m2: f64,
    /// Land of its bridging parcels, m².
    pub bridge_area_m2: f64,
    /// Area of the union of its parcels, bridging ones included, m²: overlaps counted once.
    pub union_area_m2: f64,
    /// Area with the roads and gaps between its parcels, m²: of the outline closed by half the gap.
    pub gross_area_m2: f64,
    /// Shape of its outline closed as for the gross area, so that roads within the site are no boundary of it.
    pub shape: Shape,
    /// Its size class by net area.
    pub size: SizeClass,
}

impl Site {
    /// Whether it is one parcel alone.
    pub fn is_single(&self) -> bool {
        self.members.len() == 1
    }
}

/// All sites of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Sites {
    found: Vec<Site>,
    options: SiteOptions,
    outlines: MultiPolygonArray,
    /// One per parcel: the number of its site.
    of_parcel: Vec<Option<u32>>,
}

impl Sites {
    /// Finds the sites among `low` parcels: connected components of `graph`, a link counting where both ends are low.
    ///
    /// As [`find_in`](Self::find_in) without classes, where any parcel may bridge.
    ///
    /// # Errors
    /// As [`find_in`](Self::find_in).
    pub fn find(
        set: &ParcelSet,
        low: &[bool],
        graph: &Graph,
        options: &SiteOptions,
    ) -> Result<Self, ParamError> {
        Self::find_in(&SiteInput::new(set, low, graph), options)
    }

    /// Finds the sites: connected components of low parcels under the links of the graph, by class and over bridges where the
    /// options ask for it; then those that pass all minima and maxima. Significance never selects.
    ///
    /// Bridging admits parcels that are not low, one at a time: those first that are smallest against the low land they join,
    /// equal ones by position. A parcel is admitted where, given those before it, it joins at least two parts, and bridging
    /// parcels stay within their share of the parcels' area of what is joined. Two bridges in a row join nothing.
    ///
    /// # Errors
    /// [`ParamError`] for an option out of range, columns of another length than the set, or classes asked for and not given.
    ///
    /// # Complexity
    /// O((n + links) log n) for the components and bridges, O(m log m) in the vertices of all sites for outlines and gross areas.
    pub fn find_in(input: &SiteInput<'_>, options: &SiteOptions) -> Result<Self, ParamError> {
        options.check()?;
        input.check(options)?;
        let set = input.set;
        let mut parts = UnionFind::new(set.len());
        for link in input.low_links(options) {
            parts.join(link.a.0, link.b.0);
        }
        let mut bridges_of_root: HashMap<u32, Vec<ParcelIdx>> = HashMap::new();
        if options.max_bridge_share > 0.0 {
            let mut bridges = bridge::admit(input, options, &mut parts);
            bridges.sort_unstable();
            for bridge in bridges {
                bridges_of_root.entry(parts.root(bridge.0)).or_default().push(bridge);
            }
        }
        let net_m2 = input.net_area_m2();
        // From 0.0, as the sum of nothing is -0.0.
        let area_m2 = |parcels: &[ParcelIdx]| sum::area_m2(parcels.iter().map(|p| net_m2[p.index()]));
        let mut kept: Vec<Site> = groups(input.low, &mut parts)
            .into_iter()
            .map(|members| (area_m2(&members), members))
            .filter(|(area, members)| *area >= options.min_area_m2 && members.len() >= options.min_parcels)
            .map(|(net_area_m2, members)| {
                let bridges = bridges_of_root.remove(&parts.root(members[0].0)).unwrap_or_default();
                Site {
                    number: 0,
                    bridge_area_m2: area_m2(&bridges),
                    size: SizeClass::of(net_area_m2),
                    members,
                    bridges,
                    net_area_m2,
                    union_area_m2: 0.0,
                    gross_area_m2: 0.0,
                    shape: Shape::default(),
                }
            })
            .collect();
        // Stable: equal areas stay in order of their smallest members.
        kept.sort_by(|a, b| b.net_area_m2.total_cmp(&a.net_area_m2));

        let shape = |mut site: Site| -> Result<_, ParamError> {
            let rows: Vec<u32> = site.members.iter().chain(&site.bridges).map(|m| m.0).collect();
            let outline = boolean::dissolve(&set.geometry().take(&rows));
            let land = outline.get(0);
            let closed = closed_size(land, options.gap_m / 2.0)?;
            site.union_area_m2 = land.signed_area();
            site.gross_area_m2 = closed.area_m2.max(site.union_area_m2);
            site.shape = Shape::closed(land, closed.area_m2, closed.perimeter_m).unwrap_or_default();
            let passes = options.max_span_m.is_none_or(|span| site.shape.span_m <= span)
                && site.shape.polsby_popper >= options.min_compactness;
            Ok(passes.then_some((site, outline)))
        };
        let shaped: Vec<Option<(Site, MultiPolygonArray)>> =
            parallel::consume(kept, shape).into_iter().collect::<Result<_, _>>()?;

        let mut of_parcel = vec![None; set.len()];
        let mut outlines = MultiPolygonArray::new();
        let mut sites = Vec::with_capacity(shaped.len());
        for (position, (mut site, outline)) in shaped.into_iter().flatten().enumerate() {
            site.number = position as u32 + 1;
            for member in &site.members {
                of_parcel[member.index()] = Some(site.number);
            }
            outlines.append(&outline);
            sites.push(site);
        }
        Ok(Self { found: sites, options: *options, outlines, of_parcel })
    }

    /// What they were found with.
    pub fn options(&self) -> &SiteOptions {
        &self.options
    }

    /// The sites by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Site> {
        self.found.iter()
    }

    /// The site at `position` from 0: number `position + 1`.
    ///
    /// # Panics
    /// Where there is none, as a slice does.
    pub fn get(&self, position: usize) -> &Site {
        &self.found[position]
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Dissolved outline of each site, by number.
    pub fn outlines(&self) -> &MultiPolygonArray {
        &self.outlines
    }

    /// The number of each low parcel's site; one per parcel, none for bridging ones.
    pub fn of_parcel(&self) -> &[Option<u32>] {
        &self.of_parcel
    }
}

/// Low members of each part, in order of their smallest members.
pub(super) fn groups(low: &[bool], parts: &mut UnionFind) -> Vec<Vec<ParcelIdx>> {
    let mut position_of_root = vec![u32::MAX; low.len()];
    let mut groups: Vec<Vec<ParcelIdx>> = Vec::new();
    for i in (0..low.len()).filter(|&i| low[i]) {
        let position = &mut position_of_root[parts.root(i as u32) as usize];
        if *position == u32::MAX {
            *position = groups.len() as u32;
            groups.push(Vec::new());
        }
        groups[*position as usize].push(ParcelIdx(i as u32));
    }
    groups
}
