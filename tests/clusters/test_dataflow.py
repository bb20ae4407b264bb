"""Jobs for Dataflow: flags that are refused, what is submitted, and how the corpus is completed afterwards."""

from __future__ import annotations

import io
import re
import sys
import tarfile
import threading

import pytest

from pipelines.build.flags import parse_flags
from pipelines.build_corpus import build_corpus
from schemas import FolioError, UsageError
from tests.chaos.corpora import differences
from tests.clusters import google
from tests.clusters.builds import SMALL, run
from tests.support.commands import LIMIT_S, ROOT

INPUT, OUTPUT = f"gs://{google.BUCKET}/documents/", f"gs://{google.BUCKET}/dataflow"
RUNNER = "--runner=DataflowRunner"
PLACE = {
    "--project": "my-project-1",
    "--region": "us-central1",
    "--temp_location": f"gs://{google.BUCKET}/tmp",
    "--sdk_container_image": "registry.example/folio:1",
}


def flags_of(settings):
    return [RUNNER, *(f"{name}={value}" for name, value in settings.items())]


def needed_files() -> set[str]:
    """Returns the files of the repository that workers need."""
    code = [path for part in ("schemas", "pipelines") for path in (ROOT / part).rglob("*.py")]
    names = {str(path.relative_to(ROOT)) for path in [*code, *(ROOT / "pipelines" / "report" / "templates").iterdir()]}
    return names | {"setup.py", "LICENSE", "NOTICE", "schemas/t5/spiece.model"}


def files_of(package: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(package)) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}


@pytest.fixture(scope="module")
def service(google_here):
    """A Dataflow service whose workers run in this process: its handler and address."""
    handler = type("Dataflow", (google.Dataflow,), {"jobs": [], "workers": [], "may_build": threading.Event()})
    with google.serving(handler) as address:
        yield handler, address


@pytest.fixture(scope="module")
def submitted(service, google_environment, bucket):
    """The log of a command that submits both jobs and does not wait for the build, and the service's handler."""
    handler, address = service
    settings = {
        **PLACE,
        "--dataflow_endpoint": address,
        "--setup_file": ROOT / "setup.py",
        "--machine_type": "n2-std-8",
    }
    flags = [*flags_of(settings), "--no_auth", "--no_wait_until_finish"]
    code, log = run(google_environment, INPUT, OUTPUT, *flags)
    assert code == 0, log
    return log, handler


def test_the_command_waits_for_the_inspection_but_not_for_the_build(submitted):
    log, service = submitted
    jobs = service.jobs
    assert [job["name"].rpartition("-")[0] for job in jobs] == ["folio-inspect", "folio-build"]
    for number in range(2):
        assert f"https://console.cloud.google.com/dataflow/jobs/us-central1/job-{number}?project=my-project-1" in log
    assert "inspected 1/1 batches of documents" in log
    assert "submitted. When the job is done, the same command with --finish_only completes the corpus" in log


def test_a_job_is_a_single_chain_without_side_inputs(submitted):
    _, service = submitted
    parts = google.staged_pipeline(service.jobs[1]).components
    leaves = {name: part for name, part in parts.transforms.items() if not part.subtransforms}
    assert all(len(part.inputs) <= 1 and len(part.outputs) <= 1 for part in leaves.values())
    readers = [pcollection for part in leaves.values() for pcollection in part.inputs.values()]
    assert len(readers) == len(set(readers)), "every output must have one reader"
    (build,) = [name for name, part in leaves.items() if part.unique_name == "build"]
    assert leaves[build].spec.urn == "beam:transform:pardo:v1"
    assert not [part for part in leaves.values() if set(part.inputs.values()) & set(leaves[build].outputs.values())]


def test_the_workers_get_the_package_the_image_and_enough_memory(submitted, bucket):
    _, service = submitted
    job = service.jobs[1]
    (pool,) = job["environment"]["workerPools"]
    assert pool["machineType"] == "n2-std-8"
    assert {image["containerImage"] for image in pool["sdkHarnessContainerImages"]} == {"registry.example/folio:1"}
    assert pool["numThreadsPerWorker"] == 1
    assert "no_use_multiple_sdk_containers" in job["environment"]["experiments"]
    assert "use_multiple_sdk_containers" not in job["environment"]["experiments"]
    packages = {package["name"]: package["location"].partition("/")[2] for package in pool["packages"]}
    assert needed_files() <= files_of(bucket.read(packages["workflow.tar.gz"].partition("/")[2]))
    parts = google.staged_pipeline(job).components
    (build,) = [part for part in parts.transforms.values() if part.unique_name == "build"]
    hints = parts.environments[build.environment_id].resource_hints
    assert int(hints["beam:resources:min_ram_bytes:v1"]) == 6144 * 2**20


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (OUTPUT, "5 of 5 shards do not exist yet, for example corpus-00000. Wait for the job"),
        (f"gs://{google.BUCKET}/early", "there is no plan in gs://bucket/early yet"),
    ],
)
def test_finishing_too_early_says_what_is_missing(submitted, google_here, output, words):
    with pytest.raises(FolioError, match=words):
        build_corpus(*parse_flags(["--input", INPUT, "--output", output, *SMALL, "--finish_only"]))


def test_a_job_is_not_submitted_twice(submitted, service, google_environment):
    _, address = service
    flags = [*flags_of({**PLACE, "--dataflow_endpoint": address}), "--no_auth", "--no_wait_until_finish"]
    code, log = run(google_environment, INPUT, OUTPUT, *flags)
    assert code == 1
    assert "the build job of this corpus is running already" in log


def test_finish_only_completes_the_corpus_after_the_job(
    submitted, google_environment, bucket, corpus_in_bucket, tmp_path
):
    _, service = submitted
    service.may_build.set()
    service.workers[1].join(LIMIT_S)
    assert service.jobs[1]["currentState"] == "JOB_STATE_DONE"
    code, log = run(google_environment, INPUT, OUTPUT, "--finish_only")
    assert code == 0, log
    assert differences(bucket.download("dataflow", tmp_path), corpus_in_bucket) == []


@pytest.mark.parametrize(
    ("without", "more", "words"),
    [
        ("--project", [], "add --project=my-project with your own values"),
        ("--region", [], "add --region=us-central1"),
        ("--temp_location", [], "add --temp_location=gs://bucket/tmp"),
        ("--sdk_container_image", [], "add --sdk_container_image=IMAGE, built from our Dockerfile, or --setup_file"),
        ("--sdk_container_image", ["--setup_file=./setup.py"], "--text_source ocr needs those of OCR: add --sdk_c"),
        ("", ["--temp_location=/tmp"], "--temp_location /tmp: Dataflow needs a path in a bucket"),
        ("", ["--input", "{documents}"], "is on this machine, where Dataflow workers cannot read it"),
        ("", ["--input", "{documents}/list.txt"], "is on this machine, where Dataflow workers cannot read it"),
        ("", ["--output", "{documents}/out"], "is on this machine, where Dataflow workers cannot read it"),
    ],
)
def test_flags_that_cannot_work_on_dataflow_are_refused_at_once(google_here, documents, without, more, words):
    (documents / "list.txt").write_text(f"{documents}/00.pdf\n")
    flags = flags_of({name: value for name, value in PLACE.items() if name != without})
    more = [flag.format(documents=documents) for flag in more]
    with pytest.raises(UsageError, match=re.escape(words)):
        build_corpus(*parse_flags(["--input", INPUT, "--output", f"gs://{google.BUCKET}/refused", *flags, *more]))


def test_the_missing_extra_for_dataflow_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.cloud.dataflow_v1beta3", None)  # as if it were not installed
    with pytest.raises(UsageError, match=r"needs pip install '\.\[gcp\]'"):
        build_corpus(*parse_flags(["--input", INPUT, "--output", OUTPUT, *flags_of(PLACE)]))
