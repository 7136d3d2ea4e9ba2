//! Areas to pixels: every sample point of a 4 × 4 grid per pixel belongs to the last polygon that holds it.
//!
//! Samples are classes, not coverages: neighbours that share an edge split its samples between them, so no paper shines
//! through where they meet. Bands of rows are drawn in parallel; a band depends on nothing outside it.

use super::style::{Color, FillStyle, Hatch};
use crate::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use crate::parallel;
use crate::rows::Rows;

/// Samples per pixel along each axis.
const SAMPLES: usize = 4;
/// Rows of pixels per band: a band of samples stays within a core's cache.
const BAND_ROWS: usize = 16;
/// Parcels narrower than this many pixels get no edge: the lines would hide their colour.
const MIN_EDGED_PX: f64 = 7.0;
/// How many classes a layer can have: a sample is 0 where empty, `c + 1` in class `c`, `c + 1 + MAX_CLASSES` on its edge.
const MAX_CLASSES: u8 = 127;

/// From metres to pixels of the map frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transform {
    /// Pixels per metre.
    pub(super) scale: f64,
    /// Metres at the frame's upper left corner.
    pub(super) origin: Coord,
}

impl Transform {
    /// `extent` in the middle of a frame of `width` × `height` pixels, with `margin` free pixels on each side.
    pub(super) fn fit(extent: &Envelope, width: f64, height: f64, margin: f64) -> Self {
        let room = [(width - 2.0 * margin).max(1.0), (height - 2.0 * margin).max(1.0)];
        let scale = (room[0] / extent.width().max(1.0)).min(room[1] / extent.height().max(1.0));
        let [x, y] = extent.center();
        Self { scale, origin: [x - width / 2.0 / scale, y + height / 2.0 / scale] }
    }

    pub(super) fn apply(&self, coord: Coord) -> Coord {
        [(coord[0] - self.origin[0]) * self.scale, (self.origin[1] - coord[1]) * self.scale]
    }

    pub(super) fn envelope(&self, envelope: &Envelope) -> Envelope {
        let [left, top] = self.apply([envelope.min[0], envelope.max[1]]);
        let [right, bottom] = self.apply([envelope.max[0], envelope.min[1]]);
        Envelope { min: [left, top], max: [right, bottom] }
    }

    fn samples(&self) -> Self {
        Self { scale: self.scale * SAMPLES as f64, origin: self.origin }
    }
}

/// How the samples of one class are painted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shade {
    fill: Color,
    hatch: Option<(Hatch, [f64; 2])>,
    edge: Option<Color>,
}

impl Shade {
    /// `unit` is the size of a nominal pixel in true ones.
    pub(super) fn new(style: &FillStyle, unit: f64) -> Self {
        let hatch = style.hatch.filter(|h| h.spacing_px > 0.0).map(|mut hatch| {
            let angle = f64::from(hatch.angle_deg).to_radians();
            let period = f64::from(hatch.spacing_px) * unit * SAMPLES as f64;
            hatch.width_px /= hatch.spacing_px;
            // Lines rise with the angle although rows count downwards: the normal of the line in samples.
            (hatch, [angle.sin() / period, angle.cos() / period])
        });
        Self { fill: style.fill, hatch, edge: style.edge }
    }

    fn at(&self, column: usize, row: usize) -> Color {
        match &self.hatch {
            Some((hatch, normal)) => {
                let phase = (column as f64 + 0.5) * normal[0] + (row as f64 + 0.5) * normal[1];
                if phase - phase.floor() < f64::from(hatch.width_px) { hatch.color } else { self.fill }
            }
            None => self.fill,
        }
    }
}

/// One layer of classified areas.
pub(super) struct Areas<'a> {
    pub(super) geometry: &'a MultiPolygonArray,
    /// One class per geometry; those without a shade are not drawn.
    pub(super) class: &'a [u8],
    pub(super) shades: &'a [Shade],
}

impl Areas<'_> {
    fn drawn(&self, i: usize) -> bool {
        self.class.get(i).is_some_and(|&c| c < MAX_CLASSES && usize::from(c) < self.shades.len())
    }

    /// Paints the layer over `pixels` (rows of opaque RGBA, `width` pixels each).
    ///
    /// O(n) for n coordinates plus O(p) for p pixels, in parallel by bands.
    pub(super) fn paint(&self, transform: &Transform, pixels: &mut [u8], width: usize) {
        let height = pixels.len() / (width * 4);
        let bands = height.div_ceil(BAND_ROWS);
        let spans: Vec<[u32; 2]> = parallel::map(self.geometry.len(), 256, |i| {
            self.bands(i, transform, width, bands).unwrap_or([1, 0])
        });
        let members = members(&spans, bands);
        let samples = transform.samples();
        parallel::chunks(pixels, width * 4 * BAND_ROWS, &|b, rows| {
            let mut crossings = Vec::new();
            let members = members.row(b);
            if members.is_empty() {
                return;
            }
            let mut band =
                Band::new(b * BAND_ROWS * SAMPLES, width * SAMPLES, rows.len() / (width * 4) * SAMPLES);
            // From the last one drawn to the first, so that what lies below others costs no samples.
            for &i in members.iter().rev() {
                band.fill(
                    self.geometry.get(i as usize),
                    &samples,
                    self.class[i as usize] + 1,
                    &mut crossings,
                );
            }
            for &i in members {
                let class = self.class[i as usize];
                let geometry = self.geometry.get(i as usize);
                if self.shades[usize::from(class)].edge.is_some() {
                    let box_px = transform.envelope(&geometry.envelope());
                    if box_px.width().min(box_px.height()) >= MIN_EDGED_PX {
                        band.outline(geometry, &samples, class + 1 + MAX_CLASSES);
                    }
                }
            }
            band.paint(self.shades, rows);
        });
    }

    /// First and last band that geometry `i` touches.
    fn bands(&self, i: usize, transform: &Transform, width: usize, bands: usize) -> Option<[u32; 2]> {
        if !self.drawn(i) {
            return None;
        }
        let envelope = transform.envelope(&self.geometry.get(i).envelope());
        let last = bands as f64 - 1.0;
        let rows = [envelope.min[1], envelope.max[1]].map(|y| (y / BAND_ROWS as f64).floor());
        let seen =
            envelope.max[0] >= 0.0 && envelope.min[0] <= width as f64 && rows[1] >= 0.0 && rows[0] <= last;
        seen.then(|| rows.map(|r| r.clamp(0.0, last) as u32))
    }
}

/// Geometries by the bands they touch.
fn members(spans: &[[u32; 2]], bands: usize) -> Rows<u32> {
    let touched = |(&[first, last], i): (&[u32; 2], u32)| (first..=last).map(move |band| (band as usize, i));
    Rows::new(bands, 0, spans.iter().zip(0..).flat_map(touched))
}

/// Samples of some rows of the map.
struct Band {
    first_row: usize,
    columns: usize,
    rows: usize,
    samples: Vec<u8>,
    /// How many samples of each row are empty.
    empty: Vec<u32>,
    /// A bit for each sample of each row that is not empty, in words of their own per row.
    taken: Vec<u64>,
}

impl Band {
    fn new(first_row: usize, columns: usize, rows: usize) -> Self {
        Self {
            first_row,
            columns,
            rows,
            samples: vec![0; columns * rows],
            empty: vec![columns as u32; rows],
            taken: vec![0; columns.div_ceil(64) * rows],
        }
    }

    /// Gives the empty ones among the samples `from..to` of a row the value `value`.
    fn fill_empty(&mut self, row: usize, from: usize, to: usize, value: u8) {
        if self.empty[row] == 0 {
            return;
        }
        let samples = &mut self.samples[row * self.columns..(row + 1) * self.columns];
        let words = self.columns.div_ceil(64);
        let taken = &mut self.taken[row * words..(row + 1) * words];
        for (word, taken) in taken.iter_mut().enumerate().take(to.div_ceil(64)).skip(from / 64) {
            let first = word * 64;
            let low = u64::MAX << (from.max(first) - first);
            let high = u64::MAX >> (first + 64 - to.min(first + 64));
            let mut new = low & high & !*taken;
            *taken |= new;
            self.empty[row] -= new.count_ones();
            while new != 0 {
                let start = new.trailing_zeros() as usize;
                let length = (!(new >> start)).trailing_zeros() as usize;
                samples[first + start..first + start + length].fill(value);
                // A run to the end of the word leaves nothing.
                new &= u64::MAX.checked_shl((start + length) as u32).unwrap_or(0);
            }
        }
    }

    /// Gives the empty samples inside `geometry` (even-odd rule, all its rings together) the value `value`.
    fn fill(
        &mut self,
        geometry: MultiPolygonRef<'_>,
        transform: &Transform,
        value: u8,
        crossings: &mut Vec<(u32, u32)>,
    ) {
        crossings.clear();
        let rows = self.rows as f64;
        let columns = self.columns as f64;
        let place = |coord: Coord| {
            let [x, y] = transform.apply(coord);
            [x, y - self.first_row as f64]
        };
        for ring in geometry.rings() {
            let Some(&last) = ring.last() else { continue };
            // Closing edge first: of length 0 where the ring is closed already.
            let mut from = place(last);
            for &coord in ring {
                let to = place(coord);
                // Both neighbours walk a shared edge downwards, so both find the same crossings to the bit.
                let (a, b) = if from[1] < to[1] { (from, to) } else { (to, from) };
                from = to;
                // Sample rows lie at half integers; an edge owns those in [a.y, b.y).
                let first = (a[1] - 0.5).ceil().max(0.0);
                let end = (b[1] - 0.5).ceil().min(rows);
                if first >= end {
                    continue;
                }
                let slope = (b[0] - a[0]) / (b[1] - a[1]);
                for row in first as u32..end as u32 {
                    let x = a[0] + (f64::from(row) + 0.5 - a[1]) * slope;
                    crossings.push((row, (x - 0.5).ceil().clamp(0.0, columns) as u32));
                }
            }
        }
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            if pair[0].1 < pair[1].1 && pair[0].0 == pair[1].0 {
                self.fill_empty(pair[0].0 as usize, pair[0].1 as usize, pair[1].1 as usize, value);
            }
        }
    }

    /// Draws the rings two samples wide; shared edges are drawn over each other and gain no weight.
    fn outline(&mut self, geometry: MultiPolygonRef<'_>, transform: &Transform, value: u8) {
        let (columns, rows) = (self.columns as f64, self.rows as f64);
        for ring in geometry.rings() {
            for edge in ring.windows(2) {
                let [mut a, mut b] = [edge[0], edge[1]].map(|coord| transform.apply(coord));
                a[1] -= self.first_row as f64;
                b[1] -= self.first_row as f64;
                let steep = (b[1] - a[1]).abs() > (b[0] - a[0]).abs();
                let along = usize::from(steep);
                let across = 1 - along;
                if a[along] > b[along] {
                    std::mem::swap(&mut a, &mut b);
                }
                let [end, limit] = if steep { [rows, columns] } else { [columns, rows] };
                let slope = (b[across] - a[across]) / (b[along] - a[along]).max(f64::MIN_POSITIVE);
                let [first, last] = [a[along].floor().max(0.0), b[along].ceil().min(end)];
                if first >= last {
                    continue;
                }
                for step in first as usize..last as usize {
                    let position = (step as f64 + 0.5).max(a[along]).min(b[along]);
                    let middle = (a[across] + (position - a[along]) * slope).round();
                    for side in [middle - 1.0, middle] {
                        if side >= 0.0 && side < limit {
                            let [column, row] =
                                if steep { [side as usize, step] } else { [step, side as usize] };
                            self.samples[row * self.columns + column] = value;
                        }
                    }
                }
            }
        }
    }

    /// Averages the samples of each pixel and lays them over what is there.
    fn paint(&self, shades: &[Shade], pixels: &mut [u8]) {
        let width = self.columns / SAMPLES;
        for (i, pixel) in pixels.chunks_exact_mut(4).enumerate() {
            let (row, column) = (i / width * SAMPLES, i % width * SAMPLES);
            let block: [&[u8]; SAMPLES] = std::array::from_fn(|r| {
                let start = (row + r) * self.columns + column;
                &self.samples[start..start + SAMPLES]
            });
            let first = block[0][0];
            let uniform = block.iter().all(|line| line.iter().all(|&v| v == first));
            if uniform && first == 0 {
                continue;
            }
            // Sums of colour times alpha, and of alpha.
            let mut sum = [0_u32; 4];
            let mut add = |color: Color, times: u32| {
                let alpha = u32::from(color.a) * times;
                for (total, part) in sum.iter_mut().zip([color.r, color.g, color.b]) {
                    *total += u32::from(part) * alpha;
                }
                sum[3] += alpha;
            };
            let shade = |value: u8| shades.get(usize::from(value).wrapping_sub(1));
            match shade(first).filter(|s| uniform && first <= MAX_CLASSES && s.hatch.is_none()) {
                Some(shade) => add(shade.fill, (SAMPLES * SAMPLES) as u32),
                None => {
                    for (r, line) in block.iter().enumerate() {
                        for (c, &value) in line.iter().enumerate() {
                            if value > MAX_CLASSES {
                                let edge = shade(value - MAX_CLASSES).and_then(|s| s.edge);
                                add(edge.unwrap_or(Color::CLEAR), 1);
                            } else if let Some(shade) = shade(value) {
                                add(shade.at(column + c, self.first_row + row + r), 1);
                            }
                        }
                    }
                }
            }
            let whole = 255 * (SAMPLES * SAMPLES) as u32;
            for (channel, total) in pixel[..3].iter_mut().zip(sum) {
                let mixed = total + u32::from(*channel) * (whole - sum[3]);
                *channel = ((mixed + whole / 2) / whole) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Color = Color::rgb(255, 0, 0);
    const BLUE: Color = Color::rgb(0, 0, 255);
    const PIXEL: Transform = Transform { scale: 1.0, origin: [0.0, 200.0] };

    fn ring(array: &mut MultiPolygonArray, coords: &[Coord]) {
        array.push_ring(coords.iter().copied().chain(coords.first().copied()));
    }

    fn paint(geometry: &MultiPolygonArray, class: &[u8], edge: Option<Color>) -> Vec<u8> {
        let shades = [RED, BLUE].map(|fill| Shade::new(&FillStyle { edge, ..FillStyle::new(fill, "") }, 1.0));
        let mut pixels = vec![255; 300 * 200 * 4];
        Areas { geometry, class, shades: &shades }.paint(&PIXEL, &mut pixels, 300);
        pixels
    }

    fn ink(pixels: &[u8], channel: usize) -> f64 {
        pixels.chunks_exact(4).map(|p| 1.0 - f64::from(p[channel]) / 255.0).sum()
    }

    fn pixel(pixels: &[u8], x: usize, y: usize) -> [u8; 3] {
        let start = (y * 300 + x) * 4;
        [pixels[start], pixels[start + 1], pixels[start + 2]]
    }

    /// A circle-like polygon of radius `r` with a hole of radius `r / 2`.
    fn disc(array: &mut MultiPolygonArray, [x, y]: Coord, r: f64, hole: bool) {
        let circle = |r: f64| -> Vec<Coord> {
            (0..97)
                .map(|i| f64::from(i) / 97.0 * std::f64::consts::TAU)
                .map(|t| [x + r * t.cos(), y + r * t.sin()])
                .collect()
        };
        ring(array, &circle(r));
        if hole {
            let mut inner = circle(r / 2.0);
            inner.reverse();
            ring(array, &inner);
        }
        array.end_polygon();
        array.end_geometry();
    }

    #[test]
    fn painted_area_is_the_polygon_area_and_holes_stay_empty() {
        let mut array = MultiPolygonArray::new();
        disc(&mut array, [120.3, 99.7], 60.0, true);
        let pixels = paint(&array, &[0], None);
        let area = array.get(0).signed_area();
        assert!((ink(&pixels, 1) / area - 1.0).abs() < 2e-3, "{} of {area}", ink(&pixels, 1));
        assert_eq!(pixel(&pixels, 120, 100), [255; 3]);
        assert_eq!(pixel(&pixels, 165, 100), [255, 0, 0]);
    }

    #[test]
    fn neighbours_leave_no_paper_between_them_and_the_later_one_wins_where_they_overlap() {
        let mut array = MultiPolygonArray::new();
        ring(&mut array, &[[10.0, 10.0], [93.7, 10.0], [131.1, 180.0], [10.0, 180.0]]);
        array.end_polygon();
        array.end_geometry();
        ring(&mut array, &[[93.7, 10.0], [280.0, 10.0], [280.0, 180.0], [131.1, 180.0]]);
        array.end_polygon();
        array.end_geometry();
        let pixels = paint(&array, &[0, 1], None);
        // Red and blue hold no green: any green is paper.
        for y in 21..189 {
            for x in 11..279 {
                assert_eq!(pixel(&pixels, x, y)[1], 0, "{x} {y}");
            }
        }
        let mut over = MultiPolygonArray::new();
        disc(&mut over, [100.0, 100.0], 50.0, false);
        disc(&mut over, [120.0, 100.0], 50.0, false);
        assert_eq!(pixel(&paint(&over, &[0, 1], None), 110, 100), [0, 0, 255]);
        assert_eq!(pixel(&paint(&over, &[1, 0], None), 110, 100), [255, 0, 0]);
        assert_eq!(pixel(&paint(&over, &[0, 9], None), 110, 100), [255, 0, 0]);
        assert_eq!(pixel(&paint(&over, &[0], None), 165, 100), [255; 3]);
    }

    #[test]
    fn every_sample_is_the_one_a_point_test_finds() {
        let star: Vec<Coord> = (0..40)
            .map(|i| {
                let (angle, r) = (f64::from(i) * 0.157, if i % 2 == 0 { 90.0 } else { 31.0 });
                [150.0 + r * f64::cos(angle), 100.0 + r * f64::sin(angle)]
            })
            .collect();
        let mut array = MultiPolygonArray::new();
        ring(&mut array, &star);
        array.end_polygon();
        array.end_geometry();
        let (mut band, samples) = (Band::new(320, 1200, 64), PIXEL.samples());
        band.fill(array.get(0), &samples, 1, &mut Vec::new());
        for row in 0..64 {
            for column in 0..1200 {
                let (x, y) = ((column as f64 + 0.5) / 4.0, 200.0 - (row as f64 + 320.5) / 4.0);
                let closed: Vec<Coord> = star.iter().copied().chain([star[0]]).collect();
                let inside = closed
                    .windows(2)
                    .filter(|e| (e[0][1] > y) != (e[1][1] > y))
                    .filter(|e| x < (e[1][0] - e[0][0]) * (y - e[0][1]) / (e[1][1] - e[0][1]) + e[0][0])
                    .count()
                    % 2
                    == 1;
                assert_eq!(band.samples[row * 1200 + column] == 1, inside, "{column} {row}");
            }
        }
    }

    #[test]
    fn what_is_filled_first_to_last_or_last_to_first_is_the_same() {
        let mut array = MultiPolygonArray::new();
        for i in 0..60 {
            let at = [f64::from(i * 37 % 331) - 10.0, 60.0 + f64::from(i * 53 % 61)];
            disc(&mut array, at, 4.0 + f64::from(i * 7 % 90), i % 3 == 0);
        }
        let (samples, mut crossings) = (PIXEL.samples(), Vec::new());
        let mut band = Band::new(320, 1200, 64);
        let mut expected = vec![0; 1200 * 64];
        for i in 0..60 {
            let mut alone = Band::new(320, 1200, 64);
            alone.fill(array.get(i), &samples, i as u8 + 1, &mut crossings);
            for (below, &above) in expected.iter_mut().zip(&alone.samples).filter(|(_, above)| **above > 0) {
                *below = above;
            }
            band.fill(array.get(59 - i), &samples, 60 - i as u8, &mut crossings);
        }
        assert!(band.samples == expected);
        for (row, empty) in band.empty.iter().enumerate() {
            let samples = &band.samples[row * 1200..(row + 1) * 1200];
            assert_eq!(samples.iter().map(|&v| u32::from(v == 0)).sum::<u32>(), *empty);
        }
    }

    #[test]
    fn one_thread_and_many_paint_the_same() {
        let mut array = MultiPolygonArray::new();
        let mut class = Vec::new();
        for i in 0..400 {
            disc(
                &mut array,
                [f64::from(i * 37 % 331) - 10.0, f64::from(i * 53 % 223) - 10.0],
                4.0 + f64::from(i % 17),
                i % 3 == 0,
            );
            class.push((i % 2) as u8);
        }
        let on = |threads| parallel::on_threads(threads, || paint(&array, &class, Some(Color::WHITE)));
        assert_eq!(on(1), on(4));
    }

    #[test]
    fn hatch_lines_cover_their_share() {
        let mut array = MultiPolygonArray::new();
        ring(&mut array, &[[0.0, 0.0], [300.0, 0.0], [300.0, 200.0], [0.0, 200.0]]);
        array.end_polygon();
        array.end_geometry();
        let hatch = Hatch { angle_deg: 30.0, spacing_px: 10.0, width_px: 2.5, color: Color::BLACK };
        let shades = [Shade::new(&FillStyle::new(Color::CLEAR, "").hatched(hatch), 1.0)];
        let mut pixels = vec![255; 300 * 200 * 4];
        Areas { geometry: &array, class: &[0], shades: &shades }.paint(&PIXEL, &mut pixels, 300);
        let share = ink(&pixels, 0) / (300.0 * 200.0);
        assert!((share - 0.25).abs() < 0.01, "{share}");
    }

    #[test]
    fn what_lies_outside_or_has_no_extent_paints_nothing() {
        let mut array = MultiPolygonArray::new();
        disc(&mut array, [-500.0, 100.0], 60.0, false);
        disc(&mut array, [100.0, 9e9], 60.0, false);
        ring(&mut array, &[[5.0, 5.0], [5.0, 5.0]]);
        array.end_polygon();
        array.end_geometry();
        array.end_geometry();
        let pixels = paint(&array, &[0; 4], None);
        assert!(pixels.iter().all(|&v| v == 255));
        disc(&mut array, [150.0, 100.0], 1e7, false);
        assert!((ink(&paint(&array, &[0; 5], None), 1) - 60_000.0).abs() < 1e-6);
    }
}
