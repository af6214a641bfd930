"""The rules of the layout that no linter knows; docs/architecture.md gives the reasons."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("surveys", "analysis")

#: Libraries without type information, or whose habits shall not spread, and their one module.
ONE_MODULE = {
    "aiosmtpd": "surveys.mail.catcher",
    "apscheduler": "surveys.worker",
    "argon2": "surveys.accounts",
    "css_inline": "surveys.mail.letters",
    "dns": "surveys.mail.dns_records",
    "email_validator": "surveys.email_addresses",
    "flask_babel": "surveys.i18n",
    "flask_login": "surveys.web.sign_in",
    "flask_migrate": "app",
    "flask_sqlalchemy": "surveys.db",
    "flask_talisman": "surveys.web.security",
    "flufl": "surveys.mail.bounces.detectors",
    "gunicorn": "surveys.web_server",
    "textblob": "analysis.sentiment.english",
    "vaderSentiment": "analysis.sentiment.english",
    "xlsxwriter": "analysis.xlsx_export",
}

#: Pure modules: the standard library and each other, nothing of Flask or the database.
LEAVES = (
    "analysis.answer_lines",
    "analysis.calibration",
    "analysis.charts.scale",
    "analysis.csv_export",
    "analysis.csv_lines",
    "analysis.figures",
    "analysis.gap",
    "analysis.importance",
    "analysis.participation",
    "analysis.planning",
    "analysis.samples",
    "analysis.sentiment.patterns",
    "analysis.sentiment.reading",
    "analysis.sentiment_shares",
    "analysis.simulator",
    "analysis.stats",
    "analysis.student",
    "analysis.suppression",
    "surveys.config",
    "surveys.errors",
    "surveys.mail.bounces.automatic",
    "surveys.mail.bounces.matching",
    "surveys.mail.bounces.notices",
    "surveys.mail.bounces.parts",
    "surveys.mail.bounces.returned",
    "surveys.mail.bounces.statuses",
    "surveys.mail.bounces.verdicts",
    "surveys.mail.headers",
    "surveys.mail.quoted_printable",
    "surveys.mail.smtp_connection",
    "surveys.mail.transport",
    "surveys.mail.verp",
    "surveys.question_bank",
    "surveys.question_order",
    "surveys.question_shapes",
    "surveys.recurrence",
    "surveys.search_keys",
    "surveys.segments",
    "surveys.show_rules",
    "surveys.terms",
    "surveys.tokens",
    "surveys.vendor_colour",
)

#: Libraries that are loaded where they are used, since `import app` must not wait for them.
HEAVY = (
    "aiosmtpd",
    "gunicorn",
    "holidays",
    "nltk",
    "numpy",
    "pandas",
    "py3langid",
    "pyreadstat",
    "scipy",
    "textblob",
    "vaderSentiment",
    "xlsxwriter",
)

EDGES = ("app", "surveys.cli", "surveys.command_line", "surveys.jobs", "surveys.processes")
EDGE_PACKAGES = ("surveys.web", "analysis.web")
#: Loops that own their transactions, one per item; each says so, and only jobs call them.
COMMITTING = {
    "surveys.mail.sending": {"send_due", "_send_batch", "_send_one", "_write_down"},
    "surveys.shuffle": {"shuffle_closed_waves"},
    "analysis.cells": {"build_due"},
}
MARKUP = (
    "analysis.calibration_drawings",
    "analysis.charts",
    "analysis.drawings",
    "analysis.participation_drawings",
    "analysis.priority_drawings",
    "analysis.trend_drawings",
    "surveys.i18n",
    "surveys.web.answer_pages",
    "surveys.web.response_page",
)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name."""
    paths = [ROOT / "app.py", *(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))]
    return {_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{each.name}" for each in node.names)


def project_modules(name: str) -> set[str]:
    """The modules of the product that a module imports."""
    found = set()
    for each in imported(modules()[name]):
        for candidate in (each, each.rpartition(".")[0]):
            if candidate in modules():
                found.add(candidate)
                break
    return found - {name}


def is_inside(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def is_edge(name: str) -> bool:
    return (
        name in EDGES
        or is_inside(name, EDGE_PACKAGES)
        or name.rpartition(".")[2] in ("cli", "jobs")
    )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_collecting_knows_nothing_of_reading() -> None:
    wrong = [
        (name, each)
        for name in modules()
        if is_inside(name, ("surveys",))
        for each in imported(modules()[name])
        if is_inside(each, ("analysis", "app"))
    ]

    assert wrong == []


def test_nobody_imports_the_wiring() -> None:
    assert [name for name in modules() if "app" in project_modules(name)] == []


@pytest.mark.parametrize(("library", "home"), ONE_MODULE.items())
def test_a_library_without_types_has_one_module(library: str, home: str) -> None:
    users = {
        name
        for name, tree in modules().items()
        if any(each.partition(".")[0] == library for each in imported(tree))
    }

    assert users == {home}


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_needs_the_standard_library_only(leaf: str) -> None:
    own = [name for name in modules() if is_inside(name, (leaf,))]
    assert own
    reached: set[str] = set()
    waiting = list(own)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += sorted(project_modules(name) - reached)
    foreign = {
        (name, top)
        for name in reached
        for top in {each.partition(".")[0] for each in imported(modules()[name])}
        if top not in sys.stdlib_module_names and top not in PACKAGES
    }

    assert foreign == set()


def test_models_know_tables_and_words_only() -> None:
    allowed = ("surveys.db", "surveys.models", "surveys.terms")
    wrong = [
        (name, each)
        for name in modules()
        if is_inside(name, ("surveys.models",)) or name == "analysis.models"
        for each in project_modules(name)
        if not is_inside(each, allowed)
    ]

    assert wrong == []


def test_an_edge_never_imports_another_kind_of_edge() -> None:
    kinds = {"web": EDGE_PACKAGES, "cli": ("surveys.cli", "analysis.cli")}
    wrong = []
    for name in modules():
        for kind, packages in kinds.items():
            imports_it = any(is_inside(each, packages) for each in project_modules(name))
            if imports_it and not is_inside(name, (*packages, "app")):
                wrong.append(f"{name} imports {kind}")

    assert wrong == []


def test_operations_do_not_commit() -> None:
    wrong = [
        f"{name}.{function.name}"
        for name, tree in modules().items()
        if not is_edge(name)
        for function in functions(tree)
        if _commits(function)
        and not function.name.startswith("claim_")
        and function.name not in COMMITTING.get(name, set())
    ]

    assert wrong == []


def _commits(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        for node in ast.walk(function)
    )


def test_the_session_of_a_request_and_the_clock_belong_to_edges() -> None:
    wrong = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute):
                continue
            words = ast.unparse(node)
            if words == "db.session" and not is_edge(name):
                wrong.append(f"{name}: {words}")
            is_clock = words in ("datetime.now", "datetime.utcnow", "date.today")
            # The catcher is a program of its own and stamps what arrives.
            if is_clock and name not in ("surveys.runtime", "surveys.mail.catcher"):
                wrong.append(f"{name}: {words}")

    assert wrong == []


def test_the_domain_knows_no_web_framework() -> None:
    allowed = ("surveys.runtime", "surveys.i18n", "surveys.mail.catcher", "surveys.web_server")
    wrong = [
        name
        for name, tree in modules().items()
        if not is_edge(name) and name not in allowed
        for each in imported(tree)
        if each.partition(".")[0] in ("flask", "werkzeug", "wtforms")
    ]

    assert wrong == []


def test_only_heavy_libraries_are_imported_inside_functions() -> None:
    own_heavy = ("surveys.web_server",)
    wrong = [
        f"{name}.{function.name}: {each}"
        for name, tree in modules().items()
        for function in functions(tree)
        for each in imported(function)
        if each.partition(".")[0] not in HEAVY and not is_inside(each, own_heavy)
    ]

    assert wrong == []


def test_html_is_declared_safe_in_few_reviewed_modules() -> None:
    wrong = [
        name
        for name, tree in modules().items()
        if "markupsafe.Markup" in set(imported(tree)) and not is_inside(name, MARKUP)
    ]

    assert wrong == []


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_no_module_outgrows_its_idea() -> None:
    sizes = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.py")
    }

    assert {path: lines for path, lines in sizes.items() if lines > 450} == {}


def test_the_wiring_stays_wiring() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 150


def test_starting_loads_no_library_that_only_some_commands_need() -> None:
    code = "import sys, app; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"

    done = subprocess.run(  # noqa: S603 - our own interpreter and line
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(done.stdout.split()) & set(HEAVY) == set()
    assert "flask" in done.stdout.split()
