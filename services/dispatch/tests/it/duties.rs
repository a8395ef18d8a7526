//! A duty's life through the rpcs: proposed above, reviewed by whom it would burden, admitted into the next version of the list.

use civic::{Actor, Micros, Role};
use dispatch::domain::duty::{Command, Duty};
use mesh::{Code, Problem};
use proto::dispatch::v1 as pb;

use crate::city::{City, TOWN};
use crate::tasks::problem_of;
use crate::world::facts;

const FROM: &str = "2026-11-24";

fn above(subject: &str) -> Actor {
    Actor::member(Role::DistrictDispatcher, subject, "500151".parse().unwrap())
}

fn town() -> Actor {
    Actor::member(Role::TownDispatcher, "t1", TOWN.parse().unwrap())
}

/// Public order goes to the enforcement team instead of the section.
fn line() -> pb::DutyLine {
    pb::DutyLine {
        category: "0101".to_owned(),
        tier: "town".to_owned(),
        unit: "town/zhifa".to_owned(),
        co_handling: vec!["district/gongan".to_owned()],
        urgency: "LEVEL_TWO".to_owned(),
        ..pb::DutyLine::default()
    }
}

fn propose(id: &str) -> pb::ProposeDutyRequest {
    pb::ProposeDutyRequest {
        request_id: id.to_owned(),
        duty: Some(line()),
        from: FROM.to_owned(),
        reason: "执法力量已下沉".to_owned(),
    }
}

impl City {
    async fn propose(&self, who: &Actor, request: pb::ProposeDutyRequest) -> Result<pb::Duty, Problem> {
        problem_of(self.duties().propose_duty(self.as_actor(who, request)).await)
    }

    async fn review(&self, who: &Actor, name: &str, agrees: bool) -> Result<pb::Duty, Problem> {
        let (name, reason) = (name.to_owned(), "人手够".to_owned());
        let request = pb::ReviewDutyRequest { request_id: format!("review {name}"), name, agrees, reason };
        problem_of(self.duties().review_duty(self.as_actor(who, request)).await)
    }

    async fn admit(&self, who: &Actor, name: &str) -> Result<pb::Duty, Problem> {
        let request = pb::AdmitDutyRequest { name: name.to_owned(), request_id: format!("admit {name}") };
        problem_of(self.duties().admit_duty(self.as_actor(who, request)).await)
    }

    async fn retire(&self, name: &str) -> Result<pb::Duty, Problem> {
        let retire = pb::RetireDutyRequest {
            name: name.to_owned(),
            request_id: format!("retire {name}"),
            from: "2026-11-26".to_owned(),
            reason: "另有安排".to_owned(),
        };
        problem_of(self.duties().retire_duty(self.as_actor(&above("d1"), retire)).await)
    }

    async fn review_retirement(&self, name: &str) {
        let (name, request_id) = (name.to_owned(), format!("review retirement {name}"));
        let review = pb::ReviewDutyRequest { name, request_id, agrees: true, reason: "同意".into() };
        problem_of(self.duties().review_duty(self.as_actor(&town(), review)).await).unwrap();
    }

    async fn unit_of_new_order(&self) -> String {
        let name = self.ordinary().await;
        self.look(&name).await.unit
    }
}

#[tokio::test]
async fn an_admitted_duty_holds_for_new_orders_from_its_day_and_leaves_open_ones_alone() {
    let city = City::open().await;
    let open = city.ordinary().await;
    let duty = city.propose(&above("d1"), propose("p")).await.unwrap();
    assert_eq!((duty.state(), duty.change()), (pb::DutyState::DutyProposed, pb::DutyChange::Enter));
    let reviewed = city.review(&town(), &duty.name, true).await.unwrap();
    assert_eq!(
        (reviewed.state(), reviewed.agrees, reviewed.review.as_str()),
        (pb::DutyState::DutyReviewed, true, "人手够")
    );
    let admitted = city.admit(&above("d2"), &duty.name).await.unwrap();
    assert_eq!((admitted.state(), admitted.duty), (pb::DutyState::DutyAdmitted, Some(line())));
    assert_eq!(city.service.app().versions_in_force().1, admitted.duty_list, "the list has it");
    assert_eq!(city.admit(&above("d2"), &duty.name).await.unwrap().duty_list, admitted.duty_list, "once");
    assert_eq!(city.unit_of_new_order().await, "500151001-pingan", "its day has not begun");
    city.clock.advance(2 * Micros::DAY);
    assert_eq!(city.unit_of_new_order().await, "500151001-zhifa");
    assert_eq!(city.look(&open).await.unit, "500151001-pingan", "what was open stays where it is");

    let proposed = city.retire(&duty.name).await.unwrap();
    assert_eq!((proposed.state(), proposed.duty), (pb::DutyState::DutyProposed, Some(line())));
    city.review_retirement(&duty.name).await;
    let admit = || {
        let again = pb::AdmitDutyRequest { name: duty.name.clone(), request_id: "a2".into() };
        city.as_actor(&above("d2"), again)
    };
    let retired = problem_of(city.duties().admit_duty(admit()).await).unwrap();
    assert_eq!(retired.state(), pb::DutyState::DutyRetired);
    // Its answer was lost: the list has no such duty any more, and the request is the same.
    assert_eq!(problem_of(city.duties().admit_duty(admit()).await).unwrap(), retired);
    assert_eq!(city.retire(&duty.name).await.unwrap().name, duty.name, "likewise what was proposed");
    city.clock.advance(2 * Micros::DAY);
    assert_eq!(city.unit_of_new_order().await, "500151-gongan", "the next tier's list has it");
}

#[tokio::test]
async fn each_step_is_for_its_own_level_and_nobody_admits_an_own_proposal_or_against_the_review() {
    let city = City::open().await;
    let before = city.service.app().versions_in_force().1;
    assert_eq!(city.propose(&town(), propose("p")).await.unwrap_err().reason, "ROLE_DENIED", "the town's own list");
    let duty = city.propose(&above("d1"), propose("p")).await.unwrap();
    for (who, agrees, reason) in [(above("d1"), true, "ROLE_DENIED")] {
        assert_eq!(city.review(&who, &duty.name, agrees).await.unwrap_err().reason, reason);
    }
    assert_eq!(city.admit(&above("d2"), &duty.name).await.unwrap_err().reason, "STATE_REFUSES", "no review yet");
    city.review(&town(), &duty.name, true).await.unwrap();
    let own = city.admit(&above("d1"), &duty.name).await.unwrap_err();
    assert_eq!((own.code, own.reason.as_str()), (Code::Denied, "APPROVER_IS_REQUESTER"));
    assert_eq!(city.admit(&town(), &duty.name).await.unwrap_err().reason, "ROLE_DENIED");

    let other = city.propose(&above("d1"), propose("q")).await.unwrap();
    city.review(&town(), &other.name, false).await.unwrap();
    let objected = city.admit(&above("d2"), &other.name).await.unwrap_err();
    assert_eq!((objected.code, objected.reason.as_str()), (Code::Refused, "REVIEW_OBJECTS"));
    let refuse = |reason: &str| pb::RefuseDutyRequest {
        name: other.name.clone(),
        request_id: format!("refuse {reason}"),
        reason: reason.to_owned(),
    };
    let without = problem_of(city.duties().refuse_duty(city.as_actor(&above("d2"), refuse(""))).await).unwrap_err();
    assert_eq!((without.reason.as_str(), without.fields[0].path.as_str()), ("TEXT_MISSING", "reason"));
    let refused =
        problem_of(city.duties().refuse_duty(city.as_actor(&above("d2"), refuse("基层不同意"))).await).unwrap();
    assert_eq!((refused.state(), refused.refusal.as_str()), (pb::DutyState::DutyRefused, "基层不同意"));
    assert_eq!(city.service.app().versions_in_force().1, before, "the list is as it was");
    let operator = Actor::member(Role::Operator, "o", "50".parse().unwrap());
    let get = pb::GetDutyRequest { name: other.name.clone() };
    assert_eq!(
        problem_of(city.duties().get_duty(city.as_actor(&operator, get)).await).unwrap_err().reason,
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_proposal_that_the_list_would_not_take_is_refused_with_its_field() {
    let city = City::open().await;
    let change = |change: fn(&mut pb::DutyLine)| {
        let mut line = line();
        change(&mut line);
        pb::ProposeDutyRequest { duty: Some(line), ..propose("p") }
    };
    for (request, reason, field) in [
        (change(|line| line.category = "9999".into()), "DUTY_INVALID", "duty"),
        (change(|line| line.unit = "village/x".into()), "DUTY_INVALID", "duty"),
        (change(|line| line.law = "某法".into()), "DUTY_INVALID", "duty"),
        (change(|line| line.tier = "street".into()), "TIER_UNKNOWN", "duty.tier"),
        (change(|line| line.urgency = "LEVEL_NINE".into()), "DUTY_INVALID", "duty.urgency"),
        (pb::ProposeDutyRequest { from: String::new(), ..propose("p") }, "DATE_INVALID", "from"),
        (pb::ProposeDutyRequest { from: "2026-11-22".into(), ..propose("p") }, "DATE_NOT_LATER", "from"),
    ] {
        let refused = city.propose(&above("d1"), request).await.unwrap_err();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Invalid, reason));
        assert_eq!(refused.fields[0].path, field);
    }
    let unlisted = change(|line| line.unit = "village/x".into());
    let handler = Actor::member(Role::DepartmentHandler, "h", crate::city::SECTION.parse().unwrap());
    let denied = city.propose(&handler, unlisted).await.unwrap_err();
    assert_eq!(denied.reason, "ROLE_DENIED", "whoever may not propose learns nothing of the list");
    let list = city.as_actor(&above("d1"), pb::ListDutiesRequest::default());
    assert!(city.duties().list_duties(list).await.unwrap().into_inner().duties.is_empty());
}

/// Whoever admitted died before the list had it: the timer that the admission armed puts it there, once.
#[tokio::test]
async fn an_admission_that_was_cut_off_reaches_the_list_by_its_timer() {
    let city = City::open().await;
    let before = city.service.app().versions_in_force().1;
    let duty = city.propose(&above("d1"), propose("p")).await.unwrap();
    city.review(&town(), &duty.name, true).await.unwrap();
    let id = duty.name.trim_start_matches("duties/").parse().unwrap();
    let author = crate::world::person(above("d2"));
    let admit = casebook::Ask::<Duty>::new(id, Command::Admit, facts(crate::world::NOW, author, 0));
    assert!(city.cases.execute(admit).await.unwrap().state.is_unlisted());
    assert_eq!(city.service.app().versions_in_force().1, before);
    assert_eq!(city.fire_due().await, 1);
    let listed = city.cases.get::<Duty>(&casebook::Scope::All, id).await.unwrap().state.listed.unwrap();
    assert_eq!(city.service.app().versions_in_force().1, listed);
    assert_eq!(city.fire_due().await, 0);
}

/// Both are reviewed and admitted before either is on the list: the second finds nothing to retire, and is done.
#[tokio::test]
async fn two_retirements_of_one_duty_that_are_admitted_at_once_both_reach_the_list() {
    let city = City::open().await;
    let mut names = Vec::new();
    for id in ["p", "q"] {
        let duty = city.propose(&above("d1"), propose(id)).await.unwrap();
        city.review(&town(), &duty.name, true).await.unwrap();
        city.admit(&above("d2"), &duty.name).await.unwrap();
        names.push(duty.name);
    }
    for name in &names {
        city.retire(name).await.unwrap();
        city.review_retirement(name).await;
    }
    let mut ids = Vec::new();
    for name in &names {
        let id: civic::CaseId = name.trim_start_matches("duties/").parse().unwrap();
        let author = crate::world::person(above("d2"));
        let admit = casebook::Ask::<Duty>::new(id, Command::Admit, facts(crate::world::NOW, author, 0));
        assert!(city.cases.execute(admit).await.unwrap().state.is_unlisted());
        ids.push(id);
    }
    assert_eq!(city.fire_due().await, 2);
    assert_eq!(city.fire_due().await, 0, "nothing is tried again");
    let in_force = city.service.app().versions_in_force().1;
    for id in ids {
        let listed = city.cases.get::<Duty>(&casebook::Scope::All, id).await.unwrap().state.listed;
        assert_eq!(listed.as_deref(), Some(in_force.as_str()));
    }
}
