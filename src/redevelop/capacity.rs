//! What parcels, sites and study units could become at a target floor area ratio.

use std::collections::BTreeMap;

use serde::Serialize;

use super::far::targets;
use super::fit::{Binding, Fit, Planned};
use super::land::{Losses, SiteLand};
use super::options::CapacityOptions;
use super::places::units_of;
use crate::Analysis;
use crate::column::Column;
use crate::control::OVERLAP_TOLERANCE_M2;
use crate::efficiency::{Demolition, Redevelopment, output_gap};
use crate::error::{Error, ParamError};
use crate::expr::Expr;
use crate::geometry::{MultiPolygonArray, boolean};
use crate::parallel;
use crate::parcel::{ParcelColumns, ParcelIdx};
use crate::sum;
use crate::warning::{Warning, WarningKind};

/// Figures of land built anew. What hangs on something unknown is unknown; sums over parcels are of what is known, and the counts of a
/// [`SiteCapacity`] say of how many parcels it is not.
///
/// With usable land `S`, floor area today `F`, planned ratio `f`, dedicated share `d`: gross new floor `G = S · f · (1 − d)`, uplift
/// `G − F`, land released at constant floor area `S − F / f`, output uplift `Y / F · (G − F)`; the formulas are those of
/// [`Redevelopment`], with `F / S` as the ratio of today.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Figures {
    /// The land, and what is lost of it.
    pub land: SiteLand,
    /// Usable land handed over for public use, m².
    pub dedicated_m2: f64,
    /// Floor area that stands today, m²: what is demolished.
    pub floor_m2: Option<f64>,
    /// That over all land of the site.
    pub current_far: Option<f64>,
    /// Floor area that the target ratio allows, m².
    pub allowed_floor_m2: Option<f64>,
    /// Target ratio over the usable land less what is handed over.
    pub target_far: Option<f64>,
    /// The most that fits; none where nothing was asked of buildings.
    pub fit: Option<Fit>,
    /// The ratio that is built: the target, or what fits.
    pub planned_far: Option<f64>,
    /// What keeps it from being more.
    pub binding: Option<Binding>,
    /// The lowest building that holds the new floor.
    pub planned: Option<Planned>,
    /// Floor area built, the old one not taken off, m²: what supply targets mostly count.
    pub gross_new_floor_m2: Option<f64>,
    /// Floor area gained, m²; negative where more stands than may be built.
    pub uplift_m2: Option<f64>,
    /// Land that is free once the floor area of today stands at the planned ratio, m².
    pub land_released_m2: Option<f64>,
    /// Output today, in the unit of its column.
    pub output: Option<f64>,
    /// Output gained where floor yields as much as today.
    pub output_uplift: Option<f64>,
    /// Output gained where land yields the standard per mu.
    pub output_gap: Option<f64>,
    /// Built over demolished floor area; none where nothing stands.
    pub build_ratio: Option<f64>,
}

/// A parcel built anew by itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParcelCapacity {
    /// The parcel.
    pub parcel: ParcelIdx,
    /// Number of its low-efficiency site.
    pub site: Option<u32>,
    /// Its unit, as a position in the ledger.
    pub unit: Option<u32>,
    /// Position of the source that its target ratio comes from.
    pub far_source: Option<u32>,
    /// Whether a high-rise factory stands on it today.
    pub high_rise_now: Option<bool>,
    /// What it could become.
    pub figures: Figures,
}

/// Parcels built anew together: those of a site, or one alone that belongs to none.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SiteCapacity {
    /// Number of the low-efficiency site; none for a parcel alone.
    pub site: Option<u32>,
    /// Its parcels, as positions in [`Capacity::parcels`], ascending.
    pub members: Vec<u32>,
    /// The unit that most of its land lies in, as a position in the ledger.
    pub unit: Option<u32>,
    /// Parcels whose target ratio is not known: they add land and no floor.
    pub far_unknown: usize,
    /// Parcels whose floor area today is not known: they add no uplift.
    pub floor_unknown: usize,
    /// What they could become together.
    pub figures: Figures,
}

/// What is built anew in a study unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UnitCapacity {
    /// Id of the unit; none for what lies in no unit.
    pub id: Option<Box<str>>,
    /// Sites and parcels alone that count for it.
    pub sites: usize,
    /// Parcels of theirs.
    pub parcels: usize,
    /// Parcels whose target ratio is not known.
    pub far_unknown: usize,
    /// Parcels whose floor area today is not known.
    pub floor_unknown: usize,
    /// Sums over its sites.
    pub figures: Figures,
    /// Floor area of all parcels of the unit, m², as far as it is known.
    pub existing_floor_m2: Option<f64>,
    /// Demolished over existing floor area.
    pub demolished_share: Option<f64>,
    /// Whether the caps on demolition hold.
    pub within_caps: Option<bool>,
}

/// What all parcels to be redeveloped could become, by themselves, by site and by unit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Capacity {
    /// Every parcel that is redeveloped, in canonical order.
    pub parcels: Vec<ParcelCapacity>,
    /// Sites by number, then parcels alone in canonical order.
    pub sites: Vec<SiteCapacity>,
    /// Units in the order of the ledger, those without any site left out.
    pub units: Vec<UnitCapacity>,
    /// All of it.
    pub total: UnitCapacity,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

/// Floor and output that stand on a parcel.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    floor_m2: Option<f64>,
    output: Option<f64>,
    /// Floor area beyond the ratio, m².
    extra_m2: Option<f64>,
}

/// Expressions over the parcels, evaluated once.
struct Columns {
    floor: Column<f64>,
    output: Option<Column<f64>>,
    extra: Option<Column<f64>>,
}

impl Columns {
    fn of(&self, i: usize) -> Standing {
        // An amount below 0 is no amount.
        let amount = |column: &Column<f64>| column.get(i).filter(|amount| *amount >= 0.0);
        Standing {
            floor_m2: amount(&self.floor),
            output: self.output.as_ref().and_then(|output| output.get(i)),
            extra_m2: match &self.extra {
                Some(extra) => amount(extra),
                None => Some(0.0),
            },
        }
    }
}

impl Capacity {
    /// What the parcels of an analysis could become.
    ///
    /// Parcels are first taken by themselves. Those of a site are then built on together: target floor areas add up, and where
    /// buildings are limited, what fits is asked of the site's outline, whose inner borders keep nothing off; each parcel's share is
    /// cut by the same factor. Units and the total are sums over sites.
    ///
    /// # Errors
    /// [`Error::Options`] and [`Error::Param`] for options out of range, expressions that name what the parcels do not have, and where no
    /// target ratio is known for any parcel.
    ///
    /// # Complexity
    /// O(n) in parcels for the expressions, and a few kernels for each that is redeveloped; one buffer each where buildings keep from
    /// boundaries.
    ///
    /// ```
    /// use landuse::redevelop::{Capacity, RedevelopOptions};
    /// use landuse::{Analysis, Inputs, Options};
    ///
    /// let inputs = Inputs::open("data/city/parcels.geojson").load()?;
    /// let options = Options::builder().score("tax_yuan / area_m2").permutations(99).build()?;
    /// let analysis = Analysis::new(&inputs, options).run()?;
    /// let plan = RedevelopOptions::from_toml("capacity.far = [{ value = 3.0 }]", "plan.toml")?;
    /// let capacity = Capacity::of(&analysis, &plan.capacity)?;
    /// let total = &capacity.total.figures;
    /// assert!((total.gross_new_floor_m2.ok_or("unknown")? - 3.0 * total.land.usable_m2).abs() < 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(analysis: &Analysis, options: &CapacityOptions) -> Result<Self, Error> {
        let set = analysis.parcels();
        let columns = ParcelColumns { set, schemes: analysis.inputs().schemes() };
        let chosen = chosen(analysis, options, &columns)?;
        let Alone { figures, far_source, standing, losses } =
            Alone::of(analysis, options, &columns, &chosen)?;
        if far_source.iter().all(Option::is_none) && !chosen.is_empty() {
            let found = format!("known for none of {} parcels", chosen.len());
            let expected =
                "a target floor area ratio from a value, an expression such as `allowed_far`, or rules";
            return Err(ParamError::new("capacity.far", found, expected).into());
        }
        let units = units_of(analysis, &chosen);
        let of_parcel = analysis.sites().of_parcel();
        let (height, floors) = (&set.attributes().height_m, &set.attributes().floors);
        let parcels: Vec<ParcelCapacity> = parallel::collect(chosen.len(), 16, &|at| {
            let parcel = chosen[at];
            let i = parcel.index();
            ParcelCapacity {
                parcel,
                site: of_parcel[i],
                unit: units[at],
                far_source: far_source[at],
                high_rise_now: options.high_rise.holds(height.get(i), floors.get(i)),
                figures: figures[at],
            }
        });
        let sites = sites(&parcels, &standing, &losses, options);
        let units = of_units(analysis, &sites, options);
        let all: Vec<&SiteCapacity> = sites.iter().collect();
        let existing = analysis.ledger().total.density.floor_area_m2;
        let total = of_unit(Some("all".into()), &all, existing, options);
        let warnings = warnings(&sites, &total);
        Ok(Self { parcels, sites, units, total, warnings })
    }
}

/// Parcels each built on by itself.
pub(super) struct Alone<'a> {
    /// One per parcel that was asked for.
    pub(super) figures: Vec<Figures>,
    far_source: Vec<Option<u32>>,
    standing: Columns,
    losses: Losses<'a>,
}

impl<'a> Alone<'a> {
    pub(super) fn of(
        analysis: &'a Analysis,
        options: &CapacityOptions,
        columns: &ParcelColumns<'_>,
        parcels: &[ParcelIdx],
    ) -> Result<Self, Error> {
        let targets = targets(&options.far, columns)?;
        let numbers = |expression: &str| Expr::parse(expression)?.numbers(columns);
        let standing = Columns {
            floor: numbers(&options.floor)?,
            output: options.output.as_deref().map(numbers).transpose()?,
            extra: options.extra_floor.as_deref().map(numbers).transpose()?,
        };
        let losses = Losses::new(analysis, options)?;
        let figures = parallel::collect(parcels.len(), 16, &|at| {
            let i = parcels[at].index();
            let target = targets[i].map(|(far, _)| far);
            alone(losses.of_parcel(parcels[at]), target, standing.of(i), options)
        });
        let far_source = parcels.iter().map(|parcel| targets[parcel.index()].map(|(_, at)| at)).collect();
        Ok(Self { figures, far_source, standing, losses })
    }

    /// The sum over some of them, by position.
    pub(super) fn sum(&self, members: &[u32]) -> Figures {
        let each: Vec<Figures> = members.iter().map(|&member| self.figures[member as usize]).collect();
        summed(&each)
    }
}

impl Capacity {
    /// Dissolved outline of each site, in their order.
    ///
    /// # Complexity
    /// That of a union for each site.
    pub fn outlines(&self, analysis: &Analysis) -> MultiPolygonArray {
        let geometry = analysis.parcels().geometry();
        let each = parallel::collect(self.sites.len(), 1, &|at| {
            let members = self.sites[at].members.iter();
            let rows: Vec<u32> = members.map(|&at| self.parcels[at as usize].parcel.0).collect();
            boolean::dissolve(&geometry.take(&rows))
        });
        let mut outlines = MultiPolygonArray::new();
        each.iter().for_each(|outline| outlines.append(outline));
        outlines
    }
}

/// The parcels to be redeveloped.
fn chosen(
    analysis: &Analysis,
    options: &CapacityOptions,
    columns: &ParcelColumns<'_>,
) -> Result<Vec<ParcelIdx>, Error> {
    let len = columns.set.len() as u32;
    let mask = options.parcels.as_deref().map(|condition| Expr::parse(condition)?.select(columns));
    let mask = mask.transpose()?.map(|selection| selection.mask);
    let of_parcel = analysis.sites().of_parcel();
    let is_chosen = |i: &u32| match &mask {
        Some(mask) => mask[*i as usize],
        None => of_parcel[*i as usize].is_some(),
    };
    Ok((0..len).filter(is_chosen).map(ParcelIdx).collect())
}

/// A parcel built on by itself.
fn alone(land: SiteLand, target: Option<f64>, standing: Standing, options: &CapacityOptions) -> Figures {
    let developed_m2 = land.usable_m2 * (1.0 - options.dedicated_share);
    let allowed = target.zip(standing.extra_m2).map(|(far, extra)| {
        if land.usable_m2 > OVERLAP_TOLERANCE_M2 { far * developed_m2 + extra } else { 0.0 }
    });
    let fit = options.fit.as_ref().map(|fit| fit.fit(land.usable_m2, land.buildable_m2));
    let mut figures = Figures { land, allowed_floor_m2: allowed, fit, ..Figures::default() };
    figures.dedicated_m2 = land.usable_m2 - developed_m2;
    figures.target_far = allowed.filter(|_| developed_m2 > 0.0).map(|floor| floor / developed_m2);
    let most = fit.and_then(|fit| fit.floor_m2);
    let share = allowed.map(|allowed| share_that_fits(allowed, most));
    built(figures, share, standing, options)
}

/// The share of the allowed floor area that fits, 0 to 1.
fn share_that_fits(allowed_m2: f64, most_m2: Option<f64>) -> f64 {
    most_m2.filter(|most| *most < allowed_m2).map_or(1.0, |most| most / allowed_m2)
}

/// Adds what follows once it is known which share of the allowed floor area is built.
fn built(mut figures: Figures, share: Option<f64>, standing: Standing, options: &CapacityOptions) -> Figures {
    let usable_m2 = figures.land.usable_m2;
    let planned_far = figures.target_far.zip(share).map(|(far, share)| far * share);
    figures.planned_far = planned_far;
    figures.binding = share.map(|share| if share < 1.0 { Binding::Fit } else { Binding::Far });
    figures.floor_m2 = standing.floor_m2;
    figures.current_far =
        standing.floor_m2.filter(|_| figures.land.site_m2 > 0.0).map(|floor| floor / figures.land.site_m2);
    let plan =
        |floor_m2: f64| Redevelopment::new(floor_m2 / usable_m2, planned_far?, options.dedicated_share).ok();
    // Where nothing can be built, no ratio says so: there is no new floor, and what stands goes.
    let nothing = figures.allowed_floor_m2.zip(share).is_some_and(|(floor, share)| floor * share <= 0.0);
    figures.gross_new_floor_m2 =
        if nothing { Some(0.0) } else { plan(0.0).map(|plan| plan.gross_new_floor_m2(usable_m2)) };
    if let Some(floor_m2) = standing.floor_m2 {
        let plan = plan(floor_m2);
        figures.uplift_m2 =
            if nothing { Some(-floor_m2) } else { plan.map(|plan| plan.uplift_m2(usable_m2)) };
        figures.land_released_m2 = plan.map(|plan| plan.land_released_m2(usable_m2));
        figures.output_uplift = standing.output.zip(figures.uplift_m2).and_then(|(output, uplift)| {
            let by_plan = plan.and_then(|plan| plan.output_uplift(usable_m2, output));
            by_plan.or_else(|| (nothing && floor_m2 > 0.0).then(|| output / floor_m2 * uplift))
        });
        figures.build_ratio = figures.gross_new_floor_m2.and_then(|built_m2| {
            Demolition { existing_m2: floor_m2, demolished_m2: floor_m2, built_m2 }.build_ratio()
        });
    }
    figures.output = standing.output;
    figures.output_gap = standing
        .output
        .zip(options.output_standard_per_mu)
        .map(|(output, standard)| output_gap(usable_m2, standard, output));
    figures.planned = building(&figures, options);
    figures
}

/// The lowest building that holds the new floor.
fn building(figures: &Figures, options: &CapacityOptions) -> Option<Planned> {
    let (limits, fit) = (options.fit.as_ref()?, figures.fit?);
    limits.building(figures.gross_new_floor_m2?, fit.footprint_m2, &options.high_rise)
}

/// Sites by number, then parcels alone.
fn sites(
    parcels: &[ParcelCapacity],
    standing: &Columns,
    losses: &Losses<'_>,
    options: &CapacityOptions,
) -> Vec<SiteCapacity> {
    let mut groups: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for (parcel, at) in parcels.iter().zip(0..) {
        let key = parcel.site.map_or((u32::MAX, at), |site| (site, 0));
        groups.entry(key).or_default().push(at);
    }
    parallel::consume(groups.into_values().collect(), |members| {
        let own = |at: &u32| &parcels[*at as usize];
        let first = own(&members[0]);
        let figures = if members.len() == 1 {
            first.figures
        } else {
            let lands: Vec<_> =
                members.iter().map(own).map(|parcel| (parcel.parcel, parcel.figures.land)).collect();
            let land = losses.of_site(&lands);
            let allowed: Vec<_> = members.iter().filter_map(|at| own(at).figures.allowed_floor_m2).collect();
            let allowed_m2 = sum::area_m2(allowed.iter().copied());
            let fit = options.fit.as_ref().map(|fit| fit.fit(land.usable_m2, land.buildable_m2));
            let share = share_that_fits(allowed_m2, fit.and_then(|fit| fit.floor_m2));
            let share = (!allowed.is_empty()).then_some(share);
            let each: Vec<Figures> = members
                .iter()
                .map(own)
                .map(|parcel| {
                    let share = parcel.figures.allowed_floor_m2.and(share);
                    built(parcel.figures, share, standing.of(parcel.parcel.index()), options)
                })
                .collect();
            let mut sums = summed(&each);
            (sums.land, sums.fit) = (land, fit);
            sums.binding = share.map(|share| if share < 1.0 { Binding::Fit } else { Binding::Far });
            sums.planned = building(&sums, options);
            sums
        };
        let unit = most_land(members.iter().map(own).map(|p| (p.unit, p.figures.land.site_m2)));
        let lacks = |of: fn(&Figures) -> Option<f64>| {
            members.iter().filter(|at| of(&own(at).figures).is_none()).count()
        };
        SiteCapacity {
            site: first.site,
            unit,
            far_unknown: lacks(|figures| figures.allowed_floor_m2),
            floor_unknown: lacks(|figures| figures.floor_m2),
            members,
            figures,
        }
    })
}

/// The unit with most of the land; of equal ones the first.
pub(super) fn most_land(parts: impl Iterator<Item = (Option<u32>, f64)>) -> Option<u32> {
    let mut by_unit: BTreeMap<u32, sum::AreaSum> = BTreeMap::new();
    for (unit, area_m2) in parts {
        if let Some(unit) = unit {
            by_unit.entry(unit).or_default().add(area_m2);
        }
    }
    by_unit.into_iter().min_by_key(|&(unit, area)| (std::cmp::Reverse(area), unit)).map(|(unit, _)| unit)
}

/// Sums of what is known, and the ratios that follow from them.
fn summed(all: &[Figures]) -> Figures {
    let sum = |of: fn(&Figures) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| sum::exact(known))
    };
    let land = SiteLand::sum(&all.iter().map(|figures| &figures.land));
    let dedicated_m2 = sum::area_m2(all.iter().map(|figures| figures.dedicated_m2));
    // Ratios rest on the land whose floor area is known.
    let ratio = |amount: fn(&Figures) -> Option<f64>, base: fn(&Figures) -> f64| {
        let base_m2 = sum::area_m2(all.iter().filter(|own| amount(own).is_some()).map(base));
        sum(amount).filter(|_| base_m2 > 0.0).map(|amount| amount / base_m2)
    };
    let developed = |figures: &Figures| figures.land.usable_m2 - figures.dedicated_m2;
    let (gross, floor) = (sum(|f| f.gross_new_floor_m2), sum(|f| f.floor_m2));
    Figures {
        land,
        dedicated_m2,
        floor_m2: floor,
        current_far: ratio(|f| f.floor_m2, |f| f.land.site_m2),
        allowed_floor_m2: sum(|f| f.allowed_floor_m2),
        target_far: ratio(|f| f.allowed_floor_m2, developed),
        fit: None,
        planned_far: ratio(|f| f.gross_new_floor_m2, developed),
        binding: None,
        planned: None,
        gross_new_floor_m2: gross,
        uplift_m2: sum(|f| f.uplift_m2),
        land_released_m2: sum(|f| f.land_released_m2),
        output: sum(|f| f.output),
        output_uplift: sum(|f| f.output_uplift),
        output_gap: sum(|f| f.output_gap),
        build_ratio: gross.zip(floor).and_then(|(built_m2, floor_m2)| {
            Demolition { existing_m2: floor_m2, demolished_m2: floor_m2, built_m2 }.build_ratio()
        }),
    }
}

fn of_units(analysis: &Analysis, sites: &[SiteCapacity], options: &CapacityOptions) -> Vec<UnitCapacity> {
    let mut by_unit: BTreeMap<u32, Vec<&SiteCapacity>> = BTreeMap::new();
    for site in sites {
        if let Some(unit) = site.unit {
            by_unit.entry(unit).or_default().push(site);
        }
    }
    let units = &analysis.ledger().units;
    let of = |(at, sites): (u32, Vec<&SiteCapacity>)| {
        let account = &units[at as usize];
        of_unit(account.id.clone(), &sites, account.density.floor_area_m2, options)
    };
    by_unit.into_iter().map(of).collect()
}

fn of_unit(
    id: Option<Box<str>>,
    sites: &[&SiteCapacity],
    existing_m2: Option<f64>,
    options: &CapacityOptions,
) -> UnitCapacity {
    let each: Vec<Figures> = sites.iter().map(|site| site.figures).collect();
    let figures = summed(&each);
    let demolition = existing_m2
        .zip(figures.floor_m2)
        .zip(figures.gross_new_floor_m2)
        .map(|((existing_m2, demolished_m2), built_m2)| Demolition { existing_m2, demolished_m2, built_m2 });
    let count = |of: fn(&SiteCapacity) -> usize| sites.iter().map(|site| of(site)).sum();
    UnitCapacity {
        id,
        sites: sites.len(),
        parcels: count(|site| site.members.len()),
        far_unknown: count(|site| site.far_unknown),
        floor_unknown: count(|site| site.floor_unknown),
        figures,
        existing_floor_m2: existing_m2,
        demolished_share: demolition.and_then(|demolition| demolition.demolished_share()),
        within_caps: demolition
            .and_then(|demolition| demolition.within(options.max_demolished_share, options.max_build_ratio)),
    }
}

fn warnings(sites: &[SiteCapacity], total: &UnitCapacity) -> Vec<Warning> {
    let lost = |site: &&SiteCapacity| site.figures.land.usable_m2 <= OVERLAP_TOLERANCE_M2;
    let over = |site: &&SiteCapacity| site.figures.uplift_m2.is_some_and(|uplift| uplift < 0.0);
    let parcels = total.parcels;
    let told = [
        (usize::from(parcels == 0), WarningKind::NothingToRedevelop),
        (total.far_unknown, WarningKind::TargetFarUnknown { count: total.far_unknown, parcels }),
        (total.floor_unknown, WarningKind::PresentFloorUnknown { count: total.floor_unknown, parcels }),
        (
            sites.iter().filter(lost).count(),
            WarningKind::SitesWithoutUsableLand { count: sites.iter().filter(lost).count() },
        ),
        (
            sites.iter().filter(over).count(),
            WarningKind::SitesOverTarget { count: sites.iter().filter(over).count() },
        ),
    ];
    told.into_iter().filter(|(count, _)| *count > 0).map(|(_, kind)| Warning::from(kind)).collect()
}
