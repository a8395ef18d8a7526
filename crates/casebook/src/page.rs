//! Page tokens: opaque, bound to filter and caller, and of no use once tampered with.

use crate::key::ClusterKey;
use civic::CaseId;

/// The token is not ours, or was made for another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page token belongs to another list or was changed")]
pub struct Tampered;

/// Makes and reads page tokens.
pub struct PageTokens(ClusterKey);

impl PageTokens {
    pub(crate) fn new(key: ClusterKey) -> Self {
        Self(key)
    }

    /// `binding`: everything that the next page must have in common with this one: rpc, caller, filter.
    pub fn seal(&self, binding: &str, after: CaseId) -> String {
        let tag = self.0.page_tag(&[binding.as_bytes(), after.as_bytes()]);
        format!("{after}{}", CaseId::from_bytes(tag))
    }

    pub fn open(&self, binding: &str, token: &str) -> Result<CaseId, Tampered> {
        let (after, tag) = token.split_at_checked(token.len() / 2).ok_or(Tampered)?;
        let after: CaseId = after.parse().map_err(|_| Tampered)?;
        let tag: CaseId = tag.parse().map_err(|_| Tampered)?;
        let expected = self.0.page_tag(&[binding.as_bytes(), after.as_bytes()]);
        // The tag is no password and cannot be guessed byte by byte over a network: plain comparison will do.
        (*tag.as_bytes() == expected).then_some(after).ok_or(Tampered)
    }
}
