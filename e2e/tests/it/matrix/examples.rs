//! For each rpc: what it is about, in which state, and what is sent beside name and request id so that it gets past validation and, where the
//! caller may, is done (200). What a cell sends holds no canary.

use super::cases::{DutyStage, Made, Of, SelectionStage, care, day_in, duty, force, in_days, interview, roster};
use super::orders::Stage;
use super::people::{HERE, Town};
use civic::Role;
use serde_json::{Value, json};

/// What an example may name.
pub(super) struct At<'a> {
    /// The town that the request is about.
    pub(super) town: &'a Town,
    /// The town that the caller acts for.
    pub(super) caller: &'a Town,
    pub(super) role: Option<Role>,
    pub(super) made: &'a Made,
    /// An order that the caller's town has.
    pub(super) known: &'a str,
    /// The unit that has the case.
    pub(super) holder: &'a str,
    /// Different in every request.
    pub(super) number: u32,
}

pub(super) struct Example {
    pub(super) of: Of,
    pub(super) body: fn(&At<'_>) -> Value,
}

pub(super) fn example(rpc: &str) -> Option<Example> {
    let (_, of, body) = EXAMPLES.iter().find(|(name, ..)| *name == rpc)?;
    Some(Example { of: *of, body: *body })
}

/// Names of examples that are of no rpc.
pub(super) fn strange(rpcs: &[&str]) -> Vec<String> {
    let strange = EXAMPLES.iter().filter(|(name, ..)| !rpcs.contains(name));
    strange.map(|(name, ..)| format!("{name}: the example is of no rpc")).collect()
}

/// Where a `yes` may be a refusal for something else than who asks. Everywhere else it is 200.
pub(super) const LET_THROUGH: &[(&str, &str)] = &[
    ("Reports/CheckReport", "nothing was resolved on the spot"),
    ("BreakGlass/AgreeBreakGlass", "400: a ticket that is none"),
    ("Reports/UnmaskReporter", "a supervisor needs a second person"),
    ("Reports/EraseReporter", "somebody owes work on it"),
    ("Suggestions/ChooseSelection", "the days of publicity are not over"),
    ("TaskForces/HoldOrder", "422 NOT_MARKED: the city names an order of the twin's"),
    ("Emergencies/LoadEmergencyPlans", "400: a version that is none, so that nothing changes for the other cells"),
    ("Arrangements/LoadCalendar", "400, likewise"),
    ("Arrangements/LoadDutyList", "400, likewise"),
];

type Body = fn(&At<'_>) -> Value;

const RICH: Of = Of::Order(Stage::Full);

const fn order(stage: Stage) -> Of {
    Of::Order(stage)
}

fn nothing(_: &At<'_>) -> Value {
    json!({})
}

fn reason(_: &At<'_>) -> Value {
    json!({"reason": "理由"})
}

fn other_unit(at: &At<'_>) -> Value {
    json!({"unit": at.town.other_section()})
}

/// Whoever is near knows the secret, whoever is not guesses.
fn by_number(at: &At<'_>) -> Value {
    json!({"trackingNumber": at.made.number, "phoneLast4": at.caller.last_four()})
}

/// Staff leave the secret out, and are asked whether their role may.
fn with_secret(at: &At<'_>) -> Value {
    match at.role {
        None | Some(Role::Citizen | Role::Volunteer) => json!({"phoneLast4": at.caller.last_four()}),
        Some(_) => json!({}),
    }
}

/// The door that a role has; who has none tries the citizens'.
fn door(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::GridWorker | Role::GridLeader | Role::VillageDesk) => "GRID_WORKER",
        Some(Role::DepartmentHandler | Role::Liaison) => "DEPARTMENT",
        Some(Role::TownDispatcher | Role::DistrictDispatcher | Role::CityDispatcher | Role::Integrator) => {
            "HOTLINE_12345"
        }
        _ => "CITIZEN_WEB",
    }
}

fn channel_number(at: &At<'_>) -> String {
    if door(at.role) == "CITIZEN_WEB" { String::new() } else { format!("matrix-{}", at.number) }
}

fn place_of_warning(at: &At<'_>) -> Value {
    json!({"parent": at.made.name, "place": at.town.village})
}

fn action(_: &At<'_>) -> Value {
    json!({"action": "look"})
}

const EXAMPLES: &[(&str, Of, Body)] = &[
    ("Reports/CreateReport", Of::Nothing, |at| {
        json!({
            "kind": "HELP", "channel": door(at.role), "channelNumber": channel_number(at), "text": format!("井盖缺失 {}", at.number), "categoryCode": "0612",
            "location": {"divisionCode": HERE.village},
        })
    }),
    ("Reports/GetReport", RICH, report),
    ("Reports/ListReports", Of::Nothing, nothing),
    ("Reports/TrackReport", Of::Report, by_number),
    ("Reports/RateReport", Of::Order(Stage::Resolved), |at| {
        let mut body = by_number(at);
        body["satisfied"] = true.into();
        body
    }),
    ("Reports/ClassifyReport", Of::Report, |_| json!({"categoryCode": "0601"})),
    ("Reports/EraseReporter", Of::Report, |_| json!({"ground": "CONSENT_WITHDRAWN"})),
    ("Reports/UnmaskReporter", Of::Report, |_| json!({"purpose": "CALL_BACK", "reason": "核对地点"})),
    (
        "BreakGlass/AskBreakGlass",
        Of::Nothing,
        |_| json!({"case": "reports/01k9aaaaaaaaaaaaaaaaaaaaaa", "reason": "事件停在这一件上"}),
    ),
    ("BreakGlass/AgreeBreakGlass", Of::Nothing, |_| json!({"ticket": "none", "hours": 1, "reason": "同意"})),
    ("Reports/AgreeToLook", Of::Report, |_| json!({"purpose": "HANDLE_CASE", "reason": "核查督办事项"})),
    ("Reports/MergeReport", Of::Report, |at| json!({"into": at.known})),
    ("Reports/SupplementReport", Of::Report, |at| {
        let mut body = with_secret(at);
        body["text"] = "补充".into();
        body
    }),
    ("Reports/UrgeReport", Of::Report, with_secret),
    ("Reports/WithdrawReport", Of::Report, with_secret),
    ("Reports/RefuseReport", Of::Report, |_| json!({"ground": "NOT_GOVERNMENT"})),
    ("Reports/TransferReport", Of::Report, |_| json!({"to": "LINE_119"})),
    ("Reports/CheckReport", Of::Report, |_| json!({"confirmed": true})),
    ("Reports/ListDuplicates", RICH, report),
    ("Reports/GetReportTimeline", RICH, report),
    ("Suggestions/ListSuggestions", Of::Nothing, nothing),
    ("Suggestions/OpenSelection", Of::Place, |at| {
        let number = at.number;
        json!({
            "quarter": format!("{}Q{}", 4000 + number / 4, number % 4 + 1), "divisionCode": at.town.code,
            "panel": ["a", "b", "c"],
        })
    }),
    ("Suggestions/GetSelection", Of::Selection(SelectionStage::Nominated), nothing),
    (
        "Suggestions/NominateSuggestion",
        Of::Selection(SelectionStage::Opened),
        |at| json!({"theme": "晾衣", "reports": [at.made.beside]}),
    ),
    ("Suggestions/ScoreSuggestion", Of::Selection(SelectionStage::Nominated), |_| json!({"idea": 1, "points": 7})),
    ("Suggestions/PubliciseSelection", Of::Selection(SelectionStage::Scored), nothing),
    (
        "Suggestions/StrikeSuggestion",
        Of::Selection(SelectionStage::Published),
        |_| json!({"idea": 1, "reason": "重复"}),
    ),
    ("Suggestions/ChooseSelection", Of::Selection(SelectionStage::Published), nothing),
    ("WorkOrders/GetWorkOrder", RICH, nothing),
    ("WorkOrders/ListWorkOrders", Of::Nothing, nothing),
    ("WorkOrders/GetWorkOrderTimeline", RICH, nothing),
    ("WorkOrders/GetWorkOrderClock", RICH, nothing),
    ("WorkOrders/AssignWorkOrder", order(Stage::Assigned), other_unit),
    ("WorkOrders/AcceptWorkOrder", order(Stage::Assigned), nothing),
    ("WorkOrders/StartWorkOrder", order(Stage::Accepted), nothing),
    ("WorkOrders/ResolveWorkOrder", order(Stage::InProgress), |_| json!({"result": "已办", "reply": "已办"})),
    ("WorkOrders/ApproveReplyWorkOrder", order(Stage::ReplyPending), nothing),
    ("WorkOrders/RefuseReplyWorkOrder", order(Stage::ReplyPending), reason),
    (
        "WorkOrders/VerifyWorkOrder",
        order(Stage::Resolved),
        |_| json!({"reached": true, "answered": true, "solved": true, "satisfied": true}),
    ),
    (
        "WorkOrders/RateWorkOrder",
        order(Stage::Resolved),
        |_| json!({"answered": true, "solved": true, "satisfied": true}),
    ),
    ("WorkOrders/CloseWorkOrder", order(Stage::Verified), nothing),
    ("WorkOrders/ReturnWorkOrder", order(Stage::Assigned), reason),
    ("WorkOrders/RuleWorkOrder", order(Stage::Returned), other_unit),
    ("WorkOrders/ReassignWorkOrder", order(Stage::Accepted), other_unit),
    ("WorkOrders/RequestSuspensionWorkOrder", order(Stage::Accepted), until),
    (
        "WorkOrders/RequestExtensionWorkOrder",
        order(Stage::Accepted),
        |_| json!({"until": in_days(60), "reason": "理由"}),
    ),
    ("WorkOrders/ApproveWorkOrder", order(Stage::Asked), nothing),
    ("WorkOrders/DeclineWorkOrder", order(Stage::Asked), reason),
    ("WorkOrders/ResumeWorkOrder", order(Stage::Suspended), nothing),
    ("WorkOrders/WaitForCitizenWorkOrder", order(Stage::InProgress), reason),
    ("WorkOrders/CitizenAnsweredWorkOrder", order(Stage::Waiting), nothing),
    ("WorkOrders/ReopenWorkOrder", order(Stage::Closed), reason),
    ("WorkOrders/CancelWorkOrder", order(Stage::Assigned), reason),
    ("Cooperation/CoHandle", order(Stage::Accepted), |at| json!({"units": [at.town.other_section()]})),
    ("Cooperation/Whistle", order(Stage::Accepted), |at| json!({"units": [format!("{}-gongan", at.town.district)]})),
    ("Cooperation/ReportInPart", order(Stage::Called), part_alone),
    ("Cooperation/AnswerPart", order(Stage::Called), |at| json!({"name": at.made.name, "part": "1", "answer": "已办"})),
    ("Cooperation/ReleasePart", order(Stage::Leads), |at| json!({"name": at.made.name, "part": "1", "reason": "不需"})),
    ("Cooperation/MergeWorkOrder", order(Stage::Assigned), |at| json!({"into": at.known})),
    ("Cooperation/StepAsideWorkOrder", order(Stage::Accepted), reason),
    (
        "Cooperation/SuperviseWorkOrder",
        order(Stage::Assigned),
        |_| json!({"text": "限期", "limit": {"amount": "2", "unit": "workingDay"}}),
    ),
    ("Cooperation/ReplySupervision", order(Stage::Supervised), |_| json!({"text": "已办"})),
    ("Cooperation/ReviewSupervision", order(Stage::SupervisionReplied), |_| json!({"satisfied": true, "text": "可"})),
    ("Cooperation/EscalateWorkOrder", order(Stage::Assigned), reason),
    ("Cooperation/HandDownWorkOrder", order(Stage::Escalated), reason),
    ("Emergencies/GetEmergency", Of::Emergency { taken_on: true }, nothing),
    ("Emergencies/ListEmergencies", Of::Nothing, nothing),
    ("Emergencies/GetEmergencyTimeline", Of::Emergency { taken_on: true }, nothing),
    ("Emergencies/AcknowledgeAction", Of::Emergency { taken_on: false }, action),
    ("Emergencies/ReportAction", Of::Emergency { taken_on: true }, |_| json!({"action": "look", "text": "正常"})),
    ("Emergencies/FinishAction", Of::Emergency { taken_on: true }, |_| json!({"action": "look", "result": "正常"})),
    (
        "Emergencies/CallAction",
        Of::Emergency { taken_on: false },
        |at| json!({"action": "look", "unit": at.town.section()}),
    ),
    ("Emergencies/EndEmergency", Of::Emergency { taken_on: false }, |_| json!({"result": "误报"})),
    ("Emergencies/LoadEmergencyPlans", Of::Nothing, |_| json!({"version": "no version", "plans": "x", "steps": "x"})),
    ("Emergencies/ListEmergencyPlans", Of::Nothing, nothing),
    ("Emergencies/GetEmergencyPlan", Of::Nothing, |_| json!({"name": "emergencyPlans/flood"})),
    (
        "Warnings/IssueWarning",
        Of::Place,
        |at| json!({"kind": "大风", "text": "大风", "divisionCodes": [at.town.village], "expireTime": in_days(1)}),
    ),
    ("Warnings/GetWarning", Of::Warning, nothing),
    ("Warnings/ListWarnings", Of::Nothing, nothing),
    ("Warnings/LiftWarning", Of::Warning, reason),
    ("Warnings/ListWarningPlaces", Of::Warning, |at| json!({"parent": at.made.name})),
    ("Warnings/AcknowledgeWarning", Of::Warning, place_of_warning),
    ("Warnings/AnswerWarning", Of::Warning, |at| {
        let mut body = place_of_warning(at);
        body["result"] = "已转移".into();
        body
    }),
    ("Rates/GetOrderFacts", RICH, nothing),
    ("Rates/ListOrderFacts", Of::Nothing, nothing),
    ("Rates/CountOrders", Of::Nothing, |_| json!({"month": "2026-01", "grouping": "BY_PLACE"})),
    ("Rates/RequestExclusion", order(Stage::Verified), |_| json!({"ground": "OUTSIDE_COMPETENCE", "reason": "理由"})),
    ("Rates/DecideExclusion", order(Stage::ExclusionAsked), |_| json!({"granted": true, "reason": "理由"})),
    ("Rates/GetExclusion", RICH, nothing),
    ("Rates/ListExclusions", Of::Nothing, nothing),
    ("Duties/ProposeDuty", Of::Nothing, |_| duty()),
    ("Duties/ReviewDuty", Of::Duty(DutyStage::Proposed), |_| json!({"agrees": true, "reason": "可以"})),
    ("Duties/AdmitDuty", Of::Duty(DutyStage::Reviewed), nothing),
    ("Duties/RefuseDuty", Of::Duty(DutyStage::Proposed), reason),
    ("Duties/AdjustDuty", Of::Duty(DutyStage::Admitted), |_| {
        let mut body = duty();
        body["from"] = day_in(80).into();
        body
    }),
    ("Duties/RetireDuty", Of::Duty(DutyStage::Admitted), |_| json!({"from": day_in(80), "reason": "理由"})),
    ("Duties/GetDuty", Of::Duty(DutyStage::Reviewed), nothing),
    ("Duties/ListDuties", Of::Nothing, nothing),
    ("Tasks/ListTasks", Of::Nothing, nothing),
    ("Tasks/TickTask", Of::Task, |_| json!({"note": "通畅"})),
    ("Tasks/AssignTask", Of::Place, |at| json!({"post": format!("{}/p1", at.town.code), "text": "通知停水"})),
    ("Tasks/LoadRoster", Of::Place, |at| roster(at.town)),
    ("Tasks/GetRoster", Of::Place, |at| json!({"name": format!("rosters/{}", at.town.code)})),
    ("CareLists/EnterCare", Of::Place, |at| care(at.town, "慰问")),
    ("CareLists/GetCareEntry", Of::Care, |_| json!({"reason": "visit"})),
    ("CareLists/ListCareEntries", Of::Nothing, nothing),
    ("CareLists/EndCareEntry", Of::Care, reason),
    (
        "BuildingDays/OpenBuildingDay",
        Of::Place,
        |at| json!({"divisionCode": at.town.village, "units": [at.town.section()]}),
    ),
    (
        "BuildingDays/DecideRequest",
        Of::BuildingDay,
        |at| json!({"text": "漏水", "category": "0612", "unit": at.town.section(), "dueTime": in_days(2)}),
    ),
    ("BuildingDays/CloseBuildingDay", Of::BuildingDay, nothing),
    ("BuildingDays/GetBuildingDay", Of::BuildingDay, nothing),
    ("BuildingDays/ListBuildingDays", Of::Nothing, nothing),
    ("Interviews/RecordInterview", Of::Place, |at| interview(at.town, "某店")),
    ("Interviews/FollowUpInterview", Of::Interview, |_| json!({"text": "已办", "done": true})),
    ("Interviews/GetInterview", Of::Interview, nothing),
    ("Interviews/ListInterviews", Of::Nothing, nothing),
    ("TaskForces/FormTaskForce", Of::Place, |at| force(at.town, at.holder, "整治")),
    ("TaskForces/HoldOrder", Of::Force, |at| {
        let own = at.caller.code == at.town.code;
        json!({"workOrder": if own { &at.made.beside } else { at.known }})
    }),
    ("TaskForces/ReachMilestone", Of::Force, |_| json!({"milestone": 1})),
    ("TaskForces/DissolveTaskForce", Of::Force, |_| json!({"result": "办结"})),
    ("TaskForces/GetTaskForce", Of::Force, nothing),
    ("TaskForces/ListTaskForces", Of::Nothing, nothing),
    (
        "Evaluations/CreateEvaluation",
        Of::Place,
        |at| json!({"unit": format!("{}-paichusuo", at.town.code), "score": 4}),
    ),
    ("Evaluations/SummarizeEvaluations", Of::Place, |at| json!({"unit": at.town.section(), "month": "2026-01"})),
    ("Arrangements/LoadCalendar", Of::Nothing, |_| json!({"version": "no version", "days": "x"})),
    ("Arrangements/ListCalendars", Of::Nothing, nothing),
    ("Arrangements/LoadDutyList", Of::Nothing, |_| json!({"version": "no version", "duties": "x"})),
    ("Arrangements/ListDutyLists", Of::Nothing, nothing),
    ("ParkedCases/ListParkedCases", Of::Nothing, nothing),
    ("ParkedCases/GetParkedCase", Of::Nothing, parked),
    ("ParkedCases/ReplayParkedCase", Of::Nothing, parked),
    ("ParkedCases/GiveUpParkedCase", Of::Nothing, |_| json!({"name": NOT_PARKED, "position": "1", "reason": "理由"})),
    ("Events/StreamEvents", Of::Nothing, nothing),
    // gRPC only, and what is asked is in `asked.rs`.
    ("EventLog/Read", Of::Nothing, nothing),
    ("EventLog/Head", Of::Nothing, nothing),
    ("EventLog/Position", Of::Nothing, nothing),
];

/// Nothing is parked in a cluster that works.
const NOT_PARKED: &str = "parkedCases/dispatch/01k9aaaaaaaaaaaaaaaaaaaaaa";

fn parked(_: &At<'_>) -> Value {
    json!({"name": NOT_PARKED})
}

fn report(at: &At<'_>) -> Value {
    json!({"name": at.made.report})
}

fn part_alone(at: &At<'_>) -> Value {
    json!({"name": at.made.name, "part": "1"})
}

fn until(_: &At<'_>) -> Value {
    json!({"until": in_days(3), "reason": "理由"})
}
