"""The choice of the page source by the name of a document."""

from __future__ import annotations

import pytest

from pipelines import sources


class Source:
    """Opens nothing."""

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes


def test_the_source_of_the_longest_suffix_is_chosen(monkeypatch):
    found = {".pdf": Source(".pdf"), ".xml": Source(".xml"), ".page.xml": Source(".page.xml")}
    monkeypatch.setattr(sources, "page_sources", lambda: found)
    assert sources.source_of("gs://bucket/A.PAGE.XML") is found[".page.xml"]
    assert sources.source_of("a.xml") is found[".xml"]
    assert sources.source_of("a.scan") is found[".pdf"]


@pytest.mark.parametrize("suffix", [".pdf", ".txt"])
def test_a_suffix_that_is_taken_is_refused_with_the_file_to_change(tmp_path, monkeypatch, suffix):
    (tmp_path / f"second_{suffix[1:]}.py").write_text(
        f"class Second:\n    suffixes = ({suffix!r},)\n\n\nSOURCE = Second()\n"
    )
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    sources.page_sources.cache_clear()
    with pytest.raises(ValueError, match=f"sources/second_{suffix[1:]}: the suffix {suffix} is taken"):
        sources.page_sources()
