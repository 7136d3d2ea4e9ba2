//! How findings hang on the settings: score threshold, gap, borders of lines and warning line, swept in one pass.
//!
//! Use it before a parcel or a unit is named in a report: what holds over all settings is a finding, what flips at the next
//! one is an assumption.

use serde::{Deserialize, Serialize};

use crate::adjacency;
use crate::cluster::{SWEEP_GAPS_M, Sites, SweepStep, net_area_m2, sweep_with};
use crate::control::{Exclusion, Overlay, Relation};
use crate::efficiency::{Assessment, AtSetting, Basis, Setting, Verdict};
use crate::error::{Error, ParamError};
use crate::geometry::boolean;
use crate::intensity::{Ledger, WarningStatus};
use crate::land::{Land, LandStatus};
use crate::parallel;
use crate::parcel::{Column, ParcelIdx, ParcelSet};

/// The settings that are swept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SweepOptions {
    /// Shares of a rule that takes a quantile. Default: 10 % to 30 % in steps of 5.
    pub worst_shares: Vec<f64>,
    /// Multiples of the threshold of a rule with an absolute standard. Default: 0.8 to 1.2 in steps of 0.1.
    pub threshold_factors: Vec<f64>,
    /// Gaps that sites bridge, m. Default: [`SWEEP_GAPS_M`].
    pub gaps_m: Vec<f64>,
    /// By how much the lines that exclude construction are moved outwards, inwards where negative, m. Default: −10, −5, 0, 5, 10.
    pub buffers_m: Vec<f64>,
    /// Warning lines. Default: 20 % to 40 % in steps of 5.
    pub warning_lines: Vec<f64>,
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self {
            worst_shares: vec![0.1, 0.15, 0.2, 0.25, 0.3],
            threshold_factors: vec![0.8, 0.9, 1.0, 1.1, 1.2],
            gaps_m: SWEEP_GAPS_M.to_vec(),
            buffers_m: vec![-10.0, -5.0, 0.0, 5.0, 10.0],
            warning_lines: vec![0.2, 0.25, 0.3, 0.35, 0.4],
        }
    }
}

impl SweepOptions {
    /// Reads settings in TOML, named as the fields; those that are not named keep their defaults.
    ///
    /// ```
    /// use landuse::sensitivity::SweepOptions;
    ///
    /// let options = SweepOptions::from_toml("buffers_m = [-20, 0, 20]", "sweep.toml")?;
    /// assert_eq!((options.buffers_m.len(), options.gaps_m), (3, SweepOptions::default().gaps_m));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] naming `file`, for text that is not such TOML and for a setting that is out of range.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let fault = |reason: String| Error::Config { file: file.into(), reason: reason.into() };
        let options: Self = crate::zoning::config::read(text, file)?;
        options.check().map_err(|error| fault(error.to_string()))?;
        Ok(options)
    }

    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let all = |name: &str, values: &[f64], holds: fn(f64) -> bool, expected: &str| {
            values
                .iter()
                .find(|value| !holds(**value))
                .map_or(Ok(()), |value| Err(ParamError::new(name, value, expected)))
        };
        let share = |value: f64| value > 0.0 && value <= 1.0;
        all("worst_shares", &self.worst_shares, share, "a share above 0 and up to 1")?;
        all(
            "threshold_factors",
            &self.threshold_factors,
            |v| v.is_finite() && v > 0.0,
            "a finite number above 0",
        )?;
        all("gaps_m", &self.gaps_m, |v| v.is_finite() && v >= 0.0, "a finite length of at least 0 m")?;
        all("buffers_m", &self.buffers_m, f64::is_finite, "a finite length in m")?;
        all("warning_lines", &self.warning_lines, share, "a share above 0 and up to 1")
    }
}

/// Low-efficiency land at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ThresholdStep {
    /// The share or the multiple that was asked for.
    pub setting: f64,
    /// The threshold it gives.
    pub threshold: f64,
    /// Low parcels.
    pub low_count: usize,
    /// Their area, m².
    pub low_area_m2: f64,
}

/// Sites at one threshold and gap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SiteStep {
    /// The share or the multiple that was asked for.
    pub setting: f64,
    /// What sites are then.
    #[serde(flatten)]
    pub step: SweepStep,
}

/// How a site of the analysis fares over all thresholds and gaps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SiteHold {
    /// Its number.
    pub site: u32,
    /// Share of the settings under which at least half of its land is in a site.
    pub held: f64,
}

/// Construction inside the lines with their borders moved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BufferStep {
    /// By how much, m.
    pub buffer_m: f64,
    /// Construction land inside, m², counted once where parcels overlap.
    pub construction_inside_m2: f64,
    /// Parcels of construction land that share land with the lines.
    pub parcels: usize,
}

/// Where a unit stands over the swept warning lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitSweep {
    /// Id of the unit.
    pub id: Box<str>,
    /// Its status at each warning line, in their order.
    pub status: Vec<WarningStatus>,
    /// It exceeds any warning line below this: its gross intensity.
    pub exceeds_below: f64,
    /// It is below any warning line from this on: the upper bound of its gross intensity.
    pub below_from: f64,
}

/// What a sweep found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sensitivity {
    /// Low land by threshold; empty for a rule of several tests, whose thresholds move apart.
    pub thresholds: Vec<ThresholdStep>,
    /// Sites by threshold and gap.
    pub sites: Vec<SiteStep>,
    /// The sites of the analysis over all of these.
    pub held: Vec<SiteHold>,
    /// Construction inside by moved lines; empty without lines.
    pub buffers: Vec<BufferStep>,
    /// The swept warning lines.
    pub warning_lines: Vec<f64>,
    /// Units over them.
    pub units: Vec<UnitSweep>,
    /// Share of the thresholds under which a parcel is low: 0 and 1 are stable, between them the setting decides. Unknown for
    /// what is not judged.
    #[serde(skip)]
    pub low_share: Column<f64>,
    /// Where a parcel's verdict tips: for a quantile the worst share above which it is low; for a standard the threshold above (or, where
    /// less is better, below) which it is, its own value. Unknown for what a field check settled.
    #[serde(skip)]
    pub tips_at: Column<f64>,
    /// Share of all thresholds and gaps under which a parcel is in a site.
    #[serde(skip)]
    pub site_share: Column<f64>,
    /// The least swept move of the lines, by size, that turns a parcel from outside the lines to not outside, or back; unknown where none does.
    #[serde(skip)]
    pub line_tips_m: Column<f64>,
}

/// What is swept: the results of the stages.
#[derive(Debug, Clone, Copy)]
pub struct SweepInput<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What each counts as, and where they overlap.
    pub land: &'a Land,
    /// Verdicts; without any no threshold is swept.
    pub assessment: Option<&'a Assessment>,
    /// The sites, and the least net area of one, m².
    pub sites: (&'a Sites, f64),
    /// What control lines take; without lines none are moved.
    pub overlay: Option<&'a Overlay>,
    /// The balances.
    pub ledger: &'a Ledger,
}

impl Sensitivity {
    /// Sweeps the settings that stages were run with.
    ///
    /// # Errors
    /// [`ParamError`] for a setting out of range.
    ///
    /// # Complexity
    /// For each threshold one pass over the links of the widest gap per gap; for each buffer one [`buffer`](boolean::buffer) of
    /// the lines and one overlap per parcel of construction land.
    pub fn sweep(input: &SweepInput<'_>, options: &SweepOptions) -> Result<Self, Error> {
        options.check()?;
        let len = input.set.len();
        let mut found = Self {
            thresholds: Vec::new(),
            sites: Vec::new(),
            held: Vec::new(),
            buffers: Vec::new(),
            warning_lines: options.warning_lines.clone(),
            units: Vec::new(),
            low_share: Column::unknown(len),
            tips_at: Column::unknown(len),
            site_share: Column::unknown(len),
            line_tips_m: Column::unknown(len),
        };
        found.sweep_score(input, options)?;
        found.sweep_lines(input, options)?;
        let units = input.ledger.units.iter();
        found.units = units
            .filter_map(|unit| {
                let (low, high) = unit.gross.zip(unit.gross_upper)?;
                let status = |line: &f64| match *line {
                    line if low > line => WarningStatus::Exceeded,
                    line if high <= line => WarningStatus::Below,
                    _ => WarningStatus::Undetermined,
                };
                Some(UnitSweep {
                    id: unit.id.clone()?,
                    status: options.warning_lines.iter().map(status).collect(),
                    exceeds_below: low,
                    below_from: high,
                })
            })
            .collect();
        Ok(found)
    }

    /// Thresholds, and sites by threshold and gap.
    fn sweep_score(&mut self, input: &SweepInput<'_>, options: &SweepOptions) -> Result<(), Error> {
        let set = input.set;
        let len = set.len();
        let Some(assessment) = input.assessment else { return Ok(()) };
        let [test] = &assessment.tests[..] else { return Ok(()) };
        let settings: Vec<(f64, Setting)> = match test.basis {
            Basis::Quantile => options.worst_shares.iter().map(|&s| (s, Setting::WorstShare(s))).collect(),
            _ => options.threshold_factors.iter().map(|&f| (f, Setting::StandardFactor(f))).collect(),
        };
        let settings: Vec<(f64, AtSetting)> = settings
            .into_iter()
            .filter_map(|(value, setting)| Some((value, assessment.at(setting)?)))
            .collect();
        if settings.is_empty() {
            return Ok(());
        }
        self.tips_at = assessment.tipping_points();
        let low_of = |at: &AtSetting| -> Vec<bool> {
            at.verdicts.iter().map(|&verdict| verdict == Verdict::Low).collect()
        };
        let mut ever_low = vec![false; len];
        for (_, at) in &settings {
            ever_low.iter_mut().zip(&at.verdicts).for_each(|(ever, &v)| *ever |= v == Verdict::Low);
        }
        let widest = options.gaps_m.iter().copied().fold(0.0, f64::max);
        let graph = adjacency::within_gap_among(set, &ever_low, widest)?;
        let (sites, min_area_m2) = input.sites;
        let (mut times_low, mut times_in) = (vec![0_u32; len], vec![0_u32; len]);
        let sites: Vec<(u32, &[ParcelIdx])> =
            sites.iter().map(|site| (site.number, &site.members[..])).collect();
        let mut held = vec![0_u32; sites.len()];
        for &(setting, ref at) in &settings {
            let low = low_of(at);
            for (times, &low) in times_low.iter_mut().zip(&low) {
                *times += u32::from(low);
            }
            let low_area_m2 = input.land.union_area_m2(set, |parcel| low[parcel.index()])?;
            self.thresholds.push(ThresholdStep {
                setting,
                threshold: at.threshold,
                low_count: low.iter().filter(|&&low| low).count(),
                low_area_m2,
            });
            let net_m2 = net_area_m2(set, &input.land.overlaps, &low, |parcel| low[parcel.index()])?;
            for &gap_m in &options.gaps_m {
                let mut within = vec![false; len];
                let steps = sweep_with(&net_m2, &low, &graph, &[gap_m], min_area_m2, |members| {
                    members.iter().for_each(|member| within[member.index()] = true);
                });
                self.sites.extend(steps.into_iter().map(|step| SiteStep { setting, step }));
                for (times, &within) in times_in.iter_mut().zip(&within) {
                    *times += u32::from(within);
                }
                for (times, (_, members)) in held.iter_mut().zip(&sites) {
                    let area = |marked: bool| -> f64 {
                        let own = members.iter().filter(|m| !marked || within[m.index()]);
                        own.map(|m| set.area_m2()[m.index()]).sum()
                    };
                    *times += u32::from(area(true) >= 0.5 * area(false));
                }
            }
        }
        let all = settings.len() as f64;
        let both = all * options.gaps_m.len() as f64;
        let decided =
            |i: usize| matches!(assessment.verdicts[i], Verdict::Low | Verdict::NotLow).then_some(i);
        let share = |times: &[u32], of: f64| -> Column<f64> {
            (0..len).map(|i| decided(i).map(|i| f64::from(times[i]) / of)).collect()
        };
        self.low_share = share(&times_low, all);
        if both > 0.0 {
            self.site_share = share(&times_in, both);
            self.held = (sites.iter().zip(&held))
                .map(|((site, _), &times)| SiteHold { site: *site, held: f64::from(times) / both })
                .collect();
        }
        Ok(())
    }

    /// Moved lines.
    fn sweep_lines(&mut self, input: &SweepInput<'_>, options: &SweepOptions) -> Result<(), Error> {
        let Some(overlay) = input.overlay else { return Ok(()) };
        let set = input.set;
        let built: Vec<u32> = (0..set.len() as u32)
            .filter(|&i| input.land.status[i as usize] == LandStatus::Construction)
            .collect();
        let mut tips: Vec<Option<f64>> = vec![None; set.len()];
        for &buffer_m in &options.buffers_m {
            let moved;
            let exclusion = if buffer_m == 0.0 {
                &overlay.exclusion
            } else {
                moved = Exclusion::new(boolean::buffer(overlay.exclusion.dissolved(), buffer_m)?);
                &moved
            };
            let inside: Vec<f64> = parallel::map(built.len(), 256, |i| {
                let i = built[i] as usize;
                let area = input.land.partition.area_m2()[i];
                exclusion.overlap_m2(input.land.partition.get(set.geometry(), i)).clamp(0.0, area)
            });
            let touches = |(&i, &inside): (&u32, &f64)| {
                (
                    i as usize,
                    Relation::of(inside, input.land.partition.area_m2()[i as usize]) != Relation::Outside,
                )
            };
            let mut parcels = 0;
            for (i, touches) in built.iter().zip(&inside).map(touches) {
                parcels += usize::from(touches);
                let now = overlay.relation[i] != Relation::Outside;
                if touches != now && tips[i].is_none_or(|tip| buffer_m.abs() < tip.abs()) {
                    tips[i] = Some(buffer_m);
                }
            }
            let construction_inside_m2 = inside.iter().sum();
            self.buffers.push(BufferStep { buffer_m, construction_inside_m2, parcels });
        }
        self.line_tips_m = tips.into_iter().collect();
        Ok(())
    }
}
