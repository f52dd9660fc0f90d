"""Prove the core: `make prove`, or `python -m firmware_bridge.prove --help`.

Exit 0 where everything was proved, 1 where something was refuted or not decided, 69 without the checker.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edge.errors import StoplineError
from firmware_bridge.prove.checker import Result, check, find_checker
from firmware_bridge.prove.contracts import prove_contracts
from firmware_bridge.prove.model import write_model
from firmware_bridge.prove.proofs import PROOFS, Proof


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proofs that were asked for and print a line for each."""
    options = _options().parse_args(arguments)
    chosen = [proof for proof in PROOFS if not options.only or any(part in proof.name for part in options.only)]
    try:
        checker = find_checker()
        with tempfile.TemporaryDirectory() as folder:
            write_model(Path(folder), options.core.read_text(encoding="utf-8") if options.core else None)
            results = list(_run(checker, chosen, options, Path(folder)))
    except StoplineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    contracts_hold = bool(options.only) or prove_contracts(options.core)
    wrong = [result for result in results if not result.as_expected]
    sys.stdout.write(f"{len(results) - len(wrong)} of {len(results)} as expected\n")
    return 1 if wrong or not results or not contracts_hold else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge.prove", description=__doc__)
    parser.add_argument("--channels", type=int, nargs="+", default=[4], metavar="N", help="most channels of the tables")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="proofs whose name has this in it")
    parser.add_argument("--core", type=Path, metavar="FILE", help="prove this stopline_core.c instead of ours")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--limit-s", type=float, default=300.0, help="most seconds of processor time for one proof")
    return parser


def _run(checker: Path, proofs: list[Proof], options: argparse.Namespace, model: Path) -> Iterator[Result]:
    """Each proof for each number of channels, told as it ends."""
    runs = list(dict.fromkeys((proof, min(n, proof.most_channels)) for n in options.channels for proof in proofs))
    _tell("proof", "channels", "s", "cpu s", "verdict")
    with ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda run: check(checker, run[0], run[1], model, options.limit_s), runs):
            verdict = "possible" if result.proof.expected == "refuted" and result.as_expected else result.verdict
            why = "" if result.as_expected else f"  {result.why}"
            _tell(
                result.proof.name,
                f"{result.channels}",
                f"{result.wall_s:.1f}",
                f"{result.cpu_s:.1f}",
                f"{verdict}{why}",
            )
            yield result


def _tell(name: str, channels: str, wall_s: str, cpu_s: str, verdict: str) -> None:
    sys.stdout.write(f"{name:<48}{channels:>9}{wall_s:>9}{cpu_s:>9}  {verdict}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
