//! The engine behind the feature `proj`: the C library PROJ, for every other system, for datum shifts and for WKT.

use std::cell::RefCell;
use std::rc::Rc;

use proj::Proj;

use super::{CrsError, Projection};
use crate::geometry::Coord;

/// Operations one thread keeps open. A plane needs two (there and back); layers in other systems add two each.
const KEPT: usize = 16;

thread_local! {
    /// PROJ's objects may not leave their thread, so that each thread opens its own, once.
    static OPEN: RefCell<Vec<(Box<str>, Box<str>, Rc<Proj>)>> = const { RefCell::new(Vec::new()) };
}

/// PROJ's operation between two systems, x east and y north on both sides, degrees for angles.
///
/// PROJ picks the operation, by the grids that are installed. One that only pretends (a "ballpark" shift) is refused.
#[derive(Debug, Clone)]
pub struct ProjEngine {
    from: Box<str>,
    to: Box<str>,
}

impl ProjEngine {
    /// Opens the operation from `from` to `to`: anything PROJ understands.
    ///
    /// # Errors
    /// [`CrsError::Unknown`] with both names and PROJ's reason; [`CrsError::DatumShift`] where PROJ has only a ballpark.
    pub fn new(from: &str, to: &str) -> Result<Self, CrsError> {
        for (a, b) in [(from, to), (to, from)] {
            let operation = open(a, b).map_err(|reason| CrsError::Unknown(reason.into()))?;
            let description = operation.proj_info().description.unwrap_or_default();
            if description.to_ascii_lowercase().contains("ballpark") {
                return Err(CrsError::DatumShift { from: from.into(), to: to.into() });
            }
        }
        Ok(Self { from: from.into(), to: to.into() })
    }
}

/// Whether PROJ knows a system at all.
pub(super) fn check(crs: &str) -> Result<(), CrsError> {
    open("EPSG:4326", crs).map(|_| ()).map_err(|_| CrsError::Unknown(crs.into()))
}

fn open(from: &str, to: &str) -> Result<Rc<Proj>, String> {
    OPEN.with_borrow_mut(|kept| {
        if let Some((_, _, operation)) = kept.iter().find(|(f, t, _)| **f == *from && **t == *to) {
            return Ok(Rc::clone(operation));
        }
        let operation = Proj::new_known_crs(from, to, None).map_err(|e| format!("{from} to {to}: {e}"))?;
        let operation = Rc::new(operation);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((from.into(), to.into(), Rc::clone(&operation)));
        Ok(operation)
    })
}

fn run(from: &str, to: &str, coords: &mut [Coord]) {
    let Ok(operation) = open(from, to) else {
        coords.fill([f64::NAN; 2]);
        return;
    };
    for coord in coords {
        *coord = match operation.convert((coord[0], coord[1])) {
            Ok((x, y)) if x.is_finite() && y.is_finite() => [x, y],
            _ => [f64::NAN; 2],
        };
    }
}

impl Projection for ProjEngine {
    fn forward(&self, coords: &mut [Coord]) {
        run(&self.from, &self.to, coords);
    }

    fn inverse(&self, coords: &mut [Coord]) {
        run(&self.to, &self.from, coords);
    }
}
