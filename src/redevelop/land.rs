//! How much of a site can be used: less what lies inside lines, less setbacks.

use serde::Serialize;

use super::options::CapacityOptions;
use crate::Analysis;
use crate::control::{Exclusion, OVERLAP_TOLERANCE_M2};
use crate::error::ParamError;
use crate::geometry::prepared::PreparedArea;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};
use crate::parcel::ParcelIdx;
use crate::sum;

/// Land of a parcel or site, and what is lost of it.
///
/// `site = lines + line setback + usable`, `usable = boundary setback + buildable`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct SiteLand {
    /// All of it, m²: land under several parcels counts for one of them.
    pub site_m2: f64,
    /// Inside the lines that exclude construction, m².
    pub lines_m2: f64,
    /// Outside them, but nearer than the setback, m².
    pub line_setback_m2: f64,
    /// What the floor area ratio counts, m².
    pub usable_m2: f64,
    /// Of that nearer to its boundary than buildings may stand, m².
    pub boundary_setback_m2: f64,
    /// What buildings may stand on, m².
    pub buildable_m2: f64,
}

impl SiteLand {
    /// The sum of the land of several, each by itself.
    pub(super) fn sum<'a>(all: &(impl Iterator<Item = &'a Self> + Clone)) -> Self {
        let of = |of: fn(&Self) -> f64| sum::area_m2(all.clone().map(of));
        Self {
            site_m2: of(|land| land.site_m2),
            lines_m2: of(|land| land.lines_m2),
            line_setback_m2: of(|land| land.line_setback_m2),
            usable_m2: of(|land| land.usable_m2),
            boundary_setback_m2: of(|land| land.boundary_setback_m2),
            buildable_m2: of(|land| land.buildable_m2),
        }
    }
}

/// Measures land against lines and setbacks.
pub(super) struct Losses<'a> {
    analysis: &'a Analysis,
    exclusion: Option<&'a Exclusion>,
    /// The lines grown by their setback.
    grown: Option<PreparedArea>,
    boundary_m: f64,
}

impl<'a> Losses<'a> {
    pub(super) fn new(analysis: &'a Analysis, options: &CapacityOptions) -> Result<Self, ParamError> {
        let exclusion = analysis.overlay().map(|overlay| &overlay.exclusion);
        let lines = exclusion.filter(|_| options.line_setback_m > 0.0).map(Exclusion::dissolved);
        let grown = lines.map(|lines| boolean::buffer(lines, options.line_setback_m)).transpose()?;
        let grown = grown.as_ref().map(PreparedArea::new);
        Ok(Self { analysis, exclusion, grown, boundary_m: options.boundary_setback_m })
    }

    /// The part of a parcel that counts for it.
    fn shape(&self, parcel: ParcelIdx) -> MultiPolygonRef<'a> {
        self.analysis.land().partition.get(self.analysis.parcels().geometry(), parcel.index())
    }

    /// Land of one parcel built on by itself.
    pub(super) fn of_parcel(&self, parcel: ParcelIdx) -> SiteLand {
        let shape = self.shape(parcel);
        let mut land = self.less_lines(parcel, shape);
        land.buildable_m2 = self.buildable(shape, &land);
        land.boundary_setback_m2 = land.usable_m2 - land.buildable_m2;
        land
    }

    fn less_lines(&self, parcel: ParcelIdx, shape: MultiPolygonRef<'_>) -> SiteLand {
        let partition = &self.analysis.land().partition;
        let site_m2 = partition.area_m2()[parcel.index()];
        let whole_m2 = self.analysis.overlay().map_or(0.0, |overlay| overlay.excluded_m2[parcel.index()]);
        let lines_m2 = match self.exclusion {
            Some(exclusion) if whole_m2 > 0.0 && partition.is_replaced(parcel.index()) => {
                exclusion.overlap_m2(shape)
            }
            _ => whole_m2,
        };
        let lines_m2 = lines_m2.min(site_m2);
        let grown_m2 = self.grown.as_ref().map_or(lines_m2, |grown| grown.overlap_area(shape));
        let near_m2 = grown_m2.clamp(lines_m2, site_m2);
        SiteLand {
            site_m2,
            lines_m2,
            line_setback_m2: near_m2 - lines_m2,
            usable_m2: site_m2 - near_m2,
            ..SiteLand::default()
        }
    }

    /// Land of several parcels built on as one: only their common outline keeps buildings off.
    pub(super) fn of_site(&self, members: &[(ParcelIdx, SiteLand)]) -> SiteLand {
        let mut land = SiteLand::sum(&members.iter().map(|(_, land)| land));
        if self.boundary_m > 0.0 && land.usable_m2 > OVERLAP_TOLERANCE_M2 {
            let mut shapes = MultiPolygonArray::new();
            members.iter().for_each(|&(parcel, _)| shapes.push(self.shape(parcel)));
            let outline = boolean::dissolve(&shapes);
            land.buildable_m2 = self.buildable(outline.get(0), &land);
        } else {
            land.buildable_m2 = land.usable_m2;
        }
        land.boundary_setback_m2 = land.usable_m2 - land.buildable_m2;
        land
    }

    /// What buildings may stand on of an outline, m².
    fn buildable(&self, outline: MultiPolygonRef<'_>, land: &SiteLand) -> f64 {
        if self.boundary_m == 0.0 || land.usable_m2 <= OVERLAP_TOLERANCE_M2 {
            return land.usable_m2;
        }
        let lost = match (&self.grown, self.exclusion) {
            _ if land.lines_m2 + land.line_setback_m2 <= OVERLAP_TOLERANCE_M2 => None,
            (Some(grown), _) => Some(grown.intersection(&outline)),
            (None, exclusion) => exclusion.map(|exclusion| exclusion.intersection(&outline)),
        };
        let mut usable = MultiPolygonArray::new();
        match lost {
            Some(lost) => usable = boolean::difference(&outline, &[lost.get(0)]),
            None => usable.push(outline),
        }
        // Distances are within range by the check of the options.
        let inner = boolean::buffer(&usable, -self.boundary_m).unwrap_or_default();
        let buildable_m2: f64 = inner.iter().map(|part| part.signed_area()).sum();
        buildable_m2.clamp(0.0, land.usable_m2)
    }
}
