//! Settings that are each right and cannot stand together, and ways that would give a secret away.

use crate::{LEAST, adds, told};

/// An endpoint that is right but for what is added, whose lines begin at 8.
fn endpoint_adds(text: &str, expected: &[&str]) {
    let head = "[endpoints.db]\nurl = \"https://db.example/a\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n";
    adds(&format!("{head}{text}"), expected);
}

#[test]
fn settings_that_contradict_each_other_are_mistakes() {
    adds(
        "[limits]\ndeadline = \"1 s\"\ncpu = \"2 s\"\n",
        &[
            "6:7 limits.cpu: `2 s` of time in the guest is longer than the whole exchange (hint: at most the deadline, `1 s`)",
        ],
    );
    adds(
        "[key-value]\nquota = \"1 KiB\"\nvalue = \"2 KiB\"\n",
        &[
            "6:9 key-value.value: one value of `2 KiB` is larger than all together may be (hint: at most the quota, `1 KiB`)",
        ],
    );
    adds(
        "[callers]\nallow = [\"x\"]\nany-authenticated = true\npurposes = [\"p\"]\nrequire-purpose = false\n",
        &[
            "5:1 callers.allow: names callers although `any-authenticated` lets every one call (hint: keep one of the two)",
            "8:19 callers.require-purpose: purposes are listed, so one must be said (hint: take out `require-purpose`, or the list in `purposes`)",
        ],
    );
    adds(
        "[callers]\nallow = [\"x\"]\nonly = { y = [\"s/f\"], x = [\"t/f\"] }\n",
        &[
            "6:10 callers.only.y: narrows a caller that may not call at all (hint: add `y` to `callers.allow`)",
            "6:28 callers.only.x[0]: service `t` is not served by this policy (hint: known here: `s`)",
        ],
    );
    adds(
        "[[files]]\nhost = \"/srv/a\"\nguest = \"/a\"\nmode = \"read\"\n[[files]]\nhost = \"/srv/a/b\"\nguest = \"/a/b\"\nmode = \"write\"\n",
        &[
            "9:8 files[1].host: `/srv/a/b` and `/srv/a` are one folder, or one lies in the other (hint: grant folders that lie apart)",
            "10:9 files[1].guest: `/a/b` and `/a` are one folder, or one lies in the other (hint: grant folders that lie apart)",
        ],
    );
    endpoint_adds(
        "[endpoints.db.timeouts]\ntotal = \"20 s\"\nconnect = \"30 s\"\n",
        &[
            "9:9 endpoints.db.timeouts.total: `20 s` is longer than the whole exchange may last (hint: at most `10 s`)",
            "10:11 endpoints.db.timeouts.connect: `30 s` is longer than the whole call may last (hint: at most `20 s`)",
        ],
    );
}

#[test]
fn an_endpoint_has_one_credential() {
    endpoint_adds(
        "credential = { bearer = { token = \"env:T\" }, basic = { username = \"u\" } }\n",
        &[
            "8:46 endpoints.db.credential.basic: is a second credential for one endpoint (hint: keep one; only a client certificate may stand beside another, in `tls`)",
            "8:46 endpoints.db.credential.basic.password: is missing (hint: say where it is: \"env:NAME\" or \"file:/absolute/path\")",
        ],
    );
    endpoint_adds(
        "credential = {}\n",
        &[
            "8:14 endpoints.db.credential: names no kind of credential (hint: name one: `header`, `basic`, `bearer`, `oauth2`, `vxp-signature`, `client-certificate`)",
        ],
    );
    endpoint_adds(
        "credential = { oauth = {} }\n",
        &["8:16 endpoints.db.credential.oauth: unknown key `oauth` (hint: did you mean `oauth2`?)"],
    );
    endpoint_adds(
        "credential = { client-certificate = { cert = \"env:C\", key = \"env:K\" } }\ntls = { client-certificate = { cert = \"env:C\", key = \"env:K\" } }\n",
        &["8:1 endpoints.db.credential: names a second client certificate (hint: keep this one or the one in `tls`)"],
    );
    endpoint_adds(
        "headers = [\"x-key\", \"Authorization\", \"X-Nhip-Caller\"]\ncredential = { header = { name = \"X-Key\", value = \"env:K\" } }\n",
        &[
            "8:12 endpoints.db.headers[0]: `x-key` is what the credential writes (hint: take it out of the list)",
            "8:21 endpoints.db.headers[1]: `authorization` cannot be granted: it carries the credential (hint: leave it to the host)",
            "8:38 endpoints.db.headers[2]: `x-nhip-caller` cannot be granted: it speaks for the gateway (hint: leave it to the host)",
        ],
    );
    endpoint_adds(
        "credential = { header = { name = \"Host\", value = \"env:K\" } }\n",
        &[
            "8:34 endpoints.db.credential.header.name: `host` cannot carry a credential: it names the upstream (hint: name another header)",
        ],
    );
    endpoint_adds(
        "credential = { vxp-signature = { system-id = \"a\", secret = \"env:K\", sign = [\"XroadVnpt-hash-header\", \"date\"] } }\n",
        &[
            "8:77 endpoints.db.credential.vxp-signature.sign[0]: `xroadvnpt-hash-header` is not a header that this signature covers (hint: name headers that begin with `XroadVnpt-`, without the three of the signature itself)",
            "8:102 endpoints.db.credential.vxp-signature.sign[1]: `date` is not a header that this signature covers (hint: name headers that begin with `XroadVnpt-`, without the three of the signature itself)",
        ],
    );
}

#[test]
fn the_way_to_an_endpoint_is_looked_at_before_it_is_used() {
    let url = |url: &str, more: &str, expected: &[&str]| {
        let head = format!("[endpoints.db]\nmethods = [\"GET\"]\npaths = [\"/*\"]\nurl = \"{url}\"\n");
        adds(&format!("{head}{more}"), expected);
    };
    let inside = "(hint: if the endpoint is meant to be inside, set `private-network = true`)";
    url(
        "http://localhost/a",
        "",
        &[&format!("7:7 endpoints.db.url: the address 127.0.0.1 is this machine's own (loopback) {inside}")],
    );
    url(
        "https://[::ffff:a00:1]",
        "",
        &[&format!("7:7 endpoints.db.url: the address ::ffff:10.0.0.1 is in a private network {inside}")],
    );
    url(
        "http://169.254.169.254/",
        "private-network = true\n",
        &[
            "7:7 endpoints.db.url: the address 169.254.169.254 is a cloud's metadata service (hint: no policy can allow such an address; check what the name of the endpoint resolves to)",
        ],
    );
    let clear = "a credential would travel through an open network in clear text (hint: use `https`, or set `private-network = true` if the endpoint is inside)";
    url(
        "http://db.example",
        "credential = { bearer = { token = \"env:T\" } }\n",
        &[&format!("7:7 endpoints.db.url: {clear}")],
    );
    url("http://db.example", "secrets = { PIN = \"env:T\" }\n", &[&format!("7:7 endpoints.db.url: {clear}")]);
    url(
        "https://db.example",
        "credential = { oauth2 = { client-id = \"env:I\", client-secret = \"env:S\", token-url = \"http://id.example/t\" } }\n",
        &[&format!("8:85 endpoints.db.credential.oauth2.token-url: {clear}")],
    );
    url(
        "http://db.example",
        "tls = { min-version = \"1.3\" }\n",
        &["8:1 endpoints.db.tls: has no meaning for an `http` URL (hint: use `https`, or take it out)"],
    );
    for (text, fault) in [
        ("ftp://db.example", "the scheme `ftp` is not served (hint: use `https` or `http`)"),
        ("data:,x", "the scheme `data` is not served (hint: use `https` or `http`)"),
        (
            "db.example",
            "is not a URL (hint: write scheme, host and path, such as \"https://api.example.vn/dancu/1.0\")",
        ),
        (
            "https://db.example/a%2Fb",
            "the path is not plain: it has `%2F`, which readers take apart differently (hint: write the path without detours)",
        ),
        ("https://DB.example:443/a", "is not in its normal spelling (hint: write \"https://db.example/a\")"),
        ("https://db.example/a/../b", "is not in its normal spelling (hint: write \"https://db.example/b\")"),
        ("https://2130706433/", "is not in its normal spelling (hint: write \"https://127.0.0.1/\")"),
    ] {
        let told = told(&format!("{LEAST}[endpoints.db]\nmethods = [\"GET\"]\npaths = [\"/*\"]\nurl = \"{text}\"\n"));
        assert_eq!(told.lines().next(), Some(format!("7:7 endpoints.db.url: {fault}").as_str()), "{text}");
    }
}
