//! Why a report is not taken (不予受理): a closed list, each ground with the law it stands on. What the State Council's office wrote
//! about the 12345 hotlines (国办发〔2020〕53号) says which matters they do not take; the Regulations on Petitions of 2022
//! (信访工作条例) say where such a matter goes instead.

use serde::{Deserialize, Serialize};

/// Numbers of `intake.v1.RefusalGround`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ground {
    CourtOrArbitration = 1,
    ReconsiderationOrDisclosure = 2,
    DisciplineInspection = 3,
    InPetition = 4,
    ReviewConcluded = 5,
    SecretsOrPublicOrder = 6,
    NotGovernment = 7,
}

impl Ground {
    pub const ALL: [Self; 7] = [
        Self::CourtOrArbitration,
        Self::ReconsiderationOrDisclosure,
        Self::DisciplineInspection,
        Self::InPetition,
        Self::ReviewConcluded,
        Self::SecretsOrPublicOrder,
        Self::NotGovernment,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    /// `None` for 0 and for numbers of a newer release.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.number() == number)
    }

    /// For whoever reported it: Chinese, English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::CourtOrArbitration => (
                "应当通过诉讼、仲裁等法定程序解决，请向有权机关提出",
                "to be settled in court, by procedure of police or prosecution, or by arbitration",
            ),
            Self::ReconsiderationOrDisclosure => (
                "应当通过行政复议、政府信息公开等程序解决",
                "for administrative reconsideration or the disclosure of government information",
            ),
            Self::DisciplineInspection => {
                ("属于纪检监察机关受理的事项", "for the bodies of discipline inspection and supervision")
            }
            Self::InPetition => ("已进入信访渠道，正在办理", "in the hands of the petition offices already"),
            Self::ReviewConcluded => (
                "已经复查、复核，以同一事实和理由再次提出",
                "reviewed twice already; the same facts and reasons are not taken again",
            ),
            Self::SecretsOrPublicOrder => (
                "涉及国家秘密、商业秘密、个人隐私或者违反社会公序良俗",
                "touches secrets or privacy, or offends public order and good morals",
            ),
            Self::NotGovernment => {
                ("不属于行政机关职权范围，请向有权处理的机关、单位提出", "no business of the government's")
            }
        }
    }

    /// Where it is written.
    pub const fn law(self) -> &'static str {
        match self {
            Self::CourtOrArbitration | Self::ReconsiderationOrDisclosure => {
                "国办发〔2020〕53号（热线受理范围）；《信访工作条例》第三十一条"
            }
            Self::DisciplineInspection => "国办发〔2020〕53号（热线受理范围）；《信访工作条例》第二十二条",
            Self::InPetition | Self::SecretsOrPublicOrder => "国办发〔2020〕53号（热线受理范围）",
            Self::ReviewConcluded => "《信访工作条例》第三十六条",
            Self::NotGovernment => "《信访工作条例》第二十三条",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::intake::v1::RefusalGround;

    #[test]
    fn every_ground_of_the_contract_has_words_and_a_law() {
        for ground in Ground::ALL {
            assert!(RefusalGround::try_from(ground.number()).is_ok());
            assert!(
                !ground.words().0.is_empty()
                    && !ground.words().1.is_empty()
                    && ground.law().contains('第') | ground.law().contains('号')
            );
        }
        assert!(RefusalGround::try_from(Ground::ALL.len() as i32 + 1).is_err(), "a ground that is not in our list");
        assert_eq!(Ground::from_number(0), None);
    }
}
