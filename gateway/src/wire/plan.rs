//! Plans: what the quick way must know of a message, flattened out of its descriptor.
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use std::collections::HashMap;

/// Index of a message's plan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PlanId(usize);

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Holds {
    Text,
    Bytes,
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Double,
    Enum(usize),
    Timestamp,
    Message(PlanId),
}

pub(super) struct Field {
    pub(super) number: u32,
    pub(super) holds: Holds,
    pub(super) list: bool,
    /// Set to the default is different from not set.
    pub(super) presence: bool,
    /// Bit in the mask of fields seen.
    pub(super) bit: u128,
    /// Bits of the other members of its oneof.
    pub(super) rivals: u128,
    /// `"name":` ready to be written.
    pub(super) key: String,
}

pub(super) struct Plan {
    pub(super) fields: Vec<Field>,
    /// JSON names and proto names.
    pub(super) by_name: HashMap<String, usize>,
    /// Sorted by number.
    pub(super) by_number: Vec<(u32, usize)>,
    /// False when the message, or one inside it, has a field beyond the quick way.
    direct: bool,
}

#[derive(Default)]
pub(super) struct Names {
    pub(super) by_name: HashMap<String, i32>,
    /// `"NAME"` ready to be written.
    pub(super) by_number: HashMap<i32, String>,
}

/// All plans.
#[derive(Default)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
    pub(super) enums: Vec<Names>,
    known: HashMap<String, PlanId>,
}

impl Plans {
    /// Plans a message and all that it contains.
    pub(crate) fn add(&mut self, message: &MessageDescriptor) -> PlanId {
        if let Some(id) = self.known.get(message.full_name()) {
            return *id;
        }
        let id = PlanId(self.plans.len());
        self.known.insert(message.full_name().to_owned(), id);
        let ours = !message.full_name().starts_with("google.protobuf.");
        let direct = ours && message.fields().len() <= 128 && message.extensions().len() == 0;
        self.plans.push(Plan { fields: Vec::new(), by_name: HashMap::new(), by_number: Vec::new(), direct });
        if direct {
            self.fill(id, message);
        }
        id
    }

    fn fill(&mut self, id: PlanId, message: &MessageDescriptor) {
        let descriptors: Vec<FieldDescriptor> = message.fields().collect();
        let bits: HashMap<u32, u128> =
            descriptors.iter().enumerate().map(|(index, field)| (field.number(), 1u128 << index)).collect();
        for (index, field) in descriptors.iter().enumerate() {
            let Some(holds) = self.holds(field) else {
                self.plans[id.0].direct = false;
                return;
            };
            let oneof = field.containing_oneof();
            let rivals = oneof.iter().flat_map(|oneof| oneof.fields()).filter(|other| other != field);
            let planned = Field {
                number: field.number(),
                holds,
                list: field.is_list(),
                presence: field.supports_presence(),
                bit: bits[&field.number()],
                rivals: rivals.map(|other| bits[&other.number()]).fold(0, |mask, bit| mask | bit),
                key: format!("\"{}\":", field.json_name()),
            };
            let plan = &mut self.plans[id.0];
            plan.fields.push(planned);
            plan.by_name.insert(field.json_name().to_owned(), index);
            plan.by_name.entry(field.name().to_owned()).or_insert(index);
            plan.by_number.push((field.number(), index));
        }
        self.plans[id.0].by_number.sort_unstable();
    }

    /// `None` for kinds that are left to the careful way.
    fn holds(&mut self, field: &FieldDescriptor) -> Option<Holds> {
        if field.is_map() || field.is_group() {
            return None;
        }
        Some(match field.kind() {
            Kind::String => Holds::Text,
            Kind::Bytes => Holds::Bytes,
            Kind::Bool => Holds::Bool,
            Kind::Int32 => Holds::Int32,
            Kind::Int64 => Holds::Int64,
            Kind::Uint32 => Holds::Uint32,
            Kind::Uint64 => Holds::Uint64,
            Kind::Double => Holds::Double,
            Kind::Enum(kind) if kind.full_name() == "google.protobuf.NullValue" => return None,
            Kind::Enum(kind) => Holds::Enum(self.names(&kind)),
            Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => Holds::Timestamp,
            Kind::Message(message) => Holds::Message(self.add(&message)),
            Kind::Float
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64 => return None,
        })
    }

    fn names(&mut self, kind: &EnumDescriptor) -> usize {
        let mut names = Names::default();
        for value in kind.values() {
            names.by_name.insert(value.name().to_owned(), value.number());
            // Of aliases the first is the one that is written.
            names.by_number.entry(value.number()).or_insert_with(|| format!("\"{}\"", value.name()));
        }
        self.enums.push(names);
        self.enums.len() - 1
    }

    /// Spreads "not direct" from contained messages to those that contain them. To be called once, after the last `add`.
    pub(crate) fn settle(&mut self) {
        loop {
            let spoilt = |plan: &Plan| {
                plan.fields
                    .iter()
                    .any(|field| matches!(field.holds, Holds::Message(inner) if !self.plans[inner.0].direct))
            };
            let next = self.plans.iter().position(|plan| plan.direct && spoilt(plan));
            let Some(index) = next else { return };
            self.plans[index].direct = false;
        }
    }

    /// The plan of a message that the quick way can handle.
    pub(crate) fn get(&self, message: &MessageDescriptor) -> Option<PlanId> {
        self.known.get(message.full_name()).copied().filter(|id| self.plans[id.0].direct)
    }

    pub(super) fn plan(&self, id: PlanId) -> &Plan {
        &self.plans[id.0]
    }
}
