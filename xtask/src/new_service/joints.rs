//! The lines by which the rest of the repository knows a service.

use anyhow::bail;

/// One line of an existing file, or a few, put above its anchor.
pub(super) struct Joint {
    pub(super) file: &'static str,
    /// How the line of the anchor ends.
    pub(super) anchor: &'static str,
    /// Of the specimen.
    pub(super) line: &'static str,
}

/// What the gateway's tests have in its place: the compiler asks for a line more with each rpc.
const RPCS: &str = "\
nothing_to_tell! {
    proto::specimen::v1::matters_server::Matters:
    open_matter(proto::specimen::v1::OpenMatterRequest) -> proto::specimen::v1::Matter;
    close_matter(proto::specimen::v1::CloseMatterRequest) -> proto::specimen::v1::Matter;
    get_matter(proto::specimen::v1::GetMatterRequest) -> proto::specimen::v1::Matter;
}
";

/// An rpc is nobody's until a policy gives it to somebody.
const ACTIONS: &str = "\
action \"jiewang.specimen.v1.Matters/OpenMatter\" appliesTo { principal: [Person, Service], resource: Rpcs };
  action \"jiewang.specimen.v1.Matters/CloseMatter\" appliesTo { principal: [Person, Service], resource: Rpcs };
  action \"jiewang.specimen.v1.Matters/GetMatter\" in [\"look\"] appliesTo { principal: [Person, Service], resource: Rpcs };";
const POLICY: &str = "\
// Those that sit in a place's own centre open and close matters of it.
permit (
  principal in Jiewang::Role::\"centre\",
  action in [Jiewang::Action::\"jiewang.specimen.v1.Matters/OpenMatter\", Jiewang::Action::\"jiewang.specimen.v1.Matters/CloseMatter\"],
  resource
);
";

/// Those of one file beside each other.
pub(super) const JOINTS: [Joint; 12] = [
    Joint {
        file: "Cargo.toml",
        anchor: "# new-service: its path",
        line: r#"specimen = { path = "services/specimen" }"#,
    },
    Joint { file: "cli/Cargo.toml", anchor: "# new-service: the binary runs it", line: "specimen.workspace = true" },
    Joint { file: "cli/src/room.rs", anchor: "// new-service: a room", line: "Specimen," },
    Joint {
        file: "cli/src/room.rs",
        anchor: "// new-service: a line of the table",
        line: r#"Self::Specimen => (specimen::NAME, &["jiewang.specimen.v1"], specimen::kinds),"#,
    },
    Joint { file: "cli/src/cluster/rooms.rs", anchor: "// new-service: a module", line: "mod specimen;" },
    Joint {
        file: "cli/src/cluster/rooms.rs",
        anchor: "// new-service: how it is opened",
        line: "Room::Specimen => self.add(room, specimen::open(given).await?),",
    },
    Joint { file: "cli/tests/it/main.rs", anchor: "// new-service: through the gateway", line: "mod specimen;" },
    Joint {
        file: "gateway/tests/it/city.rs",
        anchor: "// new-service: its server",
        line: "chassis.add_service(proto::specimen::v1::matters_server::MattersServer::new(Operators));",
    },
    Joint { file: "crates/guard/policies/jiewang.cedarschema", anchor: "// new-service: its rpcs", line: ACTIONS },
    Joint { file: "crates/guard/policies/acts.cedar", anchor: "// new-service: who uses it", line: POLICY },
    Joint { file: "gateway/tests/it/operators.rs", anchor: "// new-service: its rpcs", line: RPCS },
    Joint { file: "scripts/cluster.sh", anchor: "# new-service: two processes of it", line: "specimen" },
];

impl Joint {
    /// The text of its file with `line` above the anchor, as far in as that stands.
    pub(super) fn put(&self, text: &str, line: &str) -> anyhow::Result<String> {
        let Self { file, anchor, .. } = self;
        let mut anchors = text.lines().filter(|line| line.trim() == *anchor);
        let (Some(found), None) = (anchors.next(), anchors.next()) else {
            bail!("{file} must have the line `{anchor}` once: a new service is put above it");
        };
        let margin = &found[..found.len() - found.trim_start().len()];
        let joined = text.lines().flat_map(|old| {
            let new = (old == found).then(|| format!("{margin}{line}"));
            new.into_iter().chain([old.to_owned()])
        });
        Ok(joined.map(|line| line + "\n").collect())
    }
}
