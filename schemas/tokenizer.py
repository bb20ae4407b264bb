"""Tokenizers: any SentencePiece model or Hugging Face `tokenizer.json`; the T5 vocabulary by default.

Ids after the vocabulary follow T5 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683): one hundred sentinels
`<extra_id_0> .. <extra_id_99>`. `<extra_id_0>` has the highest id, as in T5 checkpoints.
"""

from __future__ import annotations

import hashlib
import shutil
from itertools import product
from pathlib import Path
from typing import Protocol

from schemas.errors import FolioError, UsageError
from schemas.support.fast_tokenizer import space_before_words, word_ids
from schemas.tokenizer_json import write_tokenizer_json

SENTINELS = 100
_FILE_NAMES = ("spiece.model", "tokenizer.json")  # the second one may be a conversion of the first
_T5_MODEL = Path(__file__).parent / "t5" / "spiece.model"


class _Vocabulary(Protocol):
    """The part of a tokenizer that depends on the type of its file."""

    size: int

    def encode_words(self, words: list[str]) -> list[list[int]]: ...

    def decode(self, ids: list[int]) -> str: ...

    def id_of(self, *names: str) -> int | None: ...


class Tokenizer:
    """Converts words to ids and back. Has the special ids that span corruption needs.

    Attributes:
        name: the name that the user gave: `t5`, a path or a name on the Hugging Face hub.
        path: the model file.
        sha256: hash of the model file. Two corpora with the same hash use the same ids.
        vocab_size: number of ids in the model file: the highest id plus 1.
        pad_id, eos_id: those of the model file if it has them, otherwise ids after the sentinels.
        sentinel_ids: 100 ids, `<extra_id_0>` first. Those of the model file if it has all of them.
        embedding_size: number of rows that an embedding needs: all ids, rounded up to a multiple of 128.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._vocabulary = _open_vocabulary(path)
        self.vocab_size = self._vocabulary.size
        next_id = self._place_sentinels()
        self._place_pad_and_eos(next_id)

    def _place_sentinels(self) -> int:
        ids = (self._vocabulary.id_of(f"<extra_id_{i}>") for i in range(SENTINELS))
        known = tuple(i for i in ids if i is not None)
        if len(known) == SENTINELS:
            self.sentinel_ids = known
            return self.vocab_size
        last = self.vocab_size + SENTINELS - 1
        self.sentinel_ids = tuple(last - i for i in range(SENTINELS))
        return self.vocab_size + SENTINELS

    def _place_pad_and_eos(self, next_id: int) -> None:
        pad = self._vocabulary.id_of("<pad>", "[PAD]", "<|pad|>")
        self.pad_id, next_id = (next_id, next_id + 1) if pad is None else (pad, next_id)
        eos = self._vocabulary.id_of("</s>", "[SEP]", "<|endoftext|>", "<eos>")
        self.eos_id, next_id = (next_id, next_id + 1) if eos is None else (eos, next_id)
        self.embedding_size = -(-next_id // 128) * 128

    def encode_words(self, words: list[str]) -> list[list[int]]:
        """Returns the ids of each word, without special tokens.

        A word that the vocabulary cannot represent gets the id for unknown text.
        """
        return self._vocabulary.encode_words(words)

    def decode(self, ids: list[int]) -> str:
        """Returns the text of `ids`. Sentinels become `<extra_id_N>`; padding and end tokens are omitted."""
        names = {sentinel: f"<extra_id_{i}>" for i, sentinel in enumerate(self.sentinel_ids)}
        parts: list[str] = []
        run: list[int] = []
        for token in [*ids, self.pad_id]:
            if token in names or token in (self.pad_id, self.eos_id):
                parts.append(self._vocabulary.decode(run))
                parts.append(names.get(token, ""))
                run = []
            elif token < self.vocab_size:
                run.append(token)
        return " ".join(part for part in parts if part)

    def save(self, directory: str | Path) -> None:
        """Copies the model file into `directory`, so that `load_tokenizer` can open that directory.

        A SentencePiece model of the type Unigram is also written as `tokenizer.json`, for other programs.
        """
        piece, fast = _FILE_NAMES
        if self.path.suffix == ".json":
            shutil.copyfile(self.path, Path(directory, fast))
            return
        shutil.copyfile(self.path, Path(directory, piece))
        names = {self.pad_id: "<pad>", self.eos_id: "</s>"}
        names |= {sentinel: f"<extra_id_{i}>" for i, sentinel in enumerate(self.sentinel_ids)}
        write_tokenizer_json(self.path, names, self.eos_id, Path(directory, fast))


class _SentencePiece:
    def __init__(self, path: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._model = SentencePieceProcessor(model_file=str(path))
        self.size = self._model.vocab_size()

    def encode_words(self, words: list[str]) -> list[list[int]]:
        return self._model.encode(words)

    def decode(self, ids: list[int]) -> str:
        return self._model.decode(ids)

    def id_of(self, *names: str) -> int | None:
        ids = (self._model.piece_to_id(name) for name in names)
        return next((i for i in ids if not self._model.is_unknown(i)), None)


class _HuggingFace:
    def __init__(self, path: Path) -> None:
        try:
            from tokenizers import Tokenizer as Fast
        except ImportError as error:
            raise FolioError(f"{path} needs the tokenizers library: pip install tokenizers") from error
        try:
            self._model = Fast.from_file(str(path))
        except Exception as error:
            if type(error) is not Exception:  # the library raises its own errors as a bare Exception
                raise
            raise ValueError(str(error)) from error
        # Files from the hub contain settings for their model. Switch two of them off: pages must not be truncated, and
        # a word with the text "[PAD]" must not become a padding token.
        self._model.no_truncation()
        self._model.encode_special_tokens = True
        self.size = max(self._model.get_vocab().values()) + 1  # not the number of ids: there may be gaps
        self._space = space_before_words(self._model)

    def encode_words(self, words: list[str]) -> list[list[int]]:
        return word_ids(self._model, words, self._space)

    def decode(self, ids: list[int]) -> str:
        return self._model.decode(ids).strip()

    def id_of(self, *names: str) -> int | None:
        ids = (self._model.token_to_id(name) for name in names)
        return next((i for i in ids if i is not None), None)


def _open_vocabulary(path: Path) -> _Vocabulary:
    try:
        return _HuggingFace(path) if path.suffix == ".json" else _SentencePiece(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{path} is neither a SentencePiece model nor a tokenizer.json: {error}") from error


def load_tokenizer(spec: str | None = None) -> Tokenizer:
    """Opens a tokenizer.

    Args:
        spec: `None` or `t5` for the T5 vocabulary in this package; a model file; a directory that contains
            `tokenizer.json` or `spiece.model`; otherwise the name of a repository on the Hugging Face hub.

    Raises:
        UsageError: no tokenizer with this name can be opened.
        FolioError: a `tokenizer.json` needs the tokenizers library, which is not installed.
    """
    if spec in (None, "t5"):
        return Tokenizer("t5", _T5_MODEL)
    path = Path(spec)
    if path.is_dir():
        path = next((path / name for name in _FILE_NAMES if (path / name).is_file()), path)
        if path.is_dir():
            raise UsageError(f"--tokenizer {spec}: the directory contains neither {' nor '.join(_FILE_NAMES)}")
    if path.is_file():
        return Tokenizer(spec, path)
    return Tokenizer(spec, _from_hub(spec))


def _from_hub(name: str) -> Path:
    missing = (
        f"--tokenizer {name}: no such file or directory here; it may be the path of a SentencePiece model, "
        "the path of a tokenizer.json, or a name on the Hugging Face hub"
    )
    try:
        from huggingface_hub.errors import EntryNotFoundError, HFValidationError, HTTPError
    except ImportError as error:
        raise UsageError(f"{missing} (which needs: pip install huggingface_hub)") from error
    for fetch, file_name in product((_from_cache, _download), _FILE_NAMES):
        try:
            return fetch(name, file_name)
        except EntryNotFoundError:
            continue
        except HFValidationError as error:
            raise UsageError(f"{missing}, but this is not a valid name there.") from error
        except (HTTPError, OSError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UsageError(f"{missing}, but it cannot be downloaded from there ({reason}).") from error
    raise UsageError(f"--tokenizer {name} on the Hugging Face hub contains neither {' nor '.join(_FILE_NAMES)}.")


def _from_cache(name: str, file_name: str) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(name, file_name, local_files_only=True))


def _download(name: str, file_name: str) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    # Fails at once if there is no network. The download would retry for a minute.
    get_hf_file_metadata(hf_hub_url(name, file_name))
    return Path(hf_hub_download(name, file_name))


def absolute_spec(spec: str) -> str:
    """Returns a spec of `load_tokenizer` that means the same in another working directory: paths are absolute."""
    return str(Path(spec).absolute()) if spec != "t5" and Path(spec).exists() else spec
