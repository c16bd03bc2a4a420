"""The suite's hands on the network: one stimulus in, the facts of what happened out; no expectation anywhere."""

from conformance.probes.context import ProbeContext, UnsupportedError
from conformance.probes.measure import Measured, measure
from conformance.probes.perform import perform

__all__ = ["Measured", "ProbeContext", "UnsupportedError", "measure", "perform"]
