//! Which parcels can be assembled to one site, which are best, and who holds out.

mod holdouts;
mod options;
mod search;

use std::collections::HashMap;

use geo::{ConvexHull, MultiPoint};

pub use holdouts::HoldOut;
pub use options::{AssemblyOptions, LandShare, Rank};

use self::search::{Field, FromSeed, Plot, Tally, reach};
use super::capacity::{Alone, Figures};
use super::options::CapacityOptions;
use super::places::units_of;
use crate::Analysis;
use crate::cluster::Shape;
use crate::column::Column;
use crate::efficiency::Verdict;
use crate::error::{Error, ParamError};
use crate::expr::Expr;
use crate::geometry::{Coord, MultiPolygonArray, MultiPolygonRef, boolean};
use crate::parallel;
use crate::parcel::{ParcelColumns, ParcelIdx};
use crate::rows::Rows;
use crate::sum::{self, AreaSum};

/// A contiguous set of parcels that meets all limits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Assembly {
    /// Its parcels, ascending.
    pub parcels: Vec<ParcelIdx>,
    /// Their land, m²; land under several of them counts once.
    pub area_m2: f64,
    /// Owners, those not known counted one per parcel.
    pub owners: usize,
    /// Parcels whose owner is not known.
    pub owners_unknown: usize,
    /// Low parcels as a share of the land.
    pub low_share: f64,
    /// Boundary that borders no other parcel, m.
    pub frontage_m: f64,
    /// Floor gained on its parcels, each built on alone, as far as it is known, m²; none where it is of none.
    pub uplift_m2: Option<f64>,
    /// Whether it is the best of all that share a parcel with it, those aside that share one with a better such.
    pub apart: bool,
}

/// What is told of the best assemblies beside.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Described {
    /// Shape of its outline, closed over roads and gaps; none where it has no area.
    pub shape: Option<Shape>,
    /// The unit that most of its land lies in, as a position in the ledger.
    pub unit: Option<u32>,
    /// Figures of its parcels, each built on alone, added up.
    pub figures: Figures,
    /// Owners beside it, of whom one more would open further land, the most land first.
    pub holdouts: Vec<HoldOut>,
}

/// All assemblies of a city, the best first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Assemblies {
    /// All that were kept, the best first.
    pub found: Vec<Assembly>,
    /// What is told of the first of them beside.
    pub described: Vec<Described>,
    /// Dissolved outlines of the described ones.
    pub outlines: MultiPolygonArray,
    /// Parcels that might be assembled.
    pub eligible: usize,
    /// First parcels whose sets were not all looked at.
    pub seeds_cut: usize,
    /// Assemblies that were found and not kept.
    pub dropped: usize,
    /// By what they are ranked.
    pub rank: Rank,
    /// The column that owners are named in; none where there is none.
    pub owner: Option<Box<str>>,
}

impl Assemblies {
    /// Finds the assemblies of the parcels of an analysis.
    ///
    /// Neighbours are those of sites: parcels within the gap that no barrier cuts off. From each parcel every connected set is looked
    /// at whose first parcel it is, up to [`AssemblyOptions::max_visits`] sets; where that is not reached by any seed, no set within the
    /// limits is missed. Owners, span, area and number of parcels end a branch as soon as they break.
    ///
    /// # Errors
    /// [`Error::Param`] for options out of range, a column of owners that is not there where owners are limited, and expressions that name
    /// what the parcels do not have.
    ///
    /// # Complexity
    /// O(seeds · visits · parcels · corners) at most, on all threads; where compactness is asked for, one union for each set that passes all
    /// else.
    ///
    /// # Source
    /// Enumeration of connected subgraphs: Wernicke 2006, "Efficient Detection of Network Motifs".
    pub fn find(
        analysis: &Analysis,
        options: &AssemblyOptions,
        capacity: &CapacityOptions,
    ) -> Result<Self, Error> {
        options.check()?;
        let set = analysis.parcels();
        let columns = ParcelColumns { set, schemes: analysis.inputs().schemes() };
        let mask = match options.parcels.as_deref() {
            Some(condition) => Expr::parse(condition)?.select(&columns)?.mask,
            None => analysis.efficiency().candidates.clone(),
        };
        let eligible: Vec<ParcelIdx> =
            (0..set.len() as u32).filter(|&i| mask[i as usize]).map(ParcelIdx).collect();
        let figures = Alone::of(analysis, capacity, &columns, &eligible)?;
        let owner = owner(analysis, options)?;
        let plots = plots(analysis, options, owner, &columns, &eligible, &figures)?;
        let neighbours = neighbours(analysis, &mask, &eligible);
        let field = Field { plots: &plots, neighbours: &neighbours, options };
        let rank = options.rank.unwrap_or(if plots.iter().any(|plot| plot.uplift_m2.is_some()) {
            Rank::UpliftPerOwner
        } else {
            Rank::AreaPerOwner
        });
        let scene = Scene { analysis, field: &field, eligible: &eligible, rank };
        let seeds: Vec<(Vec<Found>, bool, usize)> =
            parallel::collect(plots.len(), 8, &|seed| scene.best_of(seed as u32));
        let seeds_cut = seeds.iter().filter(|(_, cut, _)| *cut).count();
        let mut dropped: usize = seeds.iter().map(|(.., dropped)| dropped).sum();
        let mut found: Vec<Found> = seeds.into_iter().flat_map(|(found, ..)| found).collect();
        found.sort_by(Found::order);
        let before = found.len();
        // What was grown from several seeds stands side by side now.
        found.dedup_by(|a, b| a.members == b.members);
        if seeds_cut == 0 {
            dropped += before - found.len();
        }
        let mut taken = vec![false; plots.len()];
        let assemblies: Vec<Assembly> = found.iter().map(|found| scene.assembly(found, &mut taken)).collect();
        let first = &found[..found.len().min(options.max_described)];
        let (described, outlines) = scene.describe(first, &figures);
        Ok(Self {
            found: assemblies,
            described,
            outlines,
            eligible: eligible.len(),
            seeds_cut,
            dropped,
            rank,
            owner: owner.map(Into::into),
        })
    }
}

/// A set that passes all limits, with what it is ranked by.
struct Found {
    members: Vec<u32>,
    score: f64,
    owners: usize,
}

impl Found {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.owners.cmp(&other.owners))
            .then_with(|| self.members.cmp(&other.members))
    }
}

struct Scene<'a> {
    analysis: &'a Analysis,
    field: &'a Field<'a>,
    eligible: &'a [ParcelIdx],
    rank: Rank,
}

impl Scene<'_> {
    fn plots<'s>(&'s self, members: &'s [u32]) -> impl Iterator<Item = &'s Plot> + Clone {
        members.iter().map(|&member| &self.field.plots[member as usize])
    }

    fn area_m2(&self, members: &[u32]) -> f64 {
        self.plots(members).map(|plot| plot.area.m2()).collect::<AreaSum>().m2()
    }

    fn uplift_m2(&self, members: &[u32]) -> Option<f64> {
        let known: Vec<f64> = self.plots(members).filter_map(|plot| plot.uplift_m2).collect();
        (!known.is_empty()).then(|| sum::exact(known))
    }

    fn owners(&self, members: &[u32]) -> Tally {
        let mut tally = Tally::default();
        for plot in self.plots(members) {
            match plot.owner {
                None => tally.owners_unknown += 1,
                Some(owner) => tally.owners.push(owner),
            }
        }
        tally.owners.sort_unstable();
        tally.owners.dedup();
        tally
    }

    /// The sets of a seed, the best first, whether there are more to look at, and how many were dropped.
    fn best_of(&self, seed: u32) -> (Vec<Found>, bool, usize) {
        let FromSeed { sets, cut } = self.field.starting_at(seed);
        let options = self.field.options;
        let compact = |members: &Vec<u32>| {
            options.min_compactness == 0.0
                || self.shape(members).is_some_and(|shape| shape.polsby_popper >= options.min_compactness)
        };
        let mut found: Vec<Found> = sets
            .into_iter()
            .filter(compact)
            .map(|members| {
                let owners = self.owners(&members).owners();
                let unknown = f64::NEG_INFINITY;
                let score = match self.rank {
                    Rank::Area => self.area_m2(&members),
                    Rank::AreaPerOwner => self.area_m2(&members) / owners as f64,
                    Rank::Uplift => self.uplift_m2(&members).unwrap_or(unknown),
                    Rank::UpliftPerOwner => self.uplift_m2(&members).map_or(unknown, |m2| m2 / owners as f64),
                };
                Found { members, score, owners }
            })
            .collect();
        found.sort_by(Found::order);
        let dropped = found.len().saturating_sub(options.max_kept);
        found.truncate(options.max_kept);
        (found, cut, dropped)
    }

    fn outline(&self, members: &[u32]) -> MultiPolygonArray {
        let rows: Vec<u32> = members.iter().map(|&member| self.eligible[member as usize].0).collect();
        boolean::dissolve(&self.analysis.parcels().geometry().take(&rows))
    }

    fn shape(&self, members: &[u32]) -> Option<Shape> {
        let outline = self.outline(members);
        Shape::over_gaps(outline.get(0), self.analysis.options().sites.gap_m).ok().flatten()
    }

    fn assembly(&self, found: &Found, taken: &mut [bool]) -> Assembly {
        let members = &found.members;
        let apart = members.iter().all(|&member| !taken[member as usize]);
        if apart {
            members.iter().for_each(|&member| taken[member as usize] = true);
        }
        let area_m2 = self.area_m2(members);
        let tally = self.owners(members);
        let low = self.plots(members).filter(|plot| plot.low).map(|plot| plot.area.m2());
        Assembly {
            parcels: members.iter().map(|&member| self.eligible[member as usize]).collect(),
            area_m2,
            owners: tally.owners(),
            owners_unknown: tally.owners_unknown,
            low_share: if area_m2 > 0.0 { sum::area_m2(low) / area_m2 } else { 0.0 },
            frontage_m: self.plots(members).map(|plot| plot.open_m).sum(),
            uplift_m2: self.uplift_m2(members),
            apart,
        }
    }

    fn describe(&self, found: &[Found], figures: &Alone<'_>) -> (Vec<Described>, MultiPolygonArray) {
        let units = units_of(self.analysis, self.eligible);
        let each = parallel::collect(found.len(), 1, &|at| {
            let members = &found[at].members;
            let outline = self.outline(members);
            let gap_m = self.analysis.options().sites.gap_m;
            let described =
                Described {
                    shape: Shape::over_gaps(outline.get(0), gap_m).ok().flatten(),
                    unit: super::capacity::most_land(members.iter().map(|&member| {
                        (units[member as usize], self.field.plots[member as usize].area.m2())
                    })),
                    figures: figures.sum(members),
                    holdouts: holdouts::of(self.field, members, self.eligible),
                };
            (described, outline)
        });
        let mut outlines = MultiPolygonArray::new();
        let mut described = Vec::with_capacity(each.len());
        for (own, outline) in each {
            outlines.append(&outline);
            described.push(own);
        }
        (described, outlines)
    }
}

/// The name of the column of owners; none where none is named and there is none.
fn owner<'a>(analysis: &'a Analysis, options: &'a AssemblyOptions) -> Result<Option<&'a str>, ParamError> {
    let texts = &analysis.parcels().attributes().texts;
    let named = options.owner.as_deref().or(analysis.options().owner.as_deref());
    let name = named.unwrap_or("owner");
    if texts.contains_key(name) {
        return Ok(Some(name));
    }
    if named.is_none() && options.max_owners.is_none() {
        return Ok(None);
    }
    let names: Vec<&str> = texts.keys().map(|name| &**name).collect();
    let expected = format!("a column of texts ({})", names.join(", "));
    Err(ParamError::new("assembly.owner", name, &expected))
}

fn plots(
    analysis: &Analysis,
    options: &AssemblyOptions,
    owner: Option<&str>,
    columns: &ParcelColumns<'_>,
    eligible: &[ParcelIdx],
    figures: &Alone<'_>,
) -> Result<Vec<Plot>, Error> {
    let owners = owner.and_then(|name| analysis.parcels().attributes().texts.get(name));
    let shares: Vec<Column<bool>> = options
        .shares
        .iter()
        .map(|share| Expr::parse(&share.condition)?.conditions(columns))
        .collect::<Result<_, Error>>()?;
    let set = analysis.parcels();
    let mut shared_m = vec![0.0; set.len()];
    for link in analysis.contiguity().links() {
        shared_m[link.a.index()] += link.shared_m;
        shared_m[link.b.index()] += link.shared_m;
    }
    Ok(parallel::collect(eligible.len(), 64, &|at| {
        let i = eligible[at].index();
        let shape = set.geometry().get(i);
        let length = |edge: &[Coord]| (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1]);
        let around_m: f64 = shape.rings().flat_map(|ring| ring.windows(2)).map(length).sum();
        Plot {
            area: AreaSum::of(analysis.land().partition.area_m2()[i]),
            open_m: (around_m - shared_m[i]).max(0.0),
            owner: owners.and_then(|owners| owners.key(i)),
            low: analysis.verdict(eligible[at]) == Verdict::Low,
            shares: shares.iter().map(|share| share.get(i) == Some(true)).collect(),
            uplift_m2: figures.figures[at].uplift_m2,
            corners: corners(shape),
        }
    }))
}

/// Corners of the convex hull.
fn corners(shape: MultiPolygonRef<'_>) -> Vec<Coord> {
    let points: MultiPoint<f64> = shape.coords().iter().map(|c| (c[0], c[1])).collect();
    let mut corners: Vec<Coord> = points.convex_hull().exterior().coords().map(|c| [c.x, c.y]).collect();
    corners.pop();
    corners
}

/// Who is whose neighbour among the eligible, by their positions.
fn neighbours(analysis: &Analysis, mask: &[bool], eligible: &[ParcelIdx]) -> Rows<u32> {
    let position: HashMap<ParcelIdx, u32> = eligible.iter().copied().zip(0..).collect();
    let links = analysis.contiguity().links().iter();
    let pairs: Vec<(u32, u32)> = links
        .filter(|link| mask[link.a.index()] && mask[link.b.index()])
        .map(|link| (position[&link.a], position[&link.b]))
        .collect();
    let both = pairs.iter().flat_map(|&(a, b)| [(a as usize, b), (b as usize, a)]);
    let mut rows = Rows::new(eligible.len(), 0, both);
    (0..eligible.len()).for_each(|row| rows.row_mut(row).sort_unstable());
    rows
}

/// The greatest distance between two points of some parcels.
fn span_m(field: &Field<'_>, members: &[u32]) -> f64 {
    let corners = |&member: &u32| &field.plots[member as usize].corners;
    let pairs = members.iter().enumerate().flat_map(|(at, a)| members[at..].iter().map(move |b| (a, b)));
    pairs.map(|(a, b)| reach(corners(a), corners(b))).fold(0.0, f64::max)
}
