"""The docs say what the code says."""

import re
from pathlib import Path

from apps.engine.catalogue import RULES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_rules_page_is_the_catalogue() -> None:
    rows = {}
    for line in (DOCS / "rules.md").read_text().splitlines():
        if re.match(r"\| RT-\d\d \|", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows[cells[0]] = cells[1], cells[2] == "B", cells[4], cells[5], cells[6]
    assert rows == {
        rule.id: (
            rule.name,
            rule.boundary,
            ", ".join(rule.subject),
            ", ".join(rule.controls),
            rule.base,
        )
        for rule in RULES.values()
    }


def test_every_link_between_the_docs_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *(DOCS.parent.glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
