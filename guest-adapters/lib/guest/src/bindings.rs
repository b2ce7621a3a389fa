//! The generated bindings of the host's interfaces and of the shared types. The folders stand in the order of their
//! dependencies, the world of this library last.

wit_bindgen::generate!({
    path: [
        "../../../wit/deps/io.wit",
        "../../../wit/deps/clocks.wit",
        "../../../wit/deps/random.wit",
        "../../../wit/deps/filesystem.wit",
        "../../../wit/deps/sockets.wit",
        "../../../wit/deps/cli.wit",
        "../../../wit/deps/http.wit",
        "../../../wit/deps/config.wit",
        "../../../wit/deps/keyvalue.wit",
        "../../../wit/deps/logging.wit",
        "../../../wit/adapter",
        "../../../wit/lgsp/types",
        "wit",
    ],
    world: "nhip:guest-library/library",
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq],
});
