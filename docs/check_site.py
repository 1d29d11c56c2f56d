"""Check the built site: whatever a page loads or links to within it is there, and nothing is loaded
from elsewhere.

Run as `python docs/check_site.py docs/_build/html`; prints what is wrong, and fails where there is
something.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: tags that make a browser fetch something by itself, and the attributes that say what
LOADS = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "link": ("href",),
}
#: relations of a link that name a page, and load nothing
NAMES = {"next", "prev", "canonical", "index", "search", "author", "license", "alternate"}


class Page(HTMLParser):
    """What a page loads, links to, and can be linked at."""

    def __init__(self, text: str):
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect the addresses and places of one tag."""
        said = {name: value or "" for name, value in attributes}
        self.places.update(said[name] for name in ("id", "name") if name in said)
        names_a_page = tag == "link" and set(said.get("rel", "").split()) & NAMES
        for name in LOADS.get(tag, ()):
            if name in said:
                target = self.links if names_a_page else self.loads
                several = said[name].split(",") if name == "srcset" else [said[name]]
                target += [part.split()[0] for part in several if part.strip()]
        if tag == "a" and "href" in said:
            self.links.append(said["href"])


def problems(folder: Path) -> list[str]:
    """Return what is wrong with the pages of a folder, one sentence each."""
    paths = [path for path in folder.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in paths}
    found = []
    for path, page in pages.items():
        here = path.relative_to(folder)
        for address in page.loads:
            parts = urlsplit(address)
            if parts.scheme not in ("", "data") or parts.netloc:
                found.append(f"{here} loads {address} from elsewhere")
            elif parts.scheme == "" and not target(folder, path, parts.path).exists():
                found.append(f"{here} loads {address}, which is not there")
        for address in page.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or address == "#":
                continue
            there = target(folder, path, parts.path)
            if not there.exists():
                found.append(f"{here} links to {address}, which is not there")
            elif there in pages and unquote(parts.fragment) not in {"", *pages[there].places}:
                found.append(f"{here} links to {address}, a place that is not there")
    for path in folder.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        if any(
            f"{word}http" in text for word in ("url(", "url('", 'url("', "@import '", '@import "')
        ):
            found.append(f"{path.relative_to(folder)} loads from elsewhere")
    return found


def target(folder: Path, page: Path, address: str) -> Path:
    """Return the file that a relative address on a page names."""
    path = unquote(address)
    if not path:
        return page
    there = folder / path.lstrip("/") if path.startswith("/") else page.parent / path
    there = there.resolve()
    return there / "index.html" if there.is_dir() else there


def main(folder: str) -> int:
    """Print what is wrong; return the exit status."""
    root = Path(folder).resolve()
    found = problems(root)
    for problem in found:
        print(problem)
    print(f"{len(list(root.rglob('*.html')))} pages, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
