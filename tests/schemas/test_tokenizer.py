"""The default tokenizer gives the published ids of T5, and any other tokenizer file can replace it."""

from __future__ import annotations

import itertools
import random
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers, trainers

from schemas import UsageError, load_tokenizer
from schemas.tokenizer import absolute_spec
from tests.schemas.strategies import word_texts

WORDS = ("total", "amount", "due", "invoice", "date", "the", "of", "and", "balance", "payable", "$4.32", "No.", "(7)")


def texts():
    rng = random.Random(0)
    return [" ".join(rng.choices(WORDS, k=12)) for _ in range(300)]


def wordpiece(special_tokens):
    fast = Fast(models.WordPiece(unk_token="[UNK]"))
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast.decoder = decoders.WordPiece()
    fast.train_from_iterator(texts(), trainers.WordPieceTrainer(vocab_size=200, special_tokens=special_tokens))
    return fast


def byte_bpe(special_tokens):
    fast = Fast(models.BPE())
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    fast.train_from_iterator(
        texts(), trainers.BpeTrainer(vocab_size=400, special_tokens=special_tokens, initial_alphabet=alphabet)
    )
    return fast


KINDS = {
    "wordpiece like BERT": lambda: wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
    "byte-level BPE like GPT-2": lambda: byte_bpe(["<|endoftext|>"]),
    "byte-level BPE without special tokens": lambda: byte_bpe([]),
    "byte-level BPE with T5 tokens": lambda: byte_bpe(["<pad>", "</s>", *(f"<extra_id_{i}>" for i in range(100))]),
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """A small tokenizer.json that is trained here, one per kind."""
    path = tmp_path_factory.mktemp("trained") / "tokenizer.json"
    KINDS[request.param]().save(str(path))
    return path


@pytest.fixture(scope="module")
def t5():
    return load_tokenizer()


def flat(ids):
    return list(itertools.chain.from_iterable(ids))


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("translate English to German: That is good.", [13959, 1566, 12, 2968, 10, 466, 19, 207, 5]),
        ("The house is wonderful.", [37, 629, 19, 1627, 5]),
        ("Das Haus ist wunderbar.", [644, 4598, 229, 19250, 5]),
        ("Hello world", [8774, 296]),
    ],
)
def test_t5_ids_are_the_published_ones(t5, text, published):
    assert flat(t5.encode_words(text.split())) == published
    assert t5.decode(published) == text


def test_t5_special_ids_are_those_of_the_t5_checkpoints(t5):
    assert (t5.name, t5.vocab_size, t5.pad_id, t5.eos_id) == ("t5", 32000, 0, 1)
    assert t5.sentinel_ids == tuple(range(32099, 31999, -1))
    assert t5.embedding_size == 32128
    assert t5.sha256 == "d60acb128cf7b7f2536e8f38a5b18a05535c9e14c7a355904270e15b0945ea86"


def test_decoding_names_the_sentinels_and_omits_padding_and_end_tokens(t5):
    house, wonderful = t5.encode_words(["The house", "wonderful."])
    ids = [t5.sentinel_ids[0], *house, t5.sentinel_ids[1], *wonderful, t5.eos_id, t5.pad_id, t5.pad_id]
    assert t5.decode(ids) == "<extra_id_0> The house <extra_id_1> wonderful."


def test_ids_after_the_vocabulary_decode_to_no_text(t5):
    assert t5.decode([8774, 32100, 32127, 296]) == "Hello world"


@given(st.lists(word_texts, max_size=8))
def test_every_word_is_encoded_separately_and_no_id_is_special(t5, words):
    ids = t5.encode_words(words)
    assert len(ids) == len(words)
    assert ids == [t5.encode_words([word])[0] for word in words]
    assert not {t5.pad_id, t5.eos_id, *t5.sentinel_ids} & set(flat(ids))


def test_an_empty_list_of_words_gives_no_ids(t5, trained):
    assert t5.encode_words([]) == load_tokenizer(str(trained)).encode_words([]) == []


def test_special_ids_of_any_tokenizer_are_distinct_and_fit_the_embedding(trained):
    tokenizer = load_tokenizer(str(trained))
    special = [tokenizer.pad_id, tokenizer.eos_id, *tokenizer.sentinel_ids]
    assert len(tokenizer.sentinel_ids) == 100
    assert len(set(special)) == 102
    assert max([*special, tokenizer.vocab_size - 1]) < tokenizer.embedding_size
    assert tokenizer.embedding_size % 128 == 0
    assert tokenizer.embedding_size - max(special) <= 128 or tokenizer.embedding_size - tokenizer.vocab_size < 128


def test_special_tokens_of_a_file_are_used_and_missing_ones_get_ids_after_the_vocabulary(tmp_path):
    bert, gpt, none, t5 = (load_tokenizer(_saved(kind(), tmp_path / name)) for name, kind in KINDS.items())
    assert (bert.pad_id, bert.eos_id) == (0, 3)
    assert (gpt.eos_id, gpt.pad_id) == (0, gpt.vocab_size + 100)
    assert (none.pad_id, none.eos_id) == (none.vocab_size + 100, none.vocab_size + 101)
    assert (t5.pad_id, t5.eos_id, t5.sentinel_ids) == (0, 1, tuple(range(2, 102)))


def _saved(fast, directory):
    directory.mkdir(exist_ok=True)
    fast.save(str(directory / "tokenizer.json"))
    return str(directory)


def test_decoding_the_ids_of_any_tokenizer_gives_the_words(trained):
    tokenizer = load_tokenizer(str(trained))
    ids = tokenizer.encode_words(["invoice", "date", "payable"])
    assert len(ids) == 3
    assert tokenizer.decode(flat(ids)) == "invoice date payable"


@given(
    words=st.lists(
        word_texts | st.sampled_from(["[PAD]", "[SEP]", "</s>", "<extra_id_7>", "<|endoftext|>"]), max_size=6
    )
)
def test_a_word_with_the_text_of_a_special_token_does_not_become_that_token(trained, words):
    tokenizer = load_tokenizer(str(trained))
    ids = tokenizer.encode_words(words)
    assert len(ids) == len(words)
    assert not {tokenizer.pad_id, tokenizer.eos_id, *tokenizer.sentinel_ids} & set(flat(ids))
    assert all(0 <= token < tokenizer.vocab_size for token in flat(ids))


def test_truncation_and_padding_settings_in_a_file_are_ignored(tmp_path):
    fast = KINDS["wordpiece like BERT"]()
    fast.enable_truncation(8)
    fast.enable_padding(length=64)
    ids = load_tokenizer(_saved(fast, tmp_path)).encode_words(["total"] * 40)
    assert [len(word) for word in ids] == [1] * 40


def test_special_ids_do_not_overlap_a_vocabulary_with_gaps_between_ids(tmp_path):
    pieces = {"[UNK]": 0, "[PAD]": 1, "[SEP]": 2, "total": 300}
    tokenizer = load_tokenizer(_saved(Fast(models.WordPiece(pieces, unk_token="[UNK]")), tmp_path))
    assert tokenizer.vocab_size == 301
    assert min(tokenizer.sentinel_ids) > 300


def test_a_saved_tokenizer_is_the_same_after_loading_from_its_directory(t5, trained, tmp_path):
    for number, tokenizer in enumerate([t5, load_tokenizer(str(trained))]):
        directory = tmp_path / str(number)
        directory.mkdir()
        tokenizer.save(directory)
        again = load_tokenizer(str(directory))
        assert again.sha256 == tokenizer.sha256
        assert again.encode_words(list(WORDS)) == tokenizer.encode_words(list(WORDS))
        assert (again.pad_id, again.eos_id, again.sentinel_ids) == (
            tokenizer.pad_id,
            tokenizer.eos_id,
            tokenizer.sentinel_ids,
        )


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=60))
def test_a_sentencepiece_model_is_also_saved_as_tokenizer_json_with_the_same_ids(saved_t5, text):
    fast, own = saved_t5
    ids, expected = fast.encode(f"{text} ").ids, own.encode(text)
    assert ids.pop() == own.eos_id()
    assert own.decode(ids) == own.decode(expected)
    # Several segmentations may have the same score: then each library chooses its own.
    assert sum(map(own.get_score, ids)) == pytest.approx(sum(map(own.get_score, expected)))


@pytest.fixture(scope="module")
def saved_t5(t5, tmp_path_factory):
    """Returns the saved T5 vocabulary, opened by the tokenizers library and by SentencePiece."""
    directory = tmp_path_factory.mktemp("saved")
    t5.save(directory)
    own = SentencePieceProcessor(model_file=str(directory / "spiece.model"))
    return Fast.from_file(str(directory / "tokenizer.json")), own


def test_the_special_tokens_of_a_saved_tokenizer_json_have_the_ids_of_the_tokenizer(t5, saved_t5):
    fast, _ = saved_t5
    assert [fast.token_to_id(f"<extra_id_{i}>") for i in range(100)] == list(t5.sentinel_ids)
    assert (fast.token_to_id("<pad>"), fast.token_to_id("</s>")) == (t5.pad_id, t5.eos_id)
    assert t5.sentinel_ids[3] in fast.encode("the <extra_id_3> total").ids


def test_a_model_file_may_have_any_name(t5, tmp_path):
    copy = shutil.copyfile(t5.path, tmp_path / "vocabulary.bin")
    assert load_tokenizer(str(copy)).sha256 == t5.sha256


def test_a_directory_without_a_tokenizer_is_a_usage_error(tmp_path):
    with pytest.raises(
        UsageError, match=rf"{tmp_path}: the directory contains neither spiece\.model nor tokenizer\.json"
    ):
        load_tokenizer(str(tmp_path))


@pytest.mark.parametrize("name", ["spiece.model", "tokenizer.json"])
@pytest.mark.parametrize(
    "content",
    [b"", bytes(range(256)), b"{}", b"[]", b'{"model": {"type": "BPE"}}'],
    ids=["empty", "garbage", "{}", "[]", "no vocab"],
)
def test_a_file_that_is_not_a_tokenizer_is_a_usage_error_that_names_the_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=rf"{tmp_path}/{name} is neither a SentencePiece model nor a tokenizer\.json"):
        load_tokenizer(str(tmp_path / name))


def test_a_spec_for_another_working_directory_has_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_tokenizer().save(tmp_path)
    assert absolute_spec(".") == str(tmp_path)
    assert absolute_spec("t5") == "t5"
    assert absolute_spec("google/byt5-small") == "google/byt5-small"
