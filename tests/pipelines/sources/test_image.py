"""Images of pages: each format and colour model shows the same page, and OCR reads it like a scan in a PDF."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipelines.build.inspection import DocumentFacts, DocumentTask, inspect_document
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.ocr.engine import load_engine
from pipelines.page.assemble import PageId, PageResult
from pipelines.page.reading import Reading
from pipelines.sources import source_of
from schemas import Page, PageStatus, decode_page, load_tokenizer

TEXT = ["Harbour report", "Twelve vessels had entered", "the port since spring", "of which nine carried timber"]
WORDS = " ".join(TEXT).split()
BAR = (20, 40, 80, 60)


@pytest.fixture(scope="module")
def engine():
    return load_engine("paddleocr")


@pytest.fixture
def build(engine):
    """Returns a function that inspects an image and builds its first page."""

    def run(path: Path, number: int = 1, text_source: str = "ocr") -> PageResult:
        document = inspected(path)
        assert document.status is PageStatus.OK, document.detail
        builder = PageBuilder(PageConfig(), engine if text_source != "pdf" else None, load_tokenizer())
        return builder(PageTask(PageId(str(path), document.sha256, number, document.pages), path))

    return run


def letter() -> Image.Image:
    """A grey letter of 850 x 1100 pixels, 100 dpi."""
    image = Image.new("L", (850, 1100), 255)
    for row, text in enumerate(TEXT):
        ImageDraw.Draw(image).text((80, 100 + 60 * row), text, fill=0, font=ImageFont.load_default(28))
    return image


def bar(mode: str = "RGB") -> Image.Image:
    """An image of 400 x 600 pixels with a black bar near the top left corner."""
    image = Image.new("RGB", (400, 600), "white")
    ImageDraw.Draw(image).rectangle(BAR, fill="black")
    return image.convert(mode)


def twelve_bit_tiff(grey: np.ndarray) -> bytes:
    """A TIFF with two pixels in three bytes, which Pillow reads but does not write. `grey`: `(height, width)` uint8."""
    height, width = grey.shape
    left, right = np.moveaxis(grey.astype(int).reshape(height, -1, 2) * 4095 // 255, -1, 0)
    data = np.stack([left >> 4, (left & 15) << 4 | right >> 8, right & 255], -1).astype(np.uint8).tobytes()
    tags = {256: width, 257: height, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def inspected(path: Path) -> DocumentFacts:
    return inspect_document(DocumentTask(path, str(path)))


def shown(path: Path, page: int = 1, **settings: int) -> Reading:
    return source_of(path.name).open(path).picture(page, PageConfig(**settings)).reading


def page_of(result: PageResult) -> Page:
    assert result.sample is not None, result.facts
    return decode_page(result.sample["json"])


def test_a_scan_is_read_by_ocr(build, tmp_path):
    letter().save(tmp_path / "letter.png", dpi=(100, 100))
    page = page_of(build(tmp_path / "letter.png"))
    assert [word.text for word in page.words] == WORDS
    assert (page.text_source, page.ocr_engine, page.rotation) == ("ocr", "paddleocr", 0)
    assert (page.width_pt, page.height_pt) == pytest.approx((612, 792), abs=0.5)
    assert {word.source for word in page.words} == {-1}


def test_a_turned_and_skewed_photo_becomes_upright(build, tmp_path):
    skewed = letter().rotate(-3, fillcolor=255, resample=Image.Resampling.BICUBIC)
    skewed.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "photo.jpg", quality=92)
    page = page_of(build(tmp_path / "photo.jpg"))
    assert [word.text for word in page.words] == WORDS
    assert page.rotation == 270 and page.skew_deg == pytest.approx(3, abs=0.3)
    assert page.width_pt < page.height_pt


def test_a_white_image_is_blank(build, tmp_path):
    Image.new("L", (400, 600), 255).save(tmp_path / "white.png")
    assert build(tmp_path / "white.png").facts.status is PageStatus.BLANK


def test_an_image_has_no_text_layer(build, tmp_path):
    letter().save(tmp_path / "letter.png")
    facts = build(tmp_path / "letter.png", text_source="pdf").facts
    assert facts.status is PageStatus.TOO_FEW_WORDS and "no text layer" in facts.detail


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "1", {}),
        ("a.png", "L", {}),
        ("a.png", "I;16", {}),
        ("a.png", "P", {}),
        ("a.png", "RGBA", {}),
        ("a.jpg", "RGB", {}),
        ("a.JPEG", "CMYK", {}),
        ("a.tif", "1", {"compression": "group3"}),
        ("a.tif", "1", {"compression": "group4"}),
        ("a.tif", "L", {"compression": "tiff_lzw"}),
        ("a.tif", "RGB", {"compression": "jpeg"}),
        ("a.tif", "CMYK", {"compression": "tiff_lzw"}),
        ("a.tif", "I;16", {}),
        ("a.tiff", "F", {}),
        ("a.tif", "P", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.jp2", "RGB", {}),
        ("a.bmp", "RGB", {}),
        ("a.gif", "P", {}),
    ],
)
def test_all_formats_and_colour_models_show_the_same_page(tmp_path, name, mode, options):
    image = bar("L") if mode in ("I;16", "F") else bar(mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    if mode == "F":
        image = Image.fromarray(np.asarray(image).astype(np.float32) / 255)
    image.save(tmp_path / name, **options)
    found = shown(tmp_path / name, image_long_side=600).image
    assert found.shape == (600, 400, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - np.asarray(bar()).astype(int)).mean() < 2


def test_a_tiff_with_12_bits_shows_white_paper(tmp_path):
    (tmp_path / "a.tif").write_bytes(twelve_bit_tiff(np.asarray(bar("L"))))
    found = shown(tmp_path / "a.tif", image_long_side=600).image
    assert np.array_equal(found, np.asarray(bar()))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white(tmp_path, mode):
    image = Image.new("RGBA", (400, 600), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle(BAR, fill=(0, 0, 0, 255))
    options = {"transparency": 0} if mode == "P" else {}
    if mode == "P":
        image = Image.new("P", (400, 600), 0)
        image.putpalette([0, 0, 0, 0, 0, 0])
        ImageDraw.Draw(image).rectangle(BAR, fill=1)
    image.convert(mode).save(tmp_path / "a.png", **options)
    assert np.array_equal(shown(tmp_path / "a.png", image_long_side=600).image, np.asarray(bar()))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.png", "a.webp"])
@pytest.mark.parametrize(
    ("orientation", "stored", "rotation"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT, 0),
        (3, Image.Transpose.ROTATE_180, 180),
        (5, Image.Transpose.TRANSPOSE, 270),
        (6, Image.Transpose.ROTATE_90, 90),
        (8, Image.Transpose.ROTATE_270, 270),
    ],
)
def test_the_exif_orientation_turns_the_image(tmp_path, name, orientation, stored, rotation):
    exif = Image.Exif()
    exif[274] = orientation
    dpi = {} if name == "a.webp" else {"dpi": (100, 200) if stored.name.startswith("FLIP") else (100, 100)}
    bar().transpose(stored).save(tmp_path / name, exif=exif, **dpi)
    found = shown(tmp_path / name, image_long_side=600)
    assert found.rotation == rotation
    wide = found.image.shape[1] / found.image.shape[0]
    assert wide == pytest.approx(found.width_pt / found.height_pt, rel=0.01)
    assert found.image[100 * found.image.shape[0] // 1200, 100 * found.image.shape[1] // 800].max() < 60


@pytest.mark.parametrize(
    ("name", "options", "size_pt"),
    [
        ("a.png", {"dpi": (100, 100)}, (288, 432)),
        ("a.jpg", {"dpi": (100, 100)}, (288, 432)),
        ("a.tif", {"dpi": (200, 100)}, (144, 432)),
        ("a.tif", {"resolution": 40, "resolution_unit": "cm"}, (283.46, 425.2)),
        ("a.tif", {"resolution": 40, "resolution_unit": 1}, (595, 892.5)),
        ("a.png", {}, (595, 892.5)),
        ("a.png", {"dpi": (1, 1)}, (595, 892.5)),
        ("a.png", {"dpi": (100, 3)}, (595, 892.5)),
    ],
)
def test_the_size_in_points_follows_from_the_resolution_or_is_the_width_of_a4(tmp_path, name, options, size_pt):
    bar().save(tmp_path / name, **options)
    found = shown(tmp_path / name)
    assert (found.width_pt, found.height_pt) == pytest.approx(size_pt, abs=0.2)


@pytest.mark.parametrize(
    ("tags", "size_pt"),
    [
        ({282: 100.0, 296: 2}, (288, 432)),
        ({282: 40.0, 296: 3}, (283.46, 425.2)),
        ({282: 100.0, 296: 1}, (595, 892.5)),
        ({}, (595, 892.5)),
    ],
)
def test_a_photo_has_the_resolution_of_its_exif_tags_and_none_without_them(tmp_path, tags, size_pt):
    exif = Image.Exif()
    exif[274] = 1
    exif.update(tags)
    bar().save(tmp_path / "photo.jpg", exif=exif)
    found = shown(tmp_path / "photo.jpg")
    assert (found.width_pt, found.height_pt) == pytest.approx(size_pt, abs=0.2)


def test_a_fax_with_oblong_pixels_gets_square_ones(tmp_path):
    bar("1").save(tmp_path / "fax.tif", dpi=(200, 100), compression="group4")
    height, width = shown(tmp_path / "fax.tif").image.shape[:2]
    assert height / width == pytest.approx(3, rel=0.01)


def test_each_image_of_a_tiff_is_a_page_except_thumbnails(tmp_path):
    thumbnail = bar().resize((40, 60))
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    second = Image.new("L", (300, 200), 90)
    bar().save(tmp_path / "a.tif", save_all=True, append_images=[thumbnail, second])
    assert inspected(tmp_path / "a.tif").pages == 2
    assert shown(tmp_path / "a.tif", 2).image.shape == (200, 300, 3)
    assert shown(tmp_path / "a.tif", 1).image.shape == (600, 400, 3)


def test_an_animation_has_one_page(tmp_path):
    bar().save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (400, 600))])
    assert inspected(tmp_path / "a.gif").pages == 1
    assert shown(tmp_path / "a.gif").image.mean() > 200


def test_images_are_not_enlarged_and_are_scaled_down_to_the_limit(tmp_path):
    bar().save(tmp_path / "a.png")
    assert shown(tmp_path / "a.png", image_long_side=1000).image.shape == (600, 400, 3)
    assert shown(tmp_path / "a.png", max_long_side_px=300).image.shape == (300, 200, 3)


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("empty.png", b"", "empty"),
        ("text.jpg", b"<html>404</html>", "corrupt"),
        ("letter.tif", b"II*\x00\x08\x00\x00\x00", "corrupt"),
        ("bomb.png", "20000x20000", "too_large"),
    ],
)
def test_a_file_that_is_no_image_of_a_page_is_recorded(tmp_path, name, content, status):
    if content == "20000x20000":
        Image.new("1", (20_000, 20_000)).save(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    assert inspected(tmp_path / name).status.value == status


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.jp2", "a.webp", "a.bmp"])
def test_a_truncated_image_is_corrupt(build, tmp_path, name):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (300, 200, 3), np.uint8)
    kind = Image.registered_extensions()[Path(name).suffix]
    Image.fromarray(noise).save(buffer, kind)
    (tmp_path / name).write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    document = inspected(tmp_path / name)
    status = build(tmp_path / name).facts.status if document.status is PageStatus.OK else document.status
    assert status is PageStatus.CORRUPT
