//! Maps as pictures: classified parcels, control lines, outlined sites and districts, with legend, table, scale and north.
//!
//! Use it for the page that goes into a report; for a map to work with, write the GeoJSON layers. Nothing here knows
//! parcels or indicators: a [`Map`] takes polygons, a class per polygon and the words of the legend, so one drawing serves
//! efficiency, local statistics and intensity alike.
//!
//! The same map gives the same bytes for any number of threads. Only a map with characters that the built-in font lacks
//! (Chinese ones, say) depends on the machine: see [`Map::font`].

mod chart;
mod label;
mod page;
mod raster;
pub mod style;
mod text;

use std::path::{Path, PathBuf};

use tiny_skia::Pixmap;

use crate::geometry::{Envelope, MultiPolygonArray};
use crate::{Error, ParamError};
pub use chart::{Bar, Chart, Direction};
pub use style::{Color, FillStyle, Hatch, LineStyle};

/// Width and height of a map, pixels, unless set: A4 across at about 205 dots per inch.
pub const DEFAULT_SIZE_PX: [u32; 2] = [2400, 1697];

/// A sheet of paper, across, and how finely it is printed.
///
/// ```
/// use landuse::report::map::{Paper, Sheet};
/// assert_eq!(Sheet::new(Paper::A4, 300)?.size_px(), [3508, 2480]);
/// assert!(Sheet::new(Paper::A3, 10_000).is_err());
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    paper: Paper,
    dpi: u32,
}

/// A size of paper by ISO 216.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paper {
    /// 297 × 210 mm.
    #[default]
    A4,
    /// 420 × 297 mm.
    A3,
}

impl Sheet {
    /// Dots per inch unless said otherwise.
    pub const DEFAULT_DPI: u32 = 205;

    /// A sheet with so many dots per inch.
    ///
    /// # Errors
    /// [`ParamError`] where they are not from 50 to 600.
    pub fn new(paper: Paper, dpi: u32) -> Result<Self, ParamError> {
        if !(50..=600).contains(&dpi) {
            return Err(ParamError::new("dpi", dpi, "50 to 600 dots per inch"));
        }
        Ok(Self { paper, dpi })
    }

    /// Width and height in dots.
    pub fn size_px(self) -> [u32; 2] {
        let mm = match self.paper {
            Paper::A4 => [297.0, 210.0],
            Paper::A3 => [420.0, 297.0],
        };
        mm.map(|mm| (mm / 25.4 * f64::from(self.dpi)).round() as u32)
    }
}

/// A map to be drawn: what is on it and what is written beside it.
///
/// ```
/// use landuse::geometry::MultiPolygonArray;
/// use landuse::report::map::{FillStyle, Layer, Map, style};
///
/// let mut parcels = MultiPolygonArray::new();
/// for x in [0.0, 100.0] {
///     parcels.push_ring([[x, 0.0], [x + 100.0, 0.0], [x + 100.0, 60.0], [x, 60.0], [x, 0.0]]);
///     parcels.end_polygon();
///     parcels.end_geometry();
/// }
/// let styles = vec![
///     FillStyle::new(style::GRADES[0], "low").note("1 parcel, 0.6 ha"),
///     FillStyle::new(style::GRADES[3], "high").note("1 parcel, 0.6 ha"),
/// ];
/// let picture = Map::new("Efficiency of industrial land")
///     .size_px([800, 566])
///     .layer(Layer::areas(&parcels, &[0, 1], styles))
///     .render()?;
/// assert_eq!(picture.size_px(), [800, 566]);
/// assert!(picture.encode_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Map<'a> {
    title: String,
    subtitle: String,
    footnotes: Vec<String>,
    size_px: [u32; 2],
    dpi: Option<u32>,
    extent: Option<Envelope>,
    layers: Vec<Layer<'a>>,
    table: Option<Table>,
    font: Option<PathBuf>,
}

impl<'a> Map<'a> {
    /// A map of nothing with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            footnotes: Vec::new(),
            size_px: DEFAULT_SIZE_PX,
            dpi: None,
            extent: None,
            layers: Vec::new(),
            table: None,
            font: None,
        }
    }

    /// The line below the title: source and date of the data.
    #[must_use]
    pub fn subtitle(self, subtitle: impl Into<String>) -> Self {
        Self { subtitle: subtitle.into(), ..self }
    }

    /// One more note at the foot: plane, seed, warnings.
    #[must_use]
    pub fn footnote(mut self, footnote: impl Into<String>) -> Self {
        self.footnotes.push(footnote.into());
        self
    }

    /// Width and height of the picture. Type and lines grow with the width.
    #[must_use]
    pub fn size_px(self, size_px: [u32; 2]) -> Self {
        Self { size_px, ..self }
    }

    /// The sheet that the picture fills; its file says how finely it is printed.
    #[must_use]
    pub fn sheet(self, sheet: Sheet) -> Self {
        Self { size_px: sheet.size_px(), dpi: Some(sheet.dpi), ..self }
    }

    /// What the frame shows, metres of the working plane. Default: the first layer that holds anything.
    #[must_use]
    pub fn extent(self, extent: Envelope) -> Self {
        Self { extent: Some(extent), ..self }
    }

    /// One more layer, over those before it; its legend stands below theirs.
    #[must_use]
    pub fn layer(mut self, layer: Layer<'a>) -> Self {
        self.layers.push(layer);
        self
    }

    /// A table below the legend. Rows that find no room are counted in its last line.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        Self { table: Some(table), ..self }
    }

    /// A TrueType or OpenType file for the characters that the built-in Latin and Greek font lacks. Default: where such
    /// characters occur, the font of this machine that holds most of them; bytes then depend on the machine's fonts.
    #[must_use]
    pub fn font(self, path: impl Into<PathBuf>) -> Self {
        Self { font: Some(path.into()), ..self }
    }

    /// Draws the map.
    ///
    /// Text in characters that no font holds is left out and a note at the foot, also in [`Picture::notes`], says so; so
    /// it does of names and numbers without room.
    ///
    /// # Errors
    /// [`Error::Param`] for a picture narrower than 600 or lower than 400 pixels, or with a side over 20,000;
    /// [`Error::Io`] and [`Error::Config`] for a [`font`](Self::font) that cannot be read.
    ///
    /// # Complexity
    /// O(n + p) for n coordinates and p pixels, in parallel by bands of rows; memory for the picture and one band of
    /// samples (16 per pixel) per thread, beside 12 bytes per polygon.
    pub fn render(&self) -> Result<Picture, Error> {
        for (name, side, least) in [("width_px", self.size_px[0], 600), ("height_px", self.size_px[1], 400)] {
            if !(least..=20_000).contains(&side) {
                let expected = format!("from {least} to 20000 pixels");
                return Err(ParamError::new(name, side, &expected).into());
            }
        }
        page::draw(self)
    }

    /// The frame's content: as set, else the first layer's with any.
    fn seen(&self) -> Option<Envelope> {
        let usable = |e: &Envelope| !e.is_empty() && [e.min, e.max].iter().flatten().all(|v| v.is_finite());
        self.extent
            .into_iter()
            .chain(self.layers.iter().map(|layer| Envelope::of(layer.geometry.coords().iter().copied())))
            .find(usable)
    }
}

/// Polygons on a map and how they look.
#[derive(Debug, Clone)]
pub struct Layer<'a> {
    geometry: &'a MultiPolygonArray,
    look: Look<'a>,
    heading: String,
    labels: &'a [String],
    numbered: bool,
}

#[derive(Debug, Clone)]
enum Look<'a> {
    Areas { class: &'a [u8], styles: Vec<FillStyle> },
    Lines { style: LineStyle, label: String },
}

impl<'a> Layer<'a> {
    /// Areas painted by class: geometry `i` looks as `styles[class[i]]`. Those without a class or a style are not drawn;
    /// of the styles the first 127 can be used. Where areas overlap the later one shows; a geometry's own rings follow the
    /// even-odd rule.
    pub fn areas(geometry: &'a MultiPolygonArray, class: &'a [u8], styles: Vec<FillStyle>) -> Self {
        Self::with(geometry, Look::Areas { class, styles })
    }

    /// Boundaries alone, with the legend's words for them; empty words stay out of the legend. Edges that areas share to
    /// the bit are drawn once.
    pub fn lines(geometry: &'a MultiPolygonArray, style: LineStyle, label: impl Into<String>) -> Self {
        Self::with(geometry, Look::Lines { style, label: label.into() })
    }

    fn with(geometry: &'a MultiPolygonArray, look: Look<'a>) -> Self {
        Self { geometry, look, heading: String::new(), labels: &[], numbered: false }
    }

    /// A heading over this layer's entries in the legend.
    #[must_use]
    pub fn heading(self, heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), ..self }
    }

    /// A name inside each area, one per geometry; empty ones are skipped, those without room left out and counted.
    #[must_use]
    pub fn names(self, names: &'a [String]) -> Self {
        Self { labels: names, numbered: false, ..self }
    }

    /// A number at each area, as [`names`](Self::names), but in strong type, before all names, and beside its area with a
    /// leader where it does not fit inside.
    #[must_use]
    pub fn numbers(self, numbers: &'a [String]) -> Self {
        Self { labels: numbers, numbered: true, ..self }
    }
}

/// A small table of text beside the map.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// What the table shows.
    pub heading: String,
    /// Titles of the columns.
    pub columns: Vec<String>,
    /// Which columns are figures, set to the right.
    pub right: Vec<bool>,
    /// Cells, row by row; missing cells are empty.
    pub rows: Vec<Vec<String>>,
}

/// A drawn page.
#[derive(Clone)]
pub struct Picture {
    pixmap: Pixmap,
    notes: Vec<String>,
    dpi: Option<u32>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("size_px", &self.size_px())
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl Picture {
    /// Width and height.
    pub fn size_px(&self) -> [u32; 2] {
        [self.pixmap.width(), self.pixmap.height()]
    }

    /// Opaque RGBA, 4 bytes per pixel, rows from the top.
    pub fn rgba(&self) -> &[u8] {
        self.pixmap.data()
    }

    /// What could not be shown, in plain words; empty if all could. The page's foot carries the same words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The picture as a PNG file: 8-bit RGB, fast compression.
    ///
    /// # Errors
    /// [`Error::Write`] with the encoder's reason; none is known for a picture of [`Map::render`].
    pub fn encode_png(&self) -> Result<Vec<u8>, Error> {
        let refused = |error: png::EncodingError| Error::Write(std::io::Error::other(error));
        let mut bytes = Vec::new();
        let [width, height] = self.size_px();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_pixel_dims(self.dpi.map(|dpi| {
            let per_m = (f64::from(dpi) / 0.0254).round() as u32;
            png::PixelDimensions { xppu: per_m, yppu: per_m, unit: png::Unit::Meter }
        }));
        let rgb: Vec<u8> = self.rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let mut writer = encoder.write_header().map_err(refused)?;
        writer.write_image_data(&rgb).map_err(refused)?;
        writer.finish().map_err(refused)?;
        Ok(bytes)
    }

    /// Writes the picture as a PNG file.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be written; those of [`encode_png`](Self::encode_png).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let bytes = self.encode_png()?;
        std::fs::write(&path, bytes).map_err(|source| Error::io("write", path, source))
    }
}
