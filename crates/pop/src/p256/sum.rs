//! The sum of many points.

use super::field::Field;
use super::point::{Affine, Point};

/// From so many points on, adding them in pairs takes less than adding one after the other: an addition whose quotient is known
/// costs half, and one inversion, the price of some forty multiplications, serves all quotients.
const PAIRS_PAY: usize = 24;

/// The sum of all of them.
pub(super) fn of(mut points: Vec<Affine>) -> Point {
    while points.len() >= PAIRS_PAY {
        let Some(pairs) = in_pairs(&points) else { break };
        points = pairs;
    }
    points.iter().fold(Point::IDENTITY, |sum, point| sum.plus(point))
}

/// The sums of two at a time; one that is left over stays as it is. `None` when two are equal or opposite, which the line
/// through them does not add.
fn in_pairs(points: &[Affine]) -> Option<Vec<Affine>> {
    let (pairs, rest) = points.as_chunks::<2>();
    let mut product = Field::ONE;
    let mut before = Vec::with_capacity(pairs.len());
    for [one, other] in pairs {
        let width = other.x.sub(&one.x);
        if width.is_zero() {
            return None;
        }
        before.push((product, width));
        product = product.mul(&width);
    }
    let mut inverse = product.inverted();
    let mut sums = Vec::with_capacity(pairs.len() + rest.len());
    for ([one, other], (before, width)) in pairs.iter().zip(before).rev() {
        let slope = other.y.sub(&one.y).mul(&inverse.mul(&before));
        inverse = inverse.mul(&width);
        let x = slope.square().sub(&one.x).sub(&other.x);
        sums.push(Affine { x, y: slope.mul(&one.x.sub(&x)).sub(&one.y) });
    }
    sums.extend_from_slice(rest);
    Some(sums)
}
