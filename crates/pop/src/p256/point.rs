//! Points of the curve y² = x³ − 3x + b.

use super::field::Field;

/// A point other than the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Affine {
    pub(super) x: Field,
    pub(super) y: Field,
}

/// A point as (X / Z², Y / Z³); the identity has Z = 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) x: Field,
    pub(super) y: Field,
    pub(super) z: Field,
}

impl Affine {
    pub(super) const fn negated(&self) -> Self {
        Self { x: self.x, y: self.y.negated() }
    }
}

impl From<Affine> for Point {
    fn from(Affine { x, y }: Affine) -> Self {
        Self { x, y, z: Field::ONE }
    }
}

impl Point {
    pub(super) const IDENTITY: Self = Self { x: Field::ONE, y: Field::ONE, z: Field::ZERO };

    /// The sum with a point. Every case has its branch, so that it is right for all points; nothing here is secret.
    pub(super) fn plus(&self, other: &Affine) -> Self {
        if self.z.is_zero() {
            return (*other).into();
        }
        let z_squared = self.z.square();
        let h = other.x.mul(&z_squared).sub(&self.x);
        let r = other.y.mul(&self.z.mul(&z_squared)).sub(&self.y);
        if h.is_zero() {
            return if r.is_zero() { self.doubled() } else { Self::IDENTITY };
        }
        let h_squared = h.square();
        let h_cubed = h.mul(&h_squared);
        let v = self.x.mul(&h_squared);
        let x = r.square().sub(&h_cubed).sub(&v.doubled());
        let y = r.mul(&v.sub(&x)).sub(&self.y.mul(&h_cubed));
        Self { x, y, z: self.z.mul(&h) }
    }

    /// The sum with itself. The identity stays what it is; no point of this group is its own negative.
    pub(super) fn doubled(&self) -> Self {
        let delta = self.z.square();
        let gamma = self.y.square();
        let beta = self.x.mul(&gamma);
        let product = self.x.sub(&delta).mul(&self.x.add(&delta));
        let alpha = product.doubled().add(&product);
        let beta4 = beta.doubled().doubled();
        let x = alpha.square().sub(&beta4.doubled());
        let z = self.y.add(&self.z).square().sub(&gamma).sub(&delta);
        let gamma_squared8 = gamma.square().doubled().doubled().doubled();
        let y = alpha.mul(&beta4.sub(&x)).sub(&gamma_squared8);
        Self { x, y, z }
    }
}

/// The same points with Z = 1, for one inversion in all. `None` if the identity is among them.
pub(super) fn normalized(points: &[Point]) -> Option<Vec<Affine>> {
    let mut product = Field::ONE;
    let mut before = Vec::with_capacity(points.len());
    for point in points {
        before.push(product);
        product = product.mul(&point.z);
    }
    if product.is_zero() {
        return None;
    }
    let mut inverse = product.inverted();
    let mut normalized = Vec::with_capacity(points.len());
    for (point, before) in points.iter().zip(before).rev() {
        let z = inverse.mul(&before);
        inverse = inverse.mul(&point.z);
        let z_squared = z.square();
        normalized.push(Affine { x: point.x.mul(&z_squared), y: point.y.mul(&z.mul(&z_squared)) });
    }
    normalized.reverse();
    Some(normalized)
}
