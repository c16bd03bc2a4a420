"""Each mistake in a file or an option is one clear message with place and remedy, in both languages; exit code 3."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from command import Bench, Said, started

from conformance.model.endpoint import Binding
from conformance.pki.lab import create_lab, reissue_crls
from conformance.probes import Measured, ProbeContext, measure

BAD_INPUT = 3
SELECT = ("--select", "PKI-02/client-leaf-expired")


def assert_told(mgcc: Callable[..., Said], argv: tuple[object, ...], *words: str) -> None:
    """Run the command in both languages: one message that names `words`, a remedy, and no traceback."""
    said = {language: mgcc("--lang", language, *argv) for language in ("en", "ja")}
    for one in said.values():
        assert one.code == BAD_INPUT, one
        assert "Traceback" not in one.err + one.out
        for word in words:
            assert word in one.err, (word, one.err)
    assert said["en"].err != said["ja"].err
    assert said["en"].err.isascii() or any(sign < "\u3040" for sign in said["en"].err)
    assert any("\u3040" <= sign <= "\u9fff" for sign in said["ja"].err)
    assert "->" in said["en"].err or ". " in said["en"].err


def assert_refused_file(mgcc: Callable[..., Said], path: Path, *words: str) -> None:
    """The endpoint file at `path` is refused by `run` with one line that begins with its name."""
    argv = ("run", "--endpoint", path, *SELECT)
    assert_told(mgcc, argv, path.name, *words)
    assert len(mgcc(*argv).err.splitlines()) == 1


HOSTILE_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "[empty]"),
    "only-a-comment": (b"# nothing\n", "[empty]"),
    "not-utf-8": (b"mgcc: 1\nproduct: \xff\xfe\n", ":2: [not-utf-8]"),
    "utf-16": ("mgcc: 1\n".encode("utf-16"), "[not-utf-8]"),
    "binary": (bytes(range(256)) * 4, "["),
    "not-yaml": (b"mgcc: 1\nproduct: {name: [\n", "[not-yaml]"),
    "tab": (b"mgcc:\n\t1\n", "[not-yaml]"),
    "list": (b"- 1\n- 2\n", "["),
    "scalar": (b"42\n", "["),
    "two-documents": (b"mgcc: 1\n---\nmgcc: 1\n", "[not-yaml]"),
    "alias-bomb": (
        b"a: &a [x, x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 120)),
        "[anchor]",
    ),
    "tag": (b"mgcc: !!python/object/apply:os.system [id]\n", "[tag]"),
    "huge": (b"# " + b"x" * (2 << 20), "[too-large]"),
    "deep": (b"a: " + b"[" * 5000 + b"]" * 5000, "[too-deep]"),
    "very-deep": (b"[" * 500_000, "[too-deep]"),
    "merge-key": (b"mgcc: 1\n<<: {product: 1}\n", "["),
    "null-byte": (b"mgcc: 1\x00\n", "[not-yaml]"),
    "key-twice": (b"mgcc: 1\nmgcc: 1\n", ":2: [duplicate-key]"),
    "number-too-long": (b"mgcc: " + b"9" * 5000 + b"\n", "[bad-number]"),
}


@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_a_file_that_is_no_endpoint_file_is_refused(
    kind: str, bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    content, words = HOSTILE_FILES[kind]
    path = tmp_path / "endpoint.yaml"
    path.write_bytes(content)
    said = mgcc("run", "--endpoint", path, *SELECT)
    assert said.code == BAD_INPUT
    assert words in said.err
    assert "endpoint.yaml" in said.err
    assert " -> " in said.err
    assert said.out == ""
    assert len(said.err) < 10_000
    del bench


def test_a_missing_file_is_named(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    assert_refused_file(mgcc, tmp_path / "nowhere.yaml", "[missing]")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert_refused_file(mgcc, tmp_path / "folder.yaml", "[not-a-file]")


def test_a_pipe_in_place_of_the_file_does_not_hang(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert_refused_file(mgcc, tmp_path / "pipe.yaml", "[not-a-file]")


CHANGES: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "unknown-key": (("security_level: 2", "security_levle: 2"), ("security_levle", "security_level")),
    "empty-ics": (("- PKI\n  - TLS\n  - ZTA\n  - INV\n  - CTL\n  - AUD", "[]"), ("ics",)),
    "ics-missing": (("ics:", "envelope_:"), ("envelope_",)),
    "unknown-criterion": (("- PKI\n", "- PKI-99\n"), ("PKI-99",)),
    "path-climbs-out": (("lab: lab", "lab: ../lab"), ("[path-outside]", "../lab")),
    "path-absolute": (("lab: lab", "lab: /etc"), ("[path-outside]", "/etc")),
    "trust-climbs-out": (
        ("  aggregation:\n", "  aggregation:\n    server_trust: ../../etc/passwd\n"),
        ("[path-outside]", "passwd"),
    ),
    "lab-missing": (("lab: lab", "lab: no-lab"), ("no-lab",)),
    "port-out-of-range": (("security_level: 2", "security_level: 9"), ("security_level",)),
    "unknown-region": (("- jp\n", "- mars\n"), ("mars",)),
    "unknown-protocol": (("protocol: modbus", "protocol: carrier-pigeon"), ("carrier-pigeon", "protocol")),
    "unknown-hook": (
        ("envelope:", "hooks: {rebot: {url: 'http://127.0.0.1:9/'}}\nenvelope:"),
        ("rebot", "reboot"),
    ),
    "format-of-the-future": (("mgcc: 1", "mgcc: 2"), ("mgcc",)),
}


@pytest.mark.parametrize("mistake", CHANGES)
def test_a_mistake_in_the_endpoint_file_is_named_with_its_line(
    mistake: str, bench: Bench, mgcc: Callable[..., Said]
) -> None:
    change, words = CHANGES[mistake]
    path = bench.changed(f"{mistake}.yaml", change)
    assert_told(mgcc, ("run", "--endpoint", path, *SELECT), *words)


def test_the_same_mistakes_are_told_by_preflight_and_plan(bench: Bench, mgcc: Callable[..., Said]) -> None:
    path = bench.changed("unknown-key-once-more.yaml", ("security_level: 2", "security_levle: 2"))
    for command in ("preflight", "plan"):
        assert_told(mgcc, (command, "--endpoint", path), "unknown-key-once-more.yaml:", "security_levle")


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("--select", "PKI-77"), "PKI-77"),
        (("--select", "XYZ"), "XYZ"),
        (("--select", "PKI-02/no-such"), "no-such"),
        (("--select", "PKI-02/client-leaf-expired@distribution:smoke"), "smoke"),
        (("--select", "PKI-02/client-leaf-expird"), "client-leaf-expired"),
        ((*SELECT, "--format", "pdf"), "pdf"),
    ],
)
def test_a_selection_that_names_nothing_is_refused_with_advice(
    argv: tuple[str, ...], word: str, bench: Bench, mgcc: Callable[..., Said]
) -> None:
    assert_told(mgcc, ("run", "--endpoint", bench.endpoint, *argv), word)


def test_a_point_or_region_that_the_file_lacks_is_refused(bench: Bench, mgcc: Callable[..., Said]) -> None:
    path = bench.changed("only-jp.yaml", ("- jp\n- us\n- eu", "- jp"))
    assert_told(mgcc, ("run", "--endpoint", path, "--region", "eu", *SELECT), "eu", "jp")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_an_unreachable_port_is_named_with_its_place(bench: Bench, mgcc: Callable[..., Said]) -> None:
    port = free_port()
    text = bench.text
    old = text[text.index("    port: ") :].splitlines()[0]
    path = bench.folder / "unreachable.yaml"
    path.write_text(text.replace(old, old.split("port")[0] + f"port: {port}"), encoding="utf-8")
    assert_told(mgcc, ("run", "--endpoint", path, *SELECT), f"127.0.0.1:{port}")
    assert mgcc("preflight", "--endpoint", path).code == BAD_INPUT


def test_a_name_that_does_not_resolve_is_told(bench: Bench, mgcc: Callable[..., Said]) -> None:
    path = bench.changed(
        "nameless.yaml",
        ("host: 127.0.0.1", "host: no-such-host.invalid"),
        ("envelope:", "declared: {response_s: 1}\nenvelope:"),
    )
    assert_told(mgcc, ("run", "--endpoint", path, *SELECT), "no-such-host.invalid")


@pytest.fixture
def other_lab(bench: Bench) -> Iterator[tuple[Path, Path]]:
    """A copy of the lab, and an endpoint file that names it."""
    folder = bench.folder / "other-lab"
    shutil.copytree(bench.folder / "lab", folder)
    yield folder, bench.changed("other-lab.yaml", ("lab: lab", "lab: other-lab"))
    shutil.rmtree(folder)


def test_a_key_of_another_certificate_is_named(other_lab: tuple[Path, Path], mgcc: Callable[..., Said]) -> None:
    lab, endpoint = other_lab
    shutil.copy(lab / "aggregator" / "issuing.key", lab / "utility" / "issuing.key")
    assert_told(mgcc, ("run", "--endpoint", endpoint, *SELECT), "utility/issuing.key")


@pytest.mark.parametrize("name", ["utility/issuing.key", "aggregator/root.crt", "lab.yaml", "utility/crl.pem"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00nonsense"], ids=["gone", "empty", "junk"])
def test_a_lab_file_that_cannot_be_used_is_named(
    name: str, content: bytes | None, other_lab: tuple[Path, Path], mgcc: Callable[..., Said]
) -> None:
    lab, endpoint = other_lab
    (lab / name).unlink()
    if content is not None:
        (lab / name).write_bytes(content)
    assert_told(mgcc, ("run", "--endpoint", endpoint, *SELECT), name)


def test_a_lab_file_of_great_depth_ends_no_program(other_lab: tuple[Path, Path]) -> None:
    lab, endpoint = other_lab
    (lab / "lab.yaml").write_bytes(b"[" * 200_000)
    said = started("run", "--endpoint", endpoint, *SELECT)
    assert said.code == BAD_INPUT
    assert "lab.yaml" in said.err


def test_a_revocation_list_of_the_past_is_named(other_lab: tuple[Path, Path], mgcc: Callable[..., Said]) -> None:
    from conformance.pki.lab import Lab  # noqa: PLC0415  only this test makes a list anew

    lab, endpoint = other_lab
    reissue_crls(Lab.load(lab), datetime.now(UTC) - timedelta(days=40))
    assert_told(mgcc, ("run", "--endpoint", endpoint, *SELECT), "crl.pem")
    assert mgcc("pki", "crl", "--lab", lab).code == 0
    assert mgcc("preflight", "--endpoint", endpoint).code == 0


@pytest.mark.parametrize("days", [-8000, 400], ids=["expired", "not yet valid"])
def test_a_lab_of_another_time_is_named(days: int, bench: Bench, mgcc: Callable[..., Said]) -> None:
    folder = bench.folder / f"lab-of{days}"
    create_lab(folder, datetime.now(UTC) + timedelta(days=days))
    endpoint = bench.changed(f"lab-of{days}.yaml", ("lab: lab", f"lab: {folder.name}"))
    assert_told(mgcc, ("run", "--endpoint", endpoint, *SELECT), folder.name)


@pytest.mark.parametrize("offset_s", [3600, -3600])
def test_a_clock_that_is_far_off_is_told(
    offset_s: int, bench: Bench, mgcc: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ahead(binding: Binding, context: ProbeContext) -> Measured:
        return msgspec.structs.replace(measure(binding, context), clock_offset_s=float(offset_s))

    monkeypatch.setattr("conformance.preflight.measure", ahead)
    assert_told(mgcc, ("run", "--endpoint", bench.endpoint, *SELECT), f"{offset_s:+d}.0")


def test_a_product_that_refuses_the_rightful_peer_is_warned_of_and_no_configuration_mistake(
    bench: Bench, mgcc: Callable[..., Said]
) -> None:
    path = bench.changed("no-service.yaml", ("path: /mgcc/v1/state", "path: /mgcc/v1/nowhere"))
    said = mgcc("preflight", "--endpoint", path)
    assert said.code == 0
    assert "lab/install" in said.out


def test_what_a_product_says_cannot_move_the_cursor_of_the_terminal(
    bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    tls = context.wrap_socket(connection, server_side=True)
                    tls.recv(4096)
                    tls.sendall(b"HTTP/1.1 403 \x1b[2J\x1b]0;owned\x07\r\nContent-Length: 0\r\n\r\n")
                    tls.close()
                except OSError:
                    continue

    import ssl  # noqa: PLC0415  only here

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        bench.folder / "home" / "distribution" / "cert.pem", bench.folder / "home" / "distribution" / "key.pem"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        endpoint = bench.folder / "rude.yaml"
        endpoint.write_text(
            "mgcc: 1\nproduct: {name: Rude, version: '1'}\nregions: [jp]\nics: {supports: [PKI]}\n"
            "declared: {response_s: 1}\nconnection_points: {distribution: {bindings: [{protocol: https, "
            f"host: 127.0.0.1, port: {listener.getsockname()[1]}, service_check: {{path: /}}}}]}}}}\n",
            encoding="utf-8",
        )
        before = mgcc("preflight", "--endpoint", endpoint)
        out = tmp_path / "run"
        run = mgcc("run", "--endpoint", endpoint, "--select", "PKI-02/client-leaf-short-lived", "--out", out)
        listener.shutdown(socket.SHUT_RDWR)
    told = mgcc("explain", "PKI-02/client-leaf-short-lived@distribution:https", "--of", out)
    for said in (before, run, told):
        assert "\x1b" not in said.out + said.err
        assert "\x07" not in said.out + said.err
    assert (before.code, run.code, told.code) == (0, 2, 0)
