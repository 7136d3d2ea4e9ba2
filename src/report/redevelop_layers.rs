//! Layers of redevelopment: what sites could become, what can be assembled, what is built when.

use std::borrow::Cow;

use super::columns::{self, AssemblyRows, HoldOutRows, MemberOrder, ParcelRows, SiteRows, Table, UnitRows};
#[cfg(feature = "programme")]
use super::columns::{DifferenceRows, OutcomeRows, ProjectRows, YearRows};
use super::layer::Layer;
use crate::Analysis;
use crate::redevelop::{Assemblies, Capacity};
#[cfg(feature = "programme")]
use crate::{
    geometry::MultiPolygonArray,
    redevelop::{Differences, Outcome, Programme, ProgrammeOptions},
};

/// A layer or table of redevelopment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CapacityLayer {
    /// Parcels that are redeveloped, each by itself.
    Parcels,
    /// Sites built anew as one, and parcels alone, dissolved.
    Sites,
    /// Sums by study unit, then of all. A table.
    Units,
}

impl CapacityLayer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Parcels, Self::Sites, Self::Units];

    /// Name of its file, without the ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parcels => "capacity_parcels",
            Self::Sites => "capacity_sites",
            Self::Units => "capacity_units",
        }
    }
}

impl Capacity {
    /// A layer of what parcels of `analysis` could become.
    ///
    /// # Complexity
    /// O(positions) to gather the geometries; those of sites are dissolved.
    pub fn layer<'a>(&'a self, which: CapacityLayer, analysis: &'a Analysis) -> Layer<'a> {
        let (set, by_name) = (analysis.parcels(), MemberOrder::ByName);
        match which {
            CapacityLayer::Parcels => {
                let rows = ParcelRows { analysis, capacity: self };
                let items = self.parcels.iter().map(|parcel| parcel.parcel.0).collect();
                Layer::new(
                    which.name(),
                    Table::new(rows, columns::capacity_parcels(), by_name),
                    self.parcels.len(),
                )
                .with_shapes(set.plane(), Cow::Borrowed(set.geometry()))
                .with_shapes_at(items)
            }
            CapacityLayer::Sites => {
                let rows = SiteRows { analysis, capacity: self };
                let outlines = self.outlines(analysis);
                Layer::new(
                    which.name(),
                    Table::new(rows, columns::capacity_sites(), by_name),
                    self.sites.len(),
                )
                .with_shapes(set.plane(), Cow::Owned(outlines))
            }
            CapacityLayer::Units => {
                let table = Table::new(UnitRows(self), columns::capacity_units(), MemberOrder::AsListed);
                Layer::new(which.name(), table, self.units.len() + 1)
            }
        }
    }
}

/// The assemblies that are described, with their outlines.
///
/// # Complexity
/// O(rows).
pub fn assemblies_layer<'a>(assemblies: &'a Assemblies, analysis: &'a Analysis) -> Layer<'a> {
    let table = Table::new(rows(assemblies, analysis), columns::assemblies(), MemberOrder::ByName);
    Layer::new("assemblies", table, assemblies.described.len())
        .with_shapes(analysis.parcels().plane(), Cow::Borrowed(&assemblies.outlines))
}

/// The owners who hold out beside assemblies, as a table.
///
/// # Complexity
/// O(rows).
pub fn holdouts_layer<'a>(assemblies: &'a Assemblies, analysis: &'a Analysis) -> Layer<'a> {
    let rows = HoldOutRows::new(rows(assemblies, analysis));
    let len = rows.rows.len();
    Layer::new("holdouts", Table::new(rows, columns::holdouts(), MemberOrder::AsListed), len)
}

fn rows<'a>(assemblies: &'a Assemblies, analysis: &'a Analysis) -> AssemblyRows<'a> {
    AssemblyRows { analysis, assemblies }
}

/// The projects of a programme with their outlines: `outlines` has one for each, in their order.
///
/// # Complexity
/// O(rows).
#[cfg(feature = "programme")]
pub fn programme_layer<'a>(
    programme: &'a Programme,
    outlines: &'a MultiPolygonArray,
    analysis: &'a Analysis,
    options: &ProgrammeOptions,
) -> Layer<'a> {
    let table =
        Table::new(ProjectRows(programme, options.lag_years), columns::projects(), MemberOrder::ByName);
    Layer::new("programme", table, programme.projects.len())
        .with_shapes(analysis.parcels().plane(), Cow::Borrowed(outlines))
}

/// The years of a programme, as a table.
///
/// # Complexity
/// O(years).
#[cfg(feature = "programme")]
pub fn programme_years_layer(programme: &Programme) -> Layer<'_> {
    let table = Table::new(YearRows(programme), columns::programme_years(), MemberOrder::AsListed);
    Layer::new("programme_years", table, programme.years.len())
}

/// Tables that hold scenarios against their base: all outcomes with their Pareto front, then differences by parcel, site, unit and line. `differences`
/// has one for each scenario.
///
/// # Complexity
/// O(rows), and O(scenarios²) for the front.
#[cfg(feature = "programme")]
pub fn scenario_layers<'a>(
    base: &'a Outcome,
    scenarios: &'a [Outcome],
    differences: &'a [Differences],
) -> [Layer<'a>; 5] {
    let listed = MemberOrder::AsListed;
    let outcomes = OutcomeRows::new(base, scenarios);
    let parcels = DifferenceRows::new(base, scenarios, differences, |all| &all.parcels);
    let sites = DifferenceRows::new(base, scenarios, differences, |all| &all.sites);
    let units = DifferenceRows::new(base, scenarios, differences, |all| &all.units);
    let lines = DifferenceRows::new(base, scenarios, differences, |all| &all.lines);
    let lens = [outcomes.len(), parcels.len(), sites.len(), units.len(), lines.len()];
    [
        Layer::new("scenarios", Table::new(outcomes, columns::scenarios(), listed), lens[0]),
        Layer::new("scenario_parcels", Table::new(parcels, columns::scenario_parcels(), listed), lens[1]),
        Layer::new("scenario_sites", Table::new(sites, columns::scenario_sites(), listed), lens[2]),
        Layer::new("scenario_units", Table::new(units, columns::scenario_units(), listed), lens[3]),
        Layer::new("scenario_lines", Table::new(lines, columns::scenario_lines(), listed), lens[4]),
    ]
}
