"""Loading a module: siblings can be imported, errors name their place, stacks start at the Worker."""

from pathlib import Path

import pytest

from core.worker.python.loader import LoadError, describe, find_entrypoint, load_module, stack
from core.worker.python.sdk.workers import WorkerEntrypoint


def test_a_module_beside_the_worker_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "sibling_of_worker.py").write_text("VALUE = 42\n")
    main = tmp_path / "worker.py"
    main.write_text(
        "from workers import WorkerEntrypoint\nfrom sibling_of_worker import VALUE\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request): ...\n"
    )
    module = load_module(main, {})
    assert module.VALUE == 42
    assert issubclass(find_entrypoint(module, main), WorkerEntrypoint)


def test_an_error_in_a_module_beside_it_names_that_module(tmp_path: Path) -> None:
    (tmp_path / "broken_beside_worker.py").write_text("\n\nx = 1 / 0\n")
    main = tmp_path / "worker.py"
    main.write_text("import broken_beside_worker\n")
    with pytest.raises(LoadError, match=r"^broken_beside_worker\.py, line 3: ZeroDivisionError: division by"):
        load_module(main, {})


def test_a_stack_starts_at_the_workers_own_code(tmp_path: Path) -> None:
    main = tmp_path / "worker.py"
    main.write_text("def fail():\n    raise ValueError('x')\n")
    module = load_module(main, {})
    with pytest.raises(ValueError, match="x") as caught:
        module.fail()
    text = stack(caught.value, tmp_path)
    assert text.split("\n")[:2] == [
        "Traceback (most recent call last):",
        '  File "worker.py", line 2, in fail',
    ]
    assert describe(caught.value, tmp_path) == "worker.py, line 2: ValueError: x"


def test_an_error_from_elsewhere_has_no_place(tmp_path: Path) -> None:
    assert describe(ValueError("x"), tmp_path) == "ValueError: x"
    assert describe(ValueError(), tmp_path) == "ValueError"


def test_a_file_that_is_no_python_is_refused(tmp_path: Path) -> None:
    main = tmp_path / "worker.js"
    main.write_text("export default {}")
    with pytest.raises(LoadError, match=r"worker\.js: not a Python file"):
        load_module(main, {})
