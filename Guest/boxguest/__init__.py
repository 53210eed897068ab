"""The program that boxd runs inside a box: files, commands and jobs, one request a process.

Guest/README.md describes the protocol. Only Python's own library is used, in the version that the box's image has.
"""
