"""The report page: one file that asks for nothing, says the same every time, and escapes what it is given."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qcompile.json_records import from_json
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.model_file.read import read_network
from qcompile.report.page.page import render
from qcompile.report.record import Report

VOID = {"meta", "link", "img", "br", "input", "rect", "line", "circle", "path", "image"}


@pytest.fixture
def record(built: Path) -> dict[str, Any]:
    return json.loads((built / "report.json").read_text(encoding="utf-8"))


@pytest.fixture
def network(built: Path) -> Network:
    return read_network(built / "model.onnx")


def page(record: dict[str, Any], network: Network) -> str:
    """The page of a report as it is read back."""
    return render(from_json(Report, json.dumps(record)), network)


class Page(HTMLParser):
    """Every address the page would load, the sections, and whether all tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.sections: list[str] = []
        self.open: list[str] = []
        self.pictures = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [str(given[k]) for k in ("src", "href") if k in given]
        self.sections += [str(given["id"])] if tag == "section" else []
        self.pictures += tag in ("svg", "img")
        assert tag != "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"


def test_the_page_is_complete_and_asks_for_nothing(built: Path) -> None:
    text = (built / "report.html").read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.sections == ["proof", "accuracy", "cost", "targets", "weights", "origin"]
    assert parsed.open == []
    assert parsed.pictures >= 6
    assert all(address.startswith("data:") for address in parsed.addresses)
    assert not re.search(r"https?://|@import|url\(", text.replace("http://www.w3.org", ""))
    assert "color-scheme: light dark" in text and "prefers-color-scheme: dark" in text


def test_the_same_record_gives_the_same_page(record: dict[str, Any], network: Network, built: Path) -> None:
    assert page(record, network) == page(copy.deepcopy(record), network)
    assert page(record, network) == (built / "report.html").read_text(encoding="utf-8")


def test_comparisons_chosen_by_trees_are_listed(record: dict[str, Any], network: Network) -> None:
    fields = vars(network.encoder)
    kinds = np.where(network.encoder.kind == 4, 4, 1)  # thresholds in place of levels
    asking = Network(**{**vars(network), "encoder": Encoder(**{**fields, "name": "splits", "kind": kinds})})
    text = page(record, asking)
    assert "questions" in text and f"{network.columns[0]} &gt; " in text


def test_names_from_the_data_are_escaped(record: dict[str, Any], network: Network) -> None:
    nasty = '<script>alert("x")</script>'
    record["data"]["source"] = record["data"]["label"] = nasty
    record["data"]["notes"] = [nasty]
    record["model"]["classes"] = [nasty, "b"]
    record["training"]["columns"][0]["name"] = nasty
    columns = tuple(f"{nasty}{k}" for k in range(len(network.columns)))
    changed = Network(**{**vars(network), "columns": columns, "classes": (nasty, "b")})
    text = page(record, changed)
    assert "<script" not in text
    Page(text)


def test_a_regression_and_a_polynomial_network_have_a_page(record: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    encoder = Encoder("uniform", 2, [0, 0, 4], [0, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0])
    u = rng.choice([-1, 1], (3, 3))
    network = Network(
        encoder, u, u, [[1], [2], [-3]], 0.5, form="polynomial", activation=(1, 2, 3), task="regression",
        columns=("a", "b"),
    )  # fmt: skip
    record["model"] |= {"form": "polynomial", "classes": [], "task": "regression"}
    record["accuracy"] |= {
        "measure": "R2",
        "test": -0.2,
        "confusion": None,
        "points": [[1.0, 1.5], [2.0, 1.75], [4.0, 2.5]],
        "baselines": {"ridge regression": 0.4},
    }
    text = page(record, network)
    assert Page(text).open == []
    assert text.count('class="point"') == 3 and "this network <span" not in text


def test_the_confusion_matrices_of_the_baselines_stand_beside_ours(
    record: dict[str, Any], network: Network
) -> None:
    text = page(record, network)
    for name in ("this network", "logistic regression", "gradient boosting"):
        assert f"<h3>{name} <span" in text
    ours = record["accuracy"]["confusion"]
    wrong = sum(map(sum, ours)) - ours[0][0] - ours[1][1]
    assert f'this network <span class="soft">— {wrong} wrong' in text


def test_ten_classes_over_pixels_are_drawn_as_images(record: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"pixel_{k // 8}_{k % 8}" for k in range(64) if k not in (0, 32))
    d = len(names) + 1
    encoder = Encoder("uniform", 4, [0] * (d - 1) + [4], [*range(d - 1), 0], [0] * d, [1] * d, [0] * (d - 1))
    u, v = rng.choice([-1, 1], (2, 40, d))
    classes = tuple("0123456789")
    network = Network(encoder, u, v, rng.integers(-9, 9, (40, 10)), 1.0, classes=classes, columns=names)
    column = record["training"]["columns"][0]
    record["training"]["columns"] = [{**column, "name": c} for c in classes]
    record["model"]["classes"] = list(classes)
    record["accuracy"]["confusion"] = np.eye(10, dtype=int).tolist()
    text = page(record, network)
    parsed = Page(text)
    assert parsed.pictures > 10 * 9 * 2
    assert "as images" in text


def test_a_proof_without_a_useful_limit_is_said_to_be_one(record: dict[str, Any], network: Network) -> None:
    record["certificate"]["gap"] = 1.2
    assert "gives no useful bound" in page(record, network)
    record["certificate"]["gap"] = 0.0
    assert "Proved optimal" in page(record, network)
