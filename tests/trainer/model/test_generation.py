"""Generation with a cache: the tokens of decoding without one, the best text of all, rows that do not see others."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from tests.trainer.pages import TINY, collated, example_of, page_image, page_tokens
from trainer.model.batch import Batch
from trainer.model.docformer import DocFormerV2
from trainer.model.generation import generate

SMALL = replace(TINY, vocab_size=512, image_height=128, image_width=96)
TOKENIZER = SimpleNamespace(sentinel_ids=tuple(range(511, 411, -1)), eos_id=1)
EOS = 1


@pytest.fixture(scope="module")
def model() -> DocFormerV2:
    torch.manual_seed(0)
    return DocFormerV2(SMALL).eval()


def batch_of(*pages: list[int], image: bool = True) -> Batch:
    """Returns a batch with one page per argument: the number of words in each of its lines."""
    picture = page_image() if image else None
    return collated([example_of(page_tokens(page), picture, model=SMALL, tokenizer=TOKENIZER) for page in pages])


def plain_greedy(model: DocFormerV2, batch: Batch, steps: int) -> Tensor:
    """Decodes the whole text again for each token."""
    encoded, visible = model.encode(batch)
    ids = torch.zeros(len(encoded), 1, dtype=torch.long)
    ended = torch.zeros(len(encoded), dtype=torch.bool)
    while ids.shape[1] <= steps and not ended.all():
        best = model.decode(encoded, visible, ids)[:, -1].argmax(dim=-1).masked_fill(ended, 0)
        ids = torch.cat([ids, best[:, None]], dim=1)
        ended |= best == EOS
    return ids[:, 1:]


@pytest.mark.parametrize("image", [True, False])
def test_greedy_tokens_are_those_of_decoding_without_a_cache(model, image):
    batch = batch_of([6] * 3, [2], [9] * 12, image=image)
    with torch.no_grad():
        assert torch.equal(generate(model, batch, 12).ids, plain_greedy(model, batch, 12))


@pytest.mark.parametrize("beams", [1, 3])
def test_a_page_has_the_same_text_alone_and_in_a_batch(model, beams):
    pages = ([6] * 3, [2], [9] * 12)
    together = generate(model, batch_of(*pages), 6, beams)
    for number, page in enumerate(pages):
        alone = generate(model, batch_of(page), 6, beams)
        length = int(alone.lengths)
        assert together.ids[number, :length].tolist() == alone.ids[0, :length].tolist()
        assert float(together.log_prob[number]) == pytest.approx(float(alone.log_prob), abs=1e-3)


def best_of_all_texts(model: DocFormerV2, batch: Batch, vocabulary: int, longest: int) -> list[tuple[float, list[int]]]:
    """Returns, for each page, the highest mean log-probability of any text, and this text."""
    encoded, visible = model.encode(batch)
    texts = [(*text, EOS) for n in range(longest) for text in product(range(vocabulary), repeat=n) if EOS not in text]
    texts += [text for text in product(range(vocabulary), repeat=longest) if EOS not in text]
    best = []
    for row in range(len(encoded)):
        means = []
        for text in texts:
            ids = torch.tensor([[0, *text]])
            log_p = model.decode(encoded[row : row + 1], visible[row : row + 1], ids[:, :-1]).log_softmax(-1)
            means.append(float(log_p[0].gather(1, ids[0, 1:, None]).mean()))
        number = max(range(len(texts)), key=means.__getitem__)
        best.append((means[number], list(texts[number])))
    return best


def test_beam_search_with_enough_beams_finds_the_best_of_all_texts():
    torch.manual_seed(3)
    model = DocFormerV2(replace(SMALL, vocab_size=5, image_height=0)).eval()
    batch = batch_of([4] * 3, [7], image=False)
    batch["input_ids"] = batch["input_ids"] % 5
    with torch.no_grad():
        expected = best_of_all_texts(model, batch, vocabulary=5, longest=3)
    found = generate(model, batch, 3, beams=4**3)
    for row, (mean, text) in enumerate(expected):
        assert found.ids[row, : int(found.lengths[row])].tolist() == text
        assert float(found.mean_log_prob[row]) == pytest.approx(mean, abs=1e-4)


def log_probability(model: DocFormerV2, batch: Batch, row: int, text: Tensor) -> float:
    """Returns the log-probability of a text (1, t) for a page, without a cache."""
    with torch.no_grad():
        encoded, visible = model.encode(batch)
        ids = torch.cat([torch.zeros(1, 1, dtype=torch.long), text], dim=1)
        log_p = model.decode(encoded[row : row + 1], visible[row : row + 1], ids[:, :-1]).log_softmax(-1)
    return float(log_p.gather(2, text[..., None]).sum())


def test_the_log_probability_is_that_of_the_returned_text(model):
    batch = batch_of([6] * 3, [2])
    for beams in (1, 4):
        found = generate(model, batch, 5, beams)
        for row in range(2):
            text = found.ids[row : row + 1, : int(found.lengths[row])]
            expected = log_probability(model, batch, row, text)
            assert float(found.log_prob[row]) == pytest.approx(expected, abs=1e-3)


def test_a_text_ends_at_eos_and_the_rest_is_padding():
    torch.manual_seed(0)
    config = replace(SMALL, image_height=0)
    pages = [example_of(page_tokens(page), model=config, tokenizer=TOKENIZER) for page in ([6] * 3, [6] * 4)]
    batch = collated(pages) | {"labels": torch.tensor([[200, 201, 1, -100, -100], [300, 301, 302, 303, 1]])}
    model = DocFormerV2(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    for _ in range(40):
        optimizer.zero_grad()
        outcome = model(batch)["labels"]
        (outcome.loss_sum / outcome.answers).backward()
        optimizer.step()
    model.eval()
    for beams in (1, 3):
        found = generate(model, batch, 20, beams)
        assert found.ids.tolist() == [[200, 201, 1, 0, 0], [300, 301, 302, 303, 1]]
        assert found.lengths.tolist() == [3, 5]
    assert generate(model, batch, 2).ids.tolist() == [[200, 201], [300, 301]]


def test_bfloat16_generates(model):
    half = DocFormerV2(SMALL)
    half.load_state_dict(model.state_dict())
    found = generate(half.to(torch.bfloat16).eval(), batch_of([6] * 3, [2]), 4, beams=2)
    assert found.ids.shape[0] == 2
    assert found.log_prob.dtype == torch.float32
