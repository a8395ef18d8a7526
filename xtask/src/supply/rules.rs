//! deny.toml, as far as it is held here. A key that is not listed is refused: a rule that nobody holds is worse than none.

use serde::Deserialize;
use toml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) licenses: Licenses,
    pub(super) bans: Bans,
    /// Only a registry and our own folders, whatever is written there.
    #[serde(rename = "sources")]
    _sources: Value,
    /// cargo-deny's alone: which targets to look at (here: all of them).
    #[serde(rename = "graph")]
    _graph: Value,
    /// Held in `crate::advisories`.
    #[serde(rename = "advisories")]
    _advisories: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Licenses {
    pub(super) allow: Vec<String>,
    /// For licence texts, which only cargo-deny reads.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Bans {
    pub(super) deny: Vec<Ban>,
    pub(super) features: Vec<FeatureBan>,
    /// A warning there, nothing here.
    #[serde(rename = "multiple-versions")]
    _multiple_versions: Value,
    /// Held for every crate of others, see `second_versions`.
    #[serde(rename = "wildcards")]
    _wildcards: Value,
    #[serde(rename = "allow-wildcard-paths")]
    _allow_wildcard_paths: Value,
    #[serde(rename = "workspace-dependencies")]
    _workspace_dependencies: Value,
}

/// A crate that is refused: always, in more than one version, or to everybody but its wrappers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ban {
    /// A name, or `name:<version` for what is older.
    #[serde(rename = "crate")]
    pub(super) spec: String,
    pub(super) wrappers: Option<Vec<String>>,
    #[serde(default)]
    pub(super) deny_multiple_versions: bool,
    pub(super) reason: Option<String>,
    pub(super) use_instead: Option<String>,
}

impl Ban {
    pub(super) fn name(&self) -> &str {
        self.spec.split_once(':').map_or(self.spec.as_str(), |(name, _)| name)
    }

    /// Versions that cannot be read are meant, too.
    pub(super) fn is_about(&self, version: &str) -> bool {
        let Some((_, range)) = self.spec.split_once(':') else { return true };
        let floor = range.strip_prefix('<').map(numbers);
        floor.is_none_or(|floor| numbers(version) < floor)
    }

    pub(super) fn why(&self) -> String {
        match (&self.reason, &self.use_instead) {
            (Some(reason), _) => reason.clone(),
            (None, Some(other)) => format!("use {other}"),
            (None, None) => "see deny.toml".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FeatureBan {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) deny: Vec<String>,
    pub(super) reason: String,
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}
