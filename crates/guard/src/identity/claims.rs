//! What the claims of a token whose signature holds say, and whether they may be believed.

use super::provider::Terms;
use civic::{Actor, Micros, Role, UnitCode};
use mesh::{Bearer, Code, Fault, GLASS_SUBJECT, SERVICE_SUBJECT};
use serde::Deserialize;

/// How far the issuer's clock and ours may be apart (a server is out of service from 5 s on).
const SKEW_SECONDS: i64 = 10;

/// Longer than any reference; it stands in every event.
const LONGEST_SUBJECT: usize = 128;

/// Reason of a call whose role asks for a stronger sign-in than the token tells of (RFC 9470).
pub const STRONGER_NEEDED: &str = "STRONGER_AUTHENTICATION_NEEDED";

/// Issuer and audience are checked by the library, before.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    /// One of `Role`'s words; a person whom the provider gives none is a citizen.
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    head: bool,
    /// How the person has signed in.
    #[serde(default)]
    acr: Option<String>,
}

impl Claims {
    /// Whom they speak for. Of what is wrong only its being over is told, and that a stronger sign-in would do.
    pub(super) fn bearer(self, terms: &Terms, now: Micros) -> Result<Bearer, Fault> {
        let seconds = now.0.div_euclid(Micros::SECOND);
        let begun = |at: Option<i64>| at.is_none_or(|at| at <= seconds + SKEW_SECONDS);
        if !begun(self.nbf) || !begun(self.iat) {
            return Err(Fault::token_invalid());
        }
        if self.exp.saturating_add(SKEW_SECONDS) <= seconds {
            return Err(Fault::token_expired());
        }
        let role = self.role.as_deref().map_or(Ok(Role::Citizen), str::parse);
        let unit = self.unit.as_deref().map(str::parse::<UnitCode>).transpose();
        let (Ok(role), Ok(unit), true) = (role, unit, is_reference(&self.sub)) else {
            return Err(Fault::token_invalid());
        };
        if needs_strong(role) && !self.acr.is_some_and(|acr| terms.strong.contains(&acr)) {
            return Err(stronger());
        }
        let until = Micros(self.exp.saturating_add(SKEW_SECONDS).saturating_mul(Micros::SECOND));
        Ok(Bearer { actor: Actor { role, subject: self.sub, unit, head: self.head }, until })
    }
}

/// Who is in the name of a report, of a service or of what two people opened is decided inside the cluster: nobody gets it from outside.
fn is_reference(subject: &str) -> bool {
    let ours = [SERVICE_SUBJECT, GLASS_SUBJECT, "reports/"].iter().any(|prefix| subject.starts_with(prefix));
    let plain = subject.bytes().all(|byte| byte.is_ascii_graphic());
    !ours && plain && !subject.is_empty() && subject.len() <= LONGEST_SUBJECT
}

/// Roles that may see sensitive fields, decide about people's rights or change who may do so: a password alone is not enough
/// (GB/T 22239 level 3, 8.1.4.1 d: two factors).
#[must_use]
pub const fn needs_strong(role: Role) -> bool {
    match role {
        Role::Supervisor
        | Role::Commander
        | Role::LegalReviewer
        | Role::OrganHead
        | Role::EnforcementSupervisor
        | Role::Approver
        | Role::SecurityAdmin
        | Role::Auditor
        | Role::Operator => true,
        Role::Citizen
        | Role::Volunteer
        | Role::GridWorker
        | Role::GridLeader
        | Role::VillageDesk
        | Role::TownDispatcher
        | Role::DistrictDispatcher
        | Role::CityDispatcher
        | Role::DepartmentHandler
        | Role::Liaison
        | Role::EnforcementOfficer
        | Role::Mediator
        | Role::MediationClerk
        | Role::Analyst
        | Role::Integrator => false,
    }
}

fn stronger() -> Fault {
    Fault::new(Code::Unauthenticated, STRONGER_NEEDED, "this role needs a stronger sign-in than the token tells of")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(1_795_276_800_000_000);

    fn read(change: impl FnOnce(&mut serde_json::Value)) -> Result<Bearer, &'static str> {
        let seconds = NOW.0 / Micros::SECOND;
        let mut claims = serde_json::json!({
            "sub": "s-42", "exp": seconds + 60, "nbf": seconds, "iat": seconds, "role": "town-dispatcher", "unit": "500151001",
        });
        change(&mut claims);
        let claims: Claims = serde_json::from_value(claims).map_err(|_| "UNREADABLE")?;
        let terms =
            Terms { strong: vec!["gold".to_owned()], ..Terms::new("https://id.example".parse().unwrap(), "jiewang") };
        claims.bearer(&terms, NOW).map_err(|fault| fault.reason)
    }

    #[test]
    fn the_claims_say_who_speaks_for_which_unit() {
        let bearer = read(|claims| claims["head"] = true.into()).unwrap();
        let unit = "500151001".parse().unwrap();
        assert_eq!(
            bearer.actor,
            Actor { role: Role::TownDispatcher, subject: "s-42".into(), unit: Some(unit), head: true }
        );
        let citizen = read(|claims| {
            claims["role"].take();
            claims["unit"].take();
        });
        assert_eq!(citizen.unwrap().actor, Actor::alone(Role::Citizen, "s-42"));
    }

    #[test]
    fn time_is_kept_to_with_room_for_clocks_that_differ() {
        let seconds = NOW.0 / Micros::SECOND;
        assert!(read(|claims| claims["nbf"] = (seconds + 10).into()).is_ok());
        assert_eq!(read(|claims| claims["nbf"] = (seconds + 11).into()), Err("TOKEN_INVALID"));
        assert_eq!(read(|claims| claims["iat"] = (seconds + 11).into()), Err("TOKEN_INVALID"));
        assert!(read(|claims| claims["exp"] = (seconds - 9).into()).is_ok());
        assert_eq!(read(|claims| claims["exp"] = (seconds - 10).into()), Err("TOKEN_EXPIRED"));
        assert!(read(|claims| claims["exp"] = i64::MAX.into()).is_ok());
    }

    #[test]
    fn nobody_is_a_report_or_a_service_by_a_token_from_outside() {
        for subject in ["reports/01k9", "service/intake", "", "a b", "a\nb", "张三", &"x".repeat(129)] {
            assert_eq!(read(|claims| claims["sub"] = subject.into()), Err("TOKEN_INVALID"), "{subject}");
        }
    }

    #[test]
    fn a_role_or_unit_that_is_none_is_no_role_or_unit() {
        assert_eq!(read(|claims| claims["role"] = "root".into()), Err("TOKEN_INVALID"));
        assert_eq!(read(|claims| claims["unit"] = "x'; drop".into()), Err("TOKEN_INVALID"));
        assert_eq!(read(|claims| claims["role"] = 7.into()), Err("UNREADABLE"));
    }

    #[test]
    fn who_decides_has_signed_in_by_more_than_a_password() {
        let supervisor = |acr: serde_json::Value| {
            read(move |claims| {
                claims["role"] = "supervisor".into();
                claims["acr"] = acr;
            })
        };
        assert!(supervisor("gold".into()).is_ok());
        assert_eq!(supervisor("bronze".into()), Err(STRONGER_NEEDED));
        assert_eq!(supervisor(serde_json::Value::Null), Err(STRONGER_NEEDED));
    }
}
