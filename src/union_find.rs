/// Disjoint sets of positions; the root of a set is its smallest member.
#[derive(Debug)]
pub(crate) struct UnionFind(Vec<u32>);

impl UnionFind {
    /// `len` sets of one member each.
    pub(crate) fn new(len: usize) -> Self {
        Self((0..len as u32).collect())
    }

    /// Makes `i` a set of its own again. No other member may have been put below it since.
    pub(crate) fn reset(&mut self, i: u32) {
        self.0[i as usize] = i;
    }

    pub(crate) fn root(&mut self, mut i: u32) -> u32 {
        while self.0[i as usize] != i {
            let above = self.0[self.0[i as usize] as usize];
            self.0[i as usize] = above;
            i = above;
        }
        i
    }

    /// Unites the sets of both; the roots before, the one that stays first, or none where they are one set already.
    pub(crate) fn join(&mut self, a: u32, b: u32) -> Option<[u32; 2]> {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return None;
        }
        let (low, high) = (a.min(b), a.max(b));
        self.0[high as usize] = low;
        Some([low, high])
    }
}
