//! The operators' services and cooperation, there and with nothing to tell: the gateway is ready only when every routed service is.
use proto::dispatch::v1::{
    self as dispatch, arrangements_server::Arrangements, building_days_server::BuildingDays,
    care_lists_server::CareLists, cooperation_server::Cooperation, duties_server::Duties,
    emergencies_server::Emergencies, evaluations_server::Evaluations, interviews_server::Interviews,
    rates_server::Rates, task_forces_server::TaskForces, tasks_server::Tasks, warnings_server::Warnings,
};
use proto::guard::v1::{self as guard, break_glass_server::BreakGlass};
use proto::intake::v1::{self as intake, suggestions_server::Suggestions};
use proto::queue::v1::{self as queue, parked_cases_server::ParkedCases};
use tonic::{Request, Response, Status};

/// Answers everything with a message without content.
#[derive(Clone, Copy)]
pub(crate) struct Operators;

macro_rules! nothing_to_tell {
    ($service:path: $($method:ident($request:ty) -> $response:ty;)*) => {
        #[tonic::async_trait]
        impl $service for Operators {
            $(async fn $method(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Ok(Response::new(<$response>::default()))
            })*
        }
    };
}

nothing_to_tell! {
    Arrangements:
    load_calendar(dispatch::LoadCalendarRequest) -> dispatch::Calendar;
    list_calendars(dispatch::ListCalendarsRequest) -> dispatch::ListCalendarsResponse;
    load_duty_list(dispatch::LoadDutyListRequest) -> dispatch::DutyList;
    list_duty_lists(dispatch::ListDutyListsRequest) -> dispatch::ListDutyListsResponse;
}

nothing_to_tell! {
    Cooperation:
    co_handle(dispatch::CoHandleRequest) -> dispatch::WorkOrder;
    whistle(dispatch::WhistleRequest) -> dispatch::WorkOrder;
    report_in_part(dispatch::ReportInPartRequest) -> dispatch::WorkOrder;
    answer_part(dispatch::AnswerPartRequest) -> dispatch::WorkOrder;
    release_part(dispatch::ReleasePartRequest) -> dispatch::WorkOrder;
    merge_work_order(dispatch::MergeWorkOrderRequest) -> dispatch::WorkOrder;
    step_aside_work_order(dispatch::StepAsideWorkOrderRequest) -> dispatch::WorkOrder;
    supervise_work_order(dispatch::SuperviseWorkOrderRequest) -> dispatch::WorkOrder;
    reply_supervision(dispatch::ReplySupervisionRequest) -> dispatch::WorkOrder;
    review_supervision(dispatch::ReviewSupervisionRequest) -> dispatch::WorkOrder;
    escalate_work_order(dispatch::EscalateWorkOrderRequest) -> dispatch::WorkOrder;
    hand_down_work_order(dispatch::HandDownWorkOrderRequest) -> dispatch::WorkOrder;
}

nothing_to_tell! {
    Emergencies:
    get_emergency(dispatch::GetEmergencyRequest) -> dispatch::Emergency;
    list_emergencies(dispatch::ListEmergenciesRequest) -> dispatch::ListEmergenciesResponse;
    get_emergency_timeline(dispatch::GetEmergencyTimelineRequest) -> dispatch::EmergencyTimeline;
    acknowledge_action(dispatch::AcknowledgeActionRequest) -> dispatch::Emergency;
    report_action(dispatch::ReportActionRequest) -> dispatch::Emergency;
    finish_action(dispatch::FinishActionRequest) -> dispatch::Emergency;
    call_action(dispatch::CallActionRequest) -> dispatch::Emergency;
    end_emergency(dispatch::EndEmergencyRequest) -> dispatch::Emergency;
    load_emergency_plans(dispatch::LoadEmergencyPlansRequest) -> dispatch::EmergencyPlans;
    list_emergency_plans(dispatch::ListEmergencyPlansRequest) -> dispatch::ListEmergencyPlansResponse;
    get_emergency_plan(dispatch::GetEmergencyPlanRequest) -> dispatch::EmergencyPlan;
}

nothing_to_tell! {
    Warnings:
    issue_warning(dispatch::IssueWarningRequest) -> dispatch::Warning;
    get_warning(dispatch::GetWarningRequest) -> dispatch::Warning;
    list_warnings(dispatch::ListWarningsRequest) -> dispatch::ListWarningsResponse;
    lift_warning(dispatch::LiftWarningRequest) -> dispatch::Warning;
    list_warning_places(dispatch::ListWarningPlacesRequest) -> dispatch::ListWarningPlacesResponse;
    acknowledge_warning(dispatch::AcknowledgeWarningRequest) -> dispatch::WarningPlace;
    answer_warning(dispatch::AnswerWarningRequest) -> dispatch::WarningPlace;
}

nothing_to_tell! {
    ParkedCases:
    list_parked_cases(queue::ListParkedCasesRequest) -> queue::ListParkedCasesResponse;
    get_parked_case(queue::GetParkedCaseRequest) -> queue::ParkedCase;
    replay_parked_case(queue::ReplayParkedCaseRequest) -> queue::ParkedCase;
    give_up_parked_case(queue::GiveUpParkedCaseRequest) -> queue::ParkedCase;
}

nothing_to_tell! {
    BreakGlass:
    ask_break_glass(guard::AskBreakGlassRequest) -> guard::BreakGlassTicket;
    agree_break_glass(guard::AgreeBreakGlassRequest) -> guard::OpenedGlass;
}

nothing_to_tell! {
    Tasks:
    list_tasks(dispatch::ListTasksRequest) -> dispatch::ListTasksResponse;
    tick_task(dispatch::TickTaskRequest) -> dispatch::Task;
    assign_task(dispatch::AssignTaskRequest) -> dispatch::Task;
    load_roster(dispatch::LoadRosterRequest) -> dispatch::Roster;
    get_roster(dispatch::GetRosterRequest) -> dispatch::Roster;
}

nothing_to_tell! {
    CareLists:
    enter_care(dispatch::EnterCareRequest) -> dispatch::CareEntry;
    get_care_entry(dispatch::GetCareEntryRequest) -> dispatch::CareEntry;
    list_care_entries(dispatch::ListCareEntriesRequest) -> dispatch::ListCareEntriesResponse;
    end_care_entry(dispatch::EndCareEntryRequest) -> dispatch::CareEntry;
}

nothing_to_tell! {
    Duties:
    propose_duty(dispatch::ProposeDutyRequest) -> dispatch::Duty;
    review_duty(dispatch::ReviewDutyRequest) -> dispatch::Duty;
    admit_duty(dispatch::AdmitDutyRequest) -> dispatch::Duty;
    refuse_duty(dispatch::RefuseDutyRequest) -> dispatch::Duty;
    adjust_duty(dispatch::AdjustDutyRequest) -> dispatch::Duty;
    retire_duty(dispatch::RetireDutyRequest) -> dispatch::Duty;
    get_duty(dispatch::GetDutyRequest) -> dispatch::Duty;
    list_duties(dispatch::ListDutiesRequest) -> dispatch::ListDutiesResponse;
}

nothing_to_tell! {
    BuildingDays:
    open_building_day(dispatch::OpenBuildingDayRequest) -> dispatch::BuildingDay;
    decide_request(dispatch::DecideRequestRequest) -> dispatch::BuildingDay;
    close_building_day(dispatch::CloseBuildingDayRequest) -> dispatch::BuildingDay;
    get_building_day(dispatch::GetBuildingDayRequest) -> dispatch::BuildingDay;
    list_building_days(dispatch::ListBuildingDaysRequest) -> dispatch::ListBuildingDaysResponse;
}

nothing_to_tell! {
    Interviews:
    record_interview(dispatch::RecordInterviewRequest) -> dispatch::Interview;
    follow_up_interview(dispatch::FollowUpInterviewRequest) -> dispatch::Interview;
    get_interview(dispatch::GetInterviewRequest) -> dispatch::Interview;
    list_interviews(dispatch::ListInterviewsRequest) -> dispatch::ListInterviewsResponse;
}

nothing_to_tell! {
    TaskForces:
    form_task_force(dispatch::FormTaskForceRequest) -> dispatch::TaskForce;
    hold_order(dispatch::HoldOrderRequest) -> dispatch::TaskForce;
    reach_milestone(dispatch::ReachMilestoneRequest) -> dispatch::TaskForce;
    dissolve_task_force(dispatch::DissolveTaskForceRequest) -> dispatch::TaskForce;
    get_task_force(dispatch::GetTaskForceRequest) -> dispatch::TaskForce;
    list_task_forces(dispatch::ListTaskForcesRequest) -> dispatch::ListTaskForcesResponse;
}

nothing_to_tell! {
    Rates:
    get_order_facts(dispatch::GetOrderFactsRequest) -> dispatch::OrderFacts;
    list_order_facts(dispatch::ListOrderFactsRequest) -> dispatch::ListOrderFactsResponse;
    count_orders(dispatch::CountOrdersRequest) -> dispatch::OrderTotals;
    request_exclusion(dispatch::RequestExclusionRequest) -> dispatch::Exclusion;
    decide_exclusion(dispatch::DecideExclusionRequest) -> dispatch::Exclusion;
    get_exclusion(dispatch::GetExclusionRequest) -> dispatch::Exclusion;
    list_exclusions(dispatch::ListExclusionsRequest) -> dispatch::ListExclusionsResponse;
}

nothing_to_tell! {
    Evaluations:
    create_evaluation(dispatch::CreateEvaluationRequest) -> dispatch::Evaluation;
    summarize_evaluations(dispatch::SummarizeEvaluationsRequest) -> dispatch::EvaluationSummary;
}

nothing_to_tell! {
    Suggestions:
    list_suggestions(intake::ListSuggestionsRequest) -> intake::ListSuggestionsResponse;
    open_selection(intake::OpenSelectionRequest) -> intake::Selection;
    get_selection(intake::GetSelectionRequest) -> intake::Selection;
    nominate_suggestion(intake::NominateSuggestionRequest) -> intake::Selection;
    score_suggestion(intake::ScoreSuggestionRequest) -> intake::Selection;
    publicise_selection(intake::PubliciseSelectionRequest) -> intake::Selection;
    strike_suggestion(intake::StrikeSuggestionRequest) -> intake::Selection;
    choose_selection(intake::ChooseSelectionRequest) -> intake::Selection;
}

// new-service: its rpcs
