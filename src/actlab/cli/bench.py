"""`actlab bench`: what training, activations and starting cost here, beside floors and peers."""

from pathlib import Path
from typing import Annotated

import typer

from actlab.cli.app import app
from actlab.errors import one_of


@app.command(epilog="Example: actlab bench engine --quick")
def bench(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="engine, operators, scaling or startup", show_default="list")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="small data and few rounds: seconds, no result")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="folder of the record", show_default="bench/records of a checkout, bench-records if quick"),
    ] = None,
) -> None:
    """Measure against floors and peers, side by side; write a record and a picture. Without a name: list what there is.

    Nothing else should run on the machine meanwhile. MNIST is found as for compare: ACTLAB_DATA, the cache, a download.
    """
    from actlab.bench import benchmarks

    known = benchmarks()
    if name is None:
        width = max(map(len, known))
        print("\n".join(f"{b.name:<{width}}  {b.sentence} (about {b.takes})" for b in known.values()))
        return
    if name not in known:
        raise one_of("benchmark", name, known)
    from actlab.bench import record as records

    # where the record goes is no part of what was measured
    record = records.measured(name, quick, f"actlab bench {name}" + (" --quick" if quick else ""))
    files = records.write(record, out or records.default_folder(quick))
    print(f"{record['title']}\n\n{records.table(record)}\n\n{record['limits']}")
    if quick:
        print("\nQuick: small data and few rounds. That it runs, no result.")
    print(f"\nRecord: {files[0]}")
