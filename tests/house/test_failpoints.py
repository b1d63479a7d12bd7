"""House rule: every failpoint in the code stands in the docs, and none stands there alone."""

from __future__ import annotations

import ast
import re

from tests.house import _tree

ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \|", re.MULTILINE)


def test_every_failpoint_in_the_code_is_explained_in_testing_md_and_the_other_way_round() -> None:
    section = _tree.text("docs/testing.md").partition("## Failpoints")[2].partition("\n## ")[0]

    assert sorted(set(placed())) == sorted(ROW.findall(section))


def test_no_program_of_the_product_arms_a_failpoint() -> None:
    arming = [
        _tree.named(file)
        for file in _tree.modules("paybridge")
        if file.name != "failpoints.py" and re.search(r"\barm\(|import arm\b", file.read_text("utf-8"))
    ]

    assert arming == []


def placed() -> list[str]:
    """The names of all failpoints in the code."""
    found = []
    for file in _tree.modules("paybridge"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{file}: a failpoint's name is written out"
                found.append(str(name.value))
    return found
