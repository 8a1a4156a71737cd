//! What a task holds: GPUs, and whether on spot, from the server's texts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::records::Task;

/// What a task holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    /// GPUs on all nodes, by the name of the accelerator; none when the server does not tell.
    pub gpus: Option<BTreeMap<String, f64>>,
    /// None when the server does not tell.
    pub spot: Option<bool>,
    /// The worker of a pool whose GPUs these are: all of them, though other jobs may run on it as well.
    pub worker: Option<String>,
}

/// The families whose variants (H100-80GB, H100-SXM) count as one.
pub(super) fn is_family(accelerator: &str, family: &str) -> bool {
    accelerator.split(['-', '_', ' ']).next().is_some_and(|name| name.eq_ignore_ascii_case(family))
}

/// What a task holds: by the accelerators of its cluster, else by the text about its cluster, else by the text of what
/// was asked for.
pub(super) fn held(task: &Task) -> Held {
    let launched = task.cluster_resources.as_deref().and_then(parse);
    let asked = task.resources.as_deref().and_then(parse);
    let nodes = launched.as_ref().or(asked.as_ref()).map(|text| text.nodes);
    let by_node = match &task.accelerators {
        Some(accelerators) if !accelerators.is_empty() => Some(accelerators.clone()),
        _ => launched.as_ref().or(asked.as_ref()).and_then(|text| text.accelerators.clone()),
    };
    let by_node = by_node.filter(|by_node| by_node.values().all(|count| POSSIBLE.contains(count)));
    let gpus = by_node.zip(nodes).map(|(by_node, nodes)| {
        by_node.into_iter().filter(|(name, _)| is_gpu(name)).map(|(name, count)| (name, count * nodes)).collect()
    });
    let spot = launched.and_then(|text| text.spot).or_else(|| asked.and_then(|text| text.spot));
    let has_machines = task.accelerators.as_ref().is_some_and(|accelerators| !accelerators.is_empty());
    let worker = task.current_cluster_name.clone().filter(|_| has_machines);
    Held { gpus, spot, worker }
}

/// GPUs of a node; SkyPilot knows none with more than 16.
const POSSIBLE: Range<f64> = 0.0..1e6;

/// TPUs and the neural chips of AWS are accelerators too.
fn is_gpu(accelerator: &str) -> bool {
    let name = accelerator.to_lowercase();
    !["tpu", "trainium", "inferentia"].iter().any(|other| name.starts_with(other))
}

/// A text of resources, read.
#[derive(Debug, PartialEq)]
struct Text {
    nodes: f64,
    /// By name, of one node; none when the text names alternatives.
    accelerators: Option<BTreeMap<String, f64>>,
    /// None when the text names both.
    spot: Option<bool>,
}

/// Reads `4x[L4:1]`, `2x[H100:8, use_spot]`, `1x[H100:8][Spot]` (what was asked for, with alternatives beside each
/// other), and `2x[spot](gpus=H100:8, p5.48xlarge, ...)` (what a cluster has). None for "-" and whatever else.
fn parse(text: &str) -> Option<Text> {
    let (nodes, rest) = text.trim().split_once('x')?;
    let nodes: u32 = nodes.trim().parse().ok().filter(|nodes| *nodes > 0)?;
    let mut elements = Vec::new();
    let mut spot = Some(false);
    let mut rest = rest.trim();
    while !rest.is_empty() {
        let (asked, close) = match rest.chars().next()? {
            '[' => (true, ']'),
            '(' => (false, ')'),
            _ => return None,
        };
        let (group, after) = rest[1..].split_once(close)?;
        match group.to_lowercase().as_str() {
            "spot" => spot = Some(true),
            "on-demand" => spot = Some(false),
            both if both.split('|').all(|word| ["spot", "on-demand"].contains(&word)) => spot = None,
            _ => elements.extend(group.split(',').map(|element| (asked, element.trim()))),
        }
        rest = after.trim_start();
    }
    if elements.iter().any(|(_, element)| *element == "use_spot") {
        spot = Some(true);
    }
    Some(Text { nodes: nodes.into(), accelerators: accelerators(&elements), spot })
}

/// The accelerators between the brackets. A task has one kind at most: two are alternatives, of which either may run.
/// Whoever asks says each with its count, or the CPUs; what a cluster has stands among other words. No word is no answer.
fn accelerators(elements: &[(bool, &str)]) -> Option<BTreeMap<String, f64>> {
    let mut found = BTreeMap::new();
    let mut told = false;
    for (asked, element) in elements.iter().filter(|(_, element)| *element != "use_spot") {
        told = true;
        let Some(gpus) = (if *asked { Some(*element) } else { element.strip_prefix("gpus=") }) else { continue };
        let (name, count) = gpus.rsplit_once(':')?;
        let name = name.trim();
        if name.eq_ignore_ascii_case("cpu") {
            continue;
        }
        let count: f64 = count.trim().parse().ok().filter(|count| POSSIBLE.contains(count) && !name.is_empty())?;
        // The same one with two counts is a choice, too.
        if found.insert(name.to_owned(), count).is_some_and(|other: f64| other != count) {
            return None;
        }
    }
    (found.len() <= 1 && told).then_some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::super::sample::task;
    use super::*;

    fn of(with: Value) -> Held {
        held(&task(with))
    }

    fn gpus(with: Value) -> Option<Vec<(String, f64)>> {
        of(with).gpus.map(|gpus| gpus.into_iter().collect())
    }

    #[test]
    fn reads_what_was_asked_for() {
        let cases = [
            ("4x[L4:1]", Some(("L4", 4.0)), Some(false)),
            ("2x[H100:8, use_spot]", Some(("H100", 16.0)), Some(true)),
            ("1x[H100:8][Spot]", Some(("H100", 8.0)), Some(true)),
            ("1x[H100:8][On-demand|Spot]", Some(("H100", 8.0)), None),
            ("1x[L4:0.25]", Some(("L4", 0.25)), Some(false)),
            ("3x[A100-80GB:0.5][Spot]", Some(("A100-80GB", 1.5)), Some(true)),
        ];
        for (text, gpu, spot) in cases {
            let held = of(json!({"resources": text}));
            let found: Vec<_> = held.gpus.unwrap().into_iter().collect();
            let expected: Vec<_> = gpu.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
            assert_eq!((found, held.spot), (expected, spot), "{text}");
        }
    }

    #[test]
    fn no_gpu_is_known_and_differs_from_unknown() {
        for text in ["1x[CPU:1+]", "2x[CPU:4]", "1x[tpu-v5e-8:1]", "1x[Trainium:16]", "4x[Inferentia2:1]"] {
            assert_eq!(gpus(json!({"resources": text})), Some(vec![]), "{text}");
        }
        // Without a count, how many it are is not known; neither is it where nothing is named.
        for text in [
            "-",
            "",
            "x",
            "1x",
            "1x[]",
            "1x[L4]",
            "1x[L4][Spot]",
            "1x[use_spot]",
            "1x[L4:]",
            "1x[:1]",
            "1x[CPU:1+, L4]",
            "0x[L4:1]",
            "ax[L4:1]",
            "1x[L4:many]",
            "1x[L4:1",
            "1x[L4:-1]",
            "1x[L4:NaN]",
            "1x[L4:1e300]",
            "1x[L4:1, A10G:1]",
        ] {
            assert_eq!(gpus(json!({"resources": text})), None, "{text}");
        }
        assert_eq!(gpus(json!({"resources": "1x[L4:1]", "cluster_resources": "1x(gpus=L4, g6.xlarge, ...)"})), None);
        for text in ["1x(m6i.2xlarge, ...)", "2x[spot](cpus=4, mem=16, ...)", "1x(...)"] {
            assert_eq!(gpus(json!({"resources": "1x[L4:1]", "cluster_resources": text})), Some(vec![]), "{text}");
        }
        // The name of a machine may look like a count of GPUs.
        let text = "1x(gpus=RTXA6000:4, RTX_A6000::4, ...)";
        assert_eq!(gpus(json!({"cluster_resources": text})), Some(vec![("RTXA6000".to_owned(), 4.0)]));
        // A cluster's own counts, if they are possible ones.
        for count in [json!(-8), json!(1e300)] {
            assert_eq!(gpus(json!({"resources": "1x[L4:1]", "accelerators": {"L4": count}})), None, "{count}");
        }
        assert_eq!(
            of(json!({"resources": null, "cluster_resources": "-"})),
            Held { gpus: None, spot: None, worker: None }
        );
    }

    #[test]
    fn what_runs_beats_what_was_asked_for() {
        let held = of(json!({
            "resources": "2x[L4:1, A10G:1][On-demand|Spot]",
            "cluster_resources": "2x[spot](gpus=A10G:1, g5.xlarge, ...)",
        }));
        assert_eq!((held.gpus, held.spot), (Some([("A10G".to_owned(), 2.0)].into()), Some(true)));
        let held = of(json!({"resources": "1x[L4:1][Spot]", "cluster_resources": "1x(gpus=L4:1, g6.xlarge, ...)"}));
        assert_eq!(held.spot, Some(false));
        assert_eq!(
            gpus(json!({"resources": "4x[L4:1]", "accelerators": {"L4": 0.5}})),
            Some(vec![("L4".to_owned(), 2.0)])
        );
        assert_eq!(gpus(json!({"resources": "4x[L4:1]", "accelerators": {}})), Some(vec![("L4".to_owned(), 4.0)]));
        // Without the number of nodes, the count of one node says nothing.
        assert_eq!(gpus(json!({"resources": "-", "accelerators": {"L4": 1}})), None);
    }

    #[test]
    fn families_are_matched_by_the_whole_name() {
        for (name, family, matches) in [
            ("L4", "L4", true),
            ("L40S", "L4", false),
            ("L40", "L4", false),
            ("A10G", "A10G", true),
            ("A10", "A10G", false),
            ("H100", "H100", true),
            ("H100-80GB", "H100", true),
            ("H100-SXM", "H100", true),
            ("h100", "H100", true),
            ("H200", "H100", false),
            ("GH200", "H100", false),
            ("H100X", "H100", false),
        ] {
            assert_eq!(is_family(name, family), matches, "{name} {family}");
        }
    }
}
