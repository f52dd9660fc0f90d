"""Options of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# In CI the same examples every time: a change is judged by itself. Elsewhere chance goes on looking.
# No deadline: a loaded machine is no fault of the code.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("usual", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` rewrites committed references from what the code does now; read the diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to rewrite golden files."""
    return bool(request.config.getoption("--update-golden"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With STOPLINE_REQUIRE_PEERS=1, as in CI, a test that would skip fails instead."""
    report = yield
    if report.skipped and os.environ.get("STOPLINE_REQUIRE_PEERS") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, and nothing may skip here: {call.excinfo and call.excinfo.value}"
    return report
