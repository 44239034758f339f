"""Built-in actions: programs, files, HTTP and models, so that a graph runs without Python."""

from interlock.library.chat import Endpoint as Endpoint
from interlock.library.exec import exec_run as exec_run
from interlock.library.http import http_get as http_get, http_request as http_request
from interlock.library.llm import llm_graph as llm_graph, llm_json as llm_json
from interlock.library.processes import (
    Program as Program,
    ProgramNotStarted as ProgramNotStarted,
    run_program as run_program,
)
from interlock.library.registry import library as library

__all__ = [
    "Endpoint",
    "exec_run",
    "http_get",
    "http_request",
    "library",
    "llm_graph",
    "llm_json",
    "Program",
    "ProgramNotStarted",
    "run_program",
]
