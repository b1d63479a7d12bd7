"""House rules about files: each says what it is, is short, and would read the same on any machine."""

from __future__ import annotations

import ast
import re

from tests.house import _tree

MOST_LINES = 400
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:home|root|work|Users)/")
REGISTRY_HOST = re.compile(r"//[\w.-]*(?:pypi|pythonhosted|npmjs)\b", re.IGNORECASE)


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    silent = [
        _tree.named(file)
        for file in _tree.modules("paybridge", "tests", "bench")
        if not ast.get_docstring(ast.parse(file.read_bytes()))
    ]

    assert not silent


def test_no_file_of_the_product_is_too_long_to_read() -> None:
    long = {
        _tree.named(file): lines
        for file in _tree.modules("paybridge")
        if (lines := len(file.read_bytes().splitlines())) > MOST_LINES
    }

    assert not long


def test_no_file_names_a_place_on_somebodys_machine_or_a_download_host() -> None:
    found = []
    for file in _tree.files():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or another binary
        found += [
            f"{_tree.named(file)}:{number}: {line.strip()[:120]}"
            for number, line in enumerate(lines, 1)
            if MACHINE_PATH.search(line) or REGISTRY_HOST.search(line)
        ]

    assert not found
