"""Writes a SentencePiece vocabulary as a `tokenizer.json`, the format of Hugging Face's `tokenizers` library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Numbers of fields and values in sentencepiece_model.proto.
TRAINER_SPEC, MODEL_TYPE, UNIGRAM = 2, 3, 1
NORMALIZER_SPEC, PRECOMPILED_CHARSMAP = 3, 2


def write_tokenizer_json(model: Path, special: Mapping[int, str], eos_id: int, target: Path) -> bool:
    """Converts a SentencePiece model to a `tokenizer.json` with the same ids.

    Args:
        model: the SentencePiece model.
        special: names of the special tokens by id. The ids that the model does not have must follow directly on its
            own; for the others, the name in the model is used.
        eos_id: the special token that ends each text.
        target: the file to write.

    Returns:
        Whether the file was written. Only Unigram models, such as that of T5, can be converted.
    """
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    proto = _fields(model.read_bytes())
    if _fields(proto[TRAINER_SPEC]).get(MODEL_TYPE, UNIGRAM) != UNIGRAM:
        return False
    own = SentencePieceProcessor(model_file=str(model))
    pieces = [(own.id_to_piece(i), own.get_score(i)) for i in range(own.vocab_size())]
    names = {i: own.id_to_piece(i) if i < own.vocab_size() else name for i, name in special.items()}
    tokenizer = Tokenizer(models.Unigram(pieces, own.unk_id(), any(map(own.is_byte, range(own.vocab_size())))))
    tokenizer.add_special_tokens([AddedToken(names[i], normalized=False) for i in sorted(names)])
    characters = _fields(proto[NORMALIZER_SPEC]).get(PRECOMPILED_CHARSMAP)
    tokenizer.normalizer = normalizers.Sequence(
        [
            *([normalizers.Precompiled(characters)] if characters else []),
            normalizers.Strip(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    eos = names[eos_id]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {eos}", pair=f"$A {eos} $B {eos}", special_tokens=[(eos, eos_id)]
    )
    tokenizer.save(str(target))
    return True


def _fields(message: bytes) -> dict[int, Any]:
    """Returns the last value of each field of a protobuf message, by number.

    The generated module of the package sentencepiece would do this, but it requires a newer protobuf than Beam.
    """
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.unknown_fields import UnknownFieldSet

    return {field.field_number: field.data for field in UnknownFieldSet(Empty.FromString(message))}
