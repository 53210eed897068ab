"""Rules about the package itself."""

import ast
import pathlib
import re
import subprocess
import sys
import unittest

GUEST = pathlib.Path(__file__).resolve().parent.parent
MODULES = {path.stem: ast.parse(path.read_text()) for path in (GUEST / "boxguest").glob("*.py")}


def imports(tree):
    """The names of all modules that are imported anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ([f"boxguest.{name.name}" for name in node.names] if node.module == "boxguest" else [node.module])


class PackageTests(unittest.TestCase):
    def test_boxd_writes_every_module_into_boxes(self):
        source = (GUEST.parent / "Sources/BoxEngineOCI/Guest/GuestFiles.swift").read_text()
        written = set(re.findall(r'"boxguest/(\w+)\.py", PackageResources\.\1_py\)', source))
        self.assertEqual(written, MODULES.keys() - {"requests"})

    def test_modules_do_not_import_each_other_in_a_circle(self):
        uses = {name: {module.removeprefix("boxguest.") for module in imports(tree)} & MODULES.keys() for name, tree in MODULES.items()}
        while uses:
            free = [name for name, others in uses.items() if not others & uses.keys()]
            self.assertTrue(free, f"these import each other: {uses}")
            for name in free:
                del uses[name]

    def test_only_the_library_of_python_is_used(self):
        for name, tree in MODULES.items():
            for module in imports(tree):
                top = module.partition(".")[0]
                self.assertTrue(top == "boxguest" or top in sys.stdlib_module_names, f"{name} imports {module}")

    def test_modules_stay_small(self):
        for name in MODULES:
            self.assertLessEqual(len((GUEST / f"boxguest/{name}.py").read_text().splitlines()), 250, name)

    def test_a_request_loads_what_it_needs(self):
        # Each of these takes milliseconds to load, and every request would pay for it.
        slow = {"typing", "dataclasses", "subprocess", "ctypes", "threading", "boxguest.requests"}
        for modules, expected in {
            "operations": {"context", "operations", "protocol"},
            "operations, files": {"context", "files", "operations", "paths", "protocol"},
            "operations, commands": {"commands", "context", "launch", "operations", "output", "paths", "protocol"},
            "operations, jobs": {"context", "jobs", "operations", "protocol"},
        }.items():
            script = f"import sys; sys.path.insert(0, {str(GUEST)!r}); from boxguest import {modules}; print(*sys.modules)"
            loaded = set(subprocess.run([sys.executable, "-ISBc", script], capture_output=True, text=True, check=True).stdout.split())
            self.assertEqual({name[9:] for name in loaded if name.startswith("boxguest.")}, expected)
            self.assertEqual(loaded & slow, set(), modules)
