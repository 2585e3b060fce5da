"""What all layers of tests share: skips that count, and the closing table by layer."""

import os
from collections import Counter
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent


def _layer(nodeid: str) -> str:
    return Path(nodeid).parts[1]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed one: there, everything has to run."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Close with a table: layer, tests, passed, skipped."""
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            counts.setdefault(_layer(report.nodeid), Counter())[outcome] += 1
    terminalreporter.section("layers")
    columns = ("passed", "failed", "error", "skipped")
    terminalreporter.write_line(f"{'layer':<10}{'tests':>8}" + "".join(f"{column:>9}" for column in columns))
    for layer, counter in sorted(counts.items()):
        figures = "".join(f"{counter[column]:>9}" for column in columns)
        terminalreporter.write_line(f"{layer:<10}{counter.total():>8}{figures}")
    if os.environ.get("CI") == "true" and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI=true: a skipped test is a failure", red=True)
