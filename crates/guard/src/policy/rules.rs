//! A set of policies: read, held against the schema, and held against what lists can be narrowed to.

use super::world::{self, Relation, Who};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, Schema, ValidationMode, Validator,
};
use civic::Role;
use mesh::{Concern, Matter, Reach};
use std::collections::BTreeMap;
use std::path::Path;

const SCHEMA: &str = include_str!("../../policies/jiewang.cedarschema");
const BUILT_IN: [(&str, &str); 3] = [
    ("groups.json", include_str!("../../policies/groups.json")),
    ("know.cedar", include_str!("../../policies/know.cedar")),
    ("acts.cedar", include_str!("../../policies/acts.cedar")),
];

/// Why a set of policies is not put in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("failed to read {path}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("there is no {0} among the policies")]
    Missing(&'static str),
    #[error("the groups of roles: {0}")]
    Groups(String),
    #[error("{file}: {text}")]
    Text { file: String, text: String },
    #[error("the policies do not fit the schema: {0}")]
    Schema(String),
    #[error("the policies cannot be asked: {0}")]
    World(String),
    #[error(
        "what a {role} may know of a {kind} is more than one of: all, its place's, its unit's, what it sent, its own; no list can be narrowed to that"
    )]
    Reach { role: Role, kind: &'static str },
}

/// See the module.
pub struct Rules {
    policies: PolicySet,
    schema: Schema,
    roles: Vec<Entity>,
    /// By role, whether two people opened a case to whoever asks, and kind.
    reaches: BTreeMap<(Role, bool, &'static str), Reach>,
}

impl Rules {
    /// Those that come with the program.
    ///
    /// # Errors
    /// Never: a test holds them.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::of(&BUILT_IN.map(|(name, text)| (name.to_owned(), text.to_owned())))
    }

    /// An operator's: `groups.json` and every `*.cedar` of a folder, in place of the built-in ones.
    ///
    /// # Errors
    /// Whatever is wrong with one of them.
    pub fn read(folder: &Path) -> Result<Self, PolicyError> {
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |source| PolicyError::Unreadable { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == "groups.json" || name.ends_with(".cedar") {
                files.push((name, std::fs::read_to_string(&path).map_err(unreadable(&path))?));
            }
        }
        files.sort();
        Self::of(&files)
    }

    /// Of files by name.
    ///
    /// # Errors
    /// As above.
    pub fn of(files: &[(String, String)]) -> Result<Self, PolicyError> {
        let groups = files.iter().find(|(name, _)| name == "groups.json").ok_or(PolicyError::Missing("groups.json"))?;
        let texts = files.iter().filter(|(name, _)| name.ends_with(".cedar"));
        let mut policies = PolicySet::new();
        for (file, text) in texts {
            let wrong = |text: String| PolicyError::Text { file: file.clone(), text };
            let read: PolicySet = text.parse().map_err(|error| wrong(format!("{error:#}")))?;
            policies.merge(&read, true).map_err(|error| wrong(error.to_string()))?;
        }
        if policies.is_empty() {
            return Err(PolicyError::Missing("*.cedar"));
        }
        let (schema, _) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|error| PolicyError::Schema(format!("{error:#}")))?;
        let found = Validator::new(schema.clone()).validate(&policies, ValidationMode::default());
        if let Some(error) = found.validation_errors().next() {
            return Err(PolicyError::Schema(error.to_string()));
        }
        let mut rules = Self { policies, schema, roles: world::roles(&groups.1)?, reaches: BTreeMap::new() };
        rules.reaches = rules.all_reaches()?;
        Ok(rules)
    }

    /// Every action that the schema knows, without the groups.
    #[must_use]
    pub fn acts(&self) -> Vec<String> {
        let named = |action: &EntityUid| action.id().unescaped().to_owned();
        self.schema.actions().map(named).filter(|name| name.contains('/')).collect()
    }

    pub(super) fn reach(&self, role: Role, glass: bool, of: Matter) -> Reach {
        self.reaches.get(&(role, glass, kind(of))).copied().unwrap_or(Reach::Nothing)
    }

    /// Whether the caller may use an rpc at all.
    pub(super) fn may(&self, who: Who, act: &str) -> Result<bool, PolicyError> {
        let rpcs = world::uid("Rpcs", "all");
        let resource = vec![Entity::new_no_attrs(rpcs.clone(), std::collections::HashSet::new())];
        self.ask(who, act, &rpcs, resource)
    }

    pub(super) fn meets(&self, role: Role) -> Result<bool, PolicyError> {
        let who = Who::Member { role, head: false, unit: true, glass: false };
        self.ask(who, "meet", &world::uid("Report", "asked"), world::matter("Report", Relation::default())?)
    }

    pub(super) fn reads(&self, role: Role, concern: Concern) -> Result<bool, PolicyError> {
        let who = Who::Member { role, head: false, unit: true, glass: false };
        self.ask(who, "read", &world::uid("Text", "asked"), world::text(concern)?)
    }

    fn ask(&self, who: Who, act: &str, of: &EntityUid, resource: Vec<Entity>) -> Result<bool, PolicyError> {
        let wrong = |text: String| PolicyError::World(text);
        let (caller, action) = (world::caller(who), world::uid("Action", act));
        let request = Request::new(caller, action, of.clone(), Context::empty(), Some(&self.schema));
        let request = request.map_err(|error| wrong(error.to_string()))?;
        let known = self.roles.iter().cloned().chain(world::callers(who)?).chain(resource);
        let entities =
            Entities::from_entities(known, Some(&self.schema)).map_err(|error| wrong(format!("{error:#}")))?;
        let answer = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(wrong(error.to_string()));
        }
        Ok(answer.decision() == Decision::Allow)
    }

    fn all_reaches(&self) -> Result<BTreeMap<(Role, bool, &'static str), Reach>, PolicyError> {
        let mut reaches = BTreeMap::new();
        let everybody = Role::all().iter().map(|role| (*role, false)).chain([(Role::Operator, true)]);
        for (role, glass) in everybody {
            for kind in [kind(Matter::Report), kind(Matter::Order)] {
                reaches.insert((role, glass, kind), self.find_reach(role, glass, kind)?);
            }
        }
        Ok(reaches)
    }

    /// The reach that agrees with the policies about a matter in every relation.
    fn find_reach(&self, role: Role, glass: bool, kind: &'static str) -> Result<Reach, PolicyError> {
        let who = Who::Member { role, head: false, unit: true, glass };
        let mut known = Vec::new();
        for relation in Relation::all() {
            let asked = self.ask(who, "know", &world::uid(kind, "asked"), world::matter(kind, relation)?)?;
            known.push((relation, asked));
        }
        let reaches = [Reach::Nothing, Reach::Own, Reach::Sent, Reach::Unit, Reach::Place, Reach::All];
        let agrees = |reach: &Reach| known.iter().all(|(relation, asked)| admits(*reach, *relation) == *asked);
        reaches.into_iter().find(agrees).ok_or(PolicyError::Reach { role, kind })
    }
}

/// What a scope made of a reach admits.
const fn admits(reach: Reach, relation: Relation) -> bool {
    match reach {
        Reach::All => true,
        Reach::Place => relation.place,
        Reach::Unit => relation.unit,
        Reach::Sent => relation.sent,
        Reach::Own => relation.own,
        Reach::Nothing => false,
    }
}

const fn kind(of: Matter) -> &'static str {
    match of {
        Matter::Report => "Report",
        Matter::Order => "Order",
    }
}
