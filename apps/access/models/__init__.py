"""The tables of the access graph, by noun: inventory, identities, relations, evidence, runs."""

from apps.access.models.evidence import Drill, Exposure, ExposureTarget
from apps.access.models.identities import Credential, Identity
from apps.access.models.imports import ImportFault, ImportRun, ImportState
from apps.access.models.inventory import AIModel, AllowlistEntry, Deployment, Environment
from apps.access.models.relations import (
    Administers,
    Connects,
    ConnectsDeployment,
    Enters,
    Grants,
    Holds,
    Jumps,
    MemberOf,
)
from apps.access.models.runs import PairReach, ReachChange, ScanRun

__all__ = [
    "AIModel",
    "Administers",
    "AllowlistEntry",
    "Connects",
    "ConnectsDeployment",
    "Credential",
    "Deployment",
    "Drill",
    "Enters",
    "Environment",
    "Exposure",
    "ExposureTarget",
    "Grants",
    "Holds",
    "Identity",
    "ImportFault",
    "ImportRun",
    "ImportState",
    "Jumps",
    "MemberOf",
    "PairReach",
    "ReachChange",
    "ScanRun",
]
