"""Starts the program boxguest, which is beside this file. boxd calls it as `python3 -ISB /run/box/guest.py`."""

import os
import sys

# Python leaves the directory out (-I), because nobody but root shall say where this process's code comes from.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from boxguest.operations import main

main()
