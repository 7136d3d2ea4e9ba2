use serde::Serialize;

use super::table::{percent, table};
use crate::Analysis;
use crate::json_text::to_json;
use crate::redevelop::{Assemblies, Capacity, Figures, Rank, SiteCapacity, UnitCapacity};
#[cfg(feature = "programme")]
use crate::redevelop::{Outcome, Programme, Proof, pareto_front};
use crate::units::{people_area, people_number};
use crate::warning::{Warning, WarningKind};

/// Sites that the words for people list.
const TOP: usize = 20;

/// What `redevelop.json` holds. Equal input and options give equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names are those of the file; `Capacity` documents the figures")]
pub struct RedevelopSummary {
    pub schema_version: u32,
    /// All sites together.
    pub total: UnitCapacity,
    /// Sites by study unit.
    pub units: Vec<UnitCapacity>,
    /// What can be assembled; null where it was not asked.
    pub assembly: Option<AssemblyTotals>,
    /// What is built when; null where it was not asked.
    #[cfg(feature = "programme")]
    pub programme: Option<Programme>,
    pub warnings: Vec<Warning>,
    #[serde(skip)]
    sites: Vec<Vec<String>>,
}

/// How many assemblies were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names are those of the file; `Assemblies` documents the figures")]
pub struct AssemblyTotals {
    pub eligible: usize,
    pub found: usize,
    pub described: usize,
    /// Those that share no parcel with a better one.
    pub apart: usize,
    pub seeds_cut: usize,
    pub dropped: usize,
    pub rank: Rank,
}

impl RedevelopSummary {
    /// With what can be assembled.
    #[must_use]
    pub fn with_assemblies(mut self, assemblies: &Assemblies) -> Self {
        let Assemblies { found, described, eligible, seeds_cut, dropped, rank, .. } = assemblies;
        let (seeds, kept) = (*seeds_cut, found.len());
        if seeds > 0 {
            self.warnings.push(WarningKind::AssemblySearchCut { seeds, eligible: *eligible }.into());
        }
        if *dropped > 0 {
            self.warnings.push(WarningKind::AssembliesDropped { count: *dropped, kept }.into());
        }
        self.assembly = Some(AssemblyTotals {
            eligible: *eligible,
            found: kept,
            described: described.len(),
            apart: found.iter().filter(|own| own.apart).count(),
            seeds_cut: seeds,
            dropped: *dropped,
            rank: *rank,
        });
        self
    }

    /// With what is built when.
    #[cfg(feature = "programme")]
    #[must_use]
    pub fn with_programme(self, programme: Programme) -> Self {
        Self { programme: Some(programme), ..self }
    }

    /// The figures of a capacity.
    pub fn of(analysis: &Analysis, capacity: &Capacity) -> Self {
        let alone = |site: &SiteCapacity| {
            let parcel = capacity.parcels[site.members[0] as usize].parcel;
            super::table::name(analysis, parcel, "feature {row}")
        };
        let name = |site: &SiteCapacity| site.site.map_or_else(|| alone(site), |number| number.to_string());
        let unit = |unit: Option<u32>| {
            let id = unit.and_then(|unit| analysis.ledger().units[unit as usize].id.as_deref());
            id.unwrap_or("-").to_owned()
        };
        let mut order: Vec<_> = capacity.sites.iter().collect();
        let gross = |figures: &Figures| figures.gross_new_floor_m2.unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| gross(&b.figures).total_cmp(&gross(&a.figures)));
        let row = |site: &&SiteCapacity| {
            let mut row = vec![name(site), unit(site.unit), site.members.len().to_string()];
            row.extend(cells(&site.figures));
            row
        };
        Self {
            schema_version: super::SCHEMA_VERSION,
            total: capacity.total.clone(),
            units: capacity.units.clone(),
            assembly: None,
            #[cfg(feature = "programme")]
            programme: None,
            warnings: capacity.warnings.clone(),
            sites: order.iter().take(TOP).map(row).collect(),
        }
    }

    /// The file's text: indented JSON with a final line break.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// It in words for people.
    pub fn text(&self) -> String {
        let UnitCapacity { sites, parcels, figures, .. } = &self.total;
        let land = &figures.land;
        let area = |area_m2: Option<f64>| area_m2.map_or_else(|| "unknown".to_owned(), people_area);
        let floor = |floor_m2: Option<f64>| {
            floor_m2.map_or_else(|| "unknown".to_owned(), |floor| format!("{} m²", people_number(floor, 0)))
        };
        let mut text = format!("Redevelopment of {sites} sites of {parcels} parcels\n");
        let lost = format!(
            "{} inside lines, {} by their setback",
            people_area(land.lines_m2),
            people_area(land.line_setback_m2)
        );
        let mut rows = vec![
            vec!["Land".to_owned(), people_area(land.site_m2), String::new()],
            vec!["Usable".to_owned(), people_area(land.usable_m2), format!("lost: {lost}")],
            vec!["Buildings may stand on".to_owned(), people_area(land.buildable_m2), String::new()],
            vec!["Handed over".to_owned(), people_area(figures.dedicated_m2), String::new()],
            vec!["Floor today, demolished".to_owned(), floor(figures.floor_m2), share(&self.total)],
            vec!["New floor, gross".to_owned(), floor(figures.gross_new_floor_m2), String::new()],
            vec!["New floor, net (uplift)".to_owned(), floor(figures.uplift_m2), String::new()],
            vec!["Land released at today's floor".to_owned(), area(figures.land_released_m2), String::new()],
        ];
        rows.retain(|row| !(row[0] == "Handed over" && figures.dedicated_m2 == 0.0));
        text.push_str(&table(&rows));
        let heading = [
            "",
            "unit",
            "parcels",
            "land, ha",
            "usable, ha",
            "FAR today",
            "FAR planned",
            "gross, m²",
            "net, m²",
        ];
        let heading = heading.map(String::from).to_vec();
        if !self.units.is_empty() {
            text.push_str("\nBy study unit\n");
            let row = |unit: &UnitCapacity| {
                let id = unit.id.as_deref().unwrap_or("(no unit)").to_owned();
                let mut row = vec![id, unit.sites.to_string(), unit.parcels.to_string()];
                row.extend(cells(&unit.figures));
                row
            };
            let mut named = heading.clone();
            (named[0], named[1]) = ("unit".into(), "sites".into());
            text.push_str(&table(&[vec![named], self.units.iter().map(row).collect()].concat()));
        }
        if !self.sites.is_empty() {
            text.push_str(&format!("\nSites (the {TOP} with most new floor)\n"));
            let mut named = heading;
            named[0] = "site".into();
            text.push_str(&table(&[vec![named], self.sites.clone()].concat()));
        }
        if let Some(AssemblyTotals { eligible, found, apart, .. }) = self.assembly {
            text.push_str(&format!(
                "\nAssembly: {found} sets of {eligible} parcels meet the limits, {apart} of them side by side\n"
            ));
        }
        #[cfg(feature = "programme")]
        if let Some(programme) = &self.programme {
            text.push_str(&programme_text(programme));
        }
        if !self.warnings.is_empty() {
            text.push_str("\nWarnings\n");
            self.warnings.iter().for_each(|warning| text.push_str(&format!("  - {warning}\n")));
        }
        text
    }
}

fn share(unit: &UnitCapacity) -> String {
    let share = unit.demolished_share.map(|share| format!("{} of all floor known", percent(share)));
    let ratio =
        unit.figures.build_ratio.map(|ratio| format!("{} built per demolished", people_number(ratio, 2)));
    [share, ratio].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Land, ratios and floor as people read them.
fn cells(figures: &Figures) -> [String; 6] {
    let shown = |value: Option<f64>, decimals| {
        value.map_or_else(|| "-".to_owned(), |value| people_number(value, decimals))
    };
    [
        people_number(figures.land.site_m2 / 1e4, 2),
        people_number(figures.land.usable_m2 / 1e4, 2),
        shown(figures.current_far, 2),
        shown(figures.planned_far, 2),
        shown(figures.gross_new_floor_m2, 0),
        shown(figures.uplift_m2, 0),
    ]
}

/// A programme in words: what it is worth, its years and districts.
#[cfg(feature = "programme")]
fn programme_text(programme: &Programme) -> String {
    let whole = |value: f64| people_number(value, 0);
    let known = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), whole);
    let Programme { value, bound, gap, branches, .. } = programme;
    let proof = match programme.proof {
        Proof::Optimal => "no programme is worth more".to_owned(),
        Proof::WithinGap => format!("none is worth more than {}, gap {:.2}%", whole(*bound), gap * 100.0),
    };
    let mut text = format!(
        "\nProgramme: {} of {} projects, worth {}; {proof} ({branches} branches)\n",
        programme.started(),
        programme.projects.len(),
        whole(*value)
    );
    let mut rows = vec![
        ["year", "starts", "supply, m²", "target, m²", "cost", "budget", "demolished, m²"]
            .map(String::from)
            .to_vec(),
    ];
    for year in &programme.years {
        rows.push(vec![
            year.year.to_string(),
            year.started.to_string(),
            whole(year.supply_m2),
            known(year.target_m2),
            whole(year.cost),
            known(year.budget),
            whole(year.demolished_m2),
        ]);
    }
    text.push_str(&table(&rows));
    if programme.districts.len() > 1 {
        let mut rows =
            vec![["unit", "starts", "supply, m²", "of possible, m²", "share"].map(String::from).to_vec()];
        for district in &programme.districts {
            rows.push(vec![
                district.unit.as_deref().unwrap_or("(no unit)").to_owned(),
                district.started.to_string(),
                whole(district.supply_m2),
                whole(district.potential_m2),
                district.share.map_or_else(|| "-".to_owned(), percent),
            ]);
        }
        text.push_str(&table(&rows));
        if let Some(gini) = programme.gini {
            text.push_str(&format!("  Gini index of delivered over possible supply: {gini:.3}\n"));
        }
    }
    text
}

/// A base and its scenarios in words: what each delivers, costs and gives back, and which are on the Pareto front.
#[cfg(feature = "programme")]
pub fn scenario_text(base: &Outcome, scenarios: &[Outcome]) -> String {
    let all: Vec<&Outcome> = std::iter::once(base).chain(scenarios).collect();
    let weighed: Vec<_> = all.iter().map(|own| own.weighed()).collect();
    let front = pareto_front(&weighed);
    let heading =
        ["scenario", "sites", "supply, m²", "net, m²", "cost", "given back inside lines, m²", "Pareto front"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    let whole = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| people_number(value, 0));
    for ((own, weighed), front) in all.iter().zip(&weighed).zip(&front) {
        let total = &own.capacity.total;
        rows.push(vec![
            own.name.to_string(),
            total.sites.to_string(),
            whole(weighed.map(|own| own.supply_m2)),
            whole(total.figures.uplift_m2),
            whole(weighed.and_then(|own| own.cost)),
            whole(weighed.map(|own| own.ecological_m2)),
            if *front { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let mut text = format!("\nScenarios\n{}", table(&rows));
    for own in all.iter().filter(|own| own.infeasible.is_some()) {
        let reason = own.infeasible.as_deref().unwrap_or_default();
        text.push_str(&format!("  - {}: the programme cannot be met: {reason}\n", own.name));
    }
    text
}
