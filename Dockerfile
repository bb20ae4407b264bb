# Container image for the workers of Folio, for any Beam runner that starts containers (Dataflow, Flink, Spark):
#
#   docker build --tag REGISTRY/folio:1 . && docker push REGISTRY/folio:1
#   python -m pipelines.build_corpus ... --sdk_container_image=REGISTRY/folio:1 --sdk_location=container
#
# The image must have the Python version that starts the job. To choose it: --build-arg PYTHON=3.12

ARG PYTHON=3.11
FROM apache/beam_python${PYTHON}_sdk:2.77.0 AS beam

FROM python:${PYTHON}-slim-bookworm
# System libraries for OpenCV, and the language data of the second OCR engine.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 tesseract-ocr-eng \
    && rm -rf /var/lib/apt/lists/*
COPY setup.py pyproject.toml MANIFEST.in LICENSE NOTICE /folio/
COPY schemas /folio/schemas
COPY pipelines /folio/pipelines
RUN pip install --no-cache-dir '/folio[gcp,dask,tesseract]' 'apache-beam[aws]==2.77.0' \
    && python -c "from pipelines.ocr.engine import load_engine; load_engine('paddleocr')"
# Beam starts Python in the container with this program.
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENTRYPOINT ["/opt/apache/beam/boot"]
