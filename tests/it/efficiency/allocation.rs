use landuse::efficiency::{Allocation, AllocationBasis, Occupancy};
use landuse::parcel::{Column, TextColumn};

fn text(ids: &[&str]) -> TextColumn {
    ids.iter().map(|&id| Some(id)).collect()
}

fn column(values: &[Option<f64>]) -> Column<f64> {
    values.iter().copied().collect()
}

/// Firm L stands on three parcels, a (5 mu), b (3 mu) and c (2 mu); parcel c also has nine firms 1 to 9, of 1 mu each.
/// L pays 100, the small ones 1 to 9. By hand: a = 50, b = 30, c = 20 + 45 = 65; d has no firm.
#[test]
fn one_firm_on_three_parcels_and_nine_firms_on_one() {
    let firms = text(&["L", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let parcels = text(&["a", "b", "c", "d"]);
    let firm = text(&["L", "L", "L", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let parcel = text(&["a", "b", "c", "c", "c", "c", "c", "c", "c", "c", "c", "c"]);
    let mut size = vec![Some(5.0), Some(3.0), Some(2.0)];
    size.extend([Some(1.0); 9]);
    let size = column(&size);
    let rows = Occupancy { firm: &firm, parcel: &parcel, size: &size };
    let found = Allocation::new(&firms, &parcels, rows, AllocationBasis::Land).unwrap();
    let mut tax: Vec<Option<f64>> = vec![Some(100.0)];
    tax.extend((1..=9).map(|i| Some(f64::from(i))));
    let spread = found.spread(&column(&tax)).unwrap();
    println!("tax on parcels: {:?}", spread.amount.iter().collect::<Vec<_>>());
    assert_eq!(spread.amount.iter().collect::<Vec<_>>(), [Some(50.0), Some(30.0), Some(65.0), None]);
    assert_eq!((spread.total, spread.allocated, spread.unallocated), (145.0, 145.0, 0.0));
    assert_eq!(found.firms_per_parcel(), [1, 1, 10, 0]);
    let report = found.report();
    assert_eq!((report.rows, report.matched, report.parcels_without_firm), (12, 12, 1));

    // Firm 9 says nothing: c is unknown, not 56, but 56 of it is known.
    tax[9] = None;
    let spread = found.spread(&column(&tax)).unwrap();
    assert_eq!((spread.amount.get(2), spread.known_part.get(2), spread.unknown), (None, Some(56.0), 1));
    assert!(found.spread(&column(&[Some(1.0)])).is_err());
}

#[test]
fn what_cannot_be_joined_is_told_and_kept() {
    let firms = text(&["F", "G", "H", "I"]);
    let parcels = text(&["p", "q", "r", "r"]);
    let firm: TextColumn =
        [Some("F"), Some("F"), Some("G"), Some("G"), Some("X"), None, Some("I")].into_iter().collect();
    let parcel = text(&["p", "lost", "p", "q", "p", "p", "r"]);
    let size = column(&[Some(1.0), Some(3.0), None, Some(1.0), Some(1.0), Some(1.0), None]);
    let rows = Occupancy { firm: &firm, parcel: &parcel, size: &size };
    let found = Allocation::new(&firms, &parcels, rows, AllocationBasis::Jobs).unwrap();
    let report = found.report();
    assert_eq!((report.rows, report.matched, report.without_id), (7, 3, 1));
    assert_eq!(report.unknown_firms, ["X".into()]);
    assert_eq!(report.unknown_parcels, ["lost".into()]);
    assert_eq!(report.ambiguous_parcels, ["r".into()]);
    assert_eq!((report.firms_without_parcel, report.firms_without_split), (2, 1));
    let spread = found.spread(&column(&[Some(8.0), Some(5.0), Some(3.0), Some(2.0)])).unwrap();
    // A quarter of F is on p; G cannot be split, so p and q are unknown; nothing is pushed elsewhere.
    assert_eq!(spread.known_part.iter().collect::<Vec<_>>(), [Some(2.0), None, None, None]);
    assert_eq!(spread.amount.known(), 0);
    assert_eq!((spread.total, spread.allocated, spread.unallocated), (18.0, 2.0, 16.0));
    let twice = text(&["F", "F"]);
    assert!(Allocation::new(&twice, &parcels, rows, AllocationBasis::Jobs).is_err());
    let negative = column(&[Some(-1.0); 7]);
    let rows = Occupancy { size: &negative, ..rows };
    assert!(Allocation::new(&firms, &parcels, rows, AllocationBasis::Jobs).is_err());
}
