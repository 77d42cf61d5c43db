use std::sync::Arc;

use serde_json::Value;

use super::{Auto, Check, CheckFn, Foreign, Kind, OnDelete, PatternFn, Schema, Type};

/// Text.
#[must_use]
pub fn string() -> Type {
    Type::of(Kind::String)
}

/// Any number.
#[must_use]
pub fn number() -> Type {
    Type::of(Kind::Number)
}

/// A number without a fraction.
#[must_use]
pub fn integer() -> Type {
    Type::of(Kind::Integer)
}

/// `true` or `false`.
#[must_use]
pub fn boolean() -> Type {
    Type::of(Kind::Boolean)
}

/// A list that keeps its order.
#[must_use]
pub fn array(elements: Type) -> Type {
    Type::of(Kind::Array(Box::new(elements)))
}

/// A list without duplicates.
#[must_use]
pub fn set(elements: Type) -> Type {
    Type::of(Kind::Set(Box::new(elements)))
}

/// An object with keys and values of one type each.
#[must_use]
pub fn map(keys: Type, values: Type) -> Type {
    Type::of(Kind::Map(Box::new(keys), Box::new(values)))
}

/// An object with these fields.
#[must_use]
pub fn record(fields: impl IntoIterator<Item = (&'static str, Type)>) -> Type {
    record_of(Schema::new(fields))
}

/// An object with the fields, shorthands and checks of a schema.
#[must_use]
pub fn record_of(schema: impl Into<Arc<Schema>>) -> Type {
    Type::of(Kind::Record(schema.into()))
}

/// A reference to an entity, by its plural name; the parent cannot be deleted while it is referred to.
#[must_use]
pub fn foreign(entity: &'static str) -> Type {
    Type::of(Kind::Foreign(Foreign { entity, on_delete: OnDelete::Restrict }))
}

/// Any JSON.
#[must_use]
pub fn any() -> Type {
    Type::of(Kind::Any)
}

impl Type {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            required: false,
            default: None,
            checks: Vec::new(),
            unique: false,
            auto: None,
            referenceable: false,
            encrypted: false,
            immutable: false,
            unsupported: false,
            comes_with: None,
            unsupported_values: Vec::new(),
            doc: "",
        }
    }

    /// The value must be there (`required field missing`).
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What an absent or null value becomes.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// No two entities may have the same value.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Filled when it is absent.
    #[must_use]
    pub fn auto(mut self, auto: Auto) -> Self {
        self.auto = Some(auto);
        self
    }

    /// May be a `{vault://…}` reference.
    #[must_use]
    pub fn referenceable(mut self) -> Self {
        self.referenceable = true;
        self
    }

    /// A secret, sealed at rest.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// An update must leave it as it is (`immutable field cannot be updated`).
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Kong acts on it and Keybound does not yet: anything but the default is refused by name.
    #[must_use]
    pub fn not_yet_supported(mut self) -> Self {
        self.unsupported = true;
        self
    }

    /// As [`not_yet_supported`](Self::not_yet_supported), and the refusal says what the field belongs to.
    #[must_use]
    pub fn comes_with(mut self, flow: &'static str) -> Self {
        self.comes_with = Some(flow);
        self.not_yet_supported()
    }

    /// Values that Kong knows and Keybound does not act on yet. On an array or a set they are elements. They are
    /// refused by name, unless the whole field has its default.
    #[must_use]
    pub fn not_yet_supported_values(mut self, values: impl IntoIterator<Item = &'static str>) -> Self {
        self.unsupported_values.extend(values);
        self
    }

    /// What it means, in one sentence.
    #[must_use]
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// What the deletion of the parent does; only for [`foreign`].
    #[must_use]
    pub fn on_delete(mut self, on_delete: OnDelete) -> Self {
        if let Kind::Foreign(foreign) = &mut self.kind {
            foreign.on_delete = on_delete;
        }
        self
    }

    /// One of these (`expected one of: a, b`).
    #[must_use]
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Self {
        self.with(Check::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// None of these (`must not be one of: a, b`).
    #[must_use]
    pub fn not_one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Self {
        self.with(Check::NotOneOf(values.into_iter().map(Into::into).collect()))
    }

    /// A number in this range, both ends included (`value should be between a and b`).
    #[must_use]
    pub fn between(self, low: i64, high: i64) -> Self {
        self.with(Check::Between(low, high))
    }

    /// A number above this (`value must be greater than x`).
    #[must_use]
    pub fn gt(self, low: i64) -> Self {
        self.with(Check::Gt(low))
    }

    /// At least so many bytes, elements or members (`length must be at least n`). Text has 1 unless this says 0.
    #[must_use]
    pub fn len_min(self, length: usize) -> Self {
        self.with(Check::LenMin(length))
    }

    /// At most so many bytes, elements or members (`length must be at most n`).
    #[must_use]
    pub fn len_max(self, length: usize) -> Self {
        self.with(Check::LenMax(length))
    }

    /// Text that starts so (`should start with: x`).
    #[must_use]
    pub fn starts_with(self, prefix: &'static str) -> Self {
        self.with(Check::StartsWith(prefix))
    }

    /// Text of a form (`invalid value: x`); the pattern is shown by `/schemas/*`, the function decides.
    #[must_use]
    pub fn matches(self, pattern: &'static str, test: PatternFn) -> Self {
        self.with(Check::Match(pattern, test))
    }

    /// A UUID (`expected a valid UUID`), kept in lower case.
    #[must_use]
    pub fn uuid(self) -> Self {
        self.with(Check::Uuid)
    }

    /// A list with this element (`expected to contain: x`).
    #[must_use]
    pub fn contains(self, value: impl Into<Value>) -> Self {
        self.with(Check::Contains(value.into()))
    }

    /// Exactly this (`value must be x`); `null` says that the field must stay empty.
    #[must_use]
    pub fn eq(self, value: impl Into<Value>) -> Self {
        self.with(Check::Eq(value.into()))
    }

    /// Anything but this (`value must not be x`).
    #[must_use]
    pub fn ne(self, value: impl Into<Value>) -> Self {
        self.with(Check::Ne(value.into()))
    }

    /// A check of its own, by name, that returns Kong's text.
    #[must_use]
    pub fn check(self, name: &'static str, check: CheckFn) -> Self {
        self.with(Check::Custom(name, check))
    }

    /// Adds a check.
    #[must_use]
    pub fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}
