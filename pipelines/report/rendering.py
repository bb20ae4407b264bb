"""Renders the templates of `pipelines/report/templates`."""

from __future__ import annotations

from typing import Any

import jinja2

from pipelines.runtime.wording import format_bytes, format_count, format_percent


def render(template: str, **context: Any) -> str:
    """Renders a template. In HTML templates all values are escaped.

    Args:
        template: name of a file in `pipelines/report/templates`.
        **context: the values that the template uses.

    Raises:
        jinja2.UndefinedError: the template needs a value that is not in `context`.
    """
    return environment().get_template(template).render(**context)


def environment() -> jinja2.Environment:
    """Returns the settings for all templates: values in HTML are escaped, and a missing value is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipelines.report", "templates"),
        autoescape=jinja2.select_autoescape(("html", "html.j2", "svg.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(count=format_count, bytes=format_bytes, percent=format_percent)
    return environment
