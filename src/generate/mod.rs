//! A synthetic city of any size, open to everyone: parcels with what is known of them, control lines, districts, water,
//! and the truth about what was planted.
//!
//! Use it for demonstrations, tests and benches: what an analysis should find is written down in `truth.json`. Do not
//! use it to learn about real cities: every figure is drawn at random about values that are usual in the field.
//!
//! The city is fictional. It stands around 114.35° E, 22.70° N, where its coordinates overlap real places that have
//! nothing to do with it. The same options give the same bytes, on one thread or many and on every machine: each block
//! has its own stream of numbers, and only the basic IEEE operations are used.

mod block;
mod outline;
mod plan;
mod plane;
mod truth;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::block::{SEPARATOR, Writer};
use self::outline::{NodeRing, Wiggle, draw_ring, parts};
use self::plan::Plan;
use self::plane::push_ring;
use self::truth::Tally;
use crate::parallel;
use crate::{Error, ParamError};

/// Fewest parcels of a city.
pub const MIN_PARCELS: u32 = 100;
/// Most parcels of a city.
pub const MAX_PARCELS: u32 = 2_000_000;
/// Most vertices of the control lines together.
pub const MAX_LINE_VERTICES: u32 = 12_000_000;
/// Most vertices of a control line between two crossings: some 5 cm apart, far above the 1 mm of the coordinates.
const MAX_EDGE_POINTS: usize = 2_000;
/// Blocks whose text is held in memory at a time.
const BATCH: usize = 1_024;
/// The districts' names, in the order they are used.
const NAMES: [(&str, &str); 10] = [
    ("临江区", "Linjiang"),
    ("云岭区", "Yunling"),
    ("北湾区", "Beiwan"),
    ("东湖区", "Donghu"),
    ("清溪区", "Qingxi"),
    ("石门区", "Shimen"),
    ("南屏区", "Nanping"),
    ("长桥区", "Changqiao"),
    ("金沙区", "Jinsha"),
    ("白鹭区", "Bailu"),
];

/// The shape of the parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Fabric {
    /// Blocks between streets, cut into parcels of many sizes. The default.
    #[default]
    Cadastral,
    /// A dense old town of small parcels, and large ones around it.
    Clustered,
    /// Long thin strips.
    Slivers,
}

/// A kind of planted trouble; the order is that in which kinds take their pick of the parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    NullGeometry,
    Clockwise,
    RepeatedPoint,
    TwoPointRing,
    UnclosedRing,
    BowTie,
    DuplicateId,
    SameGeometry,
    ExactDuplicate,
    Sliver,
    TJunction,
    HairlineGap,
    Overlap,
    Court,
    MultiPart,
}

impl Fault {
    const ALL: [Self; 15] = [
        Self::NullGeometry,
        Self::Clockwise,
        Self::RepeatedPoint,
        Self::TwoPointRing,
        Self::UnclosedRing,
        Self::BowTie,
        Self::DuplicateId,
        Self::SameGeometry,
        Self::ExactDuplicate,
        Self::Sliver,
        Self::TJunction,
        Self::HairlineGap,
        Self::Overlap,
        Self::Court,
        Self::MultiPart,
    ];

    /// Whether it stands as a feature of its own beside the parcel it belongs to.
    fn adds_feature(self) -> bool {
        matches!(self, Self::SameGeometry | Self::ExactDuplicate | Self::Sliver | Self::Court)
    }
}

/// How much cadastral trouble is planted: each a share of all features, from 0; together at most [`Faults::MAX_SUM`].
///
/// Planted sites are spared all of it but missing values, and of those the ones a site is found by.
///
/// ```
/// use landuse::generate::Faults;
///
/// let mut faults = Faults::NONE;
/// faults.overlap = 0.01;
/// assert!(Faults::default().overlap > 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Faults {
    /// A vertex that the neighbour does not have. Default: 0.01.
    pub t_junction: f64,
    /// A side drawn back by 3 to 50 mm. Default: 0.004.
    pub hairline_gap: f64,
    /// A strip of street 3 to 25 cm wide as a parcel of its own. Default: 0.001.
    pub sliver: f64,
    /// A side moved 0.1 to 2 m into the neighbour. Default: 0.002.
    pub overlap: f64,
    /// A feature written twice. Default: 0.0005.
    pub exact_duplicate: f64,
    /// A geometry written again with another id. Default: 0.0005.
    pub same_geometry: f64,
    /// The id of the feature before. Default: 0.0005.
    pub duplicate_id: f64,
    /// A parcel with a hole, and the parcel inside it; no fault, but hard. Default: 0.004.
    pub court: f64,
    /// A parcel of two parts; no fault either. Default: 0.004.
    pub multi_part: f64,
    /// Bow-ties, unclosed rings, rings of two points and repeated points, in equal shares. Default: 0.0008.
    pub invalid_ring: f64,
    /// An exterior that runs clockwise. Default: 0.01.
    pub clockwise: f64,
    /// A feature without geometry. Default: 0.0002.
    pub null_geometry: f64,
    /// A value missing, per value: half of them null, half of them absent. Default: 0.03.
    pub missing_value: f64,
}

impl Faults {
    /// No trouble at all: every parcel is one simple valid polygon and every value is known.
    pub const NONE: Self = Self {
        t_junction: 0.0,
        hairline_gap: 0.0,
        sliver: 0.0,
        overlap: 0.0,
        exact_duplicate: 0.0,
        same_geometry: 0.0,
        duplicate_id: 0.0,
        court: 0.0,
        multi_part: 0.0,
        invalid_ring: 0.0,
        clockwise: 0.0,
        null_geometry: 0.0,
        missing_value: 0.0,
    };

    /// Largest sum of the geometric shares.
    pub const MAX_SUM: f64 = 0.25;

    fn share(&self, fault: Fault) -> f64 {
        match fault {
            Fault::NullGeometry => self.null_geometry,
            Fault::Clockwise => self.clockwise,
            Fault::RepeatedPoint | Fault::TwoPointRing | Fault::UnclosedRing | Fault::BowTie => {
                self.invalid_ring / 4.0
            }
            Fault::DuplicateId => self.duplicate_id,
            Fault::SameGeometry => self.same_geometry,
            Fault::ExactDuplicate => self.exact_duplicate,
            Fault::Sliver => self.sliver,
            Fault::TJunction => self.t_junction,
            Fault::HairlineGap => self.hairline_gap,
            Fault::Overlap => self.overlap,
            Fault::Court => self.court,
            Fault::MultiPart => self.multi_part,
        }
    }

    fn check(&self) -> Result<(), ParamError> {
        let mut sum = 0.0;
        for fault in Fault::ALL {
            let share = self.share(fault);
            if !share.is_finite() || share < 0.0 {
                return Err(ParamError::new("faults", share, "shares of at least 0"));
            }
            sum += share;
        }
        if sum > Self::MAX_SUM {
            return Err(ParamError::new("faults", sum, "shares of at most 0.25 together"));
        }
        if !(0.0..=0.9).contains(&self.missing_value) {
            return Err(ParamError::new("faults.missing_value", self.missing_value, "a share from 0 to 0.9"));
        }
        Ok(())
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            t_junction: 0.01,
            hairline_gap: 0.004,
            sliver: 0.001,
            overlap: 0.002,
            exact_duplicate: 0.0005,
            same_geometry: 0.0005,
            duplicate_id: 0.0005,
            court: 0.004,
            multi_part: 0.004,
            invalid_ring: 0.0008,
            clockwise: 0.01,
            null_geometry: 0.0002,
            missing_value: 0.03,
        }
    }
}

/// What city to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CityOptions {
    /// Features of `parcels.geojson`, planted trouble included; [`MIN_PARCELS`] to [`MAX_PARCELS`].
    pub parcels: u32,
    /// Same seed, same city.
    pub seed: u64,
    /// The shape of the parcels. Default: cadastral.
    pub fabric: Fabric,
    /// Planted trouble. Default: [`Faults::default`].
    pub faults: Faults,
    /// Vertices of the control lines together, about; at most [`MAX_LINE_VERTICES`]. Default: 0.35 times the parcels.
    /// A line has at least 2 and at most 2,000 vertices along a block, so small cities stay below what is asked.
    pub line_vertices: u32,
}

impl CityOptions {
    /// A city of so many parcels, everything else by default.
    pub fn new(parcels: u32, seed: u64) -> Self {
        Self {
            parcels,
            seed,
            fabric: Fabric::default(),
            faults: Faults::default(),
            line_vertices: (u64::from(parcels) * 35 / 100).min(u64::from(MAX_LINE_VERTICES)) as u32,
        }
    }

    /// Sets the shape of the parcels.
    #[must_use]
    pub fn fabric(mut self, fabric: Fabric) -> Self {
        self.fabric = fabric;
        self
    }

    /// Sets the planted trouble.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets about how many vertices the control lines have together.
    #[must_use]
    pub fn line_vertices(mut self, line_vertices: u32) -> Self {
        self.line_vertices = line_vertices;
        self
    }
}

/// Fills a file.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// What [`City::write`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Written {
    /// Features of `parcels.geojson`.
    pub parcels: u32,
    /// Positions of all their rings, closing ones included.
    pub positions: u64,
    /// Planted low-efficiency sites.
    pub sites: u32,
    /// Positions of the control lines' rings, closing ones included.
    pub line_positions: u64,
}

/// What [`City::write_later`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WrittenLater {
    /// Features of `parcels_later.geojson`.
    pub parcels: u32,
    /// Planted changes.
    pub changes: usize,
}

/// A city planned: streets, what each block is for, districts, lines and planted sites are settled; parcels are cut
/// while they are written.
///
/// ```
/// use landuse::generate::{City, CityOptions};
///
/// let dir = tempfile::tempdir()?;
/// let city = City::new(CityOptions::new(200, 7))?;
/// let written = city.write(dir.path())?;
/// assert_eq!(written.parcels, 200);
/// assert!(dir.path().join("truth.json").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct City {
    options: CityOptions,
    plan: Plan,
    district_ids: Vec<String>,
    chances: Vec<(Fault, f64)>,
}

impl City {
    /// Plans a city.
    ///
    /// # Errors
    /// [`ParamError`] naming the option that is out of its range.
    ///
    /// # Complexity
    /// O(blocks · log blocks) time, about a tenth of the parcels; some 200 bytes per block.
    pub fn new(options: CityOptions) -> Result<Self, ParamError> {
        if !(MIN_PARCELS..=MAX_PARCELS).contains(&options.parcels) {
            return Err(ParamError::new("parcels", options.parcels, "100 to 2000000"));
        }
        if options.line_vertices > MAX_LINE_VERTICES {
            return Err(ParamError::new("line_vertices", options.line_vertices, "at most 12000000"));
        }
        options.faults.check()?;
        let plan = Plan::new(&options);
        let eligible: u32 = (0..plan.blocks.len())
            .filter(|&index| Writer::eligible(&plan, index))
            .map(|index| plan.blocks[index].features)
            .sum();
        // Blocks too small for trouble leave their share to the others.
        let scale = f64::from(options.parcels) / f64::from(eligible.max(1));
        let chances = Fault::ALL.iter().map(|&fault| (fault, options.faults.share(fault) * scale)).collect();
        let district_ids = (1..=plan.districts).map(|number| format!("D{number:02}")).collect();
        Ok(Self { options, plan, district_ids, chances })
    }

    /// The options it was planned with.
    pub fn options(&self) -> &CityOptions {
        &self.options
    }

    /// Writes `parcels.geojson`, `control_lines.geojson`, `districts.geojson`, `water.geojson`, `truth.json` and
    /// `README.md` into a folder, which is made where it does not exist; files of these names are replaced.
    ///
    /// Each file is written under a temporary name and then renamed, so that a file that is there is whole. Runs on the
    /// current thread pool; the bytes do not depend on it.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file or folder that could not be made, written or renamed.
    ///
    /// # Complexity
    /// O(parcels + line vertices) time; the text of about ten thousand parcels, the longest ring of a line and the
    /// truth are held in memory.
    pub fn write(&self, dir: &Path) -> Result<Written, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
        self.write_files(&mut |name, fill| write_whole(dir, name, fill))
    }

    /// [`write`](Self::write) to files that the caller makes: `save` is told the name of each and fills it.
    ///
    /// # Errors
    /// Those of `save`.
    pub fn write_files(
        &self,
        save: &mut dyn FnMut(&str, Fill<'_>) -> Result<(), Error>,
    ) -> Result<Written, Error> {
        let mut tally = Tally::default();
        let (mut line_positions, mut land_m2) = (0, 0.0);
        save("parcels.geojson", &mut |out| self.write_parcels(out, &mut tally))?;
        save("control_lines.geojson", &mut |out| {
            line_positions = self.write_lines(out)?;
            Ok(())
        })?;
        save("districts.geojson", &mut |out| {
            land_m2 = self.write_districts(out, &tally)?;
            Ok(())
        })?;
        save("water.geojson", &mut |out| self.write_water(out))?;
        let truth = tally.truth(&self.options, land_m2);
        save("truth.json", &mut |out| {
            serde_json::to_writer(&mut *out, &truth)?;
            out.write_all(b"\n")
        })?;
        let readme = self.readme(&tally);
        save("README.md", &mut |out| out.write_all(readme.as_bytes()))?;
        Ok(Written {
            parcels: self.options.parcels,
            positions: tally.positions,
            sites: self.plan.sites,
            line_positions,
        })
    }

    /// Writes the same city some years later, `parcels_later.geojson`, and what changed, `changes.json`, into a folder, which is
    /// made where it does not exist; files of these names are replaced.
    ///
    /// About 2 % of the parcels without planted trouble and outside planted sites change: open land is built on, construction
    /// land is cleared, parcels are split, merged or given up, and strips of street become parcels. All others stay as they
    /// were, byte for byte. `changes.json` holds for each change its kind and the parcels before and after it, by row, id
    /// and use; a use may be missing in a file where missing values are planted.
    ///
    /// # Errors
    /// [`Error::Io`] as [`City::write`].
    ///
    /// # Complexity
    /// O(parcels) time; the text of about ten thousand parcels and the changes are held in memory.
    pub fn write_later(&self, dir: &Path) -> Result<WrittenLater, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
        self.write_later_files(&mut |name, fill| write_whole(dir, name, fill))
    }

    /// [`write_later`](Self::write_later) to files that the caller makes: `save` is told the name of each and fills it.
    ///
    /// # Errors
    /// Those of `save`.
    pub fn write_later_files(
        &self,
        save: &mut dyn FnMut(&str, Fill<'_>) -> Result<(), Error>,
    ) -> Result<WrittenLater, Error> {
        let writer = self.writer();
        let (mut parcels, mut changes) = (0, Vec::new());
        save("parcels_later.geojson", &mut |out| {
            let write = |index| writer.write_later(index);
            self.write_blocks(
                out,
                write,
                |later| &later.block.text,
                |_, later| {
                    changes.extend(later.changes.into_iter().map(|change| change.counted_from(parcels)));
                    parcels += later.block.features;
                },
            )
        })?;
        let truth = truth::of_changes(&self.options, &changes);
        save("changes.json", &mut |out| {
            serde_json::to_writer(&mut *out, &truth)?;
            out.write_all(b"\n")
        })?;
        Ok(WrittenLater { parcels, changes: changes.len() })
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            plan: &self.plan,
            fabric: self.options.fabric,
            chances: &self.chances,
            missing_share: self.options.faults.missing_value,
            district_ids: &self.district_ids,
        }
    }

    fn write_parcels(&self, out: &mut dyn Write, tally: &mut Tally) -> io::Result<()> {
        let writer = self.writer();
        self.write_blocks(
            out,
            |index| writer.write(index),
            |text| &text.text,
            |index, text| {
                tally.add(&self.plan.blocks[index], text);
            },
        )
    }

    /// Writes what each block has to say, in their order, and hands it on.
    fn write_blocks<T: Send>(
        &self,
        out: &mut dyn Write,
        write: impl Fn(usize) -> T + Sync,
        text_of: impl Fn(&T) -> &[u8],
        mut then: impl FnMut(usize, T),
    ) -> io::Result<()> {
        open_collection(out, "parcels")?;
        let blocks: Vec<usize> = (0..self.plan.blocks.len()).collect();
        let mut separator: &[u8] = b"";
        for batch in blocks.chunks(BATCH) {
            let texts: Vec<T> = parallel::collect(batch.len(), 1, &|i| write(batch[i]));
            for (&index, text) in batch.iter().zip(texts) {
                // Every feature brings its comma; the first of all goes without.
                if let Some(features) = text_of(&text).strip_prefix(SEPARATOR) {
                    out.write_all(separator)?;
                    out.write_all(features)?;
                    separator = SEPARATOR;
                }
                then(index, text);
            }
        }
        out.write_all(b"\n]}\n")
    }

    fn write_lines(&self, out: &mut dyn Write) -> io::Result<u64> {
        open_collection(out, "control_lines")?;
        let outlines: Vec<Vec<Vec<NodeRing>>> =
            self.plan.zones.iter().map(|zone| parts(&self.plan, &|cell| zone.cells[cell])).collect();
        let edges: usize = outlines.iter().flatten().flatten().map(Vec::len).sum();
        let points =
            (self.options.line_vertices as usize / edges.max(1)).saturating_sub(1).clamp(2, MAX_EDGE_POINTS);
        let (mut number, mut positions) = (0, 0);
        for (salt, (zone, outlines)) in self.plan.zones.iter().zip(&outlines).enumerate() {
            let wiggle = Wiggle { salt: 100 + salt as u64, points, share: 0.18, beyond_street_m: None };
            for rings in outlines {
                number += 1;
                let head = format!(
                    "{{\"type\":\"Feature\",\"properties\":{{\"id\":\"L{number:04}\",\"name\":\"{}\",\"tier\":\"{}\",\"effect\":\"{}\"}},",
                    zone.name, zone.tier, zone.effect
                );
                positions += self.write_area(out, number > 1, &head, rings, wiggle)?.0;
            }
        }
        out.write_all(b"\n]}\n")?;
        Ok(positions)
    }

    /// Writes the districts and tells their area together, m².
    fn write_districts(&self, out: &mut dyn Write, tally: &Tally) -> io::Result<f64> {
        open_collection(out, "districts")?;
        let beyond = if self.options.fabric == Fabric::Slivers { -1.5 } else { 1.0 };
        let wiggle = Wiggle { salt: 90, points: 5, share: 0.15, beyond_street_m: Some(beyond) };
        let mut land_m2 = 0.0;
        for (district, id) in self.district_ids.iter().enumerate() {
            let own = parts(&self.plan, &|cell| self.plan.blocks[cell].district as usize == district);
            let (chinese, english) = NAMES[district % NAMES.len()];
            let population = tally.population.get(district).copied().unwrap_or(0);
            let head = format!(
                "{{\"type\":\"Feature\",\"properties\":{{\"id\":\"{id}\",\"name\":\"{chinese} {english}\",\"population\":{population}}},"
            );
            for rings in &own {
                land_m2 += self.write_area(out, district > 0, &head, rings, wiggle)?.1;
            }
        }
        out.write_all(b"\n]}\n")?;
        Ok(land_m2)
    }

    /// The river: one polygon along its banks, under all bridges.
    fn write_water(&self, out: &mut dyn Write) -> io::Result<()> {
        open_collection(out, "water")?;
        let (mut east, mut west) = (Vec::new(), Vec::new());
        for j in 0..self.plan.rows {
            let [sw, se, ne, nw] = self.plan.corners(self.plan.river, j).map(plane::to_degrees);
            east.extend([se, ne]);
            west.extend([sw, nw]);
        }
        east.extend(west.into_iter().rev());
        east.extend(east.first().copied());
        let mut text = Vec::from(
            "{\"type\":\"Feature\",\"properties\":{\"id\":\"W1\",\"name\":\"清河 Qing River\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[",
        );
        push_ring(&mut text, &east);
        text.extend_from_slice(b"]}}\n]}\n");
        out.write_all(&text)
    }

    /// Writes one polygon feature and tells how many positions it has, and its area in m².
    fn write_area(
        &self,
        out: &mut dyn Write,
        follows: bool,
        head: &str,
        rings: &[NodeRing],
        wiggle: Wiggle,
    ) -> io::Result<(u64, f64)> {
        if follows {
            out.write_all(b",\n")?;
        }
        out.write_all(head.as_bytes())?;
        out.write_all(b"\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[")?;
        let (mut positions, mut area_m2) = (0, 0.0);
        let mut text = Vec::new();
        for (k, ring) in rings.iter().enumerate() {
            text.clear();
            if k > 0 {
                text.push(b',');
            }
            let drawn = draw_ring(&self.plan, ring, wiggle);
            positions += drawn.len() as u64;
            let metres: Vec<[f64; 2]> = drawn.iter().copied().map(plane::to_metres).collect();
            area_m2 += block::ring_area_m2(&metres);
            push_ring(&mut text, &drawn);
            out.write_all(&text)?;
        }
        out.write_all(b"]}}")?;
        Ok((positions, area_m2))
    }

    fn readme(&self, tally: &Tally) -> String {
        let options = &self.options;
        let fabric = match options.fabric {
            Fabric::Cadastral => "cadastral",
            Fabric::Clustered => "clustered",
            Fabric::Slivers => "slivers",
        };
        let mut text = format!(
            "# A fictional city\n\n\
             Made by `landuse generate --parcels {} --seed {}` (fabric `{fabric}`, about {} line vertices) of landuse {}.\n\
             Licence: CC0 1.0, no rights reserved. Coordinates: EPSG:4326, longitude and latitude, 8 decimals, around\n\
             {}° E, {}° N; the real places there have nothing to do with it. Every figure is drawn at random.\n\n\
             | file | holds |\n| --- | --- |\n\
             | `parcels.geojson` | {} features; properties as the schema profile `generated` reads them, codes of MNR 2023 |\n\
             | `control_lines.geojson` | ecological lines (effect `exclude`, tiers that overlap), the urban development boundary (`confine`), industrial block lines (`reserve`) |\n\
             | `districts.geojson` | {} districts that tile the land |\n\
             | `water.geojson` | the river: land that cannot be built on |\n\
             | `truth.json` | {} planted low-efficiency sites, lone low parcels, every planted fault by row and id (missing values by count) |\n\n\
             Shares of planted trouble asked for, and features that have it:\n\n| kind | share | features |\n| --- | --- | --- |\n",
            options.parcels,
            options.seed,
            options.line_vertices,
            env!("CARGO_PKG_VERSION"),
            plane::CENTRE[0],
            plane::CENTRE[1],
            options.parcels,
            self.district_ids.len(),
            self.plan.sites,
        );
        for (name, share, count) in tally.trouble(&options.faults) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {name} | {share} | {count} |");
        }
        let missing: u64 = tally.missing.iter().sum();
        let _ = writeln!(text, "| missing value | {} | {missing} |", options.faults.missing_value);
        text
    }
}

fn open_collection(out: &mut dyn Write, name: &str) -> io::Result<()> {
    writeln!(
        out,
        "{{\"type\":\"FeatureCollection\",\"name\":\"{name}\",\"description\":\"Fictional city made by landuse generate; CC0 1.0\",\"features\":["
    )
}

/// Writes a file under a temporary name and renames it when it is whole.
fn write_whole(dir: &Path, name: &str, fill: Fill<'_>) -> Result<(), Error> {
    let path = dir.join(name);
    let partial = dir.join(format!(".{name}.part"));
    let file = File::create(&partial).map_err(|source| Error::io("create", &partial, source))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let done = fill(&mut out).and_then(|()| out.flush());
    drop(out);
    if let Err(source) = done {
        // The first failure is the one worth telling; the partial file may be gone already.
        let _ = fs::remove_file(&partial);
        return Err(Error::io("write", &partial, source));
    }
    fs::rename(&partial, &path).map_err(|source| Error::io("rename", &partial, source))
}
