"""Training beside relu in a browser: what it says and does, to hand, keyboard and eye."""

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
    for _ in range(600):
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
    button(page, "Pause").click()
    reached = steps(page)
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
        ("#v=1&f=log(x-9)", "diverged at step 1: loss NaN"),
    ):
        page = train(hash_)
        for _ in range(2):
            button(page, "100 steps").click()
        assert says in page.locator("#train .score").first.inner_text()
        assert "diverged at step" in page.locator("#train .answer").first.inner_text()
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
