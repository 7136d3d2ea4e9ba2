use rayon::prelude::*;
use serde::Serialize;

use crate::adjacency::Graph;
use crate::error::ParamError;
use crate::geometry::{MultiPolygonArray, boolean};
use crate::parcel::{ParcelIdx, ParcelSet};

/// Which components of low parcels count as sites.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SiteOptions {
    /// Width of the gaps the graph bridges, m: gross area closes gaps of this width. Default: 15.
    pub gap_m: f64,
    /// Least net area, m². Default: 10,000.
    pub min_area_m2: f64,
    /// Least number of parcels. Default: 1.
    pub min_parcels: usize,
}

impl Default for SiteOptions {
    fn default() -> Self {
        Self { gap_m: 15.0, min_area_m2: 10_000.0, min_parcels: 1 }
    }
}

impl SiteOptions {
    fn check(&self) -> Result<(), ParamError> {
        let length = "a finite number of at least 0";
        for (name, value) in [("gap_m", self.gap_m), ("min_area_m2", self.min_area_m2)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, length));
            }
        }
        Ok(())
    }
}

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

/// A contiguous low-efficiency site.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Site {
    /// Its number: 1 for the site with most net area, and so on; equal areas by smallest member.
    pub number: u32,
    /// Its parcels, ascending.
    pub members: Vec<ParcelIdx>,
    /// Sum of its parcels' areas, m².
    pub net_area_m2: f64,
    /// Area of the union of its parcels, m²: overlaps counted once.
    pub union_area_m2: f64,
    /// Area with the roads and gaps between its parcels, m²: of the outline closed by half the gap.
    pub gross_area_m2: f64,
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
    list: Vec<Site>,
    outlines: MultiPolygonArray,
    /// One per parcel: the number of its site.
    of_parcel: Vec<Option<u32>>,
}

impl Sites {
    /// Finds the sites among `low` parcels: connected components of `graph`, a link counting where both ends are low.
    ///
    /// Net area must reach the minimum, membership the least number. Significance never selects.
    ///
    /// # Errors
    /// [`ParamError`] for a negative or non-finite option, or columns of another length than the set.
    ///
    /// # Complexity
    /// O(n + links) for the components, O(m log m) in the vertices of all sites for outlines and gross areas.
    pub fn find(
        set: &ParcelSet,
        low: &[bool],
        graph: &Graph,
        options: &SiteOptions,
    ) -> Result<Self, ParamError> {
        options.check()?;
        for (name, found) in [("low", low.len()), ("graph", graph.len())] {
            if found != set.len() {
                return Err(ParamError::new(
                    name,
                    found,
                    &format!("one entry for each of {} parcels", set.len()),
                ));
            }
        }
        let mut found = groups(low, graph);
        let net_area_m2 =
            |members: &[ParcelIdx]| members.iter().map(|m| set.area_m2()[m.index()]).sum::<f64>();
        let mut kept: Vec<(f64, Vec<ParcelIdx>)> = found
            .drain(..)
            .map(|members| (net_area_m2(&members), members))
            .filter(|(area, members)| *area >= options.min_area_m2 && members.len() >= options.min_parcels)
            .collect();
        // Stable: equal areas stay in order of their smallest members.
        kept.sort_by(|a, b| b.0.total_cmp(&a.0));

        let shaped: Vec<(MultiPolygonArray, f64)> = kept
            .par_iter()
            .map(|(_, members)| {
                let rows: Vec<u32> = members.iter().map(|m| m.0).collect();
                let outline = boolean::dissolve(&set.geometry().take(&rows));
                let parts: Vec<_> = outline.iter().collect();
                let closed = boolean::closing(&parts, options.gap_m / 2.0)?;
                let gross = closed.iter().map(|land| land.signed_area()).sum();
                Ok((outline, gross))
            })
            .collect::<Result<_, ParamError>>()?;

        let mut of_parcel = vec![None; set.len()];
        let mut outlines = MultiPolygonArray::new();
        let mut sites = Vec::with_capacity(kept.len());
        for (position, ((net_area_m2, members), (outline, gross))) in kept.into_iter().zip(shaped).enumerate()
        {
            let number = position as u32 + 1;
            for member in &members {
                of_parcel[member.index()] = Some(number);
            }
            let union_area_m2 = outline.iter().map(|g| g.signed_area()).sum::<f64>();
            outlines.append(&outline);
            sites.push(Site {
                number,
                members,
                net_area_m2,
                union_area_m2,
                gross_area_m2: f64::max(gross, union_area_m2),
                size: SizeClass::of(net_area_m2),
            });
        }
        Ok(Self { list: sites, outlines, of_parcel })
    }

    /// The sites by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Site> {
        self.list.iter()
    }

    /// The site at `position` from 0: number `position + 1`.
    ///
    /// # Panics
    /// Where there is none, as a slice does.
    pub fn get(&self, position: usize) -> &Site {
        &self.list[position]
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Dissolved outline of each site, by number.
    pub fn outlines(&self) -> &MultiPolygonArray {
        &self.outlines
    }

    /// The number of each parcel's site; one per parcel.
    pub fn of_parcel(&self) -> &[Option<u32>] {
        &self.of_parcel
    }
}

/// Members of each connected component of low parcels, in order of their smallest members.
pub(super) fn groups(low: &[bool], graph: &Graph) -> Vec<Vec<ParcelIdx>> {
    let labels = graph.filtered(|link| low[link.a.index()] && low[link.b.index()]).components().labels;
    let mut position_of_label = vec![u32::MAX; low.len()];
    let mut groups: Vec<Vec<ParcelIdx>> = Vec::new();
    for (i, &label) in labels.iter().enumerate().filter(|(i, _)| low[*i]) {
        let position = &mut position_of_label[label as usize];
        if *position == u32::MAX {
            *position = groups.len() as u32;
            groups.push(Vec::new());
        }
        groups[*position as usize].push(ParcelIdx(i as u32));
    }
    groups
}
