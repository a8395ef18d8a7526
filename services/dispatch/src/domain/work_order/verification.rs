//! 核查: how somebody other than the handler finds out whether the matter is solved. The citizen is called back; who wanted no reply is not
//! called, and who gave no name cannot be, so the verifier judges by what is on file (photos, records, a look on the spot), and says so. Their cases
//! do not wait for a word that nobody will give: verified on file, a dispatcher closes them; their word is still taken when they give it themselves
//! by tracking number and secret.

use super::command::CallBack;
use super::state::Head;

/// How it is verified.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Verification {
    /// By a call to the citizen.
    CallBack,
    /// By the file: the citizen wants no call.
    OnFile,
    /// By the file, unless the citizen, of whom nothing is known, got in touch.
    OnFileOrInTouch,
}

impl Head {
    #[must_use]
    pub const fn verified_by(&self) -> Verification {
        if self.no_reply {
            Verification::OnFile
        } else if self.anonymous {
            Verification::OnFileOrInTouch
        } else {
            Verification::CallBack
        }
    }
}

impl Verification {
    /// A citizen who could not be reached leaves the unit's word standing; a file is read, and what it shows holds.
    pub(super) const fn is_not_solved(self, call_back: CallBack) -> bool {
        match self {
            Self::CallBack => call_back.reached && !call_back.opinion.solved,
            Self::OnFile | Self::OnFileOrInTouch => !call_back.opinion.solved,
        }
    }
}
