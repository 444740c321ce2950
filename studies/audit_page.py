"""Make docs/audit.md of records/audit.json and of records/audit_confirmed.json, the drawn findings.

python studies/audit_page.py
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "audit.md"
EXAMPLES = (  # what shows best what a check finds, of the packages that are used most
    ("torch.nn", "GELU", "tails"), ("torch.nn", "Tanhshrink", "tails"), ("torch.nn", "Hardswish", "float32"),
    ("torch.nn", "Hardsigmoid", "derivative"), ("torch.nn", "Hardsigmoid", "gradgradcheck"),
    ("torch.nn", "RReLU", "vmap"), ("timm", "GELUTanh", "float32"), ("timm", "MishMe", "vmap"),
    ("transformers", "gelu_new", "tails"), ("transformers", "laplace", "tails"),
    ("transformers", "sqrtsoftplus", "gradient_tails"), ("transformers", "xielu", "derivative"),
    ("torch-activation", "ISRU", "float16"), ("torch-activation", "MPELU", "gradient_tails"),
    ("torch-activation", "Symexp", "derivative"), ("torch-activation", "TeLU", "dtype"),
    ("torch-activation", "AHAF", "constants"), ("torch-activation", "DReLU", "nan"),
    ("torch-activation", "LipschitzReLU", "pickle"), ("torch-activation", "ISRLU", "autocast"),
    ("actix", "ParametricBetaSoftsignTorch", "derivative"), ("actix", "LogCoshGateTorch", "tails"),
    ("actix", "ArcGaLUTorch", "shapes"), ("torchact", "LogSigmoid", "tails"), ("torchact", "Step", "dtype"),
)  # fmt: skip


def main() -> None:
    record = json.loads((ROOT / "records" / "audit.json").read_text(encoding="utf-8"))
    confirmed = json.loads((ROOT / "records" / "audit_confirmed.json").read_text(encoding="utf-8"))
    parts = [_head(record), _by_package(record), _by_check(record), _examples(record), _confirmed(confirmed)]
    parts += [_left_out(record), _limits()]
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{PAGE}: {sum(len(r.get('findings', [])) for r in record['rows'])} findings")


def _head(record: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    about = record["environment"]
    return f"""# An audit of the activations that people use

Every activation class of PyTorch and of five packages went through `actlab.check`: {record["n"]} classes, made with
their default arguments, in {record["seconds"] / 60:.0f} minutes with two processes. A finding is a check that failed.
The limits are actlab's, and strict: a relative error above 1 in 1,000 wherever the true value is a normal number is a
finding, whether or not it harms a training.

Record: `records/audit.json` (all findings, each with a line of shell), written by `{record["command"]}` on
{record["date"]}, commit {about["commit"]}, {about["cpu"]}, {about["cores"]} cores, Python {about["python"]}. Versions:
{versions}.
torchvision, which timm imports and its activations do not use: {record["torchvision"]}."""


def _by_package(record: dict[str, Any]) -> str:
    lines = [
        "## By package",
        "",
        "| package | classes | checked | without a finding | with a wrong number or state | with a portability finding "
        "only | left out |",
        "|---|---|---|---|---|---|---|",
    ]
    for package in _packages(record):
        rows = [r for r in record["rows"] if r["package"] == package]
        checked = [r for r in rows if r["status"] == "checked"]
        clean = sum(not r["findings"] for r in checked)
        wrong = sum(any(f["severity"] == "wrong" for f in r["findings"]) for r in checked)
        other = len(checked) - clean - wrong
        numbers = (len(rows), len(checked), clean, wrong, other, len(rows) - len(checked))
        lines.append(f"| {package} | {' | '.join(str(n) for n in numbers)} |")
    lines += [f"\n{name} could not be imported: {why}." for name, why in record["not_importable"].items()]
    return "\n".join(lines)


def _by_check(record: dict[str, Any]) -> str:
    packages = _packages(record)
    counts = Counter((f["check"], r["package"]) for r in record["rows"] for f in r.get("findings", []))
    severity = {f["check"]: f["severity"] for r in record["rows"] for f in r.get("findings", [])}
    total = Counter(check for check, _ in counts.elements())
    lines = [
        "## By check",
        "",
        f"{total.total()} findings. One mistake may fail several checks: an overflow fails all three sweeps.",
        "",
        f"| check | severity | {' | '.join(packages)} | all |",
        "|---" * (len(packages) + 3) + "|",
    ]
    for check, count in total.most_common():
        cells = " | ".join(str(counts[check, package] or "") for package in packages)
        lines.append(f"| {check} | {severity[check]} | {cells} | {count} |")
    return "\n".join(lines)


def _examples(record: dict[str, Any]) -> str:
    found = {(r["package"], r["name"], f["check"]): f for r in record["rows"] for f in r.get("findings", [])}
    lines = [
        "## Examples",
        "",
        "Each line of shell prints what the finding says, or fails with the error that it names.",
    ]
    for key in EXAMPLES:
        if key in found:
            finding = found[key]
            where = f" At {finding['where']}:" if finding["where"] else ""
            lines += ["", f"**{key[0]} {key[1]}, {key[2]}.**{where} {finding['says']}", "", "```sh"]
            lines += [finding["reproduction"], "```"]
    return "\n".join(lines)


def _confirmed(confirmed: dict[str, Any]) -> str:
    rows = confirmed["rows"]
    false = [row for row in rows if not row["confirmed"]]
    lines = [
        "## Drawn at random and confirmed",
        "",
        f"{len(rows)} findings were drawn (`{confirmed['drawn']}`) and each was looked at by itself, without actlab: "
        f"{confirmed['how']} {len(rows) - len(false)} were confirmed, {len(false)} were not.",
        "",
        "| package | class | check | what confirms it |",
        "|---|---|---|---|",
    ]
    for row in rows:
        verdict = row["shown"] if row["confirmed"] else f"**false**: {row['shown']}"
        lines.append(f"| {row['package']} | {row['name']} | {row['check']} | {_cell(verdict)} |")
    return "\n".join(lines)


def _left_out(record: dict[str, Any]) -> str:
    lines = ["## Left out", "", "| package | class | why |", "|---|---|---|"]
    for row in record["rows"]:
        if row["status"] != "checked":
            lines.append(f"| {row['package']} | {row['name']} | {row['status']}: {_cell(row['why'])} |")
    return "\n".join(lines)


def _limits() -> str:
    return """## What this audit does not say

- Where a library does not say which function a class is, nothing but its own float64 was the truth, or a function of
  the catalogue that it equals to 1e-6: a class that computes another function than its paper's was not noticed.
- A gradient that differs from the derivative by intention (a straight-through estimator) is listed like one that
  differs by mistake.
- The number that a finding calls true is not exact where a slope is infinite (`SQRT`, `SSAF` at 0), beside a bend of
  width 1e-6 (`ModifiedArcsinh`, `FracPReLU`, `FracLReLU`), and for parameters that are known to 1e-6 alone (`Sine` far
  out), though what comes out there (NaN, 0) is wrong all the same.
- Randomly drawn starting values were drawn with seed 0.
- The lines of shell in the record were written anew after the run: float32's largest number needs a detour.

## False alarms on the way here

Two earlier runs of this audit, with earlier states of the battery, had false findings, all of classes whose formula
nobody declared. Each kind was taken out of the battery, not out of the list:

| kind | example | now |
|---|---|---|
| differences taken for f' where f'' jumps | `PREU` at 1e-6 | wrong is only what none of many differences confirms |
| smoothed kinks narrower than the step of a difference | `BReLUPlus`, `SquarePlus` at 1e-4 | the same |
| f jumps or swings too fast for differences | `SHLUTorch` at 1e4 | a slope on which no two agree is not known |
| recognised as what it is not near 0 | `SoftsignPlus`, `MishPlus` | small values: its own float64 is the truth |
| the start of a parameter lies on a kink | `FALU`, `NIN` | parameters are checked a little beside their start |
| slopes beside a kink known to 1e-8 alone | `MMeLU` at 1 | a wider limit at kinks that were found |
| subnormal numbers, rounded at a kink or when scaled | `SCSwish`, `ARBF` | they are left out there |
| bfloat16's own rounding taken for autocast's | `HCAF` | autocast is compared with bfloat16 |
| no gradient at all, and a check that asks for one | `Step` | such checks are skipped |
| float32 out of float16, compared as if it were float16 | `PATS` | rounded first |"""


def _packages(record: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(r["package"] for r in record["rows"]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
