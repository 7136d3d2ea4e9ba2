use super::{FeatureTable, ParcelSet};
use crate::crs::{Bend, FARTHEST_M, SourceCrs, Spread, Stray, WorkingCrs, WorkingPlane, is_nowhere};
use crate::error::Error;
use crate::geometry::Envelope;

/// Features laid into a plane.
#[derive(Debug)]
pub(crate) struct Laid {
    pub(crate) set: ParcelSet,
    /// What the plane does to them.
    pub(crate) bend: Option<Bend>,
}

/// Raw features less their strays, about to be laid into a plane.
#[derive(Debug)]
pub(crate) struct Unlaid {
    pub(crate) table: FeatureTable,
    /// Where they lie, in source coordinates.
    pub(crate) extent: Envelope,
}

impl Unlaid {
    /// Puts strays aside. The system is that of the coordinates, where it is known already.
    pub(crate) fn new(mut table: FeatureTable, crs: Option<&SourceCrs>) -> Self {
        let Spread { extent, strays, .. } = Spread::of(&table.geometry, crs);
        table.put_aside(strays.into_iter().map(|(row, stray)| (row, stray.to_string().into())).collect());
        Self { table, extent }
    }

    /// Into a plane of their own.
    pub(crate) fn around(self, crs: &SourceCrs, working: &WorkingCrs) -> Result<Laid, Error> {
        // What has no place still needs a plane: any will do.
        let nowhere = self.extent.is_empty();
        let plane =
            if nowhere { WorkingPlane::local() } else { WorkingPlane::new(crs, working, self.extent)? };
        self.into_plane(plane)
    }

    /// Into the plane of a set that they are compared with.
    pub(crate) fn like(self, crs: &SourceCrs, other: &ParcelSet) -> Result<Laid, Error> {
        let plane = other.plane().for_source(crs)?;
        self.into_plane(plane)
    }

    fn into_plane(self, plane: WorkingPlane) -> Result<Laid, Error> {
        let set = ParcelSet::new(self.table, plane)?;
        let bend = set.plane().bend(&self.extent, set.geometry().coords())?;
        Ok(Laid { set, bend })
    }
}

/// Lays features that say something of `parcels` beside them: those at (0, 0) are put aside where the parcels lie elsewhere; how
/// far others reach is no matter.
pub(crate) fn lay_beside(
    mut table: FeatureTable,
    crs: &SourceCrs,
    parcels: &ParcelSet,
) -> Result<ParcelSet, Error> {
    let plane = parcels.plane().for_source(crs)?;
    if let Some(distance_m) = distance_to_nowhere(&plane, parcels) {
        let reason = Stray::Nowhere { distance_m }.to_string();
        let shapes = (0..).zip(table.geometry.iter());
        let nowhere =
            shapes.filter(|(_, shape)| is_nowhere(shape.coords())).map(|(i, _)| (i, reason.as_str().into()));
        table.put_aside(nowhere.collect());
    }
    ParcelSet::new(table, plane)
}

/// Metres from the middle of the parcels to (0, 0) in degrees, where that is far.
fn distance_to_nowhere(plane: &WorkingPlane, parcels: &ParcelSet) -> Option<f64> {
    let extent = parcels.extent();
    if !plane.source_is_geographic() || extent.is_empty() {
        return None;
    }
    let mut nowhere = [[0.0, 0.0]];
    plane.forward(&mut nowhere);
    let middle = extent.center();
    let distance_m = (nowhere[0][0] - middle[0]).hypot(nowhere[0][1] - middle[1]);
    // What cannot be projected is farther than anything that can.
    (distance_m.is_nan() || distance_m > FARTHEST_M).then_some(distance_m)
}
