"""Training beside relu in a browser: what it says and does, to hand, keyboard and eye."""

from xml.etree import ElementTree

import pytest
from test_live import in_a_browser
from test_report_browser import browser as browser, visit as visit

from actlab.play import page as playground

READY = "#train[data-ready]"
LAPTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    file = tmp_path_factory.mktemp("play") / "playground.html"
    file.write_text(playground(), encoding="utf-8")
    return file


class Address:
    """The file with a state behind it."""

    def __init__(self, file, hash_=""):
        self.file, self.hash = file, hash_

    def as_uri(self):
        return self.file.as_uri() + self.hash


@pytest.fixture
def train(visit, opened):
    def at(hash_="", **options):
        return visit(Address(opened, hash_), READY, **{"viewport": LAPTOP, **options})

    return at


def button(page, name):
    return page.locator("#train").get_by_role("button", name=name, exact=True)


def until(page, expression):
    """Until it is true there: the page's policy forbids what `wait_for_function` does."""
    for _ in range(2400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def numbers(page):
    return page.locator("#train").get_attribute("data-losses")


def steps(page):
    return int(page.locator("#train").get_attribute("data-steps"))


@in_a_browser
def test_played_paused_and_back_to_the_same_numbers(train):
    page = train("#v=1&f=tanh&data=moons")
    begun = numbers(page)
    page.get_by_role("button", name="Train beside relu").click()
    until(page, "Number(document.querySelector('#train .count').textContent.split(' ')[1]) > 60")
    for _ in range(10):  # one truth at every moment, while it plays
        count, sentence, score, done = page.evaluate("""() => [".count", ".answer", ".score"].map(
          (one) => document.querySelector(`#train ${one}`).textContent)
          .concat(document.querySelector("#train").dataset.steps)""")
        assert count == f"step {done}" and sentence.startswith(f"After {done} steps") and score in sentence
        page.wait_for_timeout(30)
    button(page, "Pause").click()
    reached = steps(page)
    assert page.get_by_role("status").filter(has_text=f"After {reached} steps").count() == 1  # for who hears it
    assert reached > 60 and numbers(page) != begun and page.locator("#train .count").inner_text() == f"step {reached}"
    page.wait_for_timeout(200)
    assert steps(page) == reached
    said = page.locator("#train .answer").first.inner_text()
    assert said.startswith(f"After {reached} steps, on points held out: tanh ") and "% right" in said and "relu" in said
    later = []
    for _ in range(2):
        button(page, "Back to the same start").click()
        assert steps(page) == 0 and numbers(page) == begun
        button(page, "1 step").click()
        for _ in range(3):
            button(page, "100 steps").click()
        assert steps(page) == 301
        later.append(numbers(page))
    assert later[0] == later[1] != begun
    assert page.locator("#train .losses path.held").count() == 2
    figure = page.get_by_role("figure", name="Losses over steps")
    figure.get_by_text("In numbers").click()
    figure.locator("tbody tr").nth(10).wait_for()


@in_a_browser
def test_the_same_address_twice_is_the_same_loss_after_100_steps(train):
    for hash_ in (
        "#v=1&f=x*tanh(softplus(x))&data=rings&noise=0.2&layers=5,4,3&each=;tanh&rate=0.05&rule=sgd&batch=10&start=gain&seed=7",
        "#v=1&f=leaky_relu(0.2)&data=drawn&points=AABBCC__-A.KKLLMMNNOO&start=kaiming",
        "#v=1&f=gelu&data=bumps",
    ):
        found = []
        for _ in range(2):
            page = train(hash_)
            button(page, "100 steps").click()
            found.append(numbers(page))
        assert found[0] == found[1] and "NaN" not in found[0]
        own, relus = map(float, found[0].split())
        assert own != relus


@in_a_browser
def test_what_is_set_goes_into_the_address(train):
    page = train()
    box = page.locator("#train")
    box.get_by_role("radio", name="Rings").check(force=True)
    box.get_by_role("slider", name="Noise").fill("0.3")
    box.get_by_label("Units of layer 2").fill("3")
    box.get_by_role("button", name="Add a layer").click()
    box.get_by_label("Function of layer 3").fill("sin(x)")
    box.get_by_label("Learning rate").fill("0.1")
    box.get_by_label("Batch").fill("8")
    box.get_by_label("Batch").press("Tab")
    box.get_by_label("Rule").select_option("sgd")
    box.get_by_label("Start").select_option("gain")
    box.get_by_role("button", name="Another seed").click()
    until(page, "location.hash.includes('seed=2')")
    wanted = {"data=rings", "noise=0.3", "layers=8,3,3", "rate=0.1", "batch=8", "rule=sgd", "start=gain", "seed=2"}
    assert wanted <= set(page.evaluate("location.hash").split("&")), page.evaluate("location.hash")
    assert page.locator("#train .name").first.inner_text().endswith("then sin(x)")
    box.get_by_label("Batch").fill("1000")
    box.get_by_label("Batch").press("Tab")
    assert "a whole number from 1 to 400" in box.inner_text() and "batch=8" in page.evaluate("location.hash")
    box.get_by_label("Function of layer 3").fill("sni(x)")
    box.get_by_label("Function of layer 3").press("Tab")
    until(page, "document.querySelector('#train .problem').textContent.includes('Layer 3')")
    assert "sin" in page.locator("#train .problem").inner_text() and button(page, "Play").is_disabled()
    box.get_by_label("Function of layer 3").fill("")
    box.get_by_label("Function of layer 3").press("Tab")
    until(page, "!document.querySelector('#train .go').disabled")


@in_a_browser
def test_a_network_that_diverges_is_shown_as_what_it_is(train):
    for hash_, says in (
        ("#v=1&f=x*x&rate=1000&rule=sgd", "diverged at step"),
        ("#v=1&f=log(x-9)", "no number from the first step: log(x-9) is NaN at x = "),
    ):
        page = train(hash_)
        assert "NaN% right" not in page.locator("#train").inner_text()
        for _ in range(2):
            button(page, "100 steps").click()
        assert says in page.locator("#train .score").first.inner_text()
        assert says[:9].strip() in page.locator("#train .answer").first.inner_text()
        assert not float(numbers(page).split()[0]) < 1e300  # NaN or inf, and said so
        assert page.locator("#train .losses .end.own").text_content() == "× diverged"
    assert page.locator("#train .score").nth(1).inner_text().endswith("% right")
    assert "NaN" in page.locator("#train table.inside tbody").inner_text()
    grey = page.evaluate("""() => {
      const canvas = document.querySelector("#train canvas.surface");
      return [...canvas.getContext("2d").getImageData(20, 20, 1, 1).data];
    }""")
    assert grey[0] == grey[1] == grey[2]
    page.get_by_role("button", name="Train beside relu").click()
    until(page, "Number(document.querySelector('#train .count').textContent.split(' ')[1]) > 220")
    button(page, "Pause").click()  # the other one goes on


@in_a_browser
def test_relu_beside_itself(train):
    page = train("#v=1&f=relu")
    assert page.locator("#train .name").all_inner_texts() == ["relu", "tanh"]
    assert "differ by exactly 0" in page.locator("#train").inner_text()
    assert page.locator("#train h2").inner_text() == "Trained beside tanh"
    go = page.locator("#curves .go")
    assert go.inner_text() == "Train beside tanh"
    page.get_by_role("combobox", name="f(x) =").fill("gelu")
    until(page, "document.querySelector('#curves .go').textContent === 'Train beside relu'")
    assert page.locator("#train h2").inner_text() == "Trained beside relu"
    assert "differ by exactly 0" not in page.locator("#train").inner_text()


@in_a_browser
def test_of_what_was_before_nothing_is_left_where_nothing_can_be_trained(train):
    page = train("#v=1&f=gelu&data=bumps")
    button(page, "100 steps").click()
    box = page.locator("#train")

    def formula(words):
        page.get_by_role("combobox", name="f(x) =").fill(words)

    def layer(words):
        box.get_by_label("Function of layer 2").fill(words)
        box.get_by_label("Function of layer 2").press("Tab")

    def data(name):
        box.get_by_role("radio", name=name).check(force=True)

    for change, wrong, right in (
        (data, "Drawn by hand", "Bumps"), (formula, "sni(x)", "sin(x)"), (layer, "1+", ""),
    ):  # fmt: skip
        change(wrong)
        until(page, "document.querySelector('#train').dataset.ready === 'no'")
        words = box.inner_text()
        assert not any(left in words for left in ("step 100", "After", "error", "same first weights")), words
        assert numbers(page) is None
        change(right)
        until(page, "document.querySelector('#train').dataset.ready === 'yes'")
        assert steps(page) == 0 and "After 0 steps" in box.inner_text()


@in_a_browser
def test_limits_are_said_beside_the_fields_and_what_is_beyond_is_refused_in_words(train):
    page = train("#v=1&f=gelu")
    box = page.locator("#train")
    for label, asked in (
        ("Units of layer 1", ("1000", "0", "2.5", "")), ("Learning rate", ("1e9", "0", "x")), ("Batch", ("401",)),
        ("Seed", ("-1", "1.5")), ("Steps of each seed", ("9", "20001")),
    ):  # fmt: skip
        field = box.get_by_label(label, exact=True)
        known = field.input_value()
        for value in asked:
            field.fill(value)
            field.press("Tab")
            told = box.get_by_role("alert").filter(has_text=f"{label}, {value}: it takes")
            assert "number from" in told.inner_text() and field.input_value() == value
        field.fill(known)
        field.press("Tab")
        assert box.get_by_role("alert").filter(has_text=f"{label}, ").count() == 0
    assert page.evaluate("location.hash") == "#v=1&f=gelu"
    words = box.inner_text()
    for limits in ("1 to 4 layers of 1 to 16 units", "0.00001 to 1000", "1 to 400", "0 to 999,999", "10 to 20,000"):
        assert limits in words
    assert "Training begins anew" in page.locator("#share").inner_text()


@in_a_browser
def test_a_long_name_is_whole_once_and_short_elsewhere(train):
    page = train("#v=1&f=gelu&layers=4,4,4&each=tanh;x*sigmoid(beta*x)+where+beta%3D2")
    whole = "tanh, then x*sigmoid(beta*x) where beta=2, then gelu"
    assert page.locator("#train .name").first.inner_text() == whole
    assert page.locator("#train .answer").first.inner_text().count("tanh, then 2 others") == 1
    assert page.locator("#train").inner_text().count("sigmoid") == 1


@in_a_browser
def test_a_curve_is_drawn_in_the_colour_of_its_network_and_its_losses_are_no_riddle(train):
    page = train("#v=1&f=gelu&data=corner")
    assert page.get_by_role("figure", name="Losses over steps").count() == 0  # before the first step
    button(page, "100 steps").click()
    found = page.evaluate("""() => [...document.querySelectorAll("#train .of-side")].map((side) => {
      const canvas = side.querySelector(".above"), size = canvas.width;
      const { data } = canvas.getContext("2d").getImageData(0, 0, size, size);
      const name = getComputedStyle(side.querySelector(".name")).color, counts = {};
      for (let n = 0; n < data.length; n += 4) {
        const rgb = data.subarray(n, n + 3), colour = `rgb(${rgb.join(", ")})`;
        if (data[n + 3] !== 255 || Math.max(...rgb) - Math.min(...rgb) < 60) continue;
        counts[colour] = (counts[colour] ?? 0) + 1;
      }
      return [name, Object.entries(counts).sort((one, other) => other[1] - one[1])[0][0]];
    })""")  # the colour that most of its coloured pixels have
    assert all(name == most for name, most in found) and found[0] != found[1]
    words = page.locator("#train").inner_text()
    assert "Dots: the samples" in words and "without noise: its loss may lie below" in words
    assert "it costs 0.01 on average" in words


@in_a_browser
def test_what_is_saved_says_which_line_is_whose(train):
    page = train("#v=1&f=gelu;tanh&data=moons&steps=50")
    button(page, "100 steps").click()
    button(page, "Try 5 to 20 seeds").click()
    until(page, "document.querySelector('#train').innerText.includes(' seeds of 50 steps.')")
    for title, says in (
        ("Losses over steps", ["gelu: held out", "gelu: learned", "relu: held out", "relu: learned"]),
        ("What depth does", ["signal, gain-matched", "gradient, PyTorch's default"]),
        ("The function and its slopes", ["gelu", "tanh", "f′"]),
        ("Differences seed by seed", ["a seed", "less than matters"]),
    ):  # fmt: skip
        shown = page.get_by_role("figure", name=title).locator(".drawing > svg").inner_html()
        with page.expect_download() as found:
            page.get_by_role("button", name=f"Save {title} as SVG").click()
        saved = ElementTree.parse(found.value.path())
        told = [node.text for node in saved.iter("{http://www.w3.org/2000/svg}text")]
        assert set(says) <= set(told), (title, told)
        high, wide = (float(saved.getroot().get(key)) for key in ("height", "width"))
        for node in saved.iter("{http://www.w3.org/2000/svg}text"):
            if node.text in says:
                assert float(node.get("y")) < high and float(node.get("x")) + 5 * len(node.text) < wide
        assert page.get_by_role("figure", name=title).locator(".drawing > svg").inner_html() == shown  # as it was
    page.emulate_media(media="print")
    assert page.locator("#train .keys").is_visible()


@in_a_browser
def test_where_all_seeds_diverge_there_is_nothing_to_save(train):
    page = train("#v=1&f=1/0*x&data=moons&steps=20")
    button(page, "Try 5 to 20 seeds").click()
    until(page, "document.querySelector('#train').innerText.includes(' seeds of 20 steps.')")
    figure = page.get_by_role("figure", name="Differences seed by seed")
    assert "unstable" in figure.inner_text() and figure.get_by_role("button").count() == 0


@in_a_browser
def test_points_drawn_by_mouse_and_keys_are_learned(train):
    page = train("#v=1&f=tanh&data=drawn&points=.", has_touch=True)
    assert "Draw at least 3 points of each class" in page.locator("#train .problem").inner_text()
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 60, steps=12)
    page.mouse.up()
    pad.focus()
    page.keyboard.press("c")
    for key in ("ArrowDown", "Space", "ArrowLeft", "Space", "Shift+ArrowLeft", "Enter", "ArrowUp", "Space", "Delete"):
        page.keyboard.press(key)
    until(page, "!document.querySelector('#train .go').disabled")
    until(page, r"/points=\w{6}\.\w{12}/.test(location.hash)")
    left, right = page.evaluate("location.hash.match(/points=([^&]*)/)[1]").split(".")
    assert len(left) // 2 == 3 and len(right) // 2 >= 6
    button(page, "100 steps").click()
    button(page, "100 steps").click()
    assert "100.0% right" in page.locator("#train .score").first.inner_text()
    found, hash_ = numbers(page), page.evaluate("location.hash")
    again = train(hash_)
    for _ in range(2):
        button(again, "100 steps").click()
    assert numbers(again) == found


@in_a_browser
def test_less_error_is_better_and_said_so(train):
    page = train("#v=1&f=0*x&data=sine&steps=200")
    button(page, "Try 5 to 20 seeds").click()
    until(page, "document.querySelector('#train').innerText.includes(' seeds of 200 steps.')")
    figure = page.get_by_role("figure", name="Differences seed by seed")
    figure.get_by_text("In numbers").click()
    rows = [row.split("\t") for row in figure.locator("table").inner_text().splitlines() if row[:1].isdigit()]
    assert all(float(own) > float(other) and float(less) < 0 for _, own, other, less in rows) and len(rows) >= 5
    assert figure.locator(".answer").inner_text().startswith("0*x is worse than relu")
    assert "error of relu minus error of 0*x: above 0 is better" in figure.inner_text()


@in_a_browser
def test_seeds_end_with_a_verdict(train):
    page = train("#v=1&f=0*x&data=xor&steps=200")
    button(page, "Try 5 to 20 seeds").click()
    until(page, "document.querySelector('#train').innerText.includes(' seeds of 200 steps.')")
    figure = page.get_by_role("figure", name="Differences seed by seed")
    said = figure.locator(".answer").inner_text()
    assert said.startswith("0*x is worse than relu") and "95% interval" in figure.inner_text()
    figure.get_by_text("In numbers").click()
    figure.locator("tbody tr").first.wait_for()
    rows = figure.locator("tbody tr").count()
    assert 5 <= rows < 20 and figure.locator("circle").count() == rows
    page.locator("#train").get_by_label("Seed", exact=True).fill("5")
    page.locator("#train").get_by_label("Seed", exact=True).press("Tab")
    figure.wait_for(state="hidden")  # of other settings nothing is known
    button(page, "Try 5 to 20 seeds").click()
    button(page, "Stop").click()
    assert button(page, "Try 5 to 20 seeds").is_enabled()


@in_a_browser
def test_by_keyboard_alone_and_nothing_moves_by_itself(train):
    page = train("#v=1&f=tanh", reduced_motion="reduce")
    page.get_by_role("button", name="Train beside relu").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert steps(page) == 0  # no play by itself
    assert page.evaluate("document.activeElement.textContent") == "Play"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert steps(page) == 100
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert steps(page) == 0
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    until(page, "Number(document.querySelector('#train').dataset.steps) > 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Play"
    page.get_by_role("radio", name="Two spirals").focus()
    page.keyboard.press("ArrowRight")
    until(page, "location.hash.includes('data=xor')")


@in_a_browser
def test_surfaces_are_saved_and_are_tables_too(train):
    page = train("#v=1&f=tanh&data=moons")
    button(page, "100 steps").click()
    with page.expect_download() as found:
        page.get_by_role("button", name="Save both surfaces as PNG").click()
    assert found.value.suggested_filename == "surfaces.png"
    page.locator("#train .shown > .row summary").click()
    page.locator("#train .shown > .row tbody tr").first.wait_for()
    assert page.locator("#train .shown > .row tbody tr").count() == 25


@in_a_browser
def test_all_can_read_it_at_any_width(train):
    from axe_playwright_python.sync_playwright import Axe

    serious = []
    page = train("#v=1&f=tanh&data=drawn&points=AABBCC__-A.KKLLMMNNOO&steps=50", viewport={"width": 360, "height": 800})
    button(page, "100 steps").click()
    button(page, "Try 5 to 20 seeds").click()
    until(page, "document.querySelector('#train').innerText.includes(' seeds of 50 steps.')")
    for width, scheme in ((360, "dark"), (360, "light"), (1280, "dark"), (1280, "light"), (3840, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        until(page, f"document.documentElement.scrollWidth <= {width}")
        for one in Axe().run(page, context="#train", options={"resultTypes": ["violations"]}).response["violations"]:
            serious.append((width, scheme, one["id"], one["impact"], one["nodes"][0]["html"][:150]))
    assert serious == []
