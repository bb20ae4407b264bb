"""Splitting a training half: `benchmarks.transfer.split`."""

from __future__ import annotations

from benchmarks.transfer.split import link_split, list_split


def test_the_files_of_a_document_stay_together_and_each_is_in_one_half(tmp_path):
    for number in range(20):
        for folder, suffix in (("images", "png"), ("annotations", "json")):
            path = tmp_path / "in" / "training" / folder / f"{number}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(number))
    for _ in range(2):
        assert link_split(tmp_path / "in", tmp_path / "out", "training", "testing", 0.25) == (15, 5)
    halves = {
        half: {path.stem for path in (tmp_path / "out" / half / folder).iterdir()}
        for half in ("training", "testing")
        for folder in ("images",)
    }
    assert halves["training"] | halves["testing"] == {str(number) for number in range(20)}
    assert not halves["training"] & halves["testing"]
    for half, names in halves.items():
        assert {path.stem for path in (tmp_path / "out" / half / "annotations").iterdir()} == names
        assert all((tmp_path / "out" / half / "images" / f"{name}.png").read_text() == name for name in names)


def test_lists_name_each_text_file_once_and_all_files_are_linked(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(10):
        (tmp_path / "in" / f"{number}.txt").write_text("")
        (tmp_path / "in" / f"{number}_ori.jpg").write_text("")
    (tmp_path / "in" / "test.txt").write_text("of the data set")
    assert list_split(tmp_path / "in", tmp_path / "out", "train.txt", "test.txt", 0.3) == (7, 3)
    assert (tmp_path / "in" / "test.txt").read_text() == "of the data set"
    lists = [(tmp_path / "out" / name).read_text().split() for name in ("train.txt", "test.txt")]
    assert sorted(lists[0] + lists[1]) == [str(number) for number in range(10)]
    assert len(list((tmp_path / "out").iterdir())) == 22
