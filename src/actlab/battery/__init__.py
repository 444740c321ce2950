"""The battery: what an activation must pass, and what the battery says of it."""

from actlab.battery.findings import Finding, Verdict, junit
from actlab.battery.run import CHECKS, check

__all__ = ["CHECKS", "Finding", "Verdict", "check", "junit"]
