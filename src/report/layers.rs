use std::collections::HashMap;
use std::io::Write;

use serde_json::json;

use crate::Analysis;
use crate::Error;
use crate::control::Relation;
use crate::crs::WorkingPlane;
use crate::efficiency::{Language, StockClass};
use crate::geometry::MultiPolygonArray;
use crate::intensity::Account;
use crate::io::{
    FeatureWriter, GeoJsonText, Rounding, append_properties, push_count, push_json, push_number, push_text,
};
use crate::land::LandStatus;
use crate::parcel::ParcelIdx;

/// Writes the parcels to `accepted`, and the features that were rejected, where there are any, to `rejected`.
///
/// Each feature of the text that the parcels were read from, is copied byte for byte in the input's order, and these
/// properties are appended to its own. Unknown is `null`.
///
/// | property | meaning |
/// |---|---|
/// | `lu_area_m2` | area in the working plane |
/// | `lu_class` | small class of the current use |
/// | `lu_status` | `construction`, `other` or `unknown` |
/// | `lu_neighbours` | parcels within the gap |
/// | `lu_score` | the score |
/// | `lu_verdict` | `low`, `not_low`, `unknown` or `not_candidate` |
/// | `lu_reasons` | for each test: the rule in words, what it rests on, whether it marks the parcel low, value, threshold, margin, percentile among peers, and whether the opposite outcome of this test alone turns the verdict (it turns at the threshold) |
/// | `lu_stock` | class in the stock of land: [`StockClass`](crate::efficiency::StockClass) |
/// | `lu_sentence_en`, `lu_sentence_zh` | the verdict in words; null for what is neither judged, unused nor checked |
/// | `lu_field_check` | with field checks: status, reason, date and the class it replaced, `instead_of`; null where nobody went |
/// | `lu_grade`, `lu_rank`, `lu_items` | with a rule pack: grade, rank in its group, and the items of the score with value, points and weight |
/// | `lu_site` | number of its low-efficiency site |
/// | `lu_density_cluster`, `lu_density_core` | where asked for: density cluster, from 1, and whether the parcel is a core |
/// | `lu_region` | where asked for: region, from 1 |
/// | `lu_moran`, `lu_moran_p`, `lu_moran_quadrant`, `lu_moran_fdr` | local Moran: statistic, permutation p, quadrant, whether it survives the false-discovery rate |
/// | `lu_gi_star_z`, `lu_gi_p`, `lu_gi_fdr` | Getis-Ord: Gi* as z, permutation p, whether it survives |
/// | `lu_control_m2`, `lu_control_share`, `lu_relation` | overlap with the union of the lines that exclude construction |
/// | `lu_low_share`, `lu_low_tips_at`, `lu_site_share`, `lu_line_tips_m` | see [`Sensitivity`](crate::sensitivity::Sensitivity) |
/// | `lu_outside_boundary_m2` | area outside the lines that confine construction |
///
/// # Errors
/// [`Error::Write`]; [`Error::Io`] where the text cannot be read again, [`Error::Changed`] where it is another by now.
pub fn write_parcels<W: Write + Send>(
    analysis: &Analysis,
    text: &GeoJsonText,
    accepted: W,
    rejected: Option<W>,
) -> Result<(), Error> {
    let set = analysis.parcels();
    let rows = set.source_row().iter().max().map_or(0, |&row| row as usize + 1);
    let mut parcel_of_row = vec![u32::MAX; rows];
    for (parcel, &row) in set.source_row().iter().enumerate() {
        parcel_of_row[row as usize] = parcel as u32;
    }
    let append = |row: u32, text: &mut Vec<u8>| {
        if let Some(&parcel) = parcel_of_row.get(row as usize).filter(|&&parcel| parcel != u32::MAX) {
            push_properties(analysis, ParcelIdx(parcel), text);
        }
    };
    append_properties(text, accepted, rejected, set.rejected(), append).map(drop)
}

fn push_properties(analysis: &Analysis, parcel: ParcelIdx, text: &mut Vec<u8>) {
    let i = parcel.index();
    let set = analysis.parcels();
    let verdict = analysis.verdict(parcel);
    text.extend_from_slice(b"\"lu_area_m2\":");
    let (area_m2, start) = (set.area_m2()[i], text.len());
    push_number(text, area_m2);
    let digits = start..text.len();
    // Of many parcels all or nothing lies inside: their area is in words already.
    let push_area = |text: &mut Vec<u8>, part_m2: f64| {
        if part_m2 == area_m2 {
            text.extend_from_within(digits.clone());
        } else {
            push_number(text, part_m2);
        }
    };
    text.extend_from_slice(b",\"lu_class\":");
    push_text(text, analysis.land_use(parcel).map(|land| land.class.name()));
    text.extend_from_slice(b",\"lu_status\":");
    push_text(text, analysis.status()[i].name());
    text.extend_from_slice(b",\"lu_neighbours\":");
    push_count(text, analysis.graph().neighbours(parcel).len() as u32);
    text.extend_from_slice(b",\"lu_score\":");
    push_number(text, analysis.efficiency().score.as_ref().and_then(|score| score.get(i)));
    text.extend_from_slice(b",\"lu_verdict\":");
    push_text(text, verdict.name());
    push_reasons(analysis, parcel, text);
    text.extend_from_slice(b",\"lu_stock\":");
    push_text(text, analysis.efficiency().stock[i].map(StockClass::name));
    for (name, language) in [("en", Language::English), ("zh", Language::Chinese)] {
        text.extend_from_slice(b",\"lu_sentence_");
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        push_text(text, super::sentence(analysis, parcel, language).as_deref());
    }
    push_checked(analysis, parcel, text);
    text.extend_from_slice(b",\"lu_site\":");
    push_count(text, analysis.sites().of_parcel()[i]);
    if let Some(density) = analysis.density() {
        text.extend_from_slice(b",\"lu_density_cluster\":");
        push_count(text, density.labels[i].map(|label| label + 1));
        text.extend_from_slice(b",\"lu_density_core\":");
        push_flag(text, Some(density.core[i]));
    }
    if let Some(regions) = analysis.regions() {
        text.extend_from_slice(b",\"lu_region\":");
        push_count(text, regions.labels[i].map(|label| label + 1));
    }
    if let Some(local) = analysis.local() {
        let known = local.moran_p.get(i).is_some();
        text.extend_from_slice(b",\"lu_moran\":");
        push_number(text, local.moran.get(i));
        text.extend_from_slice(b",\"lu_moran_p\":");
        push_number(text, local.moran_p.get(i));
        text.extend_from_slice(b",\"lu_moran_quadrant\":");
        push_text(text, local.quadrant[i].map(crate::stats::Quadrant::name));
        text.extend_from_slice(b",\"lu_moran_fdr\":");
        push_flag(text, known.then(|| local.moran_fdr.discovery[i]));
        text.extend_from_slice(b",\"lu_gi_star_z\":");
        push_number(text, local.gi_star_z.get(i));
        text.extend_from_slice(b",\"lu_gi_p\":");
        push_number(text, local.g_p.get(i));
        text.extend_from_slice(b",\"lu_gi_fdr\":");
        push_flag(text, known.then(|| local.g_fdr.discovery[i]));
    }
    if let Some(overlay) = analysis.overlay() {
        text.extend_from_slice(b",\"lu_control_m2\":");
        push_area(text, overlay.excluded_m2[i]);
        text.extend_from_slice(b",\"lu_control_share\":");
        push_number(text, overlay.excluded_m2[i] / area_m2);
        text.extend_from_slice(b",\"lu_relation\":");
        push_text(text, overlay.relation[i].name());
    }
    push_swept(analysis, i, text);
    if let Some(confine) = &analysis.constraints().confine {
        text.extend_from_slice(b",\"lu_outside_boundary_m2\":");
        push_area(text, confine.outside_m2[i]);
    }
}

/// Every test of the rule, and what would turn the verdict.
fn push_reasons(analysis: &Analysis, parcel: ParcelIdx, text: &mut Vec<u8>) {
    text.extend_from_slice(b",\"lu_reasons\":");
    match analysis.efficiency().assessment.as_ref().filter(|assessment| assessment.computed(parcel).is_some())
    {
        None => text.extend_from_slice(b"null"),
        Some(assessment) => {
            text.push(b'[');
            for (position, reason) in assessment.reasons(parcel).iter().enumerate() {
                text.extend_from_slice(if position == 0 { b"{\"rule\":" } else { b",{\"rule\":" });
                push_text(text, reason.rule);
                text.extend_from_slice(b",\"basis\":");
                push_text(text, reason.basis.name());
                text.extend_from_slice(b",\"low\":");
                push_flag(text, reason.low);
                for (name, value) in [
                    ("value", reason.value),
                    ("threshold", reason.threshold),
                    ("margin", reason.margin),
                    ("percentile", reason.percentile),
                ] {
                    text.extend_from_slice(b",\"");
                    text.extend_from_slice(name.as_bytes());
                    text.extend_from_slice(b"\":");
                    push_number(text, value);
                }
                text.extend_from_slice(b",\"turns\":");
                push_flag(text, Some(reason.turns));
                text.push(b'}');
            }
            text.push(b']');
        }
    }
}

/// What a field check found, and what the rule pack gave.
fn push_checked(analysis: &Analysis, parcel: ParcelIdx, text: &mut Vec<u8>) {
    if analysis.inputs().field_checks().is_some() {
        text.extend_from_slice(b",\"lu_field_check\":");
        match analysis.field_check(parcel) {
            None => text.extend_from_slice(b"null"),
            Some(check) => {
                text.extend_from_slice(b"{\"status\":");
                push_text(text, check.status.name());
                text.extend_from_slice(b",\"reason\":");
                push_text(text, &*check.reason);
                text.extend_from_slice(b",\"date\":");
                push_text(text, &*check.date);
                text.extend_from_slice(b",\"instead_of\":");
                push_text(text, analysis.computed_stock(parcel).map(StockClass::name));
                text.push(b'}');
            }
        }
    }
    let Some(appraised) = &analysis.efficiency().appraised else { return };
    let row = appraised.row(parcel);
    text.extend_from_slice(b",\"lu_grade\":");
    let grade = row.and_then(|row| appraised.found.grades[row]).map(|grade| grade.to_string());
    push_text(text, grade.as_deref());
    text.extend_from_slice(b",\"lu_rank\":");
    push_count(text, row.and_then(|row| appraised.found.rank.get(row)));
    text.extend_from_slice(b",\"lu_items\":");
    let Some(row) = row else { return text.extend_from_slice(b"null") };
    text.push(b'[');
    for (position, item) in appraised.found.items(row).enumerate() {
        text.extend_from_slice(if position == 0 { b"{\"key\":" } else { b",{\"key\":" });
        push_text(text, item.key);
        for (name, value) in [("value", item.value), ("points", item.points), ("weight", Some(item.weight))] {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":");
            push_number(text, value);
        }
        text.push(b'}');
    }
    text.push(b']');
}

/// What a sweep says of parcel `i`.
fn push_swept(analysis: &Analysis, i: usize, text: &mut Vec<u8>) {
    if let Some(swept) = analysis.sensitivity() {
        for (name, column) in [
            ("lu_low_share", &swept.low_share),
            ("lu_low_tips_at", &swept.tips_at),
            ("lu_site_share", &swept.site_share),
            ("lu_line_tips_m", &swept.line_tips_m),
        ] {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":");
            push_number(text, column.get(i));
        }
    }
}

fn push_flag(text: &mut Vec<u8>, flag: Option<bool>) {
    text.extend_from_slice(match flag {
        None => b"null",
        Some(true) => b"true",
        Some(false) => b"false",
    });
}

fn write_sites(analysis: &Analysis, out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    write_shapes(set.plane(), out, analysis.sites().outlines().clone(), |i, text| {
        let site = analysis.sites().get(i);
        let gap_m = analysis.options().sites.gap_m;
        let lasting = analysis.merging().site_of(site.members[0], gap_m);
        let members: Vec<Option<&str>> = site.members.iter().map(|&m| set.get(m).id()).collect();
        let owners = analysis.ownership().map(|ownership| ownership[i]);
        let properties = json!({
            "site": site.number,
            "parcels": site.members.len(),
            "net_area_m2": site.net_area_m2,
            "union_area_m2": site.union_area_m2,
            "gross_area_m2": site.gross_area_m2,
            "bridge_area_m2": site.bridge_area_m2,
            "size": site.size,
            "single_parcel": site.is_single(),
            "p_area": analysis.significance().p_area[i],
            "p_parcels": analysis.significance().p_parcels[i],
            "birth_m": lasting.map(|site| site.birth_m),
            "death_m": lasting.and_then(|site| site.death_m),
            "persistence_m": lasting.map(|site| analysis.merging().persistence_m(site)),
            "perimeter_m": site.shape.perimeter_m,
            "span_m": site.shape.span_m,
            "polsby_popper": site.shape.polsby_popper,
            "shape_index": site.shape.shape_index,
            "hull_ratio": site.shape.hull_ratio,
            "circle_ratio": site.shape.circle_ratio,
            "elongation": site.shape.elongation,
            "owners": owners.map(|owners| owners.owners),
            "owner_hhi": owners.and_then(|owners| owners.hhi),
            "owner_largest_share": owners.and_then(|owners| owners.largest_share),
            "owner_known_share": owners.and_then(|owners| owners.known_share),
            "parcel_ids": members,
        });
        push_json(text, &properties);
    })
}

/// A layer that an analysis gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutputLayer {
    /// Low-efficiency sites, dissolved, with the measures of their closed outlines' [shapes](crate::cluster::Shape),
    /// [owners](crate::cluster::Ownership) where known, p as in [`Significance`](crate::cluster::Significance), and the gaps over which they
    /// last as in [`MergeTree`](crate::cluster::MergeTree), null where the gap is wider than the sweep's.
    Sites,
    /// Study units that have a shape, with their accounts.
    Districts,
    /// Parcels that are, or may be, construction land and share land with a line that excludes it.
    InsideLines,
    /// The certain part of construction land inside each such line, permitted or not, with its standing and the reason.
    Encroachments,
}

impl OutputLayer {
    /// All layers, in the order in which they are written.
    pub const ALL: [Self; 4] = [Self::Sites, Self::Districts, Self::InsideLines, Self::Encroachments];

    /// Name of its file, without the ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sites => "clusters",
            Self::Districts => "districts",
            Self::InsideLines => "inside_lines",
            Self::Encroachments => "encroachments",
        }
    }

    /// What an analysis must have been given to have this layer.
    fn needs(self) -> &'static str {
        match self {
            Self::Sites => "parcels",
            Self::Districts => "districts, or cells as study units",
            Self::InsideLines => "control lines",
            Self::Encroachments => "control lines, and a review of what stands inside them",
        }
    }
}

/// One layer of an analysis.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    analysis: &'a Analysis,
    which: OutputLayer,
}

impl Analysis {
    /// A layer of what was found; see [`Layer::is_available`].
    pub fn layer(&self, which: OutputLayer) -> Layer<'_> {
        Layer { analysis: self, which }
    }
}

impl Layer<'_> {
    /// Whether the analysis was asked for it. An available layer may be empty: that is a finding.
    pub fn is_available(&self) -> bool {
        match self.which {
            OutputLayer::Sites => true,
            OutputLayer::Districts => self.analysis.units().is_some(),
            OutputLayer::InsideLines => self.analysis.overlay().is_some(),
            OutputLayer::Encroachments => self.analysis.encroachments().is_some(),
        }
    }

    /// Writes it as GeoJSON, in the coordinates of the input.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::NoLayer`] where the analysis was not asked for it.
    pub fn write(&self, out: impl Write) -> Result<(), Error> {
        if !self.is_available() {
            return Err(Error::NoLayer { layer: self.which.name(), needs: self.which.needs() });
        }
        match self.which {
            OutputLayer::Sites => write_sites(self.analysis, out),
            OutputLayer::Districts => write_districts(self.analysis, out),
            OutputLayer::InsideLines => write_inside_lines(self.analysis, out),
            OutputLayer::Encroachments => write_encroachments(self.analysis, out),
        }
    }
}

fn write_districts(analysis: &Analysis, out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    if let Some(districts) = analysis.cells().or(analysis.inputs().districts()) {
        let units = &analysis.ledger().units;
        let accounts: HashMap<&str, &Account> =
            units.iter().filter_map(|unit| Some((unit.id.as_deref()?, unit))).collect();
        let none = json!({});
        let account_of = |i: usize| accounts.get(&*crate::intensity::unit_id(districts, i));
        write_shapes(set.plane(), out, districts.geometry().clone(), |i, text| {
            let mut properties = json!(account_of(i));
            if let Some(name) = districts.attributes().texts.get("name").and_then(|names| names.get(i)) {
                properties["name"] = json!(name);
            }
            push_json(text, if properties.is_object() { &properties } else { &none });
        })?;
    }
    Ok(())
}

fn write_inside_lines(analysis: &Analysis, out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    if let Some(overlay) = analysis.overlay() {
        let rows: Vec<u32> = (0..set.len())
            .filter(|&i| {
                overlay.relation[i] != Relation::Outside && analysis.status()[i] != LandStatus::Other
            })
            .map(|i| i as u32)
            .collect();
        write_shapes(set.plane(), out, set.geometry().take(&rows), |i, text| {
            let i = rows[i] as usize;
            text.extend_from_slice(b"{\"area_m2\":");
            push_number(text, set.area_m2()[i]);
            text.extend_from_slice(b",\"control_m2\":");
            push_number(text, overlay.excluded_m2[i]);
            text.extend_from_slice(b",\"control_share\":");
            push_number(text, overlay.excluded_m2[i] / set.area_m2()[i]);
            text.extend_from_slice(b",\"id\":");
            push_text(text, set.attributes().id.get(i));
            text.extend_from_slice(b",\"relation\":");
            push_text(text, overlay.relation[i].name());
            text.extend_from_slice(b",\"row\":");
            push_count(text, set.source_row()[i]);
            text.extend_from_slice(b",\"status\":");
            push_text(text, analysis.status()[i].name());
            text.push(b'}');
        })?;
    }
    Ok(())
}

fn write_encroachments(analysis: &Analysis, out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    if let Some((encroachments, lines)) = analysis.encroachments().zip(analysis.inputs().control_lines()) {
        let names: Vec<_> = lines.iter().map(|line| (line.id(), line.tier())).collect();
        let certain = (0..encroachments.findings.len())
            .filter(|&i| encroachments.certain.get(i).polygons().len() > 0)
            .map(|i| i as u32);
        let rows: Vec<u32> = certain.collect();
        let certain = encroachments.certain.take(&rows);
        write_shapes(set.plane(), out, certain, |i, text| {
            let finding = &encroachments.findings[rows[i] as usize];
            let parcel = finding.parcel.index();
            let (line, tier) = &names[finding.line as usize];
            text.extend_from_slice(b"{\"artefact_m2\":");
            push_number(text, finding.artefact_m2);
            text.extend_from_slice(b",\"certain_m2\":");
            push_number(text, finding.certain_m2);
            text.extend_from_slice(b",\"id\":");
            push_text(text, set.attributes().id.get(parcel));
            text.extend_from_slice(b",\"line\":");
            push_text(text, &**line);
            text.extend_from_slice(b",\"overlap_m2\":");
            push_number(text, finding.overlap_m2);
            text.extend_from_slice(b",\"possible_m2\":");
            push_number(text, finding.possible_m2);
            text.extend_from_slice(b",\"reason\":");
            push_text(text, &*finding.reason);
            text.extend_from_slice(b",\"row\":");
            push_count(text, set.source_row()[parcel]);
            text.extend_from_slice(b",\"standing\":");
            push_text(text, finding.standing.name());
            text.extend_from_slice(b",\"tier\":");
            push_text(text, *tier);
            text.push(b'}');
        })?;
    }
    Ok(())
}

/// Writes the graph of neighbours as GAL, as other tools read it. Parcels go by their ids where all have one of their own without
/// white space, else by their position in the input.
///
/// # Errors
/// [`Error::Write`].
pub fn write_graph(analysis: &Analysis, mut out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    let weights = crate::stats::Weights::from_graph(analysis.graph());
    let ids: Option<Vec<String>> = set.attributes().id.iter().map(|id| id.map(str::to_owned)).collect();
    let rows = || set.source_row().iter().map(ToString::to_string).collect::<Vec<_>>();
    let text = match ids.map(|ids| weights.write_gal("parcels", &ids)) {
        Some(Ok(text)) => text,
        _ => weights.write_gal("parcels", &rows())?,
    };
    out.write_all(text.as_bytes()).map_err(Error::Write)
}

/// Writes one layer, moved from a plane back to the coordinates that it came from; `properties(i, text)` adds the object of properties
/// of a feature.
pub(super) fn write_shapes(
    plane: &WorkingPlane,
    out: impl Write,
    mut geometry: MultiPolygonArray,
    properties: impl Fn(usize, &mut Vec<u8>) + Sync,
) -> Result<(), Error> {
    plane.inverse(geometry.coords_mut());
    let (crs_name, rounding) = match plane.source() {
        "EPSG:4326" | "OGC:CRS84" => (None, Rounding::Degrees),
        name if plane.source_is_geographic() => (Some(name), Rounding::Degrees),
        name => (Some(name), Rounding::Metres),
    };
    let mut writer = FeatureWriter::new(out, crs_name, rounding)?;
    writer.write_all(&geometry, properties)?;
    writer.finish().map(drop)
}
