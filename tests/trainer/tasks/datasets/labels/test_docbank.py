"""DocBank's text files become pages with a layout label per word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import GivenWord
from tests.trainer.tasks.datasets.files import write_image, write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.labels.docbank import DATA_SET, LABELS, layout_scores, read_page
from trainer.tasks.items import Item

FONT = "0\t0\t0\tCMR10"
PAGE = (
    f"NLDSA\t500\t100\t600\t120\t{FONT}\ttitle\r\n"
    "##LTLine##\t88\t179\t477\t179\t0\t0\t0\tdefault\ttable\r\n"
    "##LTFigure##\t100\t200\t900\t500\t0\t0\t0\tdefault\tfigure\r\n"
)
NAMES = [f"1.tar_1401.000{paper}.gz_main_file_{page}" for paper in range(10) for page in range(3)]


def write_text(folder: Path, name: str, content: str = PAGE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(content, encoding="utf-8", newline="")


def names(folder: Path, split: str) -> list[str]:
    return [document.name for document in DATA_SET.documents(folder, split)]


def test_a_row_is_a_word_in_points_with_its_label_and_area(tmp_path):
    write_text(tmp_path, "page")
    words, labels, areas = read_page(tmp_path / "page.txt")
    assert words[0] == GivenWord("NLDSA", (306, 79.2, 367.2, 95.04))
    assert labels == ["title", "figure"]
    assert areas == [100 * 20, 800 * 300]


def test_drawn_lines_are_left_out_and_figures_are_words(tmp_path):
    write_text(tmp_path, "page")
    assert [word.text for word in read_page(tmp_path / "page.txt")[0]] == ["NLDSA", "##LTFigure##"]


def test_signs_that_end_lines_elsewhere_are_parts_of_words(tmp_path):
    write_text(tmp_path, "page", f"a\x0cb\x85\t1\t1\t2\t2\t{FONT}\tlist\n")
    assert [word.text for word in read_page(tmp_path / "page.txt")[0]] == ["a\x0cb\x85"]


@pytest.mark.parametrize(
    ("texts", "image"),
    [
        ("DocBank_500K_txt", "DocBank_500K_ori_img/{}_ori.jpg"),
        ("DocBank_500K_txt/DocBank_500K_txt", "DocBank_500K_ori_img/DocBank_500K_ori_img/{}_ori.jpg"),
        (".", "./{}_ori.jpg"),
    ],
)
def test_texts_and_images_may_be_apart_or_together_and_images_may_be_absent(tmp_path, texts, image):
    for name in NAMES[:2]:
        write_text(tmp_path / texts, name)
    write_image(tmp_path / image.format(NAMES[0]))
    (tmp_path / "500K_train.txt").write_text(f"{NAMES[0]}.txt\n{NAMES[1]}.txt\n")
    first, second = DATA_SET.documents(tmp_path, "train")
    assert [page.file for page in (*first.pages, *second.pages)] == [image.format(NAMES[0]), ""]
    assert first.items[0].annotation == {"labels": [["title", "figure"]], "areas": [[2000, 240000]]}


def test_the_official_indices_name_the_pages_of_a_split_in_their_order(tmp_path):
    for name in NAMES:
        write_text(tmp_path / "DocBank_500K_txt", name)
    (tmp_path / "indexed_files").mkdir()
    (tmp_path / "indexed_files/500K_dev.txt").write_text(f"{NAMES[4]}.txt\n{NAMES[1]}.txt\n")
    images = {"images": [{"id": 1, "file_name": f"{NAMES[2]}_ori.jpg"}]}
    write_json(tmp_path / "MSCOCO_Format_Annotation/500K_test.json", images)
    assert names(tmp_path, "dev") == [NAMES[4], NAMES[1]]
    assert names(tmp_path, "test") == [NAMES[2]]


def test_without_an_index_all_pages_of_a_paper_are_in_one_split(tmp_path):
    for name in NAMES:
        write_text(tmp_path, name)
    parts = [names(tmp_path, split) for split in DATA_SET.splits]
    assert sorted(name for part in parts for name in part) == NAMES
    assert all(len(part) % 3 == 0 for part in parts)
    assert len(parts[0]) > len(parts[1])


def test_pages_without_words_are_left_out(tmp_path):
    write_text(tmp_path, NAMES[0], "##LTLine##\t1\t1\t2\t1\t0\t0\t0\tdefault\ttable\n")
    (tmp_path / "500K_test.txt").write_text(f"{NAMES[0]}.txt\n")
    assert names(tmp_path, "test") == []


def test_the_score_is_the_mean_over_the_labels_by_area_without_dates():
    annotation = {"labels": [["title", "list", "list", "date"]], "areas": [[40, 30, 10, 9]]}
    scores = layout_scores([Item("a", annotation)], [[["title", "list", "O", "O"]]])
    list_f1, list_f1_words = 2 * 30 / (30 + 40), 2 / 3
    assert scores["f1"] == pytest.approx((1 + list_f1) / 2)
    assert scores["f1_words"] == pytest.approx((1 + list_f1_words) / 2)
    assert (scores["f1_title"], scores["f1_list"], scores["f1_date"]) == (1, pytest.approx(list_f1), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("word\t1\t2\t3\n", "expected 10 columns"),
        (f"word\t1\t2\t3\tx\t{FONT}\tlist\n", "invalid literal"),
        (f"word\t1\t2\t3\t4\t{FONT}\tpoem\n", "known label"),
    ],
)
def test_another_text_file_is_refused(tmp_path, row, reason):
    write_text(tmp_path, "page", row)
    with pytest.raises(UsageError, match=rf"page\.txt is not a page of DocBank \(.*{reason}"):
        read_page(tmp_path / "page.txt")


def test_another_folder_and_an_absent_page_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected DocBank: .*; found an empty folder"):
        names(tmp_path, "train")
    write_text(tmp_path, NAMES[0])
    (tmp_path / "500K_train.txt").write_text("1.tar_1.gz_absent_0.txt\n")
    with pytest.raises(UsageError, match=r"absent_0\.txt cannot be read"):
        names(tmp_path, "train")


@needs_samples
def test_real_pages_are_read():
    pages = [page for split in DATA_SET.splits for page in DATA_SET.documents(SAMPLES / "docbank", split)]
    labels = Counter(label for page in pages for label in page.items[0].annotation["labels"][0])
    assert len(pages) == 50
    assert sum(bool(page.pages[0].file) for page in pages) == 16
    assert labels.total() == 34_278 - 5_355, "all rows without the drawn lines"
    assert labels.keys() == set(LABELS)
