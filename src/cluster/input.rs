use serde::{Deserialize, Serialize};

use crate::adjacency::{Graph, Link};
use crate::error::ParamError;
use crate::parcel::{ParcelIdx, ParcelSet};

/// Which components of low parcels count as sites.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SiteOptions {
    /// Width of the gaps the graph bridges, m: gross area closes gaps of this width. Default: 15.
    pub gap_m: f64,
    /// Least net area, m². Default: 10,000.
    pub min_area_m2: f64,
    /// Least number of parcels. Default: 1.
    pub min_parcels: usize,
    /// Greatest [span](super::Shape::span_m), m. Default: none.
    pub max_span_m: Option<f64>,
    /// Least [Polsby-Popper score](super::Shape::polsby_popper), 0 to 1, of the outline closed over roads and gaps. Default: 0.
    pub min_compactness: f64,
    /// Whether only parcels of the same class of use are linked; one whose class is not known is linked to none. Default: no.
    pub same_class: bool,
    /// Greatest share of bridging parcels, which are not low, in the parcels' area of a site, 0 to less than 1. At 0 nothing is
    /// bridged. Default: 0.
    pub max_bridge_share: f64,
}

impl Default for SiteOptions {
    fn default() -> Self {
        Self {
            gap_m: 15.0,
            min_area_m2: 10_000.0,
            min_parcels: 1,
            max_span_m: None,
            min_compactness: 0.0,
            same_class: false,
            max_bridge_share: 0.0,
        }
    }
}

impl SiteOptions {
    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let length = "a finite number of at least 0";
        let lengths = [("gap_m", self.gap_m), ("min_area_m2", self.min_area_m2)];
        for (name, value) in lengths.into_iter().chain(self.max_span_m.map(|span| ("max_span_m", span))) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, length));
            }
        }
        if !(0.0..=1.0).contains(&self.min_compactness) {
            return Err(ParamError::new("min_compactness", self.min_compactness, "a number from 0 to 1"));
        }
        if !(0.0..1.0).contains(&self.max_bridge_share) {
            let expected = "a number from 0 to less than 1";
            return Err(ParamError::new("max_bridge_share", self.max_bridge_share, expected));
        }
        Ok(())
    }
}

/// What sites are found in: parcels, who is low, and who is whose neighbour.
#[derive(Debug, Clone, Copy)]
pub struct SiteInput<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// Whether each parcel is low.
    pub low: &'a [bool],
    /// Neighbours within the gap.
    pub graph: &'a Graph,
    /// Land each parcel adds to a site, m², so that land under two parcels is counted once; none: the parcels' own areas.
    pub net_area_m2: Option<&'a [f64]>,
    /// Class of each parcel's use as a number, for [`SiteOptions::same_class`].
    pub class: Option<&'a [Option<u32>]>,
    /// Which parcels may bridge, for [`SiteOptions::max_bridge_share`]; none: all that are not low.
    pub may_bridge: Option<&'a [bool]>,
}

impl<'a> SiteInput<'a> {
    /// Parcels without classes, any of which may bridge.
    pub fn new(set: &'a ParcelSet, low: &'a [bool], graph: &'a Graph) -> Self {
        Self { set, low, graph, net_area_m2: None, class: None, may_bridge: None }
    }

    pub(super) fn check(&self, options: &SiteOptions) -> Result<(), ParamError> {
        let len = self.set.len();
        let lengths = [
            ("low", Some(self.low.len())),
            ("graph", Some(self.graph.len())),
            ("net_area_m2", self.net_area_m2.map(<[_]>::len)),
            ("class", self.class.map(<[_]>::len)),
            ("may_bridge", self.may_bridge.map(<[_]>::len)),
        ];
        for (name, found) in lengths {
            if let Some(found) = found.filter(|&found| found != len) {
                return Err(ParamError::new(name, found, &format!("one entry for each of {len} parcels")));
            }
        }
        if options.same_class && self.class.is_none() {
            return Err(ParamError::new("class", "not given", "a class for each parcel, to link by class"));
        }
        Ok(())
    }

    /// Whether two neighbours may belong to one site by their classes.
    pub(super) fn compatible(&self, options: &SiteOptions, a: ParcelIdx, b: ParcelIdx) -> bool {
        let Some(class) = self.class.filter(|_| options.same_class) else { return true };
        class[a.index()].is_some() && class[a.index()] == class[b.index()]
    }

    /// Land each parcel adds to a site, m².
    pub(super) fn net_area_m2(&self) -> &'a [f64] {
        self.net_area_m2.unwrap_or(self.set.area_m2())
    }

    /// Links between low parcels that may belong to one site.
    pub(super) fn low_links(&self, options: &SiteOptions) -> impl Iterator<Item = &'a Link> {
        let (input, options) = (*self, *options);
        self.graph.links().iter().filter(move |link| {
            input.low[link.a.index()]
                && input.low[link.b.index()]
                && input.compatible(&options, link.a, link.b)
        })
    }
}
