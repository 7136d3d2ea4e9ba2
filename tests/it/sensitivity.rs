//! Sweeps against runs with each setting of its own.

use geo::{Rect, coord};
use landuse::efficiency::{Direction, FieldChecks, Rule, Verdict};
use landuse::intensity::WarningStatus;
use landuse::io::{Source, Table};
use landuse::sensitivity::{Sensitivity, SweepOptions};
use landuse::{Analysis, Inputs, Options, Parcel, ParcelIdx, ParcelSet};

/// 20 × 12 plots with scores that repeat, some unknown, lanes of 4, 8 and 12 m between columns.
fn parcels() -> ParcelSet {
    let mut state = 11_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut plots = Vec::new();
    let mut x = 0.0;
    for column in 0..20 {
        for row in 0..12 {
            let y = f64::from(row) * 50.0;
            let shape = Rect::new(coord! { x: x, y: y }, coord! { x: x + 60.0, y: y + 50.0 }).to_polygon();
            let mut plot = Parcel::new(format!("{column}-{row}"), shape).construction(next(3) > 0);
            if next(10) > 0 {
                // Low in the west.
                let score = if column < 8 { next(12) } else { 6 + next(30) };
                plot = plot.number("score", score as f64);
            }
            plots.push(plot);
        }
        x += 60.0 + [0.0, 4.0, 8.0, 12.0][next(4) as usize];
    }
    ParcelSet::local(plots)
}

fn analysis(rule: Rule, gap_m: f64) -> Analysis {
    checked(rule, gap_m, None)
}

fn checked(rule: Rule, gap_m: f64, field_checks: Option<FieldChecks>) -> Analysis {
    let hill = Rect::new(coord! { x: 597.0, y: -100.0 }, coord! { x: 5_000.0, y: 1_000.0 }).to_polygon();
    let lines = ParcelSet::local([Parcel::new("hill", hill)]);
    let mut inputs = Inputs::open(parcels()).control_lines(lines);
    if let Some(checks) = field_checks {
        inputs = inputs.field_checks(checks);
    }
    let mut options = Options::default();
    options.efficiency.low = Some(rule);
    options.sites.gap_m = gap_m;
    options.significance.draws = Some(9);
    Analysis::new(&inputs.load().unwrap(), options).run().unwrap()
}

fn quantile_rule(worst_share: f64, direction: Direction) -> Rule {
    Rule::Quantile { metric: Some("score".into()), worst_share, direction }
}

fn low(analysis: &Analysis, i: usize) -> bool {
    analysis.verdict(ParcelIdx(i as u32)) == Verdict::Low
}

#[test]
fn a_sweep_is_a_run_per_setting() {
    let sweep = SweepOptions::default();
    for direction in [Direction::HigherIsBetter, Direction::LowerIsBetter] {
        let base = analysis(quantile_rule(0.2, direction), 15.0);
        let found = Sensitivity::sweep(&base.sweep_input(), &sweep).unwrap();
        let len = base.parcels().len();
        let (mut times_low, mut times_in) = (vec![0; len], vec![0; len]);
        let (mut step, mut settings) = (0, 0);
        for (k, &share) in sweep.worst_shares.iter().enumerate() {
            for (g, &gap_m) in sweep.gaps_m.iter().enumerate() {
                let run = analysis(quantile_rule(share, direction), gap_m);
                for i in 0..len {
                    times_low[i] += usize::from(g == 0 && low(&run, i));
                    times_in[i] += usize::from(run.sites().of_parcel()[i].is_some());
                }
                let sites = &found.sites[step];
                assert_eq!((sites.setting, sites.step.gap_m), (share, gap_m));
                assert_eq!(sites.step.sites, run.sites().len(), "{share} {gap_m}");
                if g == 0 {
                    assert_eq!(found.thresholds[k].low_count, (0..len).filter(|&i| low(&run, i)).count());
                    let test = &run.efficiency().assessment.as_ref().unwrap().tests[0];
                    assert_eq!(Some(found.thresholds[k].threshold), test.threshold);
                }
                (step, settings) = (step + 1, settings + 1);
            }
        }
        for i in 0..len {
            let judged = base.verdict(ParcelIdx(i as u32)) != Verdict::Unknown;
            let shares = [times_low[i] as f64 / 5.0, times_in[i] as f64 / f64::from(settings)];
            assert_eq!(found.low_share.get(i), judged.then_some(shares[0]));
            assert_eq!(found.site_share.get(i), judged.then_some(shares[1]));
        }
        let decided = found.low_share.iter().flatten().filter(|share| *share > 0.0 && *share < 1.0).count();
        assert!(decided > 10 && found.held.len() == base.sites().len() && !found.held.is_empty());
    }
}

/// The sweep asks the assessment: what was found on the spot holds at every setting, and moves no threshold.
#[test]
fn a_sweep_knows_of_field_checks() {
    let parcels = parcels();
    let scores = &parcels.attributes().numbers["score"].values;
    let mut lowest: Vec<(f64, &str)> =
        parcels.iter().filter_map(|p| Some((scores.get(p.idx().index())?, p.id()?))).collect();
    lowest.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let plain = analysis(quantile_rule(0.2, Direction::HigherIsBetter), 15.0);
    let threshold = plain.efficiency().assessment.as_ref().unwrap().tests[0].threshold.unwrap();
    for (status, share) in [("not_low", Some(0.0)), ("idle", None), ("low", Some(1.0))] {
        let rows: String = lowest[..10]
            .iter()
            .map(|(_, id)| format!("{id},{status},seen,2024-05-02"))
            .collect::<Vec<_>>()
            .join("\n");
        let table = Source::bytes("checks.csv", format!("parcel,status,reason,date\n{rows}").into_bytes());
        let checks = || Some(FieldChecks::from_table(&Table::read(&table).unwrap()).unwrap());
        let base = checked(quantile_rule(0.2, Direction::HigherIsBetter), 15.0, checks());
        let found = Sensitivity::sweep(&base.sweep_input(), &SweepOptions::default()).unwrap();
        for (step, share) in found.thresholds.iter().zip(SweepOptions::default().worst_shares) {
            let run = checked(quantile_rule(share, Direction::HigherIsBetter), 15.0, checks());
            let count = run.efficiency().assessment.as_ref().unwrap().count(Verdict::Low);
            assert_eq!(step.low_count, count, "{status} at {share}");
            assert_eq!(
                Some(step.threshold),
                run.efficiency().assessment.as_ref().unwrap().tests[0].threshold
            );
        }
        let low = plain.efficiency().assessment.as_ref().unwrap().count(Verdict::Low);
        let expected = if status == "low" { low } else { low - 10 };
        assert_eq!((found.thresholds[2].threshold, found.thresholds[2].low_count), (threshold, expected));
        let at = base.parcels().attributes().id.iter().position(|id| id == Some(lowest[0].1)).unwrap();
        assert_eq!((found.low_share.get(at), found.tips_at.get(at)), (share, None), "{status}");
    }
}

/// Just above the tipping share a parcel is low, just below it is not; at it rounding decides.
#[test]
fn verdicts_tip_where_they_are_said_to() {
    for direction in [Direction::HigherIsBetter, Direction::LowerIsBetter] {
        let base = analysis(quantile_rule(0.2, direction), 15.0);
        let found = Sensitivity::sweep(&base.sweep_input(), &SweepOptions::default()).unwrap();
        for i in (0..base.parcels().len()).step_by(37) {
            let Some(tip) = found.tips_at.get(i).filter(|tip| *tip > 0.0 && *tip < 0.99) else { continue };
            assert!(!low(&analysis(quantile_rule(tip - 1e-6, direction), 15.0), i), "{tip}");
            assert!(low(&analysis(quantile_rule(tip + 1e-6, direction), 15.0), i), "{tip}");
        }
    }
    let standard = Rule::Standard {
        metric: Some("score".into()),
        worse_than: 10.0,
        direction: Direction::HigherIsBetter,
    };
    let base = analysis(standard, 15.0);
    let found = Sensitivity::sweep(&base.sweep_input(), &SweepOptions::default()).unwrap();
    let thresholds: Vec<f64> = found.thresholds.iter().map(|step| step.threshold).collect();
    assert_eq!(thresholds, [8.0, 9.0, 10.0, 11.0, 12.0]);
    let scores = &base.parcels().attributes().numbers["score"].values;
    assert!((0..base.parcels().len()).all(|i| found.tips_at.get(i) == scores.get(i)));
}

#[test]
fn moved_lines_and_warning_lines() {
    let base = analysis(quantile_rule(0.2, Direction::HigherIsBetter), 15.0);
    let found = Sensitivity::sweep(&base.sweep_input(), &SweepOptions::default()).unwrap();
    let inside: Vec<f64> = found.buffers.iter().map(|step| step.construction_inside_m2).collect();
    assert!(inside.windows(2).all(|pair| pair[0] < pair[1]), "{inside:?}");
    let as_drawn = base.ledger().total.construction_inside_m2.unwrap();
    assert!((inside[2] - as_drawn).abs() <= 1e-9 * as_drawn);
    // Parcels whose border lies within 10 m of the line tip; the sign says which way the line must move.
    let tipped: Vec<(f64, f64)> = (0..base.parcels().len())
        .filter_map(|i| Some((base.parcels().envelopes()[i].max[0], found.line_tips_m.get(i)?)))
        .collect();
    assert!(!tipped.is_empty());
    for (right, tip) in tipped {
        let distance = 597.0 - right;
        assert!(if tip > 0.0 {
            distance >= 0.0 && distance < tip
        } else {
            distance < 0.0 && -distance <= -tip
        });
    }
    let unit = &found.units[0];
    let gross = base.ledger().total.gross.unwrap();
    assert_eq!((unit.exceeds_below, unit.below_from), (gross, base.ledger().total.gross_upper.unwrap()));
    for (line, status) in found.warning_lines.iter().zip(&unit.status) {
        assert_eq!(*status == WarningStatus::Exceeded, gross > *line);
    }
    let bad = SweepOptions { gaps_m: vec![f64::NAN], ..SweepOptions::default() };
    assert!(Sensitivity::sweep(&base.sweep_input(), &bad).unwrap_err().to_string().contains("gaps_m"));
}
