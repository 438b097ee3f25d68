"""The page stands alone and obeys no file name; the JSON is what its reference says."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_up import encoded, picture

from bonefrac.data.audit import report
from bonefrac.data.audit.examine import audit
from bonefrac.data.outlines import Outlines, box
from bonefrac.errors import BonefracError

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;\x1b[31m[red]"
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"


class Page(HTMLParser):
    """Every tag with its attributes, and all the text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "li"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag != "li":
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def audited(folder):
    return audit(folder.catalogue(), progress=lambda *_: None)


def told(found, **changed):
    made = {"version": "1.2", "command": "bonefrac-data audit x", "date": "2026-11-24"}
    return report.as_json(found, **made | changed)


@pytest.fixture
def faulty(folder):
    """Fifty radiographs, all kinds of finding, and a name that wants to be obeyed."""
    for k in range(50):
        outlines = Outlines((box(20, 30, 10, 12),) if k % 2 else ())
        part = "hand" if k % 2 else "leg"
        folder.add(body_part=part, outlines=outlines, split="train" if k % 3 else "test")
    whole = encoded(picture(90))
    folder.add("cut", data=whole[: len(whole) * 3 // 4])
    folder.add("nothing", data=b"<script>alert(2)</script>")
    folder.add("copy", pixels=picture(3)[:, ::-1], split="train", fracture=0)
    folder.add("hostile", data=b"", body_part="<b>hand")
    folder.change(-1, id=HOSTILE)
    folder.add("intact", fracture=0, outlines=Outlines((box(5, 5, 50, 50),)))
    folder.told = {"left_out": {HOSTILE + "2": HOSTILE}, "groups_are": HOSTILE}
    return folder


def test_no_name_is_obeyed_by_the_page(faulty, tmp_path):
    found = audited(faulty)
    report.write(found, tmp_path / "out", told=told(found, command=HOSTILE))
    page = Page((tmp_path / "out" / "audit.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "br", "dl"),
        *("div", "dt", "dd", "main", "nav", "small", "ol", "ul", "li", "a", "span", "b", "i"),
        *("section", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img"),
        *("details", "summary", "svg", "rect", "line", "circle", "text", "footer", "code"),
    }
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name.startswith("on")}
    assert HOSTILE.replace("\x1b", "�") in page.text
    assert "\x1b" not in page.text


def test_the_page_needs_nothing_else(faulty, tmp_path):
    found = audited(faulty)
    report.write(found, tmp_path / "out", told=told(found))
    html = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    page = Page(html)
    targets = {attrs.get("id") for _, attrs in page.tags}
    for tag, attrs in page.tags:
        assert "srcset" not in attrs
        if "src" in attrs:
            assert tag == "img"
            assert attrs["src"].startswith("data:image/jpeg;base64,")
        if "href" in attrs:
            assert attrs["href"][0] == "#"
            assert attrs["href"][1:] in targets
    assert "url(" not in html
    assert "@import" not in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html


def test_the_page_shows_what_was_found(faulty, tmp_path):
    found = audited(faulty)
    report.write(found, tmp_path / "out", told=told(found))
    text = Page((tmp_path / "out" / "audit.html").read_text(encoding="utf-8")).text
    for finding in found.findings:
        assert finding.title in text
        assert finding.meaning.replace("\x1b", "�") in text
    for part in ("2026-11-24", "bonefrac 1.2", "Research use only", str(faulty.root), "body part"):
        assert part in text
    severities = re.findall(r"severe|warning|note", text)
    assert severities.index("severe") < severities.index("warning") < severities.index("note")


def test_pairs_stand_side_by_side_and_a_cut_file_is_shown_as_filled(faulty, tmp_path):
    found = audited(faulty)
    report.write(found, tmp_path / "out", told=told(found))
    html = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    sections = dict(re.findall(r'<section class="finding \w+" id="(\w+)">(.*?)</section>', html))
    joined = sections["two_labels"]
    assert joined.count('<div class="case">') == 1
    assert joined.count("<img") == 2
    assert sections["unreadable"].count("<img") == 1
    assert sections["unreadable"].count("no picture") == 2


def test_the_json_is_what_the_reference_says(faulty):
    found = told(audited(faulty))
    reference = REFERENCE.read_text(encoding="utf-8")
    assert json.loads(json.dumps(found)) == found
    documented = set(re.findall(r"^\| `([\w.\[\]]+)` \|", reference.split("## Checks")[0], re.M))
    keys = set(found)
    keys |= {f"counts.{key}" for key in found["counts"]}
    keys |= {f"findings[].{key}" for finding in found["findings"] for key in finding}
    keys |= {f"shortcuts[].{key}" for shortcut in found["shortcuts"] for key in shortcut}
    keys |= {f"distributions[].{key}" for told in found["distributions"].values() for key in told}
    assert keys == documented
    assert f"`format` is {found['format']}" in reference
    for finding in found["findings"]:
        if not finding["check"].startswith("shortcut_"):
            assert f"`{finding['check']}`" in reference
        assert finding["count"] == len(finding["cases"])


def test_every_check_is_in_the_reference():
    reference = REFERENCE.read_text(encoding="utf-8")
    checks = Path(report.__file__).parent / "checks"
    source = "".join(path.read_text(encoding="utf-8") for path in checks.glob("*.py"))
    names = re.findall(r'(?:one_by_one|together|Finding)\(\s+"(\w+)"', source)
    assert len(names) == 23
    for name in names:
        assert f"`{name}`" in reference


def test_histograms_count_every_sound_radiograph(faulty):
    for told_ in told(audited(faulty))["distributions"].values():
        counts = np.array([told_[kind] for kind in ("positive", "negative", "unlabelled")])
        assert counts.sum() == 52
        assert len(told_["edges"]) == counts.shape[1] + 1


def test_the_terminal_obeys_no_name(faulty, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    report.show(audited(faulty))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert HOSTILE.replace("\x1b", "�") in out
    assert "severe" in out
    assert "body part" in out


def test_nothing_found_is_said(folder, tmp_path, capsys):
    for _ in range(3):
        folder.add()
    found = audited(folder)
    report.show(found)
    assert "Nothing was found." in capsys.readouterr().out
    report.write(found, tmp_path / "out", told=told(found))
    assert "Nothing was found." in (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")


def test_an_empty_set_has_a_page(folder, tmp_path):
    found = audited(folder)
    report.write(found, tmp_path / "out", told=told(found))
    assert told(found)["distributions"] == {}
    assert Page((tmp_path / "out" / "audit.html").read_text(encoding="utf-8")).open == []


def test_files_are_replaced_whole_and_neighbours_left_alone(folder, tmp_path, monkeypatch):
    folder.add()
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    found = audited(folder)
    report.write(found, out, told=told(found))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert before.keys() == {"notes.txt", "audit.html", "audit.json"}

    def fail(*_):
        raise BonefracError("x", expected="y", fix="z")

    monkeypatch.setattr(report, "page", fail)
    with pytest.raises(BonefracError):
        report.write(found, out, told=told(found))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
