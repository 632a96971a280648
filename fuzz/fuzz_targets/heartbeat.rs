//! The parser rejects any heartbeat file or reads it without loss: what it reads and writes again, it reads as the
//! same heartbeat.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosaic_heartbeat::Heartbeat;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(parsed) = text.parse::<Heartbeat>() {
        let written = parsed.to_string();
        let again: Heartbeat = written.parse().expect("a written heartbeat can be read");
        assert_eq!(again.to_string(), written);
        assert_eq!(again.binding.map(|binding| binding.generation), parsed.binding.map(|binding| binding.generation));
    }
});
