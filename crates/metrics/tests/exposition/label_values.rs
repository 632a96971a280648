//! Label values: any text is escaped into a valid line and can be read back.

use mosaic_metrics::Format;
use mosaic_probe::snapshot::Class;
use proptest::prelude::{any, prop_oneof};
use proptest::strategy::{Just, Strategy};
use proptest::{proptest, test_runner::Config};

use crate::fixture::{agent, fleet, written};
use crate::parser::{Block, Sample, parse};

/// Texts in which the special characters of the formats are frequent.
fn text() -> impl Strategy<Value = String> {
    let special = || "[\"\\\\\n{},=# n_\r\t]".prop_map(|text: String| text);
    proptest::collection::vec(
        prop_oneof![special(), any::<char>().prop_map(String::from), Just("\\n".to_owned())],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

fn find<'a>(blocks: &'a [Block], name: &str, agent: Option<&str>) -> &'a Sample {
    let mut samples = blocks.iter().flat_map(|block| &block.samples);
    samples.find(|sample| sample.name == name && sample.label("agent") == agent).unwrap()
}

proptest! {
    #![proptest_config(Config { cases: 128, ..Config::default() })]

    #[test]
    fn any_text_is_read_back_unchanged(
        class in text(),
        runtime in text(),
        name in text(),
        host in text(),
        tenant in text(),
        socket in text(),
        open_metrics in any::<bool>(),
    ) {
        let mut snapshot = fleet();
        snapshot.agents = vec![agent("coder0")];
        snapshot.agents[0].name = name.clone() + "-";
        snapshot.agents[0].class = Some(Class::Other(class.clone()));
        snapshot.agents[0].runtime = Some(runtime.clone());
        (snapshot.host, snapshot.tenant, snapshot.socket) = (host.clone(), tenant.clone(), socket.clone());
        let format = if open_metrics { Format::OpenMetrics } else { Format::Text };
        let blocks = parse(&written(&snapshot, format), format);

        let info = find(&blocks, "mosaic_agent_info", Some(&snapshot.agents[0].name));
        assert_eq!([info.label("class"), info.label("runtime")], [Some(&*class), Some(&*runtime)]);
        let fleet = find(&blocks, "mosaic_fleet_info", None);
        assert_eq!([fleet.label("host"), fleet.label("tenant")], [Some(&*host), Some(&*tenant)]);
        assert_eq!(fleet.label("socket"), Some(&*socket));
        // The label of an agent is escaped once and shared by its samples.
        let alive = find(&blocks, "mosaic_agent_process_alive", Some(&snapshot.agents[0].name));
        assert_eq!(alive.value, "1");
    }
}
