"""Numbers of the playground: what JavaScript computes, beside 50 digits."""

from tools import playground


def test_what_is_generated_is_up_to_date():
    for file, text in playground.files().items():
        assert file.read_text(encoding="utf-8") == text, "run `make play`"
