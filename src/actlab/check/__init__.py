"""The battery: what an activation must pass, and what the battery says of it."""

from actlab.check.battery import CHECKS, check
from actlab.check.findings import Finding, Verdict, junit

__all__ = ["CHECKS", "Finding", "Verdict", "check", "junit"]
