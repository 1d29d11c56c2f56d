"""The page is whole, stands alone, and says what was done."""

import base64
import gzip
import html.parser
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

from poreflux.reporting.figures import cards, csv, download
from poreflux.reporting.methods import citations, methods
from poreflux.reporting.report import render, report
from tests.plot.sample import sample_results

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def results():
    results = sample_results()
    results["relative_error"] = ("direction", [1e-6] * 3)
    results["residual"] = ("direction", [1e-7] * 3)
    results.attrs |= {
        "source": "sample <one>.tif",
        "source_sha256": "ab" * 32,
        "program": "poreflux 9.9.9",
        "history": [{"operation": "segment", "method": "otsu", "thresholds": [80.0]}],
    }
    return results


@pytest.fixture(scope="module")
def page(results):
    return render(results)


@pytest.fixture(scope="module")
def made(results):
    return {card.name: card for card in cards(results)}


@pytest.fixture(scope="module")
def page_file(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


class Tags(html.parser.HTMLParser):
    """Collect tags that are open, and every attribute that may name an address."""

    VOID = ("meta", "link", "br", "img", "input", "hr")

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.alts, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.addresses.append(value)
            if name == "id":
                self.ids.append(value)
            if name == "aria-label":
                self.alts.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_tag_is_closed(page):
    assert Tags(page).open == []


def test_every_id_is_unique(page):
    ids = Tags(page).ids
    assert len(ids) == len(set(ids))


def test_no_address_leaves_the_page(page):
    tags = Tags(page)
    assert all(address.startswith(("data:", "#")) for address in tags.addresses)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page


def test_every_figure_has_words_and_every_drawing_is_valid(made):
    assert list(made) == [
        "slices", "sections", "pores", "structure_factor", "histogram", "porosity_profile",
        "block_porosity", "block_porosity_map", "block_tortuosity", "block_tortuosity_factor_map",
    ]  # fmt: skip
    for card in made.values():
        assert len(card.alt) > 20
        assert card.alt.endswith(".")
        assert ET.fromstring(card.svg).tag.endswith("svg")


def test_single_sub_volumes_are_said_to_have_no_interval_for_their_voxels(made):
    assert "an amount that is not known" in made["block_tortuosity"].caption


def test_the_contents_name_every_figure_and_lead_to_it(page, made):
    contents = page.partition("<nav")[2].partition("</nav>")[0]
    ids = Tags(page).ids
    targets = re.findall(r'href="#([^"]+)"', contents)
    assert set(targets) <= set(ids)
    assert {f"figure-{name}" for name in made} <= set(targets)


def test_every_figure_has_its_data_or_says_where_they_are(made):
    for card in made.values():
        assert card.downloads or card.same or card.held
        assert not card.same or made[card.same].downloads


def test_figures_of_two_panels_are_stacked_on_narrow_screens(made, page):
    stacked = {name: card for name, card in made.items() if card.parts}
    assert {"slices", "sections", "block_tortuosity"} <= set(stacked)
    assert "block_porosity_map" not in stacked  # its panels share a scale of colours
    for card in stacked.values():
        width = float(re.search(r'viewBox="0 0 (\S+)', card.svg).group(1))
        boxes = [[float(number) for number in part.split()] for part in card.parts]
        assert all(x > -1 and x + across < width + 1 for x, _, across, _ in boxes)
        assert page.count(f'href="#{card.root}"') == len(card.parts)


def test_the_voxels_that_can_be_turned_are_those_of_the_results(made, results):
    (card,) = [card for card in made.values() if card.held]
    text = re.search(r">([^<]+)</div>", card.held).group(1)
    assert 'data-shape="32,32,32" data-size="0.92,0.92,0.92"' in card.held
    held = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(32, 32, 32)
    np.testing.assert_array_equal(held, results["phase_percent"])


def test_in_a_browser_the_pores_are_turned_cut_and_saved(browser, results, page_file):
    """Dragging, a key and the slider change the picture; figures are saved as SVG and CSV."""
    tab = browser.new_page(viewport={"width": 500, "height": 900})
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(page_file.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == 500
    figure = tab.locator("#figure-pores")
    figure.get_by_text("Turn it").click()
    canvas = figure.locator("canvas[data-drawn]")
    assert canvas.get_attribute("data-drawn").startswith("32 24 0 ")
    before = canvas.screenshot()
    canvas.press("ArrowLeft")
    figure.locator("canvas[data-drawn^='42 24 0 ']").wait_for()
    assert canvas.screenshot() != before
    figure.locator("input").fill("16")
    figure.locator("canvas[data-drawn^='42 24 16 ']").wait_for()
    assert "cut at z = 14.7 µm" in figure.inner_text()
    saved = {}
    for words in ("pores.svg", "CSV"):
        with tab.expect_download() as download:
            figure.locator(".downloads").get_by_text(words, exact=True).click()
        saved[words] = download.value.path().read_text(encoding="utf-8")
    assert faults == []
    tab.close()
    assert ET.fromstring(saved["pores.svg"]).tag.endswith("svg")
    assert "var(" not in saved["pores.svg"]
    filled = int((results["phase_percent"] > 0).sum())
    assert len(saved["CSV"].splitlines()) == 1 + filled


def test_text_of_the_sample_is_escaped(page):
    assert "sample &lt;one&gt;.tif" in page
    assert "sample <one>" not in page


def test_downloads_hold_the_numbers_of_the_figure(made, results):
    blocks = results["block_porosity"]
    ((name, address),) = made["block_porosity"].downloads
    table = base64.b64decode(address.split(",")[1]).decode().splitlines()
    assert name == "block_porosity.csv"
    assert len(table) == 1 + blocks.size
    assert float(table[1].split(",")[-1]) == pytest.approx(float(blocks[0, 0, 0]), rel=1e-6)


def test_large_tables_are_zipped_and_whole(results):
    wide = results["structure_factor"].isel(y=np.zeros(400, int))
    name, address = download("wide", csv([wide]))
    assert name == "wide.csv.gz"
    content = gzip.decompress(base64.b64decode(address.split(",")[1]))
    assert len(content.splitlines()) == 1 + wide.size


def test_headers_carry_units(results):
    assert csv([results["porosity_profile"]]).splitlines()[0] == b"z [um],porosity_profile"


def test_methods_name_what_was_done(results):
    text = methods(results)
    for words in ("32 × 32 × 32 voxels", "0.92 µm", "Otsu", "80.00", "pore and electrolyte",
                  "along z, y and x", "poreflux 9.9.9", "4 × 4 × 4 sub-volumes"):  # fmt: skip
        assert words in text


def test_methods_name_the_directions_that_were_solved_alone(results):
    one = results.copy()
    one["tortuosity_factor"] = one["tortuosity_factor"].where(one["direction"] == "z")
    assert len(one["direction"]) > 1
    assert "tortuosity factor τ along z follows" in methods(one)


def test_only_what_was_used_is_cited(results):
    assert any("Otsu" in work for work in citations(results))
    assert any("Hestenes" in work for work in citations(results))
    solved = [name for name in results if "tortuosity" in name or "relative" in name]
    unsolved = results.drop_vars(solved)
    unsolved.attrs = {}
    assert not any("Otsu" in work or "Hestenes" in work for work in citations(unsolved))


def test_a_page_of_one_number_is_a_page():
    text = render(sample_results()[["porosity"]])
    assert Tags(text).open == []
    assert "Figures" not in text


def test_nothing_is_left_where_the_folder_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        report(sample_results()[["porosity"]], tmp_path / "no" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_report_replaces_an_older_one(tmp_path):
    target = tmp_path / "report.html"
    report(sample_results()[["porosity"]], target, title="older")
    assert report(sample_results()[["porosity"]], target) == target
    assert "older" not in target.read_text(encoding="utf-8").split("</title>")[0]
    assert "porosity" in target.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_page_without_a_word(page_file, tmp_path, scheme):
    """The screenshot has the ground of the scheme, ink on it, and colour from the figures."""
    import skimage.io

    shot, log = browse(page_file, tmp_path, scheme)
    image = skimage.io.imread(shot)[..., :3].astype(int)
    ground = image[4, 4].mean()
    assert (ground > 240) if scheme == "light" else (ground < 40)
    assert np.mean(np.abs(image - image[4, 4]).max(-1) > 60) > 0.05
    assert np.mean(np.ptp(image, axis=-1) > 60) > 0.01
    assert not re.search(r"CONSOLE|net::ERR|Refused to", log)


def test_a_browser_prints_the_page(page_file, tmp_path):
    target = tmp_path / "report.pdf"
    chromium(tmp_path, f"--print-to-pdf={target}", "--no-pdf-header-footer", page_file.as_uri())
    assert target.read_bytes().startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", target.read_bytes()))
    assert 2 <= pages <= 8


def browse(path, tmp_path, scheme):
    shot = tmp_path / "shot.png"
    dark = {"light": 1, "dark": 0}[scheme]
    log = chromium(
        tmp_path, f"--screenshot={shot}", "--window-size=1100,2400", "--hide-scrollbars",
        "--enable-logging=stderr", f"--blink-settings=preferredColorScheme={dark}", path.as_uri(),
    )  # fmt: skip
    return shot, log


def chromium(tmp_path, *words):
    """Run the browser without a screen and without a network; return what it logged."""
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path}/me")  # fmt: skip
    run = subprocess.run(
        [CHROMIUM, *quiet, *words], capture_output=True, text=True, timeout=120, check=True
    )
    return run.stderr
