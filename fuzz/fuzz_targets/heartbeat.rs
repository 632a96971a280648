//! Whatever stands in a heartbeat file, the parser refuses it or reads it as what it says: what it
//! read, written again, is read as the same.
#![no_main]

use mosaic_heartbeat::Heartbeat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(parsed) = text.parse::<Heartbeat>() {
        let written = parsed.to_string();
        let again: Heartbeat = written.parse().expect("what is written can be read");
        assert_eq!(again.to_string(), written);
        assert_eq!(again.binding.map(|binding| binding.generation), parsed.binding.map(|binding| binding.generation));
    }
});
