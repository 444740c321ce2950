"""README's picture says what code and record say."""

import json
import math
import re

import pytest
import torch
from tools import front, learn


@pytest.mark.large
def test_the_picture_of_the_readme_is_as_made():
    drawn = front.drawing()
    assert learn.same_picture(drawn.as_file, front.FILE.read_text(encoding="utf-8")), "run `python -m tools.front`"
    for document, place in (("README.md", "docs/images"), ("docs/index.md", "images")):
        assert f"![{drawn.label}]({place}/front.svg)" in (learn.ROOT / document).read_text(encoding="utf-8")


def test_what_the_picture_says_is_so():
    """By another way: where float32 has no e^x, and seeds that are counted."""
    text = front.FILE.read_text(encoding="utf-8")
    said = float(re.findall(r"NaN at x = ([\d.]+)<", text)[0])
    last = math.log(torch.finfo(torch.float32).max)
    assert last < said < last + 0.2 and math.isnan(front.slopes(torch.tensor([said]))[0])
    record = json.loads((learn.ROOT / "records" / "own.json").read_text(encoding="utf-8"))
    [one] = (one for one in record["comparisons"] if one["name"].endswith("knock"))
    assert f">{one['verdict']}<" in text and f"with {one['n']} seeds<" in text
    knock, relu = (record["test_accuracy"][arm] for arm in ("knock", "relu"))
    differences = [round(record["test_samples"] * (a - b)) for a, b in zip(knock, relu, strict=True)]
    places = [float(cx) - 150 for cx in re.findall(r'<circle cx="([\d.]+)"[^>]*class="fill"', text)]  # from 0, of relu
    signs = [0 if abs(place) < 1 else math.copysign(1, place) for place in places]
    assert sorted(signs) == sorted(0 if d == 0 else math.copysign(1, d) for d in differences)
