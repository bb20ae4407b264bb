"""Shows pages of a corpus, with the words and tokens that the model receives, in one HTML file."""

from __future__ import annotations

import base64
import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.report.links import document_link
from pipelines.report.page_view import PageView, page_view
from pipelines.report.rendering import render
from pipelines.runtime.files import is_local
from pipelines.runtime.wording import counted
from schemas import (
    TOKEN_COLUMNS,
    Corpus,
    CorpusIndex,
    Sample,
    SchemaError,
    Tokenizer,
    TokenizerInfo,
    UsageError,
    cell_of,
    load_tokenizer,
)

logger = logging.getLogger("pipelines")

_TOKEN_ID, _WORD = TOKEN_COLUMNS.index("token_id"), TOKEN_COLUMNS.index("word")


def preview(corpus_dir: str, keys: list[str], count: int, seed: int, output: str) -> None:
    """Writes the preview of some pages.

    Args:
        corpus_dir: directory of the corpus.
        keys: keys of the pages to show; if empty, random pages are shown.
        count: number of random pages.
        seed: seed of the random selection.
        output: path of the HTML file.

    Raises:
        UsageError: there is no finished local corpus, a page does not exist, or the output cannot be written.
        SchemaError: the corpus is damaged.
    """
    if not is_local(corpus_dir):
        raise UsageError(
            f"{corpus_dir}: a preview reads only a local corpus; copy index.json and shards/ to a local disk first."
        )
    corpus = Corpus(corpus_dir)
    numbers = find(corpus, keys) if keys else draw(len(corpus), count, seed)
    if not numbers:
        raise UsageError(f"{corpus_dir} contains no samples to show: its report.html says why.")
    try:
        # A damaged record may contain a lone surrogate, which is not valid UTF-8. Replace it and show the page.
        Path(output).write_text(render_preview(corpus, numbers), encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"--output {output} cannot be written: {error}") from error
    logger.info("look at %s: %s of %s", output, counted(len(numbers), "page"), corpus_dir)


def find(corpus: Corpus, keys: list[str]) -> list[int]:
    """Returns the positions of the samples with these keys, in the order of the keys.

    Raises:
        UsageError: the corpus has no sample with one of the keys.
    """
    wanted, found = set(keys), dict[str, int]()
    for number in range(len(corpus)):
        if len(found) == len(wanted):
            break
        if (key := corpus.key(number)) in wanted:
            found[key] = number
    for key in keys:
        if key not in found:
            raise UsageError(
                f"--key {key}: the corpus has no page with this key. "
                "manifest.parquet lists all keys; those with status ok have a page."
            )
    return [found[key] for key in keys]


def draw(samples: int, count: int, seed: int) -> list[int]:
    """Draws positions of random samples.

    Args:
        samples: number of samples in the corpus.
        count: number of positions; if there are fewer samples, all are returned.
        seed: the same seed gives the same positions.

    Returns:
        Different numbers below `samples`, in ascending order.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    return sorted(rng.choice(samples, min(count, samples), replace=False).tolist()) if samples else []


def render_preview(corpus: Corpus, numbers: list[int]) -> str:
    """Renders samples of a corpus as one HTML page that needs no other files and no network.

    Args:
        corpus: the corpus.
        numbers: positions of the samples.

    Raises:
        SchemaError: a sample is damaged.
    """
    tokenizer = open_tokenizer(corpus.index.tokenizer)
    script = render("preview.js")
    return render(
        "preview.html.j2",
        views=[_shown(corpus, number, tokenizer) for number in numbers],
        samples=len(corpus),
        tokenizer=corpus.index.tokenizer.name,
        pieces_known=tokenizer is not None,
        script=script,
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def _shown(corpus: Corpus, number: int, tokenizer: Tokenizer | None) -> tuple[PageView, str | None, dict[str, Any]]:
    sample = corpus[number]
    try:
        view = page_view(sample, corpus.index)
        return view, document_link(view.page.uri, view.page.page), word_facts(sample, corpus.index, tokenizer)
    except (IndexError, TypeError, ValueError, ZeroDivisionError) as error:
        raise SchemaError(f"{sample.key} is damaged ({error}): run python -m pipelines.verify.") from error


def word_facts(sample: Sample, index: CorpusIndex, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """Returns the facts that the preview shows when the pointer is over a word.

    Args:
        sample: the page.
        index: the index of its corpus.
        tokenizer: decodes the tokens; None leaves the text of the tokens empty.

    Returns:
        Lists with one entry per word: `text`, `box`, `score`, `line`, `cell`, and `tokens` (pairs of id and text).

    Raises:
        SchemaError: the record of the sample is not a page.
        IndexError: a token refers to a word that does not exist.
    """
    words = sample.page().words
    tokens: list[list[tuple[int, str]]] = [[] for _ in words]
    for token_id, word in sample.tokens[:, (_TOKEN_ID, _WORD)].tolist():
        tokens[word].append((token_id, tokenizer.decode([token_id]) if tokenizer else ""))
    cells = cell_of(np.array([word.box for word in words]), index.grid_rows, index.grid_cols)
    columns = {name: [getattr(word, name) for word in words] for name in ("text", "box", "score", "line")}
    return {**columns, "cell": cells.tolist(), "tokens": tokens}


def open_tokenizer(info: TokenizerInfo) -> Tokenizer | None:
    """Returns the tokenizer of a corpus, or `None` if the same tokenizer is not available on this machine."""
    try:
        tokenizer = load_tokenizer(info.name)
    except UsageError:
        return None
    return tokenizer if tokenizer.sha256 == info.sha256 else None
