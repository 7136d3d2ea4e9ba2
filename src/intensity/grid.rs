use std::fmt;
use std::str::FromStr;

use geo::{Coord as GeoCoord, LineString, Polygon};

use crate::error::ParamError;
use crate::geometry::EnvelopeIndex;
use crate::geometry::{Envelope, MultiPolygonArray, boolean};
use crate::text_form::serde_as_text;
use crate::{Parcel, ParcelIdx, ParcelRef, ParcelSet};

/// The shape of a grid's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellShape {
    /// Squares.
    Square,
    /// Regular hexagons, two sides running east and west.
    Hexagon,
}

/// Cells of one shape and size, which stands in files as `grid:500` or `hex:250`.
///
/// ```
/// use landuse::intensity::{CellShape, Cells};
/// let cells: Cells = "hex:250".parse()?;
/// assert_eq!((cells.shape, cells.side_m), (CellShape::Hexagon, 250.0));
/// assert_eq!(cells.to_string(), "hex:250");
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cells {
    /// Their shape.
    pub shape: CellShape,
    /// The length of their sides, m.
    pub side_m: f64,
}

impl FromStr for Cells {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let cells = text.split_once(':').and_then(|(shape, side_m)| {
            let shape = match shape {
                "grid" => CellShape::Square,
                "hex" => CellShape::Hexagon,
                _ => return None,
            };
            Some(Self { shape, side_m: side_m.trim().parse().ok()? })
        });
        cells.ok_or_else(|| {
            let expected = "`grid:` or `hex:` and a length in m, such as grid:500";
            ParamError::new("cells", text, expected)
        })
    }
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = match self.shape {
            CellShape::Square => "grid",
            CellShape::Hexagon => "hex",
        };
        write!(f, "{shape}:{}", self.side_m)
    }
}

serde_as_text!(Cells);

/// Where corners lie: on columns and rows of one spacing each, so that neighbours compute the same ones.
struct Lattice {
    /// Spacing of columns and of rows, m.
    step: [f64; 2],
    /// How far a cell reaches from its centre, in steps.
    reach: [i64; 2],
    /// From one centre to the next, in steps.
    pitch: [i64; 2],
    /// How much higher the centres of odd columns stand, in steps.
    shift: i64,
    /// Corners seen from the centre, in steps.
    corners: &'static [[i64; 2]],
}

impl Lattice {
    fn of(shape: CellShape, side_m: f64) -> Self {
        match shape {
            CellShape::Square => Self {
                step: [side_m / 2.0; 2],
                reach: [1, 1],
                pitch: [2, 2],
                shift: 0,
                corners: &[[-1, -1], [1, -1], [1, 1], [-1, 1]],
            },
            CellShape::Hexagon => Self {
                step: [side_m / 2.0, side_m * 0.75_f64.sqrt()],
                reach: [2, 1],
                pitch: [3, 2],
                shift: 1,
                corners: &[[2, 0], [1, 1], [-1, 1], [-2, 0], [-1, -1], [1, -1]],
            },
        }
    }
}

/// Most cells that a grid may have.
pub const MOST_CELLS: u64 = 1_000_000;

/// Cells that tile `extent`, to be used as study units ([`StudyUnits::Districts`](super::StudyUnits::Districts)).
///
/// The grid is fixed to the plane's origin, not to the extent: two layers in one plane get the same cells. Neighbours share their
/// corners to the last bit. The id is `column/row`.
///
/// # Arguments
/// * `extent`: what must be covered, m, in the working plane; without any land there is no cell.
/// * `side_m`: length of a cell's side, m.
///
/// # Errors
/// [`ParamError`] where `side_m` is not above 0, or more than [`MOST_CELLS`] cells would be needed.
///
/// # Complexity
/// O(cells).
///
/// ```
/// use landuse::geometry::Envelope;
/// use landuse::intensity::{CellShape, grid};
/// let extent = Envelope { min: [0.0, 0.0], max: [250.0, 90.0] };
/// let cells = grid(&extent, CellShape::Square, 100.0)?;
/// assert_eq!((cells.len(), cells.area_m2()[0]), (3, 10_000.0));
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn grid(extent: &Envelope, shape: CellShape, side_m: f64) -> Result<ParcelSet, ParamError> {
    if !(side_m.is_finite() && side_m > 0.0) {
        return Err(ParamError::new("side_m", side_m, "a finite length above 0 m"));
    }
    if extent.is_empty() {
        return Ok(ParcelSet::local(std::iter::empty::<Parcel>()));
    }
    let Lattice { step, reach, pitch, shift, corners } = Lattice::of(shape, side_m);
    // A square's first cell has its corner, not its centre, at the origin.
    let offset = i64::from(shape == CellShape::Square);
    let range = |axis: usize, shift: i64| {
        let first =
            (extent.min[axis] / step[axis] - (reach[axis] + offset + shift) as f64) / pitch[axis] as f64;
        let last =
            (extent.max[axis] / step[axis] + (reach[axis] - offset - shift) as f64) / pitch[axis] as f64;
        // Cells that only touch the extent are left out.
        (first.floor() + 1.0, last.ceil() - 1.0)
    };
    let [(left, right), (bottom, top)] = [range(0, 0), range(1, 0)];
    let cells = (right - left + 1.0) * (top - bottom + 2.0);
    if cells.is_nan() || cells > MOST_CELLS as f64 {
        return Err(ParamError::new(
            "side_m",
            side_m,
            &format!("a length that makes at most {MOST_CELLS} cells"),
        ));
    }
    let mut parcels = Vec::new();
    for column in left as i64..=right as i64 {
        let shift = if column % 2 == 0 { 0 } else { shift };
        let (bottom, top) = range(1, shift);
        for row in bottom as i64..=top as i64 {
            let centre = [column * pitch[0] + offset, row * pitch[1] + shift + offset];
            let corner = |by: &[i64; 2]| GeoCoord {
                x: (centre[0] + by[0]) as f64 * step[0],
                y: (centre[1] + by[1]) as f64 * step[1],
            };
            let ring = LineString::new(corners.iter().map(corner).collect());
            parcels.push(Parcel::new(format!("{column}/{row}"), Polygon::new(ring, Vec::new())));
        }
    }
    Ok(ParcelSet::local(parcels))
}

/// The cells of a [`grid`] over `set`, cut to the study area where there is one, else those whole that the box of a parcel
/// meets.
///
/// # Errors
/// As [`grid`].
///
/// # Complexity
/// O((m + cells) log cells) for m vertices of the study area: it is halved together with the cells.
pub fn clipped_grid(
    set: &ParcelSet,
    study_area: Option<&MultiPolygonArray>,
    shape: CellShape,
    side_m: f64,
) -> Result<ParcelSet, ParamError> {
    let Some(area) = study_area else {
        let cells = grid(&set.extent(), shape, side_m)?;
        let index = EnvelopeIndex::new(cells.envelopes());
        let mut holds = vec![false; cells.len()];
        for envelope in set.envelopes() {
            index.candidates(*envelope).for_each(|cell| holds[cell as usize] = true);
        }
        let met = cells.iter().filter(|cell| holds[cell.idx().index()]).map(ParcelRef::to_parcel);
        return Ok(ParcelSet::local(met).on_plane_of(set));
    };
    let area = boolean::dissolve(area);
    let cells = grid(&area.get(0).envelope(), shape, side_m)?;
    let mut pieces = Vec::new();
    cut(&cells, &mut (0..cells.len() as u32).collect::<Vec<_>>(), &area, &mut pieces);
    Ok(ParcelSet::local(pieces).on_plane_of(set))
}

/// Cuts cells to the land of `area` near them, halving both as long as there are several.
fn cut(cells: &ParcelSet, members: &mut [u32], area: &MultiPolygonArray, pieces: &mut Vec<Parcel>) {
    let land = area.get(0);
    if land.polygons().len() == 0 {
        return;
    }
    if let [one] = *members {
        let cell = cells.get(ParcelIdx(one));
        let piece = boolean::intersection(&cell.geometry(), &land);
        if piece.get(0).polygons().len() > 0 {
            pieces.push(Parcel::new(cell.id().unwrap_or_default(), piece.get(0).to_geo()));
        }
        return;
    }
    let window = |members: &[u32]| {
        members.iter().fold(Envelope::EMPTY, |all, &i| all.join(&cells.envelopes()[i as usize]))
    };
    let all = window(members);
    let axis = usize::from(all.height() > all.width());
    members.sort_by(|&a, &b| {
        let along = |i: u32| cells.envelopes()[i as usize].center()[axis];
        along(a).total_cmp(&along(b)).then(a.cmp(&b))
    });
    let (low, high) = members.split_at_mut(members.len() / 2);
    for half in [low, high] {
        let Envelope { min: [x0, y0], max: [x1, y1] } = window(half);
        let mut frame = MultiPolygonArray::new();
        frame.push_ring([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]);
        frame.end_polygon();
        frame.end_geometry();
        cut(cells, half, &boolean::intersection(&frame.get(0), &land), pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::prepared::PreparedArea;

    #[test]
    fn cells_cut_to_an_area_tile_it() {
        let ring: Vec<[f64; 2]> = (0..=200)
            .map(|k| {
                let (sin, cos) = (f64::from(k % 200) / 200.0 * std::f64::consts::TAU).sin_cos();
                let r = 400.0 + 90.0 * f64::from((k % 200) * 7 % 5);
                [3_000.0 + r * cos, -500.0 + r * sin]
            })
            .collect();
        let mut area = MultiPolygonArray::new();
        area.push_ring(ring);
        area.end_polygon();
        area.end_geometry();
        let none = ParcelSet::local(std::iter::empty::<Parcel>());
        for shape in [CellShape::Square, CellShape::Hexagon] {
            let cells = clipped_grid(&none, Some(&area), shape, 70.0).unwrap();
            let sum: f64 = cells.area_m2().iter().sum();
            assert!((sum / area.get(0).signed_area() - 1.0).abs() < 1e-9, "{shape:?} {sum}");
            let union = boolean::dissolve(cells.geometry()).get(0).signed_area();
            assert!((union / sum - 1.0).abs() < 1e-9, "{shape:?} {union}");
            assert!(cells.len() > 60 && cells.rejected().is_empty() && cells.repaired().is_empty());
        }
    }

    #[test]
    fn without_an_area_cells_without_parcels_are_left_out() {
        let at = |x: f64| {
            geo::Rect::new(geo::coord! { x: x, y: 10.0 }, geo::coord! { x: x + 20.0, y: 30.0 }).to_polygon()
        };
        let set = ParcelSet::local([Parcel::new("a", at(10.0)), Parcel::new("b", at(910.0))]);
        let cells = clipped_grid(&set, None, CellShape::Square, 100.0).unwrap();
        assert_eq!((cells.len(), cells.area_m2()), (2, &[1e4, 1e4][..]));
    }

    #[test]
    fn cells_cover_the_extent_without_overlap() {
        for (shape, side_m) in [(CellShape::Square, 37.3), (CellShape::Hexagon, 29.1)] {
            for origin in [[0.0, 0.0], [-310.5, -77.25], [512_345.75, 2_501_234.5]] {
                let extent = Envelope { min: origin, max: [origin[0] + 321.0, origin[1] + 204.5] };
                let cells = grid(&extent, shape, side_m).unwrap();
                assert_eq!(cells.rejected().len() + cells.repaired().len(), 0);
                let union = boolean::dissolve(cells.geometry()).get(0).signed_area();
                let sum: f64 = cells.area_m2().iter().sum();
                assert!((union / sum - 1.0).abs() < 1e-9, "{shape:?}");
                let mut window = MultiPolygonArray::new();
                let [x0, y0] = extent.min;
                let [x1, y1] = extent.max;
                window.push_ring([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]);
                window.end_polygon();
                window.end_geometry();
                let covered =
                    PreparedArea::new(&boolean::dissolve(cells.geometry())).overlap_area(window.get(0));
                assert!((covered / (321.0 * 204.5) - 1.0).abs() < 1e-9, "{shape:?} at {origin:?}");
                // None lies wholly beyond the extent.
                assert!(cells.envelopes().iter().all(|cell| cell.grown(1e-6).intersects(&extent)));
                let area = if shape == CellShape::Square {
                    side_m * side_m
                } else {
                    1.5 * 3_f64.sqrt() * side_m * side_m
                };
                assert!(cells.area_m2().iter().all(|found| (found / area - 1.0).abs() < 1e-6));
            }
        }
    }

    #[test]
    fn sides_out_of_range_are_refused() {
        let extent = Envelope { min: [0.0; 2], max: [1e6; 2] };
        for side_m in [0.0, -1.0, f64::NAN, f64::INFINITY, 1.0, 1e-300] {
            assert_eq!(grid(&extent, CellShape::Hexagon, side_m).unwrap_err().name(), "side_m");
        }
        assert!(grid(&Envelope::EMPTY, CellShape::Square, 1.0).unwrap().is_empty());
    }
}
