"""records/README.md: every claim with its record, command, commit and machine, and where it is cited."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "records" / "README.md"
CLAIMS = {
    "mnist.json": "relu, tanh and leaky_relu on MNIST, 10 seeds each",
    "answers.json": "20 seeds, own learning rates, more activations, depth",
    "tutorial.md": "the published tutorial's figures, trained again, and why its conclusion fails",
    "verdicts.json": "verdicts are wrong no more often than they say, on made data",
    "skew.json": "intervals where differences are skewed: what was tried, what holds",
    "verdicts_trained.json": "the same on trained networks",
    "battery.json": "every planted mistake is caught, nothing right is blamed; what a check takes",
    "audit.json": "what the battery finds in six libraries",
    "audit_confirmed.json": "findings of the audit that were drawn and looked at by hand",
    "preflight.json": "planted faults of data and machine are found, right ones are let pass",
    "engine.json": "training stacks beside their products and peers",
    "engine.md": "what was tried to make the engine faster, with figures",
    "engine_before.json": "the engine beside its older self",
    "operators.json": "forward and backward of each activation beside PyTorch's own",
    "scaling.json": "1 to 1,000 networks, one process to one a core: time, memory",
    "startup.json": "from the start of a process to its help, and to the first step",
    "inside.json": "what measuring inside the networks costs a run, on MNIST and digits",
    "examples.json": "dying relu and vanishing gradients, made to happen and looked at",
    "own.json": "page 7's own function beside relu, on digits, with 20 seeds",
    "faults.json": "what goes wrong around a run is told, and nothing is lost: signals, disks, folders, damages",
    "trial.json": "readers with page 6 of learn and without it name the faults of four broken runs",
    "mnist_seeds.json": "page 5's relu, tanh and leaky_relu on MNIST, what each of 20 seeds said",
    "play_frames.json": "the playground's training: what a frame of two networks 2-8-8-1 takes",
    "drawing.json": "what draws the pages: size, time, keyboard, dark, beside other libraries",
    "kills.json": "runs killed with -9 at random moments, then finished: tables equal to undisturbed ones",
    "power.json": "states that a disk may hold after a power loss: nothing committed is lost, the same command goes on",
    "play.json": "the playground: its size by part, its numbers beside Python's, time to a curve and a frame",
    "large.json": "500 activations x 20 seeds, made up: what storing, judging and drawing them takes",
    "main_job.json": "the whole of `actlab compare`, with 3 and with 30 networks",
    "ray.json": "Ray on clusters of three nodes: what was killed, and the tables of a run in one process",
    "fuzz.json": "hostile input: how much each target was given, what of it was reached, found and mended",
    "engines.json": "Python's pools, loky and Dask, whose processes are killed: equal tables, nothing left behind",
    "dispatch.json": "10,000 networks sent, received and entered without training: the driver's time and memory",
    "sklearn_digits.csv": "a table of other people's results, for `judge`; by studies/sklearn_digits.py",
}


def files() -> list[Path]:
    """Every record; pictures belong to the record of their name."""
    found = [f for f in PAGE.parent.rglob("*") if f.is_file() and f.suffix != ".png" and f != PAGE]
    return sorted(found, key=lambda file: (list(CLAIMS).index(file.name), file.as_posix()))


def cited(file: Path) -> list[str]:
    """The documents that name a record."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    name = file.relative_to(ROOT).as_posix()
    return [d.relative_to(ROOT).as_posix() for d in documents if name in d.read_text(encoding="utf-8")]


def text() -> str:
    rows = ["| claim | record | command | commit | machine | cited in |", "|---|---|---|---|---|---|"]
    for file in files():
        known = json.loads(file.read_text(encoding="utf-8")) if file.suffix == ".json" else {}
        about = known.get("environment", {})
        name = file.relative_to(PAGE.parent).as_posix()
        command = f"`{known['command']}`" if "command" in known else ""
        cells = [
            CLAIMS[file.name], f"[{name}]({name})", command, (about.get("commit") or "")[:12], about.get("cpu", ""),
            ", ".join(f"[{document}](../{document})" for document in cited(file)),
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return (
        "# Records\n\nA script in [studies](../studies) makes each, with command, commit, machine, n and interval. "
        "Older ones name the\ncommand of their commit: `bench/` is `studies/` now, `actlab bench` is `python -m "
        "studies.speed`. By `make records`.\n\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
