//! Work on all threads of the pool it is called in. No other file names rayon.
//!
//! Closures reach rayon as `dyn Fn`, so that its machinery is compiled once and not once per call. Work is split by positions;
//! results come in the order of positions, so they do not depend on the number of threads as long as each item does not
//! depend on the run it is in.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Runs per thread: enough for threads to end together where some positions take longer than others.
const RUNS_PER_THREAD: usize = 64;

/// Positions per run, `min_run` at least.
fn run_len(len: usize, min_run: usize) -> usize {
    match rayon::current_num_threads() {
        0 | 1 => len,
        threads => len.div_ceil(threads * RUNS_PER_THREAD),
    }
    .max(min_run)
    .max(1)
}

/// Calls `work` with each number below `count`.
pub(crate) fn each(count: usize, work: &(dyn Fn(usize) + Sync)) {
    if count < 2 {
        (0..count).for_each(work);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(work);
    }
}

/// Calls `work` with each chunk of `size` items (the last may be shorter) and its number.
pub(crate) fn chunks<T: Send>(items: &mut [T], size: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let chunks: Vec<_> = items.chunks_mut(size.max(1)).map(|chunk| Mutex::new(Some(chunk))).collect();
    each(chunks.len(), &|i| {
        let chunk = chunks[i].lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(chunk) = chunk {
            work(i, chunk);
        }
    });
}

/// What `of` makes of each position below `len`, for plain numbers. Runs are `min_run` long at least: 1 where a position takes
/// microseconds, thousands where it takes nanoseconds.
pub(crate) fn map<T: Copy + Default + Send>(
    len: usize,
    min_run: usize,
    of: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    map_init(len, min_run, || (), |(), i| of(i))
}

/// As [`map`], with something that is made once per thread and changed.
pub(crate) fn map_init<T: Copy + Default + Send, S: Send>(
    len: usize,
    min_run: usize,
    init: impl Fn() -> S + Sync,
    of: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let mut all = vec![T::default(); len];
    let run = run_len(len, min_run);
    let spare = Mutex::new(Vec::new());
    chunks(&mut all, run, &|number, chunk| {
        let before = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut state = before.unwrap_or_else(&init);
        for (item, i) in chunk.iter_mut().zip(number * run..) {
            *item = of(&mut state, i);
        }
        spare.lock().unwrap_or_else(PoisonError::into_inner).push(state);
    });
    all
}

/// As [`map`], for items of any type.
pub(crate) fn collect<T: Send>(len: usize, min_run: usize, of: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let mut all = Vec::new();
    extend(&mut all, len, min_run, of);
    all
}

/// Adds what `of` makes of each position below `len`.
pub(crate) fn extend<T: Send>(
    all: &mut Vec<T>,
    len: usize,
    min_run: usize,
    of: &(dyn Fn(usize) -> T + Sync),
) {
    all.par_extend((0..len).into_par_iter().with_min_len(min_run).map(of));
}

/// As [`collect`], of two items each.
pub(crate) fn unzip<A: Send, B: Send>(
    len: usize,
    min_run: usize,
    of: &(dyn Fn(usize) -> (A, B) + Sync),
) -> (Vec<A>, Vec<B>) {
    (0..len).into_par_iter().with_min_len(min_run).map(of).unzip()
}

/// Everything that `add` adds for runs of positions below `len`, in order.
pub(crate) fn gather<T: Send>(
    len: usize,
    min_run: usize,
    add: &(dyn Fn(Range<usize>, &mut Vec<T>) + Sync),
) -> Vec<T> {
    let run = run_len(len, min_run);
    let mut parts: Vec<Vec<T>> = (0..len.div_ceil(run)).map(|_| Vec::new()).collect();
    chunks(&mut parts, 1, &|number, part| add(number * run..len.min((number + 1) * run), &mut part[0]));
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    all.reserve_exact(parts.as_slice().iter().map(Vec::len).sum());
    parts.for_each(|mut part| all.append(&mut part));
    all
}

/// What `of` makes of each item.
pub(crate) fn consume<T: Send, U: Send>(items: Vec<T>, of: impl Fn(T) -> U + Sync) -> Vec<U> {
    let items: Vec<_> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let take = |i: usize| items[i].lock().unwrap_or_else(PoisonError::into_inner).take();
    gather(items.len(), 1, &|run, made| made.extend(run.filter_map(take).map(&of)))
}

/// Does both, at once where a thread is free.
pub(crate) fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    let (mut first, mut second) = (Task::Open(first), Task::Open(second));
    join_both(&mut || first.work(), &mut || second.work());
    (first.result(), second.result())
}

fn join_both(first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
    rayon::join(first, second);
}

/// Work before and after it is done.
enum Task<F, T> {
    Open(F),
    Done(T),
    Taken,
}

impl<F: FnOnce() -> T, T> Task<F, T> {
    fn work(&mut self) {
        if let Self::Open(work) = std::mem::replace(self, Self::Taken) {
            *self = Self::Done(work());
        }
    }

    #[expect(clippy::panic, reason = "a panic in the work has been passed on before")]
    fn result(self) -> T {
        match self {
            Self::Done(result) => result,
            Self::Open(_) | Self::Taken => panic!("work is done once"),
        }
    }
}

/// Sorts ascending.
pub(crate) fn sort(keys: &mut [u64]) {
    keys.par_sort_unstable();
}

/// Sorts ascending. For keys of up to 96 bits above a position, see [`placed`].
pub(crate) fn sort_wide(keys: &mut [u128]) {
    keys.par_sort_unstable();
}

/// A key for sorting positions: by `key`, and by position where keys are equal. Its lower 32 bits are the position.
pub(crate) fn placed(key: u64, position: u32) -> u128 {
    u128::from(key) << 32 | u128::from(position)
}

/// A number that orders as [`f64::total_cmp`] does.
pub(crate) fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ if bits >> 63 == 0 { 1 << 63 } else { u64::MAX }
}

/// A number that orders as signed numbers do.
pub(crate) fn ordered_int(value: i64) -> u64 {
    value as u64 ^ 1 << 63
}

/// The value of which [`ordered`] made a number.
pub(crate) fn from_ordered(number: u64) -> f64 {
    f64::from_bits(number ^ if number >> 63 == 1 { 1 << 63 } else { u64::MAX })
}

/// Runs on so many threads.
#[cfg(test)]
pub(crate) fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        for threads in [1, 2, 5] {
            on_threads(threads, || {
                for len in [0, 1, 2, 63, 1_000, 4_097] {
                    for min_run in [0, 1, 100, 5_000] {
                        let squares: Vec<usize> = (0..len).map(|i| i * i).collect();
                        assert_eq!(map(len, min_run, |i| i * i), squares);
                        assert_eq!(
                            map_init(len, min_run, Vec::new, |seen, i| {
                                seen.push(i);
                                seen[seen.len() - 1] * i
                            }),
                            squares
                        );
                        assert_eq!(collect(len, min_run, &|i| i * i), squares);
                        assert_eq!(
                            unzip(len, min_run, &|i| (i, i * i)),
                            ((0..len).collect(), squares.clone())
                        );
                        assert_eq!(consume((0..len).collect(), |i| i * i), squares);
                        let some: Vec<usize> = (0..len).flat_map(|i| vec![i; i % 3]).collect();
                        let found = gather(len, min_run, &|run, items| {
                            items.extend(run.flat_map(|i| vec![i; i % 3]));
                        });
                        assert_eq!(found, some);
                    }
                }
                let mut items = vec![0; 1_001];
                chunks(&mut items, 10, &|number, chunk| chunk.fill(number));
                assert!(items.iter().enumerate().all(|(i, &number)| number == i / 10));
                let mut moved = vec![1, 2];
                assert_eq!(join(|| moved.push(3), || "done"), ((), "done"));
                assert_eq!(moved, [1, 2, 3]);
            });
        }
    }

    #[test]
    fn ordered_numbers_order_as_values_do() {
        let values = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -f64::MIN_POSITIVE,
            -0.0,
            0.0,
            5e-324,
            1.0,
            f64::INFINITY,
            f64::NAN,
        ];
        assert!(values.map(ordered).is_sorted());
        assert_eq!(values.map(|value| from_ordered(ordered(value)).to_bits()), values.map(f64::to_bits));
        assert!([i64::MIN, -1, 0, 1, i64::MAX].map(ordered_int).is_sorted());
        assert!(placed(ordered(1.0), u32::MAX) < placed(ordered(1.5), 0));
        assert_eq!(placed(u64::MAX, 7) as u32, 7);
    }
}
