//! `--limit-upload` and `--limit-download` hold the whole program back.

use std::time::{Duration, Instant};

use crate::world::World;

#[test]
fn a_rate_holds_for_what_is_stored_and_for_what_is_read() {
    let world = World::new();
    let noise: Vec<u8> =
        (0..300_000u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect();
    world.write("source/noise", &noise);
    let took = |line: &str| {
        let began = Instant::now();
        world.run(line).success();
        began.elapsed()
    };
    // 1.2 MB that hardly compress, of which a second's worth goes at once.
    assert!(took("backup source --limit-upload 300") > Duration::from_secs(2));
    assert!(took("restore latest --target out --limit-download 300") > Duration::from_secs(2));
    assert_eq!(std::fs::read(world.path("out/source/noise")).expect("restored"), noise);
}
