//! Bindings of the host interfaces that this crate implements itself, generated from the contracts in `wit/`.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code; the WIT files are the documentation")]

wasmtime::component::bindgen!({
    path: [
        "../../wit/deps/io.wit",
        "../../wit/deps/clocks.wit",
        "../../wit/deps/random.wit",
        "../../wit/deps/filesystem.wit",
        "../../wit/deps/sockets.wit",
        "../../wit/deps/cli.wit",
        "../../wit/deps/http.wit",
        "../../wit/deps/config.wit",
        "../../wit/deps/keyvalue.wit",
        "../../wit/deps/logging.wit",
        "../../wit/adapter",
    ],
    inline: "
        package nhip:host;
        world powers {
            import nhip:adapter/endpoints@1.0.0;
            import nhip:adapter/exchange@1.0.0;
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:logging/logging@0.1.0-draft;
        }
    ",
    world: "nhip:host/powers",
    imports: {
        "nhip:adapter/endpoints.send": async,
        "wasi:keyvalue/store": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:keyvalue/store.bucket": crate::capabilities::key_value::Bucket,
    },
});
