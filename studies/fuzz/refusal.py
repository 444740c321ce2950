"""What a refusal has to be: a line that one can read, without anything of the input that a terminal would obey."""

LONGEST = 2000  # characters; a formula has at most as many


def unclear(words: str) -> str:
    """Why the words of an error are none for a person, or nothing."""
    lines = words.split("\n")
    pointed = len(lines) == 3 and lines[2].strip() == "^"  # a formula, and a mark under what is wrong in it
    if not words.strip():
        return "says nothing"
    if len(words) > LONGEST:
        return f"has {len(words):,} characters"
    if len(lines) > 1 and not pointed:
        return f"has {len(lines)} lines"
    odd = [character for line in lines for character in line if not character.isprintable() and character != "\xa0"]
    return f"has the character {odd[0]!r}" if odd else ""
