"""InfographicVQA is read from its newer and its older download, with the words of Textract."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from tests.trainer.tasks.datasets.files import textract_file, write_image, write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.questions.infographicvqa import DATA_SET

READ = textract_file(("40%", 0.1, 0.2, 0.3, 0.1))


def question(number: int, image: int, *answers: str) -> dict:
    names = {"image_local_name": f"{image}.jpeg", "ocr_output_file": f"{image}.json", "image_url": "http://x"}
    kinds = {"answer_type": ["multiple spans"], "evidence": ["photo/pciture/visual_objects"]}
    return {"questionId": number, "question": "which?", **names, **kinds, "answers": list(answers)}


def write_questions(path: Path) -> None:
    write_json(path, {"data": [question(1, 37313, "a, b", "b, a"), question(2, 5, "40%"), question(3, 37313, "c")]})


@pytest.fixture
def newer(tmp_path) -> Path:
    write_questions(tmp_path / "infographicsVQA_val_v1.0_withQT.json")
    for number in (37313, 5):
        write_image(tmp_path / f"infographicsvqa_images/{number}.jpeg")
    write_json(tmp_path / "infographicsvqa_ocr/37313.json", READ)
    return tmp_path


def test_all_questions_about_an_infographic_are_one_document(newer):
    first, second = DATA_SET.documents(newer, "val")
    assert [item.id for item in first.items] == ["1", "3"]
    assert first.items[0].annotation == {"question": "which?", "answers": ["a, b", "b, a"]}
    assert [word.text for word in first.pages[0].words] == ["40%"]
    assert first.pages[0].file == "infographicsvqa_images/37313.jpeg"
    assert second.pages == (FilePage("infographicsvqa_images/5.jpeg"),), "without an OCR file, Folio reads the image"


def test_the_questions_may_lie_in_their_own_folder(newer):
    (newer / "infographicsvqa_qas").mkdir()
    (newer / "infographicsVQA_val_v1.0_withQT.json").rename(newer / "infographicsvqa_qas/infographicsVQA_val_v1.0.json")
    assert len(list(DATA_SET.documents(newer, "val"))) == 2


def test_the_older_download_is_read(tmp_path):
    write_questions(tmp_path / "infographicVQA_train_v1.0.json")
    write_image(tmp_path / "infographicVQA_train_v1.0_images/37313.jpeg")
    write_json(tmp_path / "infographicVQA_train_v1.0_ocr_outputs/37313.json", READ)
    [page] = next(DATA_SET.documents(tmp_path, "train")).pages
    assert page.file == "infographicVQA_train_v1.0_images/37313.jpeg"
    assert [word.box for word in page.words] == [pytest.approx((0.1, 0.2, 0.4, 0.3))]


def test_an_infographic_without_an_image_has_its_words(newer):
    (newer / "infographicsvqa_images/37313.jpeg").unlink()
    [page] = next(DATA_SET.documents(newer, "val")).pages
    assert page.file == ""
    assert page.words


def test_another_folder_is_refused_with_what_was_expected_and_found(newer):
    sentence = r"has no infographicsvqa_qas/.* or .*VQA_train_v1\.0\*\.json: expected InfographicVQA: .*; found info"
    with pytest.raises(UsageError, match=sentence):
        list(DATA_SET.documents(newer, "train"))


@needs_samples
def test_a_real_ocr_file_is_read(tmp_path):
    read = (SAMPLES / "infographicvqa/ocr_results_sample/20196.json").read_bytes()
    write_json(tmp_path / "infographicsVQA_val_v1.0_withQT.json", {"data": [question(1, 20196, "a")]})
    (tmp_path / "infographicsvqa_ocr").mkdir()
    (tmp_path / "infographicsvqa_ocr/20196.json").write_bytes(read)
    [document] = DATA_SET.documents(tmp_path, "val")
    assert len(document.pages[0].words) == 146
