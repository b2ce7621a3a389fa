//! The generated bindings of the contracts. What is not in them comes from the shared library's bindings. The folders stand in the
//! order of their dependencies, the world of this adapter last.

wit_bindgen::generate!({
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
        "../../wit/lgsp/types",
        "../../wit/lgsp/documents",
        "../../wit/lgsp/office",
        "wit",
    ],
    world: "nhip:qlvb/adapter",
    with: {
        "nhip:adapter/endpoints@1.0.0": guest::endpoints,
        "nhip:adapter/exchange@1.0.0": guest::exchange,
        "wasi:config/store@0.2.0-rc.1": guest::store,
        "wasi:logging/logging@0.1.0-draft": guest::logging,
        "lgsp:types/attachments@1.0.0": guest::attachments,
        "lgsp:types/dates@1.0.0": guest::dates,
        "lgsp:types/faults@1.0.0": guest::faults,
        "lgsp:types/organs@1.0.0": guest::organs,
    },
    generate_all,
    additional_derives: [PartialEq],
});
