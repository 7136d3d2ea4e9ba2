//! The default engine: proj4rs, all in Rust.

use std::fmt;

use proj4rs::Proj;
use proj4rs::transform::{Transform, TransformClosure, transform};

use super::{CrsError, Projection};
use crate::geometry::Coord;

/// A system of a PROJ string against longitude and latitude (degrees, Greenwich) on the same ellipsoid and datum.
pub(super) struct Named {
    definition: Box<str>,
    angles: Proj,
    system: Proj,
    geographic: bool,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Named").field(&self.definition).finish()
    }
}

impl Named {
    /// Takes a definition that asks for no shift of datum.
    pub(super) fn new(definition: &str) -> Result<Self, CrsError> {
        let unknown = |_| CrsError::Unknown(definition.into());
        let system = Proj::from_proj_string(definition).map_err(unknown)?;
        if !(system.has_forward() && system.has_inverse()) || system.is_geocent() {
            return Err(CrsError::Unknown(definition.into()));
        }
        let (a, b) = system.ellipse_parameters();
        let angles = Proj::from_proj_string(&format!("+proj=longlat +a={a} +b={b}")).map_err(unknown)?;
        let geographic = system.is_latlong();
        Ok(Self { definition: definition.into(), angles, system, geographic })
    }
}

/// Both half axes of a definition's ellipsoid, metres.
pub(super) fn ellipsoid_axes(definition: &str) -> Option<(f64, f64)> {
    Proj::from_proj_string(definition).ok().map(|proj| proj.ellipse_parameters())
}

/// A slice proj4rs moves in place. A coordinate it cannot move becomes NaN, and the others go on.
struct Chunk<'a>(&'a mut [Coord]);

impl Transform for Chunk<'_> {
    fn transform_coordinates<F: TransformClosure>(&mut self, f: &mut F) -> proj4rs::errors::Result<()> {
        for coord in self.0.iter_mut() {
            *coord = match f(coord[0], coord[1], 0.0) {
                Ok((x, y, _)) if x.is_finite() && y.is_finite() => [x, y],
                _ => [f64::NAN; 2],
            };
        }
        Ok(())
    }
}

fn scale(coords: &mut [Coord], factor: fn(f64) -> f64) {
    for value in coords.as_flattened_mut() {
        *value = factor(*value);
    }
}

/// Infinities and numbers no map has, made NaN before they meet code that does not expect them.
fn sieve(coords: &mut [Coord]) {
    for coord in coords {
        if !(coord[0].abs() < 1e12 && coord[1].abs() < 1e12) {
            *coord = [f64::NAN; 2];
        }
    }
}

fn run(from: &Proj, to: &Proj, coords: &mut [Coord]) {
    if transform(from, to, &mut Chunk(coords)).is_err() {
        coords.fill([f64::NAN; 2]);
    }
}

impl Projection for Named {
    fn forward(&self, coords: &mut [Coord]) {
        sieve(coords);
        scale(coords, f64::to_radians);
        run(&self.angles, &self.system, coords);
        if self.geographic {
            scale(coords, f64::to_degrees);
        }
    }

    fn inverse(&self, coords: &mut [Coord]) {
        sieve(coords);
        if self.geographic {
            scale(coords, f64::to_radians);
        }
        run(&self.system, &self.angles, coords);
        scale(coords, f64::to_degrees);
    }
}

/// Back from one system to longitude and latitude, and on into another.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) source: Box<dyn Projection>,
    pub(super) working: Box<dyn Projection>,
}

impl Projection for Chain {
    fn forward(&self, coords: &mut [Coord]) {
        self.source.inverse(coords);
        self.working.forward(coords);
    }

    fn inverse(&self, coords: &mut [Coord]) {
        self.working.inverse(coords);
        self.source.forward(coords);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_coordinates_become_nan_alone() {
        let named = Named::new("+proj=tmerc +lon_0=114 +k=1 +x_0=500000 +ellps=GRS80").unwrap();
        let good = [114.35, 22.7];
        let mut coords = [good, [f64::NAN, 22.0], [114.0, 91.0], [f64::INFINITY, 0.0], [1e300, 1e300], good];
        named.forward(&mut coords);
        assert!(coords[0][0].is_finite() && coords[0] == coords[5]);
        assert!(coords[1..5].iter().flatten().all(|v| v.is_nan()), "{coords:?}");
        named.inverse(&mut coords);
        assert!((coords[0][0] - good[0]).abs() < 1e-9 && (coords[0][1] - good[1]).abs() < 1e-9);
        assert!(coords[1..5].iter().flatten().all(|v| v.is_nan()));
    }

    #[test]
    fn a_meridian_of_origin_other_than_greenwich() {
        // Paris lies 2.337229167° east of Greenwich.
        let paris = Named::new("+proj=longlat +a=6378249.2 +b=6356515 +pm=paris").unwrap();
        let mut coords = [[0.0, 48.0]];
        paris.inverse(&mut coords);
        assert!((coords[0][0] - 2.337_229_167).abs() < 1e-8, "{coords:?}");
        paris.forward(&mut coords);
        assert!(coords[0][0].abs() < 1e-12);
    }
}
