//! What policies are asked in a process. The guard holds them (docs/adr/0053).

use crate::call::Caller;
use crate::error::{Code, Fault};
use civic::{Actor, Role};
use futures_util::future::BoxFuture;

/// Which matters of a kind a role knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// All that there are.
    All,
    /// Those that lie in the place it acts for.
    Place,
    /// Those that its unit answers for or has a share in.
    Unit,
    /// Those that it sent, and what was made of them.
    Sent,
    /// Those opened for it.
    Own,
    Nothing,
}

/// Kinds of matters that policies tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    Report,
    Order,
}

/// How a matter stands to the tier of somebody who knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Concern {
    /// It is the work of a tier below, and the caller's unit has no share in it.
    pub below: bool,
    /// It was handed over by the caller's tier, is overdue, or is under supervision.
    pub brought: bool,
}

/// Who may do what. Answers are remembered: asking costs a look.
pub trait Policies: Send + Sync + 'static {
    /// Whether the caller may use this at all: the path of an rpc without its slash.
    fn may(&self, caller: &Caller, act: &str) -> bool;
    /// Puts on record that somebody was refused it, before that is told.
    fn refused<'a>(&'a self, actor: &'a Actor, act: &'a str) -> BoxFuture<'a, ()>;
    /// Puts on record that an operator uses what two people opened, before the answer; `false` when that could not be written.
    fn looked<'a>(&'a self, actor: &'a Actor, act: &'a str) -> BoxFuture<'a, bool>;
    /// Which matters of a kind somebody knows of.
    fn reach(&self, actor: &Actor, of: Matter) -> Reach;
    /// Whether a role reads what was written in a matter that it knows of.
    fn reads(&self, role: Role, concern: Concern) -> bool;
    /// Whether a role is told who filed a secret report.
    fn meets(&self, role: Role) -> bool;
}

/// As the caller is told: whoever has not signed in may do so.
pub(crate) fn refused(caller: &Caller) -> Fault {
    match caller.require() {
        Err(missing) => missing,
        Ok(actor) => Fault::new(Code::Denied, "ROLE_DENIED", format!("a {} may not do this", actor.role)),
    }
}
