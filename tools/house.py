"""The house: every room, from the ground up. The test of the architecture reads it, ARCHITECTURE.md shows it."""

from pathlib import Path

# a room imports from floors below its own; "errors" and the like are rooms of one file
FLOORS: list[dict[str, str]] = [
    {"errors": "errors that teach: what was given, what is allowed, the nearest name, the next step"},
    {
        "catalogue": "names, formulas and facts, from an index made of the blocks",
        "stats": "arrays in, intervals and verdicts out: paired comparisons, a file a question",
    },
    {
        "formula": "text -> tree -> derivative, exact numbers, kinks: a whitelist parser, nothing is executed",
    },
    {
        "naming": "what people write where an activation is named (`targets`); what a callable is (`sources`)",
    },
    {
        "activations": "the blocks, a file a family; `bridge` is the only autograd code",
        "experiment": "what is asked and what came out: trials, their keys, streams and splits of a seed, tuning, "
        "a run's folder",
    },
    {
        "functional": "the catalogue as functions",
        "making": "from a name to what a stack can train: `resolution`; `probing` of what is a user's; `applied` by "
        "hand or autograd; `modules` with a state; `written` formulas, in forms that floats compute well (`floats/`)",
        "data": "data sets as arrays, one's own too",
    },
    {
        "nn": "the catalogue as modules",
        "checks": "`battery/` what it must pass, `identity/` which it is, `properties/` what it is like, "
        "`explain/` its card, its gradient in numbers",
        "engine": "stacks of networks trained together, with hand-derived backward; `plain` is the same as one "
        "writes it by hand, its oracle",
        "results": "what a run says, in numbers and words; `judging/` verdicts on results that people have already",
    },
    {
        "swapping": "activations replaced in finished models",
        "testing": "for other people's suites: one assertion, and `pytest --actlab`",
        "preflight": "what is wrong with data, networks, activations or machine, before time is spent",
        "running": "missing trials -> stacks -> this process, several, or an executor of somebody's -> store",
        "report": "how a run looks: `svg` draws, `figures` and its neighbours say what, `page` has it all; no torch",
    },
    {
        "workflows": "several rooms in a row: compare, try, confirm, reproduce, load a model",
        "learn": "exercises of docs/learn, and what checks a reader's file, in a process of its own",
        "play": "the playground: modules of JavaScript and their packer; what Python embeds for a formula",
    },
    {"cli": "parse, call one function, print: one file a group of commands"},
]
WITHOUT_TORCH = {
    "errors", "catalogue", "stats", "formula", "naming", "experiment", "data", "results", "report", "learn",
    "play", "cli",
}  # fmt: skip
PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
BEGIN, END = "<!-- drawn by tools/house.py -->\n", "<!-- end -->\n"


def picture() -> str:
    """The floors as a table, the ground last; rooms that load no torch in italics."""
    rows = ["| floor | room | what |", "|---|---|---|"]
    for level, rooms in reversed(list(enumerate(FLOORS))):
        for room, what in rooms.items():
            rows.append(f"| {level} | {f'*{room}*' if room in WITHOUT_TORCH else room} | {what} |")
    return "\n".join(rows) + "\n"


def drawn(text: str) -> str:
    """A page with the picture in its place."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{picture()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
