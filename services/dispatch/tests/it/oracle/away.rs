//! Orders that leave a person or a tier.

use civic::{Micros, Place, Tier};
use dispatch::domain::work_order::{State, Step};

use super::Oracle;
use crate::beside::Lead;

impl Oracle {
    /// What the order must be after somebody stepped aside, or after it went to another tier.
    pub(super) fn take_away<T>(&mut self, step: &Step<T>, now: Micros, at: Micros) {
        if let Step::Escalate { to, .. } = step {
            let tier = self.above(*to).unwrap();
            self.moves(tier, None, now, at);
        } else if let Step::HandDown { into, .. } = step {
            let tier = self.below(into.as_ref()).unwrap();
            self.moves(tier, into.as_ref(), now, at);
        } else if let Step::StepAside { assignee, .. } = step
            && assignee.is_empty()
        {
            self.leaves(State::Assigned, at);
        }
    }

    pub(super) fn lead(&self) -> Lead {
        let digits = match self.tier {
            Tier::City => 2,
            Tier::District => 6,
            Tier::Town | Tier::Village | Tier::Grid => 9,
        };
        let owner = self.place.get(..digits).unwrap_or(&self.place).to_owned();
        Lead { unit: self.unit.clone(), place: self.place.clone(), owner }
    }

    pub(super) fn above(&self, to: Option<Tier>) -> Option<Tier> {
        match (self.tier, to) {
            (Tier::Town, None | Some(Tier::District)) => Some(Tier::District),
            (Tier::Town | Tier::District, Some(Tier::City)) | (Tier::District, None) => Some(Tier::City),
            _ => None,
        }
    }

    /// To the town that the place has, or the town that is named; from the city first to the district.
    pub(super) fn below(&self, into: Option<&Place>) -> Option<Tier> {
        let code = into.map_or(self.place.as_str(), |place| place.code.as_str());
        let inside = code.starts_with(&self.place);
        let town = code.len() > 6;
        match self.tier {
            _ if !inside => None,
            Tier::City if into.is_none() => Some(Tier::District),
            Tier::City if town => Some(Tier::Town),
            Tier::City => Some(Tier::District),
            Tier::District if town => Some(Tier::Town),
            Tier::District | Tier::Town | Tier::Village | Tier::Grid => None,
        }
    }

    /// The duty list of that tier says who has it then; the round, the first receiver and the total clock stay.
    fn moves(&mut self, tier: Tier, into: Option<&Place>, now: Micros, at: Micros) {
        self.goes(at);
        self.request = None;
        self.reply_pending = false;
        self.ruled = false;
        self.tier = tier;
        self.moved = true;
        if let Some(into) = into {
            self.place = into.code.to_string();
        }
        let view = crate::world::view();
        let code = match tier {
            Tier::City => "50",
            Tier::District => &self.place[..6],
            Tier::Town | Tier::Village | Tier::Grid => self.place.as_str(),
        };
        let place = view.place(&code.parse().unwrap()).unwrap();
        let catalog = crate::world::catalog();
        self.unit = catalog.duty(&self.category, &place, now).map(|(_, unit)| unit.to_string());
        self.state = if self.unit.is_some() { State::Assigned } else { State::Created };
        if self.responsible.is_none() {
            self.responsible.clone_from(&self.unit);
        }
    }
}
