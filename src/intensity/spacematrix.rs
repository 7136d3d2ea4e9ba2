use serde::Serialize;

use crate::error::ParamError;

/// How land is built on: the four measures of the Spacematrix, on one base area (plot, block or district), which must be named
/// with them.
///
/// `FSI = floor area / base`, `GSI = footprint / base`, `OSR = (1 − GSI) / FSI`, `L = FSI / GSI`, so that `FSI = L · GSI`.
///
/// # Source
/// Berghauser Pont & Haupt, *Spacematrix*. FSI is the floor area ratio, GSI the coverage, OSR open space per floor area, L the mean
/// number of floors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Spacematrix {
    /// Floor space index: floor area over base area.
    pub fsi: f64,
    /// Ground space index: built ground over base area; none where the footprint is not known.
    pub gsi: Option<f64>,
    /// Open space ratio: open ground per floor area; none without a footprint or without floor area.
    pub osr: Option<f64>,
    /// Mean number of floors; none without a footprint or where nothing is built on.
    pub l: Option<f64>,
}

impl Spacematrix {
    /// The measures of `floor_area_m2` and, where known, `footprint_m2` on `base_m2` of land.
    ///
    /// # Errors
    /// [`ParamError`] where the base area is not above 0, an area is negative or not finite, or the footprint is larger than the base.
    ///
    /// # Complexity
    /// O(1).
    ///
    /// ```
    /// use landuse::intensity::Spacematrix;
    /// let measures = Spacematrix::of(1_000.0, 1_200.0, Some(400.0))?;
    /// assert_eq!((measures.fsi, measures.gsi, measures.osr), (1.2, Some(0.4), Some(0.5)));
    /// assert!((measures.l.unwrap_or_default() - 3.0).abs() < 1e-12);
    /// # Ok::<(), landuse::ParamError>(())
    /// ```
    pub fn of(base_m2: f64, floor_area_m2: f64, footprint_m2: Option<f64>) -> Result<Self, ParamError> {
        if !(base_m2.is_finite() && base_m2 > 0.0) {
            return Err(ParamError::new("base_m2", base_m2, "a finite area above 0 m²"));
        }
        if !(floor_area_m2.is_finite() && floor_area_m2 >= 0.0) {
            return Err(ParamError::new("floor_area_m2", floor_area_m2, "a finite area of at least 0 m²"));
        }
        if let Some(footprint) = footprint_m2.filter(|footprint| !(0.0..=base_m2).contains(footprint)) {
            return Err(ParamError::new("footprint_m2", footprint, "an area from 0 m² up to the base area"));
        }
        let fsi = floor_area_m2 / base_m2;
        let gsi = footprint_m2.map(|footprint| footprint / base_m2);
        Ok(Self {
            fsi,
            gsi,
            osr: gsi.filter(|_| fsi > 0.0).map(|gsi| (1.0 - gsi) / fsi),
            l: gsi.filter(|gsi| *gsi > 0.0).map(|gsi| fsi / gsi),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pingshan, 2017: "a total area of 106,000 square meters and a total construction area of 488,800 square meters".
    #[test]
    fn the_new_industrial_land_of_pingshan() {
        let measures = Spacematrix::of(106_000.0, 488_800.0, None).unwrap();
        assert!((measures.fsi - 4.6113).abs() < 5e-5);
        assert_eq!((measures.gsi, measures.osr, measures.l), (None, None, None));
        // Ten million m² of new space on ten km² of integrated land.
        assert_eq!(Spacematrix::of(10e6, 10e6, None).unwrap().fsi, 1.0);
    }

    #[test]
    fn floors_times_coverage_is_the_floor_area_ratio() {
        for (base, floor, foot) in [(1_000.0, 2_345.0, 412.0), (3.7e6, 1e5, 99_999.0), (50.0, 10.0, 50.0)] {
            let measures = Spacematrix::of(base, floor, Some(foot)).unwrap();
            let product = measures.l.unwrap() * measures.gsi.unwrap();
            assert!((product / measures.fsi - 1.0).abs() < 1e-15);
            assert!((measures.osr.unwrap() * floor - (base - foot)).abs() <= 1e-12 * base);
        }
        let empty = Spacematrix::of(100.0, 0.0, Some(0.0)).unwrap();
        assert_eq!((empty.fsi, empty.gsi, empty.osr, empty.l), (0.0, Some(0.0), None, None));
    }

    #[test]
    fn areas_out_of_range_are_refused() {
        let name = |base, floor, foot| Spacematrix::of(base, floor, foot).unwrap_err().name().to_owned();
        assert_eq!(name(0.0, 1.0, None), "base_m2");
        assert_eq!(name(f64::NAN, 1.0, None), "base_m2");
        assert_eq!(name(1.0, -1.0, None), "floor_area_m2");
        assert_eq!(name(1.0, 1.0, Some(1.5)), "footprint_m2");
        assert_eq!(name(1.0, 1.0, Some(f64::NAN)), "footprint_m2");
    }
}
