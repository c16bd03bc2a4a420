import pytest
from report_sample import green, sample

from conformance.model.report import Report
from reports.sanitise import Machine


@pytest.fixture
def report() -> Report:
    return sample()


@pytest.fixture
def calm() -> Report:
    return green()


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose names stand in the sample's free text, as the views' own idea of where they run."""
    machine = Machine(hosts=("planted-lab-pc",), users=("hanako.planted",), folders=("/home/hanako.planted",))
    monkeypatch.setattr("reports.sanitise.this_machine", lambda: machine)
    return machine
