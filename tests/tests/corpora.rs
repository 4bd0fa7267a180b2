//! Runs every fuzz target over its corpus, without a fuzzer.

use std::fs;
use std::path::Path;

use zuora_tests::fuzz::TARGETS;

#[test]
fn every_target_runs_over_its_corpus() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs: Vec<_> = fs::read_dir(&folder)
            .expect("each target has a corpus")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{name}");
        for path in inputs {
            let data = fs::read(&path).expect("a readable input");
            target(&data);
            // A text that is cut off or has a broken byte is an input too.
            for cut in [data.len() / 3, data.len() / 2, data.len().saturating_sub(1)] {
                target(&data[..cut]);
            }
            for place in (0..data.len()).step_by(data.len() / 16 + 1) {
                let mut broken = data.clone();
                broken[place] ^= 0x81;
                target(&broken);
            }
        }
    }
}
