//! What clients say over the WebSocket, as text and as MessagePack: it is understood or answered,
//! whatever it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tickwire::wire::command;

fuzz_target!(|frame: &[u8]| {
    if let Ok(text) = std::str::from_utf8(frame) {
        let _answered = command::decode_json(text);
    }
    let _answered = command::decode_msgpack(frame);
});
