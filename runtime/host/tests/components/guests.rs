//! The components of these tests, made of WIT and a few lines of core WebAssembly.
//!
//! The canonical ABI passes every list as a pointer and a length and every large result by a pointer, and both sides of a forwarding
//! function have the same types: so the same few instructions pass on values of any type.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const FAULTS: &str = include_str!("../../../../wit/lgsp/types/faults.wit");
const JSON_CALLS: &str = include_str!("../../../../wit/adapter/json-calls.wit");

/// The functions of the office and of the desk in front of it.
const FUNCTIONS: &str = "
    echo: func(items: list<item>) -> result<list<item>, fault>;
    hand-over: func(items: list<item>) -> result<_, fault>;
    tell: func(how: u32) -> result<_, fault>;
    decide: func(how: u32) -> result<u32, string>;
    count: func() -> u32;";

/// Everything that a value can be made of.
pub(crate) const ITEM: &str = "
    enum colour { red, dark-green }
    flags marks { urgent, secret }
    variant state { waiting, signed(string), refused(option<u8>) }
    record item {
        item-id: string, pages: option<u32>, tags: list<string>, state: state, raw: list<u8>, pair: tuple<s64, f64>,
        colour: colour, marks: marks, inner: option<option<bool>>, done: result<u8, string>, letter: char,
    }";

const MEMORY: &str = r#"
    (memory (export "memory") 16)
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))"#;

/// The same with an allocator that never ends.
const GREEDY: &str = r#"
    (memory (export "memory") 16)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $spin (br $spin)) unreachable)"#;

fn component(wit: &str, core: &str) -> Vec<u8> {
    component_with(wit, core, MEMORY)
}

fn component_with(wit: &str, core: &str, memory: &str) -> Vec<u8> {
    let faults = FAULTS.replacen("package lgsp:types@1.0.0;", "package lgsp:types@1.0.0 {", 1) + "}";
    let wit = format!("package test:it@1.0.0;\n{faults}\n{wit}");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", &wit).unwrap_or_else(|error| panic!("{error:?}\n{wit}"));
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(format!("(module {core} {memory})")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

fn office_package(version: &str, types: &str, functions: &str) -> String {
    format!(
        "package test:office@{version} {{ interface inbox {{ use lgsp:types/faults@1.0.0.{{fault}};\n{types}\n{functions} }} }}"
    )
}

/// The office: gives back what it gets, and ends as it is told.
pub(crate) fn office() -> Vec<u8> {
    office_of("1.0.0", ITEM, FUNCTIONS)
}

/// An office whose `echo` answers bytes.
pub(crate) fn other_office() -> Vec<u8> {
    let functions = FUNCTIONS.replace("-> result<list<item>, fault>", "-> result<list<u8>, fault>");
    office_of("1.1.0", ITEM, &functions)
}

/// A later office, which knows more of an item.
pub(crate) fn later_office() -> Vec<u8> {
    office_of("1.2.0", &ITEM.replace("letter: char,", "letter: char, note: option<string>,"), FUNCTIONS)
}

fn office_of(version: &str, types: &str, functions: &str) -> Vec<u8> {
    let wit =
        office_package(version, types, functions) + &format!("\nworld w {{ export test:office/inbox@{version}; }}");
    let core = r#"
        (data (i32.const 512) "later")
        (data (i32.const 520) "E7")
        (data (i32.const 524) "no")
        (func (export "test:office/inbox@VERSION#echo") (param i32 i32) (result i32)
            (i32.store8 (i32.const 16) (i32.const 0))
            (i32.store (i32.const 20) (local.get 0))
            (i32.store (i32.const 24) (local.get 1))
            (i32.const 16))
        (func (export "test:office/inbox@VERSION#hand-over") (param i32 i32) (result i32)
            (i32.store8 (i32.const 16) (i32.const 0))
            (i32.const 16))
        ;; 0: ends well, 1: `busy` with all that a fault can say, 2: traps, 3: never ends.
        (func (export "test:office/inbox@VERSION#tell") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 2)) (then unreachable))
            (if (i32.eq (local.get 0) (i32.const 3)) (then (loop $spin (br $spin))))
            (i32.store8 (i32.const 16) (local.get 0))
            (i32.store8 (i32.const 20) (i32.const 5))
            (i32.store (i32.const 24) (i32.const 512))
            (i32.store (i32.const 28) (i32.const 5))
            (i32.store8 (i32.const 32) (i32.const 1))
            (i32.store (i32.const 36) (i32.const 520))
            (i32.store (i32.const 40) (i32.const 2))
            (i32.store8 (i32.const 44) (i32.const 1))
            (i32.store (i32.const 48) (i32.const 7))
            (i32.const 16))
        ;; 0: 41, 1: the error `no`, 2: traps.
        (func (export "test:office/inbox@VERSION#decide") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 2)) (then unreachable))
            (i32.store8 (i32.const 16) (local.get 0))
            (i32.store (i32.const 20) (select (i32.const 524) (i32.const 41) (local.get 0)))
            (i32.store (i32.const 24) (i32.const 2))
            (i32.const 16))
        (func (export "test:office/inbox@VERSION#count") (result i32) (i32.const 3))"#;
    component(&wit, &core.replace("VERSION", version))
}

/// The same office with JSON texts: it answers as the other one does, and traps where it is called with values of its types. Beyond what
/// the other one does, `decide` answers an error as its number (4), a number as its error (5), and text that is no JSON (6); `tell` answers
/// an error of its own making (4).
pub(crate) fn office_in_json() -> Vec<u8> {
    let calls = JSON_CALLS.replacen("package nhip:adapter@1.0.0;", "package nhip:adapter@1.0.0 {", 1) + "}";
    let wit = office_package("1.0.0", ITEM, FUNCTIONS)
        + &calls
        + "\nworld w { export test:office/inbox@1.0.0; export nhip:adapter/json-calls@1.0.0; }";
    let busy = r#"{"code":"busy","message":"later","upstreamCode":"E7","retryAfter":7}"#;
    let typed: String = [("echo", 2), ("hand-over", 2), ("tell", 1), ("decide", 1), ("count", 0)]
        .iter()
        .map(|(name, params)| {
            let params = " i32".repeat(*params);
            format!("(func (export \"test:office/inbox@1.0.0#{name}\") (param{params}) (result i32) unreachable)\n")
        })
        .collect();
    let core = r#"
        (data (i32.const 512) "null41\"no\"3nonsense{\"code\":\"made-up\"}")
        (data (i32.const 600) "BUSY")
        (func $say (param $error i32) (param $start i32) (param $length i32) (result i32)
            (i32.store8 (i32.const 16) (local.get $error))
            (i32.store (i32.const 20) (local.get $start))
            (i32.store (i32.const 24) (local.get $length))
            (i32.const 16))
        (func (export "nhip:adapter/json-calls@1.0.0#call")
            (param $contract i32) (param i32) (param $function i32) (param i32) (param $params i32) (param $length i32)
            (result i32) (local $name i32) (local $how i32)
            (local.set $name (i32.load8_u (local.get $function)))
            ;; The second byte of `[2]`: the digit.
            (local.set $how (i32.sub (i32.load8_u offset=1 (local.get $params)) (i32.const 48)))
            ;; `echo`: what is between the brackets.
            (if (i32.eq (local.get $name) (i32.const 101)) (then (return (call $say (i32.const 0)
                (i32.add (local.get $params) (i32.const 1)) (i32.sub (local.get $length) (i32.const 2))))))
            ;; `hand-over`
            (if (i32.eq (local.get $name) (i32.const 104)) (then
                (return (call $say (i32.const 0) (i32.const 512) (i32.const 4)))))
            ;; `count`: right only where the contract is named, which begins with a `t`, and the array is empty.
            (if (i32.eq (local.get $name) (i32.const 99)) (then
                (if (i32.ne (i32.load8_u (local.get $contract)) (i32.const 116)) (then unreachable))
                (if (i32.ne (local.get $length) (i32.const 2)) (then unreachable))
                (return (call $say (i32.const 0) (i32.const 522) (i32.const 1)))))
            (if (i32.eq (local.get $how) (i32.const 2)) (then unreachable))
            (if (i32.eq (local.get $how) (i32.const 3)) (then (loop $spin (br $spin))))
            ;; `tell`
            (if (i32.eq (local.get $name) (i32.const 116)) (then
                (if (i32.eqz (local.get $how)) (then (return (call $say (i32.const 0) (i32.const 512) (i32.const 4)))))
                (if (i32.eq (local.get $how) (i32.const 4)) (then
                    (return (call $say (i32.const 1) (i32.const 531) (i32.const 18)))))
                (return (call $say (i32.const 1) (i32.const 600) (i32.const LENGTH)))))
            ;; `decide`
            (if (i32.eqz (local.get $how)) (then (return (call $say (i32.const 0) (i32.const 516) (i32.const 2)))))
            (if (i32.eq (local.get $how) (i32.const 4)) (then
                (return (call $say (i32.const 0) (i32.const 518) (i32.const 4)))))
            (if (i32.eq (local.get $how) (i32.const 5)) (then
                (return (call $say (i32.const 1) (i32.const 516) (i32.const 2)))))
            (if (i32.eq (local.get $how) (i32.const 6)) (then
                (return (call $say (i32.const 0) (i32.const 523) (i32.const 8)))))
            (call $say (i32.const 1) (i32.const 518) (i32.const 4)))"#;
    let core = core.replace("BUSY", &busy.replace('"', "\\\"")).replace("LENGTH", &busy.len().to_string());
    component(&wit, &(typed + &core))
}

/// The desk: passes everything on to the office that it imports, and gives back what it gets.
pub(crate) fn desk() -> Vec<u8> {
    let wit = office_package("1.0.0", ITEM, FUNCTIONS)
        + &format!(
            "package test:front@1.0.0 {{ interface desk {{
                use lgsp:types/faults@1.0.0.{{fault}}; use test:office/inbox@1.0.0.{{item}}; {FUNCTIONS} }} }}
            world w {{ import test:office/inbox@1.0.0; export test:front/desk@1.0.0; }}"
        );
    let core = r#"
        (import "test:office/inbox@1.0.0" "echo" (func $echo (param i32 i32 i32)))
        (import "test:office/inbox@1.0.0" "hand-over" (func $hand-over (param i32 i32 i32)))
        (import "test:office/inbox@1.0.0" "tell" (func $tell (param i32 i32)))
        (import "test:office/inbox@1.0.0" "decide" (func $decide (param i32 i32)))
        (import "test:office/inbox@1.0.0" "count" (func $count (result i32)))
        (func (export "test:front/desk@1.0.0#echo") (param i32 i32) (result i32)
            (call $echo (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
        (func (export "test:front/desk@1.0.0#hand-over") (param i32 i32) (result i32)
            (call $hand-over (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
        (func (export "test:front/desk@1.0.0#tell") (param i32) (result i32)
            (call $tell (local.get 0) (i32.const 16)) (i32.const 16))
        (func (export "test:front/desk@1.0.0#decide") (param i32) (result i32)
            (call $decide (local.get 0) (i32.const 16)) (i32.const 16))
        (func (export "test:front/desk@1.0.0#count") (result i32) (call $count))"#;
    component(&wit, core)
}

/// The messenger: hands what it gets over, twice, and tells how the second time ended.
pub(crate) fn messenger() -> Vec<u8> {
    let wit = office_package("1.0.0", ITEM, FUNCTIONS)
        + "package test:front@1.0.0 { interface messenger {
            use lgsp:types/faults@1.0.0.{fault}; use test:office/inbox@1.0.0.{item};
            hand-over: func(items: list<item>) -> result<_, fault>; } }
        world w { import test:office/inbox@1.0.0; export test:front/messenger@1.0.0; }";
    let core = r#"
        (import "test:office/inbox@1.0.0" "hand-over" (func $hand-over (param i32 i32 i32)))
        (func (export "test:front/messenger@1.0.0#hand-over") (param i32 i32) (result i32)
            (call $hand-over (local.get 0) (local.get 1) (i32.const 64))
            (call $hand-over (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))"#;
    component(&wit, core)
}

const STEP: &str = "package test:chain@1.0.0 { interface step {
    use lgsp:types/faults@1.0.0.{fault}; go: func() -> result<_, fault>; } }";

/// A link of a chain: goes on to whoever serves the step that it imports.
pub(crate) fn link() -> Vec<u8> {
    let wit = format!("{STEP} world w {{ import test:chain/step@1.0.0; export test:chain/step@1.0.0; }}");
    let core = r#"
        (import "test:chain/step@1.0.0" "go" (func $go (param i32)))
        (func (export "test:chain/step@1.0.0#go") (result i32) (call $go (i32.const 16)) (i32.const 16))"#;
    component(&wit, core)
}

/// Imports what no exchange can carry, and what nobody can serve.
pub(crate) fn stranger() -> Vec<u8> {
    let wit = "package test:strange@1.0.0 {
            interface handles { resource thing; give: func() -> thing; }
            interface plain { go: func(); } }
        world w {
            import test:strange/handles@1.0.0;
            import inline: interface { go: func(); }
            export test:strange/plain@1.0.0; }";
    let core = r#"
        (import "test:strange/handles@1.0.0" "give" (func (result i32)))
        (import "inline" "go" (func $go))
        (func (export "test:strange/plain@1.0.0#go") (call $go))"#;
    component(wit, core)
}

/// Counts how often it was called: 0 ends well, 1 traps, 2 never ends.
pub(crate) fn counter() -> Vec<u8> {
    let wit = "package test:count@1.0.0 { interface counter { next: func(how: u32) -> u32; } }
        world w { export test:count/counter@1.0.0; }";
    let core = r#"
        (global $count (mut i32) (i32.const 0))
        (func (export "test:count/counter@1.0.0#next") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))
            (if (i32.eq (local.get 0) (i32.const 2)) (then (loop $spin (br $spin))))
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (global.get $count))"#;
    component(wit, core)
}

/// Imports nothing, and never ends while its instance is made.
pub(crate) fn never_ready() -> Vec<u8> {
    let wit = "package test:count@1.0.0 { interface counter { next: func(how: u32) -> u32; } }
        world w { export test:count/counter@1.0.0; }";
    let core = r#"
        (func $begin (loop $spin (br $spin)))
        (start $begin)
        (func (export "test:count/counter@1.0.0#next") (param i32) (result i32) (local.get 0))"#;
    component(wit, core)
}

/// Imports nothing, and never ends while it is given its argument.
pub(crate) fn never_given() -> Vec<u8> {
    let wit = "package test:count@1.0.0 { interface counter { next: func(how: string) -> u32; } }
        world w { export test:count/counter@1.0.0; }";
    let core = r#"(func (export "test:count/counter@1.0.0#next") (param i32 i32) (result i32) (local.get 0))"#;
    component_with(wit, core, GREEDY)
}

/// A desk that never ends while the gateway gives it the office's fault.
pub(crate) fn greedy_desk() -> Vec<u8> {
    let wit = office_package("1.0.0", ITEM, FUNCTIONS)
        + "package test:front@1.0.0 { interface desk {
            use lgsp:types/faults@1.0.0.{fault}; tell: func(how: u32) -> result<_, fault>; } }
        world w { import test:office/inbox@1.0.0; export test:front/desk@1.0.0; }";
    let core = r#"
        (import "test:office/inbox@1.0.0" "tell" (func $tell (param i32 i32)))
        (func (export "test:front/desk@1.0.0#tell") (param i32) (result i32)
            (call $tell (local.get 0) (i32.const 16)) (i32.const 16))"#;
    component_with(&wit, core, GREEDY)
}

/// Waits for so many milliseconds, then never ends.
pub(crate) fn sleeper() -> Vec<u8> {
    let wit = "package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }
        package wasi:clocks@0.2.0 { interface monotonic-clock {
            use wasi:io/poll@0.2.0.{pollable}; subscribe-duration: func(nanos: u64) -> own<pollable>; } }
        package test:sleep@1.0.0 { interface sleeper { sleep: func(millis: u32) -> u32; } }
        world w { import wasi:clocks/monotonic-clock@0.2.0; export test:sleep/sleeper@1.0.0; }";
    let core = r#"
        (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $in (param i64) (result i32)))
        (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $wait (param i32)))
        (func (export "test:sleep/sleeper@1.0.0#sleep") (param i32) (result i32)
            (call $wait (call $in (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 1000000))))
            (loop $spin (br $spin))
            (i32.const 0))"#;
    component(wit, core)
}

/// Writes a byte into every other page of its memory, a hundred of them.
pub(crate) fn scatterer() -> Vec<u8> {
    let wit = "package test:scatter@1.0.0 { interface scatterer { write: func(text: string) -> u32; } }
        world w { export test:scatter/scatterer@1.0.0; }";
    let core = r#"
        (func (export "test:scatter/scatterer@1.0.0#write") (param i32 i32) (result i32) (local $page i32)
            (loop $next
                (i32.store8 offset=65536 (i32.shl (local.get $page) (i32.const 13)) (i32.const 7))
                (local.set $page (i32.add (local.get $page) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $page) (i32.const 100))))
            (local.get $page))"#;
    component(wit, core)
}
