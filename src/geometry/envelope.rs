use super::Coord;

/// An axis-parallel box: the least one that holds a geometry. An empty geometry has an inverted one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// Least x and least y.
    pub min: Coord,
    /// Greatest x and greatest y.
    pub max: Coord,
}

impl Envelope {
    /// The box of nothing: joins with any other as if it were not there.
    pub const EMPTY: Self = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };

    /// The least box that holds all `coords`.
    ///
    /// ```
    /// use landuse::geometry::Envelope;
    /// let envelope = Envelope::of([[2.0, 1.0], [0.0, 5.0]]);
    /// assert_eq!((envelope.min, envelope.max), ([0.0, 1.0], [2.0, 5.0]));
    /// ```
    pub fn of(coords: impl IntoIterator<Item = Coord>) -> Self {
        coords.into_iter().fold(Self::EMPTY, |e, c| e.join(&Self { min: c, max: c }))
    }

    /// Whether the box holds nothing.
    pub fn is_empty(&self) -> bool {
        !(self.min[0] <= self.max[0] && self.min[1] <= self.max[1])
    }

    /// The least box that holds both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self {
            min: [self.min[0].min(other.min[0]), self.min[1].min(other.min[1])],
            max: [self.max[0].max(other.max[0]), self.max[1].max(other.max[1])],
        }
    }

    /// Whether the boxes share a point; touching counts.
    pub fn intersects(&self, other: &Self) -> bool {
        self.min[0] <= other.max[0]
            && other.min[0] <= self.max[0]
            && self.min[1] <= other.max[1]
            && other.min[1] <= self.max[1]
    }

    /// Whether `other` lies in this box, its border included.
    pub fn contains(&self, other: &Self) -> bool {
        self.min[0] <= other.min[0]
            && other.max[0] <= self.max[0]
            && self.min[1] <= other.min[1]
            && other.max[1] <= self.max[1]
    }

    /// The box grown by `margin_m` on every side.
    #[must_use]
    pub fn grown(&self, margin_m: f64) -> Self {
        Self {
            min: [self.min[0] - margin_m, self.min[1] - margin_m],
            max: [self.max[0] + margin_m, self.max[1] + margin_m],
        }
    }

    /// The middle of the box.
    pub fn center(&self) -> Coord {
        [f64::midpoint(self.min[0], self.max[0]), f64::midpoint(self.min[1], self.max[1])]
    }

    /// Width, in the unit of the coordinates; 0 for an empty box.
    pub fn width(&self) -> f64 {
        (self.max[0] - self.min[0]).max(0.0)
    }

    /// Height, in the unit of the coordinates; 0 for an empty box.
    pub fn height(&self) -> f64 {
        (self.max[1] - self.min[1]).max(0.0)
    }
}
