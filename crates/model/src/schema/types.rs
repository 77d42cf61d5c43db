use std::sync::Arc;

use serde_json::Value;

use super::{Check, EntityCheck, Shorthand};

/// The description of a record: its fields in order, the shorthands it accepts, and the checks across fields.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The fields, in the order in which `/schemas/*` shows them.
    pub fields: Vec<Field>,
    /// Names that are accepted on input and turned into other fields.
    pub shorthands: Vec<Shorthand>,
    /// Checks across fields, run in this order.
    pub checks: Vec<EntityCheck>,
}

/// A named field of a record.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// What it may hold.
    pub ty: Type,
}

/// What a value may be.
#[derive(Debug, Clone)]
pub struct Type {
    /// The JSON type, with the types of its parts.
    pub kind: Kind,
    /// Whether the value must be there. A required record that is absent is filled from its fields' defaults.
    pub required: bool,
    /// What an absent or null value becomes.
    pub default: Option<Value>,
    /// What must hold beyond the type, in this order.
    pub checks: Vec<Check>,
    /// Whether no two entities may have the same value.
    pub unique: bool,
    /// Who fills it when it is absent.
    pub auto: Option<Auto>,
    /// Whether the value may be a `{vault://…}` reference.
    pub referenceable: bool,
    /// Whether the value is a secret that is sealed at rest.
    pub encrypted: bool,
    /// Whether an update must leave it as it is.
    pub immutable: bool,
    /// Whether anything but the default is refused, because Keybound does not act on it yet.
    pub unsupported: bool,
    /// What it belongs to, when it comes with something that is not available yet.
    pub comes_with: Option<&'static str>,
    /// Values that Kong knows and Keybound does not act on yet; refused, unless the whole field has its default.
    pub unsupported_values: Vec<&'static str>,
    /// What it means, for the reference documentation.
    pub doc: &'static str,
}

/// The JSON type of a value.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Text, at least one byte long unless a check says otherwise.
    String,
    /// Any number.
    Number,
    /// A number without a fraction.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list that keeps its order.
    Array(Box<Type>),
    /// A list without duplicates.
    Set(Box<Type>),
    /// An object with keys and values of one type each.
    Map(Box<Type>, Box<Type>),
    /// An object with known fields.
    Record(Arc<Schema>),
    /// A reference to another entity: `{"id": "…"}`, or its endpoint key (`{"name": "…"}`) until the store resolves it.
    Foreign(Foreign),
    /// Any JSON.
    Any,
}

/// A reference to another entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// The plural name of the entity that is referred to.
    pub entity: &'static str,
    /// What happens to the record that refers when the other is deleted.
    pub on_delete: OnDelete,
}

/// What the deletion of a parent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// It is refused while a child refers to it.
    Restrict,
    /// It takes the children along.
    Cascade,
    /// It empties the reference of the children.
    SetNull,
}

/// Who fills a field that is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auto {
    /// A fresh id.
    Id,
    /// The time of creation, in whole seconds.
    CreatedAt,
    /// The time of the last write, in whole seconds; what the client sends is ignored.
    UpdatedAt,
    /// The time of creation, in seconds with milliseconds as a fraction.
    CreatedAtMillis,
    /// The time of the last write, in seconds with milliseconds as a fraction; what the client sends is ignored.
    UpdatedAtMillis,
    /// A random text that nobody can guess.
    Token,
    /// What follows from other fields; what the client sends is ignored.
    Derived,
}

impl Auto {
    /// Whether it is a time.
    #[must_use]
    pub fn is_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt | Self::CreatedAtMillis | Self::UpdatedAtMillis)
    }
}

impl Schema {
    /// A record of these fields.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = (&'static str, Type)>) -> Self {
        let fields = fields.into_iter().map(|(name, ty)| Field { name, ty }).collect();
        Self { fields, shorthands: Vec::new(), checks: Vec::new() }
    }

    /// Adds a check across fields.
    #[must_use]
    pub fn check(mut self, check: EntityCheck) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds a name that is accepted on input and turned into other fields.
    #[must_use]
    pub fn shorthand(mut self, shorthand: Shorthand) -> Self {
        self.shorthands.push(shorthand);
        self
    }

    /// The type of the field of this name; shorthands are not fields.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Type> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.ty)
    }

    /// The type of the field or shorthand of this name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Type> {
        self.field(name).or_else(|| self.shorthands.iter().find(|s| s.name == name).map(|s| &s.ty))
    }

    /// The references to other entities, with the fields that hold them.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&'static str, Foreign)> + '_ {
        self.fields.iter().filter_map(|field| match field.ty.kind {
            Kind::Foreign(foreign) => Some((field.name, foreign)),
            _ => None,
        })
    }

    /// The names of the fields of which no two entities may have the same value.
    pub fn unique_fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.fields.iter().filter(|field| field.ty.unique).map(|field| field.name)
    }
}
