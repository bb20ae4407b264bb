"""The inputs of the encoder other than text: box embeddings and patch embeddings of the page image."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.config import PATCH_CELLS, ModelConfig

BOX_TABLES = 6  # x0, y0, x1, y1, width, height
HALF_PERIODS = 200.0  # of the fastest cosine per page: a period is 10 thousandths, about the height of a letter


def smooth_tables(rows: int, dim: int) -> Tensor:
    """Returns initial weights of the six box tables, (6, rows, dim): random cosines of the coordinate.

    Neighbouring rows get similar weights. With independent rows the model would have to learn a thousand places one by
    one, and a small corpus does not contain most of them.

    The frequencies range from half a period per page to a hundred periods per page (random Fourier features, Rahimi and
    Recht 2007). The sum of the six rows of a box is as large as a token embedding, which has unit variance in T5.
    """
    frequency = math.pi * HALF_PERIODS ** torch.rand(BOX_TABLES, 1, dim)  # (6, 1, dim)
    phase = 2 * math.pi * torch.rand(BOX_TABLES, 1, dim)  # (6, 1, dim)
    place = torch.arange(rows)[:, None] / rows  # (rows, 1)
    return torch.cos(frequency * place + phase) * (2 / BOX_TABLES) ** 0.5  # (6, rows, dim)


class BoxEmbedding(nn.Module):
    """Spatial features of DocFormerv2: the sum of six learned tables over 0..1000 thousandths of the page."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.coordinates = config.coordinates
        # The six tables are one weight matrix: table i begins at row i * coordinates.
        self.tables = nn.Embedding(BOX_TABLES * config.coordinates, config.d_model)
        with torch.no_grad():
            self.tables.weight.copy_(smooth_tables(config.coordinates, config.d_model).flatten(0, 1))  # (6 * rows, d)

    def forward(self, boxes: Tensor, visible: Tensor) -> Tensor:
        """Embeds boxes.

        A token without a visible box (a hidden word, a sentinel, eos, part of a question) gets exactly zero. Its
        embedding is then the same as in T5.

        Args:
            boxes: (b, n, 4) int64 in thousandths of the page.
            visible: (b, n) bool.

        Returns:
            (b, n, d); 0 where the box is not visible.
        """
        x0, y0, x1, y1 = boxes.unbind(-1)  # (b, n) each
        values = torch.stack([x0, y0, x1, y1, x1 - x0, y1 - y0], dim=-1).clamp(0, self.coordinates - 1)  # (b, n, 6)
        rows = values + self.coordinates * torch.arange(BOX_TABLES, device=boxes.device)  # (b, n, 6)
        return self.tables(rows).sum(dim=-2) * visible[..., None]  # (b, n, 6, d) -> (b, n, d)


class VisualEmbedding(nn.Module):
    """The visual branch: a convolution, ReLU and one linear layer, optionally with position and box embeddings.

    The convolution reads each patch as 4 x 4 cells, with d / 16 channels per cell. The linear layer mixes these d
    values of a patch. A convolution over whole patches would alone have 4,608 d weights, which is more than the
    published parameter counts allow.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        cell = (config.patch_height // 4, config.patch_width // 4)
        self.convolution = nn.Conv2d(3, config.d_model // PATCH_CELLS, kernel_size=cell, stride=cell)
        self.linear = nn.Linear(config.d_model, config.d_model)
        self.positions = nn.Embedding(config.visual_tokens, config.d_model) if config.visual_positions else None
        self.boxes = BoxEmbedding(config) if config.visual_boxes else None
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")
        nn.init.normal_(self.linear.weight, std=config.d_model**-0.5)
        if self.positions is not None:
            nn.init.normal_(self.positions.weight, std=BOX_TABLES**-0.5)

    def forward(self, images: Tensor, patch_boxes: Tensor, patch_visible: Tensor) -> Tensor:
        """Embeds the patches of page images.

        Args:
            images: (b, h, w, 3) uint8.
            patch_boxes: (b, v, 4) int64 in thousandths of the page.
            patch_visible: (b, v) bool.

        Returns:
            (b, v, d).
        """
        weight = self.convolution.weight
        ink = 1.0 - images.permute(0, 3, 1, 2).to(weight.dtype) / 255.0  # (b, 3, h, w); white paper is 0
        cells = F.relu(self.convolution(ink))  # (b, d / 16, 4 * rows, 4 * cols)
        patches = cells.unflatten(3, (self.config.patch_cols, 4)).unflatten(2, (self.config.patch_rows, 4))
        # (b, d / 16, rows, 4, cols, 4) -> (b, rows, cols, d / 16, 4, 4) -> (b, v, d)
        patches = patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
        x = self.linear(patches)  # (b, v, d)
        if self.positions is not None:
            x = x + self.positions(torch.arange(self.config.visual_tokens, device=images.device))  # (v, d) added
        return x if self.boxes is None else x + self.boxes(patch_boxes, patch_visible)  # (b, v, d)
