"""Google Dataflow: checks of the flags it needs, defaults that suit our jobs, and the web page of a job."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)
from apache_beam.runners.runner import PipelineResult

from pipelines.runtime.files import INSTALL, is_installed, is_local
from schemas import UsageError

NEEDED = {"project": "my-project", "region": "us-central1", "temp_location": "gs://bucket/tmp"}


def check_flags(inputs: Sequence[str], output: str, text_source: str, options: PipelineOptions) -> None:
    """Rejects flags that would fail only after minutes, when the first workers have started.

    Args:
        inputs: documents, directories, patterns or lists, see `BuildConfig`.
        output: OUT.
        text_source: `ocr`, `auto` or `pdf`, see `PageConfig`.
        options: the flags of Beam.

    Raises:
        UsageError: a flag is missing or cannot work. The message says what to change.
    """
    if not is_installed("google.cloud.dataflow_v1beta3"):
        raise UsageError(f"--runner=DataflowRunner needs {INSTALL['gs']}.")
    google = options.view_as(GoogleCloudOptions)
    missing = [f"--{name}={value}" for name, value in NEEDED.items() if not getattr(google, name)]
    if missing:
        raise UsageError(f"--runner=DataflowRunner needs more flags: add {' '.join(missing)} with your own values.")
    if not google.temp_location.startswith("gs://"):
        raise UsageError(f"--temp_location {google.temp_location}: Dataflow needs a path in a bucket, gs://bucket/tmp.")
    _check_workers(text_source, options)
    refuse_local("--output", [output])
    refuse_local("--input", [item for item in inputs if not item.endswith(".txt")])  # a list is read by this process


def _check_workers(text_source: str, options: PipelineOptions) -> None:
    if options.view_as(WorkerOptions).sdk_container_image:
        return
    if not options.view_as(SetupOptions).setup_file:
        raise UsageError(
            "--runner=DataflowRunner needs Folio on its workers: add --sdk_container_image=IMAGE, built from our "
            "Dockerfile, or --setup_file=./setup.py if --text_source is pdf."
        )
    if text_source != "pdf":
        raise UsageError(
            f"--setup_file installs no system libraries, and --text_source {text_source} needs those of OCR: add "
            "--sdk_container_image=IMAGE, built from our Dockerfile."
        )


def refuse_local(flag: str, uris: Iterable[str]) -> None:
    """Rejects paths on this machine, which the workers cannot read.

    Raises:
        UsageError: one of the URIs is a local path.
    """
    for uri in uris:
        if is_local(uri):
            raise UsageError(
                f"{flag} {uri} is on this machine, where Dataflow workers cannot read it: use gs://bucket/..."
            )


def set_defaults(options: PipelineOptions, label: str, output: str) -> None:
    """Sets options that the user did not set.

    Each machine works on one unit at a time, with one page process per core. With Dataflow's own defaults, each core
    would get its own Python process with a dozen threads, and each thread its own page processes.

    The job name is derived from OUT. Dataflow does not run two jobs with the same name at the same time, so a corpus
    cannot be built by two jobs at once.

    Args:
        options: the flags of Beam; changed in place.
        label: first part of the job name.
        output: OUT.
    """
    google = options.view_as(GoogleCloudOptions)
    google.job_name = google.job_name or f"folio-{label}-{hashlib.sha256(output.encode()).hexdigest()[:12]}"
    debug = options.view_as(DebugOptions)
    debug.number_of_worker_harness_threads = debug.number_of_worker_harness_threads or 1
    if not any(name.endswith("use_multiple_sdk_containers") for name in debug.experiments or ()):
        debug.add_experiment("no_use_multiple_sdk_containers")


def job_url(result: PipelineResult, options: PipelineOptions) -> str | None:
    """Returns the URL of a job in the Google Cloud console; `None` if the job does not run on Dataflow."""
    if not hasattr(result, "job_id"):
        return None
    google = options.view_as(GoogleCloudOptions)
    job = f"{google.region}/{result.job_id()}"
    return f"https://console.cloud.google.com/dataflow/jobs/{job}?project={google.project}"
