"""`make mutants`: put each deliberate bug into a copy of the code, and see what catches it."""

import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from mutants.catalogue import Mutant, mutants
from mutants.results import CAUGHT_MIN, Results, caught, write_page
from mutants.trials import ROOT, Copies, Trial, end_all, now_s, try_mutant


def main(arguments: Sequence[str]) -> int:
    """Try the bugs that are asked for; 1 when too few are caught."""
    options = parsed(arguments)
    chosen = [each for each in mutants() if not options.only or each.name in options.only]
    if options.list:
        for each in chosen:
            print(f"{each.name:36} {each.file:28} {each.breaks}")
        return 0
    # A shell that started this in the background ignores Ctrl-C, and the tests would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = Results(options.results)
    began = now_s()
    left = [each for each in chosen if options.fresh or each.name not in results.trials]
    with TemporaryDirectory(prefix="interlock-mutants-") as folder:
        copies = Copies(Path(folder))
        try_all(left, copies, results, jobs=options.jobs)
    found = [results.trials[each.name] for each in chosen]
    if options.page:
        write_page(chosen, results)
    tell(chosen, found, seconds=now_s() - began, as_json=options.json)
    return int(caught(found) < CAUGHT_MIN * len(found))


def parsed(arguments: Sequence[str]) -> Namespace:
    known = [each.name for each in mutants()]
    parser = ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--only", action="append", choices=known, metavar="NAME", help="just this")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--fresh", action="store_true", help="try again what was tried before")
    parser.add_argument("--page", action="store_true", help="write the table of the documentation")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--list", action="store_true", help="print the bugs, and try none")
    parser.add_argument("--results", type=Path, default=ROOT / ".cache" / "mutants")
    return parser.parse_args(arguments)


def try_all(left: Sequence[Mutant], copies: Copies, results: Results, *, jobs: int) -> None:
    """Try bugs, some at a time; each is told when it is known."""
    with ThreadPoolExecutor(jobs) as pool:
        trials = [pool.submit(try_mutant, mutant, copies) for mutant in left]
        try:
            for trial in as_completed(trials):
                results.add(trial.result())
                say(line_of(trial.result()))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def line_of(trial: Trial) -> str:
    outcome = f"caught by {trial.by}" if trial.by else "SURVIVED"
    told = f" ({trial.how})" if trial.by and trial.how != "failed" else ""
    left_out = f"; left out: {', '.join(trial.left_out)}" if trial.left_out else ""
    return f"{trial.name:36} {trial.seconds:6.1f} s  {outcome}{told}{left_out}"


def tell(
    chosen: Sequence[Mutant], found: Sequence[Trial], *, seconds: float, as_json: bool
) -> None:
    """Print what came of all."""
    if as_json:
        print(json.dumps([asdict(trial) for trial in found], indent=2))
        return
    for trial in found:
        print(line_of(trial))
    survived = [mutant for mutant, trial in zip(chosen, found, strict=True) if not trial.by]
    for mutant in survived:
        print(f"survived: {mutant.name} ({mutant.file}): {mutant.breaks}")
    print(f"{caught(found)} of {len(found)} caught, {seconds:.0f} s")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
