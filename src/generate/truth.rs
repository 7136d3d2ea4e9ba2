//! What was planted, so that what is found can be measured against it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::block::later::Change;
use super::block::{BlockText, MAY_MISS, Mention, SiteShare};
use super::plan::{Block, Class};
use super::{CityOptions, Fault, Faults};

/// What the blocks had to tell, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sites: Vec<Site>,
    lone_low: Vec<Mention>,
    faults: Vec<Vec<Mention>>,
    pub(super) missing: [u64; MAY_MISS.len()],
    industrial: u64,
    construction_m2: f64,
    pub(super) positions: u64,
    /// People by district.
    pub(super) population: Vec<u64>,
}

#[derive(Debug, Default)]
struct Site {
    share: SiteShare,
    blocks: u32,
}

#[derive(Serialize)]
struct SiteTruth<'a> {
    id: String,
    parcels: usize,
    blocks: u32,
    area_m2: f64,
    floor_area_m2: f64,
    output_yuan: i64,
    tax_yuan: i64,
    rows: Vec<u32>,
    members: Vec<&'a str>,
}

/// Tenths of a square metre are plenty, and the same text on every machine.
fn rounded(area_m2: f64) -> f64 {
    (area_m2 * 10.0).round() / 10.0
}

fn list(mentions: &[Mention]) -> Value {
    json!({
        "count": mentions.len(),
        "rows": mentions.iter().map(|mention| mention.row).collect::<Vec<_>>(),
        "ids": mentions.iter().map(|mention| mention.id.as_str()).collect::<Vec<_>>(),
    })
}

impl Tally {
    pub(super) fn add(&mut self, block: &Block, text: BlockText) {
        if self.faults.is_empty() {
            self.faults.resize_with(Fault::ALL.len(), Vec::new);
        }
        for (fault, mention) in text.faults {
            self.faults[fault as usize].push(mention);
        }
        self.lone_low.extend(text.lone_low);
        for (sum, missing) in self.missing.iter_mut().zip(text.missing) {
            *sum += missing;
        }
        self.industrial += text.industrial;
        self.construction_m2 += text.construction_m2;
        self.positions += text.positions;
        let district = block.district as usize;
        if self.population.len() <= district {
            self.population.resize(district + 1, 0);
        }
        self.population[district] += u64::from(block.features)
            * match block.class {
                Class::Residential => 62,
                Class::Village => 6,
                _ => 0,
            };
        if block.site > 0 {
            let at = block.site as usize - 1;
            if self.sites.len() <= at {
                self.sites.resize_with(at + 1, Site::default);
            }
            let site = &mut self.sites[at];
            site.blocks += 1;
            site.share.members.extend(text.site.members);
            site.share.area_m2 += text.site.area_m2;
            site.share.floor_area_m2 += text.site.floor_area_m2;
            site.share.tax_yuan += text.site.tax_yuan;
            site.share.output_yuan += text.site.output_yuan;
        }
    }

    /// Each kind of trouble with the share asked for and the number of features that have it.
    pub(super) fn trouble<'a>(
        &'a self,
        faults: &'a Faults,
    ) -> impl Iterator<Item = (String, f64, usize)> + 'a {
        Fault::ALL.iter().zip(&self.faults).map(|(&fault, mentions)| {
            let name = serde_json::to_value(fault)
                .ok()
                .and_then(|name| name.as_str().map(|name| name.replace('_', " ")));
            (name.unwrap_or_default(), faults.share(fault), mentions.len())
        })
    }

    pub(super) fn truth(&self, options: &CityOptions, land_m2: f64) -> Value {
        let sites: Vec<SiteTruth<'_>> = self
            .sites
            .iter()
            .enumerate()
            .map(|(at, Site { share, blocks })| SiteTruth {
                id: format!("S{:04}", at + 1),
                parcels: share.members.len(),
                blocks: *blocks,
                area_m2: rounded(share.area_m2),
                floor_area_m2: rounded(share.floor_area_m2),
                output_yuan: share.output_yuan,
                tax_yuan: share.tax_yuan,
                rows: share.members.iter().map(|member| member.row).collect(),
                members: share.members.iter().map(|member| member.id.as_str()).collect(),
            })
            .collect();
        let planted: usize = sites.iter().map(|site| site.parcels).sum();
        let faults: serde_json::Map<String, Value> = Fault::ALL
            .iter()
            .zip(&self.faults)
            .filter_map(|(fault, mentions)| {
                Some((serde_json::to_value(fault).ok()?.as_str()?.to_owned(), list(mentions)))
            })
            .collect();
        let missing: serde_json::Map<String, Value> = MAY_MISS
            .iter()
            .zip(self.missing)
            .map(|(name, count)| ((*name).to_owned(), count.into()))
            .collect();
        json!({
            "fictional": true,
            "generator": concat!("landuse ", env!("CARGO_PKG_VERSION")),
            "options": options,
            "crs": "EPSG:4326",
            "rows": "positions in parcels.geojson, from 0; areas are those of the local equal-area layout",
            "parcels": {
                "count": options.parcels,
                "positions": self.positions,
                "industrial": self.industrial,
                "planted_low": planted,
                "lone_low": self.lone_low.len(),
                "construction_m2": rounded(self.construction_m2),
            },
            "land_m2": rounded(land_m2),
            "intended": {
                "candidates": "current_use starts with 1001",
                "score": "tax_yuan / area_m2, or output_yuan / area_m2",
                "direction": "higher_is_better",
                "low_quantile": 0.2,
                "low_below": { "tax_yuan_per_m2": 120.0, "output_yuan_per_m2": 1200.0 },
                "gap_m": 15.0,
                "note": "below low_below stand the planted and the lone low parcels and no others; the quantile adds the weakest of the rest as noise",
            },
            "sites": sites,
            "lone_low": list(&self.lone_low),
            "faults": faults,
            "missing": missing,
        })
    }
}

/// What changed until the later date, and how often.
pub(super) fn of_changes(options: &CityOptions, changes: &[Change]) -> Value {
    let mut counts = BTreeMap::new();
    for change in changes {
        *counts.entry(change.kind).or_insert(0_u32) += 1;
    }
    json!({
        "fictional": true,
        "generator": concat!("landuse ", env!("CARGO_PKG_VERSION")),
        "options": options,
        "before": "parcels.geojson",
        "after": "parcels_later.geojson",
        "rows": "positions in the file before or after the change, from 0",
        "counts": counts,
        "changes": changes,
    })
}
