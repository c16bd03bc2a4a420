"""Opens a campaign: catalogue, endpoint file, plan, preflight and run folder, in that order."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from conformance.assembly import AskedAt, Header, Plan
from conformance.campaign import Assignment, Campaign, environment, new_run_id
from conformance.catalogue.endpoint_file import LoadedEndpoint, load_endpoint, load_hooks
from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.catalogue.plan import Disposition, PlanItem, asked_at, plan
from conformance.decision import Asked
from conformance.evidence import timestamp
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.finding import Verdict
from conformance.model.report import CriterionSummary, ItemResult
from conformance.pki.lab import Lab
from conformance.preflight import Preflight, preflight
