"""The preview shows the requested pages in one file, with the facts and tokens of each word."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.preview import main
from schemas import Corpus, CorpusIndex, Word, encode_sample, load_tokenizer
from tests.support.browser import chromium, needs_chromium
from tests.support.commands import run_module
from tests.support.corpora import row_of, tokenize, write_corpus, write_shard
from tests.support.drawn_pages import draw_page

HOSTILE = [
    "<script>document.title='caught'</script>",
    '"><img/src=x/onerror=alert(1)>',
    "</script><b>",
    "{{7*7}}",
    "&lt;",
]


@pytest.fixture(scope="module")
def corpus_dir(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("preview") / "out"
    write_corpus(directory, pages=9, shards=2, words=40, long_side=256)
    return directory


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "preview.html"


def preview(corpus: Path | str, output: Path, *flags: object) -> int:
    return main([str(corpus), "--output", str(output), *map(str, flags)])


def keys_in(html: str) -> list[str]:
    return re.findall(r'<article id="([^"]+)"', html)


def facts_in(html: str) -> list[dict]:
    return [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', html)]


def write_hostile_corpus(directory: Path) -> None:
    """Writes a corpus of one page. Its words and the name of its document contain markup."""
    write_corpus(directory, pages=1, shards=1, words=8, bad_pages=0, bad_documents=0)
    page, jpg = draw_page(0, 0, 8, 256, 1)
    words = tuple(Word(text, (10, 100 * n + 10, 300, 100 * n + 60), 0.9, n) for n, text in enumerate(HOSTILE))
    page = replace(page, uri=f"{HOSTILE[0]}\u202e.pdf", words=words, lines=())
    sample = encode_sample(page, jpg, tokenize(page, load_tokenizer(), 4, 4))
    info, _ = write_shard(directory, "corpus-00000", [sample], [row_of(page, sample, "corpus-00000")])
    replace(CorpusIndex.read(directory), shards=(info,)).write(directory)


def test_requested_pages_are_shown_in_the_requested_order(corpus_dir, output):
    corpus = Corpus(corpus_dir)
    keys = [corpus.key(number) for number in (7, 0, 3)]
    assert preview(corpus_dir, output, "--key", *keys) == 0
    assert keys_in(output.read_text()) == keys


def test_random_pages_depend_only_on_the_seed(corpus_dir, tmp_path):
    drawn = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert preview(corpus_dir, tmp_path / name, "--random", 4, "--seed", seed) == 0
        drawn[name] = (tmp_path / name).read_text()
    assert drawn["a"] == drawn["b"]
    assert len(set(keys_in(drawn["a"]))) == len(set(keys_in(drawn["c"]))) == 4
    assert keys_in(drawn["a"]) != keys_in(drawn["c"])


def test_all_pages_are_shown_if_more_random_pages_are_requested_than_exist(corpus_dir, output):
    assert preview(corpus_dir, output, "--random", 100) == 0
    assert len(keys_in(output.read_text())) == 9


def test_every_word_has_its_facts_and_its_tokens(corpus_dir, output):
    corpus, tokenizer = Corpus(corpus_dir), load_tokenizer()
    assert preview(corpus_dir, output, "--key", corpus.key(2)) == 0
    (facts,) = facts_in(output.read_text())
    words = corpus[2].page().words
    assert facts["text"] == [word.text for word in words]
    assert facts["box"] == [list(word.box) for word in words]
    assert facts["score"] == [word.score for word in words]
    assert [[token for token, _ in tokens] for tokens in facts["tokens"]] == tokenizer.encode_words(facts["text"])
    assert ["".join(piece for _, piece in tokens) for tokens in facts["tokens"]] == facts["text"]
    stored = {(row[1], row[3]) for row in corpus[2].tokens.tolist()}
    assert stored == set(enumerate(facts["cell"]))


def test_the_file_loads_no_other_files(corpus_dir, output):
    assert preview(corpus_dir, output) == 0
    html = output.read_text()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-" in html
    links = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in links)


def test_only_ids_of_tokens_are_shown_if_the_tokenizer_is_missing(corpus_dir, output, tmp_path):
    shutil.copytree(corpus_dir, tmp_path / "out")
    index = CorpusIndex.read(corpus_dir)
    replace(index, tokenizer=replace(index.tokenizer, name=str(tmp_path / "gone" / "own.model"))).write(
        tmp_path / "out"
    )
    assert preview(tmp_path / "out", output) == 0
    assert "own.model is not on this machine" in output.read_text()
    assert {piece for tokens in facts_in(output.read_text())[0]["tokens"] for _, piece in tokens} == {""}


def test_words_and_names_with_markup_are_shown_as_text(output, tmp_path):
    write_hostile_corpus(tmp_path / "out")
    assert preview(tmp_path / "out", output) == 0
    html = output.read_text()
    assert facts_in(html)[0]["text"] == HOSTILE
    assert not any(text in html for text in HOSTILE[:3])
    assert "<bdi>{{7*7}}</bdi>" in html and "<bdi>&amp;lt;</bdi>" in html


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["{corpus}", "--key", "0123456789abcdef-00001"], "--key 0123456789abcdef-00001: the corpus has no page"),
        (["{tmp}"], "holds no index.json, so no finished corpus"),
        (["gs://bucket/corpus"], "a preview reads only a local corpus"),
        (["{corpus}", "--output", "{tmp}/no/such/place.html"], "place.html cannot be written"),
    ],
)
def test_wrong_usage_gives_an_error_of_one_line(corpus_dir, tmp_path, capsys, flags, words):
    assert main([flag.format(corpus=corpus_dir, tmp=tmp_path) for flag in flags]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error


def test_a_corpus_without_samples_is_an_error(tmp_path, output, capsys):
    write_corpus(tmp_path / "out", pages=0, shards=1)
    assert preview(tmp_path / "out", output) == 2
    assert "contains no samples to show" in capsys.readouterr().err


def test_a_damaged_corpus_is_an_error_that_names_the_shard(corpus_dir, output, tmp_path, capsys):
    shutil.copytree(corpus_dir, tmp_path / "out")
    (tmp_path / "out" / "shards" / "corpus-00000.tar").write_bytes(b"short")
    assert preview(tmp_path / "out", output, "--random", 9) == 1
    assert "corpus-00000.tar cannot be read" in capsys.readouterr().err
    assert not output.exists()


def test_the_command_logs_the_path_of_the_file(corpus_dir, output):
    done = run_module("pipelines.preview", corpus_dir, "--random", 2, "--output", output)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"look at {output}: 2 pages of {corpus_dir}\n"


def has_style(selector: str, name: str, value: str) -> str:
    """Returns JavaScript that checks a style of the first element that the selector matches."""
    return f"getComputedStyle(document.querySelector('{selector}')).{name} === '{value}'"


@needs_chromium
def test_a_browser_shows_all_words_and_images_without_an_error(corpus_dir, output):
    preview(corpus_dir, output, "--random", 3)
    words = sum(len(facts["text"]) for facts in facts_in(output.read_text()))
    with chromium(height=6000) as (page, messages):  # high enough for all pages: others would not load their pictures
        page.goto(output.as_uri())
        assert page.get_attribute("body", "data-words") == str(words)
        assert page.locator(".word").count() == words
        decoded = "Promise.all([...document.images].map(image => image.decode()))"
        assert page.evaluate(f"{decoded}.then(images => images.length)") == 3
        assert messages == []


@needs_chromium
def test_each_switch_shows_and_hides_its_layer(corpus_dir, output):
    preview(corpus_dir, output, "--random", 1)
    layers = [
        ("w", has_style(".word", "stroke", "none"), True),
        ("l", has_style(".row", "fill", "none"), True),
        ("o", has_style(".strokes", "display", "none"), False),
        ("o", has_style(".numbers", "display", "none"), False),
        ("g", has_style(".cells", "display", "none"), False),
        ("s", has_style(".word.q4", "fillOpacity", "0.16"), False),
    ]
    with chromium() as (page, _):
        page.goto(output.as_uri())
        for key, hidden, at_first in layers:
            assert page.evaluate(hidden) is not at_first
            page.keyboard.press(key)
            assert page.evaluate(hidden) is at_first
            page.keyboard.press(key)


@needs_chromium
def test_the_pointer_shows_the_tokens_of_a_word_and_the_arrow_keys_move_to_the_next_word(corpus_dir, output):
    preview(corpus_dir, output, "--random", 1)
    (facts,) = facts_in(output.read_text())
    with chromium() as (page, _):
        page.goto(output.as_uri())
        assert page.is_hidden(".tip")
        page.hover(".word")
        tip = page.inner_text(".tip")
        assert tip.startswith(facts["text"][0])
        assert f"line 0 · cell {facts['cell'][0]} · score {facts['score'][0]:.3f}" in tip
        assert all(str(token) in tip and piece in tip for token, piece in facts["tokens"][0])
        assert page.locator(".reading li.hot").count() == 1
        page.keyboard.press("ArrowRight")
        assert page.text_content(".tip b") == facts["text"][1]
        page.keyboard.press("t")
        page.keyboard.press("ArrowRight")
        assert page.is_hidden(".tip")


@needs_chromium
def test_hostile_words_run_no_script_in_a_browser(output, tmp_path):
    write_hostile_corpus(tmp_path / "out")
    preview(tmp_path / "out", output)
    with chromium() as (page, messages):
        page.goto(output.as_uri())
        page.hover(".word")
        assert page.title() == "Corpus preview"
        assert page.text_content(".tip b") == HOSTILE[0]
        assert page.locator("img").count() == 1
        assert messages == []
