"""The arms: how a model was pretrained before it is fine-tuned, and how it is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass

PRETRAINED: dict[str, tuple[str, ...]] = {
    "denoise": ("objectives.line_weight=0", "objectives.grid_weight=0"),
    "line": ("objectives.grid_weight=0",),
    "grid": ("objectives.line_weight=0",),
    "all": (),
    "all-hidden0": ("objectives.hidden_box_share=0",),
    "all-hidden5": ("objectives.hidden_box_share=0.5",),
}
"""Flags of `trainer/pretrain.py` for each pretrained model. The default of `hidden_box_share` is 0.3."""


@dataclass(frozen=True)
class Arm:
    """One row of the tables.

    Attributes:
        name: names the arm on the command line and in the results.
        title: names it in tables and plots.
        pretrained: a key of `PRETRAINED`; empty: the model starts untrained.
        flags: flags of `trainer/finetune.py`.
        step_factor: factor of the steps of fine-tuning.
        rate_of: the arm whose learning rate is used; empty: the arm has its own.
    """

    name: str
    title: str
    pretrained: str = ""
    flags: tuple[str, ...] = ()
    step_factor: int = 1
    rate_of: str = ""


ARMS = {
    arm.name: arm
    for arm in (
        Arm("none", "none"),
        Arm("none-3x", "none, three times the steps", step_factor=3, rate_of="none"),
        Arm("denoise", "denoising", "denoise"),
        Arm("line", "denoising + line", "line"),
        Arm("grid", "denoising + grid", "grid"),
        Arm("all", "all three", "all"),
        Arm("all-hidden0", "all three, no hidden boxes", "all-hidden0"),
        Arm("all-hidden5", "all three, 0.5 of the boxes hidden", "all-hidden5"),
        Arm("all-no-image", "all three, without the image", "all", ("--reads_images", "false"), rate_of="all"),
        Arm("all-no-boxes", "all three, boxes removed at fine-tuning", "all", ("--boxes", "removed"), rate_of="all"),
        Arm("none-noise", "none, trained with OCR errors", flags=("--ocr_noise", "0.1"), rate_of="none"),
        Arm("all-noise", "all three, trained with OCR errors", "all", ("--ocr_noise", "0.1"), rate_of="all"),
    )
}
