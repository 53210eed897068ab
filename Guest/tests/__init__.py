"""Tests of the program in boxes: `python3 -m unittest discover -s Guest/tests -t Guest`."""

import sys

# The package is a part of boxd's source directory, where bytecode would be in the way.
sys.dont_write_bytecode = True
