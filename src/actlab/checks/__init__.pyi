from . import explain as explain
from .battery.discovery import activations_in as activations_in
from .battery.findings import WRONG as WRONG, Finding as Finding, Verdict as Verdict, junit as junit
from .battery.run import CHECKS as CHECKS, check as check
from .explain.gradient import gradient_example as gradient_example
from .explain.show import Shown as Shown, Sketch as Sketch
from .identity.known import same_as as same_as
