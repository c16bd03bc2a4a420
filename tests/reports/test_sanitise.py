import pytest
from report_sample import SECRET

from conformance.model.report import Report
from reports.reading import counts
from reports.sanitise import LONGEST_TEXT, Machine, cleaned, scrubber, shown, this_machine, visible

MACHINE = Machine(hosts=("lab-pc-07",), users=("tanaka",), folders=("/data/tanaka", "/home/tanaka"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot read /home/tanaka/lab/ca.key", "cannot read [path]/ca.key"),
        ("File '/data/tanaka/x', line 3", "File '[path]', line 3"),
        ("file:///tmp/abc/d.pem missing", "[path]/d.pem missing"),
        (r"C:\Users\Tanaka\lab.yaml missing", "[path] missing"),
        ("LAB-PC-07 answered", "[host] answered"),
        ("by tanaka", "by [user]"),
        ("https://u:pw@gateway.example/x", "https://[secret]@gateway.example/x"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("password=hunter2, next", "password=[secret], next"),
        ("-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----.", "[secret]."),
        ("-----BEGIN EC PRIVATE KEY-----\ncut off", "[secret]"),
    ],
)
def test_what_is_not_a_readers_business_goes(text: str, expected: str) -> None:
    assert scrubber(MACHINE)(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 200 on GET /mgcc/v1/state",
        "https://mms.example/home/x served",
        "tanaka-denki is the supplier of lab-pc-070",
        "the root certificate of the utility",
        "alert 45 certificate_expired; TLS 1.2/1.3",
    ],
)
def test_what_a_reader_needs_stays(text: str) -> None:
    assert scrubber(MACHINE)(text) == text


def test_ordinary_words_are_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "server")
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    machine = this_machine()
    assert (machine.hosts, machine.users) == ((), ())


def test_a_user_without_a_name_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert this_machine().users == ()


def test_control_and_direction_characters_are_written_out() -> None:
    assert visible("a\x1b[2J\x00\u202eb\ufffe\ud800\r\n\tc\u3000日本") == (
        "a\\x1b[2J\\x00\\u202eb\\ufffe\\ud800\\x0d\n\tc\u3000日本"
    )


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    text = shown("x" * 100_000, scrubber(MACHINE))
    assert text == "x" * LONGEST_TEXT + " [... 100000]"


def test_a_cleaned_report_counts_as_before_and_holds_no_secret(report: Report, planted: Machine) -> None:
    clean = cleaned(report, planted)
    assert counts(clean.items) == counts(report.items)
    assert [item.id for item in clean.items] == [item.id for item in report.items]
    assert SECRET not in repr(clean)
    assert "hostname" not in clean.environment
