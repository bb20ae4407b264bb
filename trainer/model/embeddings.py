"""What enters the encoder: places on the page and patches of the page image."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.config import PATCH_CELLS, ModelConfig

BOX_TABLES = 6  # x0, y0, x1, y1, width, height
HALF_PERIODS = 200.0  # of the fastest cosine over a page: 10 thousandths a period, about the height of a letter


def smooth_tables(rows: int, dim: int) -> Tensor:
    """First weights of the six tables, (6, rows, dim): random cosines of the coordinate, so that near rows are alike.

    Independent rows would have to learn a thousand places one by one, and on small corpora never meet most of them.
    Frequencies go from half a period a page to a hundred (random Fourier features, Rahimi and Recht 2007). The six rows
    of a box together are as large as a token's embedding, which has unit variance in T5.
    """
    frequency = math.pi * HALF_PERIODS ** torch.rand(BOX_TABLES, 1, dim)
    phase = 2 * math.pi * torch.rand(BOX_TABLES, 1, dim)
    place = torch.arange(rows)[:, None] / rows
    return torch.cos(frequency * place + phase) * (2 / BOX_TABLES) ** 0.5


class BoxEmbedding(nn.Module):
    """Spatial features of DocFormerv2: six learned tables over 0..1000 thousandths of the page, summed."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.coordinates = config.coordinates
        # One stack of six tables: table i holds the rows from i * coordinates on.
        self.tables = nn.Embedding(BOX_TABLES * config.coordinates, config.d_model)
        with torch.no_grad():
            self.tables.weight.copy_(smooth_tables(config.coordinates, config.d_model).flatten(0, 1))

    def forward(self, boxes: Tensor, visible: Tensor) -> Tensor:
        """boxes (b, n, 4) thousandths, visible (b, n) bool. Returns (b, n, d); 0 where the box is hidden.

        A token without a place, be it hidden, a sentinel, eos or part of a question, is thus exactly T5's.
        """
        x0, y0, x1, y1 = boxes.unbind(-1)
        values = torch.stack([x0, y0, x1, y1, x1 - x0, y1 - y0], dim=-1).clamp(0, self.coordinates - 1)
        rows = values + self.coordinates * torch.arange(BOX_TABLES, device=boxes.device)
        return self.tables(rows).sum(dim=-2) * visible[..., None]


class VisualEmbedding(nn.Module):
    """The visual branch: a convolution, ReLU, one linear layer, and as asked for, learned positions and places.

    The convolution reads a 4 x 4 raster of cells in each patch, d / 16 channels a cell, and the linear layer mixes the
    patch's d responses. A convolution over whole patches would alone have 4,608 d weights, more than the published
    parameter counts leave room for.
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
        """images (b, h, w, 3) uint8, patch_boxes (b, v, 4), patch_visible (b, v) bool. Returns (b, v, d)."""
        weight = self.convolution.weight
        ink = 1.0 - images.permute(0, 3, 1, 2).to(weight.dtype) / 255.0  # white paper is 0
        cells = F.relu(self.convolution(ink))
        patches = cells.unflatten(3, (self.config.patch_cols, 4)).unflatten(2, (self.config.patch_rows, 4))
        patches = patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (b, rows, cols, c, 4, 4) to (b, v, d)
        x = self.linear(patches)
        if self.positions is not None:
            x = x + self.positions(torch.arange(self.config.visual_tokens, device=images.device))
        return x if self.boxes is None else x + self.boxes(patch_boxes, patch_visible)
