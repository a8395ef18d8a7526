//! One polygon of a place: a box around it, and rings in which a position is inside or not.

use crate::division::DivisionCode;

/// Longitude, latitude, in degrees.
pub(super) type Position = (f64, f64);

/// An outer ring with its holes.
#[derive(Clone, Debug)]
pub(super) struct Polygon {
    code: DivisionCode,
    rings: Box<[Box<[Position]>]>,
    west: f64,
    east: f64,
    south: f64,
    north: f64,
    area: f64,
}

impl Polygon {
    /// `rings`: the outer one first, each with at least one position.
    pub(super) fn new(code: DivisionCode, rings: Vec<Vec<Position>>) -> Self {
        let outer = || rings.first().into_iter().flatten();
        let smallest = |of: fn(&Position) -> f64| outer().map(of).fold(f64::INFINITY, f64::min);
        let largest = |of: fn(&Position) -> f64| outer().map(of).fold(f64::NEG_INFINITY, f64::max);
        let (west, east) = (smallest(|p| p.0), largest(|p| p.0));
        let (south, north) = (smallest(|p| p.1), largest(|p| p.1));
        let area = rings.first().map_or(0.0, |ring| area(ring));
        let rings = rings.into_iter().map(Vec::into_boxed_slice).collect();
        Self { code, rings, west, east, south, north, area }
    }

    pub(super) const fn code(&self) -> &DivisionCode {
        &self.code
    }

    pub(super) const fn south(&self) -> f64 {
        self.south
    }

    pub(super) const fn north(&self) -> f64 {
        self.north
    }

    /// In square degrees: good enough to tell the smaller of two.
    pub(super) const fn area(&self) -> f64 {
        self.area
    }

    /// Even-odd over all rings: inside the outer one and in no hole. A border belongs to the place north or east of it, so that neighbours
    /// never both contain a position.
    pub(super) fn contains(&self, longitude: f64, latitude: f64) -> bool {
        let in_box = (self.west..=self.east).contains(&longitude) && (self.south..=self.north).contains(&latitude);
        if !in_box {
            return false;
        }
        let crossings: usize = self.rings.iter().map(|ring| crossings(ring, longitude, latitude)).sum();
        crossings % 2 == 1
    }
}

/// How many sides of a closed ring a line from the position to the east crosses.
fn crossings(ring: &[Position], longitude: f64, latitude: f64) -> usize {
    let mut count = 0;
    for side in ring.windows(2) {
        let ((x1, y1), (x2, y2)) = (side[0], side[1]);
        let spans = (y1 > latitude) != (y2 > latitude);
        if spans && longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1 {
            count += 1;
        }
    }
    count
}

fn area(ring: &[Position]) -> f64 {
    let twice: f64 = ring.windows(2).map(|side| side[0].0 * side[1].1 - side[1].0 * side[0].1).sum();
    twice.abs() / 2.0
}
