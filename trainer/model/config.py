"""The model configuration and the published sizes of DocFormerv2 (Appalaraju et al., AAAI 2024, table 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import UsageError

SIZES = (
    *("d_model", "d_ff", "d_kv", "heads", "encoder_layers", "decoder_layers", "vocab_size", "coordinates"),
    *("patch_height", "patch_width", "grid_rows", "grid_cols", "line_classes"),
)
PATCH_CELLS = 16  # the convolution reads a patch as 4 x 4 cells: see trainer.model.embeddings.VisualEmbedding


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the network. `config.json` of an exported model contains all of these fields.

    Raises:
        UsageError: a value is out of range, or two sizes do not fit together.
    """

    d_model: int
    d_ff: int
    d_kv: int
    heads: int
    encoder_layers: int
    decoder_layers: int

    # text
    vocab_size: int = 32128  # rows of the embedding table, including special ids
    pad_id: int = 0  # also the decoder's start token, as in T5
    eos_id: int = 1
    relative_buckets: int = 32
    relative_max_distance: int = 128

    # page
    coordinates: int = 1000  # rows of each box table; coordinates of 999 thousandths and more share the last row
    image_height: int = 512  # pixels; 0: a model without a visual branch
    image_width: int = 384
    patch_height: int = 32
    patch_width: int = 48
    visual_positions: bool = True  # add a learned position embedding to each patch
    visual_boxes: bool = True  # add the box embedding to each patch, as text tokens have it

    # pretraining heads
    grid_rows: int = 4
    grid_cols: int = 4
    line_classes: int = 3  # same line, adjacent lines, farther apart

    # training
    dropout: float = 0.0  # pretraining sees new text in every step and needs none; fine-tuning may need it
    activation_checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in SIZES:
            if getattr(self, name) < 1:
                raise UsageError(f"model.{name} must be at least 1, got {getattr(self, name)}")
        for name in ("image_height", "image_width", "pad_id", "eos_id"):
            if getattr(self, name) < 0:
                raise UsageError(f"model.{name} must not be negative, got {getattr(self, name)}")
        if not 0.0 <= self.dropout < 1.0:
            raise UsageError(f"model.dropout must lie in [0, 1), got {self.dropout}")
        self._check_relative_positions()
        self._check_patches()

    def _check_relative_positions(self) -> None:
        # The encoder uses half of the buckets per direction. Half of these are for single near distances, the other
        # half for logarithmic ranges of far distances. So there must be 4 or more.
        if self.relative_buckets < 4:
            raise UsageError(f"model.relative_buckets must be at least 4, got {self.relative_buckets}")
        if self.relative_max_distance <= self.relative_buckets // 2:
            raise UsageError(
                "model.relative_max_distance must be above model.relative_buckets / 2, "
                f"got {self.relative_max_distance} with {self.relative_buckets} buckets"
            )

    def _check_patches(self) -> None:
        if self.image_height % self.patch_height or self.image_width % self.patch_width:
            raise UsageError(
                f"the image size {self.image_height} x {self.image_width} is not a multiple of the patch size "
                f"{self.patch_height} x {self.patch_width}: change model.image_* or model.patch_*"
            )
        for name, factor in (("patch_height", 4), ("patch_width", 4), ("d_model", PATCH_CELLS)):
            if self.visual_tokens and getattr(self, name) % factor:
                raise UsageError(f"model.{name} must be a multiple of {factor}, got {getattr(self, name)}")

    @property
    def patch_rows(self) -> int:
        """Rows of patches on the canvas."""
        return self.image_height // self.patch_height

    @property
    def patch_cols(self) -> int:
        """Columns of patches on the canvas."""
        return self.image_width // self.patch_width

    @property
    def visual_tokens(self) -> int:
        """Number of patches per page image; 0 for a text-only model."""
        return self.patch_rows * self.patch_cols

    @property
    def grid_cells(self) -> int:
        """Number of classes of the token-to-grid objective."""
        return self.grid_rows * self.grid_cols

    def with_tokenizer(self, tokenizer: Any) -> ModelConfig:
        """Returns the same configuration with the vocabulary of a `schemas.tokenizer.Tokenizer`."""
        return replace(self, vocab_size=tokenizer.embedding_size, pad_id=tokenizer.pad_id, eos_id=tokenizer.eos_id)


MODEL_SIZES: dict[str, ModelConfig] = {
    "tiny": ModelConfig(d_model=128, d_ff=512, d_kv=32, heads=4, encoder_layers=2, decoder_layers=2),
    "small": ModelConfig(d_model=512, d_ff=2048, d_kv=64, heads=8, encoder_layers=6, decoder_layers=6),
    "base": ModelConfig(d_model=768, d_ff=3072, d_kv=64, heads=12, encoder_layers=12, decoder_layers=12),
    "large": ModelConfig(d_model=1024, d_ff=4096, d_kv=64, heads=16, encoder_layers=24, decoder_layers=24),
}
