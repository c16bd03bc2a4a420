"""A small endpoint file whose parts a test can spoil."""

from pathlib import Path

ENDPOINT = """\
mgcc: 1
product: {name: Sample MMS, version: "1.0"}
regions: [jp, us]
rated_power_W: 5000
connection_points:
  distribution:
    cleartext_ports: {502: 10502}
    bindings:
      - {protocol: https, host: 127.0.0.1, port: 40001, service_check: {path: /mgcc/v1/state}}
      - {protocol: modbus, host: 127.0.0.1, port: 40002, service_check: {register: 40000}}
  aggregation:
    bindings:
      - {protocol: https, host: 127.0.0.1, port: 40003, service_check: {path: /mgcc/v1/state}}
ics: {supports: [PKI]}
"""


def write_endpoint(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the endpoint file with some of its text replaced."""
    text = ENDPOINT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "endpoint.yaml"
    path.write_text(text, encoding="utf-8")
    return path
