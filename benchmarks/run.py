"""Run every benchmark, or those named, and rewrite their parts of docs/benchmarks.md, of the README and of other pages.

python benchmarks/run.py [NAME …]
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
README = HERE.parent / "README.md"
IN_README = {"accuracy": ["accuracy"], "speed": ["resample", "features", "pipeline", "encoder", "startup"]}
"""Which results stand between which marks of the README; they are rewritten together."""

HEADLINES = (
    "8 emotions, random split",
    "8 emotions, new speakers",
    "tone, random split",
    "tone, emobox",
    "tone-large, emobox",
    "tone-large, emobox, after 10 clips",
    "EMO-DB, tone-large, new speakers",
    "RAVDESS → EMO-DB, tone-large",
)
"""Of the accuracies, those that the README shows; docs/accuracy.md shows all."""

SCRIPTS: dict[str, list[str]] = {
    "resample": [""],
    "features": [""],
    "pipeline": [""],
    "encoder": [""],
    "words": [""],
    "startup": [""],
    "estimators": [""],
    "accuracy": [""],
    "leaks": [""],
    "live": [""],
    "server": [""],
    "scale": ["--tone"],
    "search": [
        "--part strategies",
        "--part halves --seconds 30",
        "--part rule --seconds 45",
        "--part speed --seconds 300",
        "--part speed-tone",
        "--part classic --seconds 300",
        "--part same --part four",
        "--part tone --seconds 300",
    ],
}
"""By name, in the order of the page: the options of each run."""

LIBRARIES = ("numpy", "soxr", "soundfile", "onnxruntime", "librosa", "scikit-learn")


OWN_PAGE = ("accuracy", "scale", "search")
"""Whose results stand in a page of their name, too, between marks of their name."""


def main() -> None:
    names = sys.argv[1:] or SCRIPTS
    for name in names:
        if name not in SCRIPTS:
            sys.exit(f"no benchmark '{name}'; valid: {', '.join(SCRIPTS)}")
    found: dict[str, list[dict[str, object]]] = {}
    for name in names:
        print(f"… {name}", file=sys.stderr, flush=True)
        found[name] = []
        for options in SCRIPTS[name]:
            command = [sys.executable, str(HERE / f"{name}.py"), *options.split(), "--json"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                sys.exit(f"benchmarks/{name}.py failed; docs/benchmarks.md is as it was")
            found[name] += [json.loads(line) for line in done.stdout.splitlines()]
    publish(found)


def publish(found: dict[str, list[dict[str, object]]]) -> None:
    """Write the results into the pages; what was not run again stays as it is."""
    _, *parts = PAGE.read_text(encoding="utf-8").split("\n## `")
    sections = {part.partition("`")[0]: f"## `{part}".rstrip() for part in parts}
    for name, results in found.items():
        commands = ", ".join(f"`{f'python benchmarks/{name}.py {options}'.rstrip()}`" for options in SCRIPTS[name])
        how = f"{commands}; on {processor()}"
        sections[name] = f"## `{name}`\n\n{how}\n\n{table(results)}\n\n{notes(results)}".rstrip()
    ordered = [sections[name] for name in SCRIPTS if name in sections]
    write(PAGE, "\n\n".join([preface(), *ordered]) + "\n")
    text = README.read_text(encoding="utf-8")
    for mark, names in IN_README.items():
        if not set(names) <= set(found):
            continue
        rows = [row for name in names for row in found[name] if name != "accuracy" or row["figure"] in HEADLINES]
        text = between(text, mark, table(rows, left_out=("goal", "women − men", "ECE")))
    write(README, text)
    for name in set(OWN_PAGE) & set(found):
        page = PAGE.with_name(f"{name}.md")
        write(page, between(page.read_text(encoding="utf-8"), name, table(found[name])))
    print(PAGE, README)


def table(results: list[dict[str, object]], left_out: tuple[str, ...] = ()) -> str:
    """A Markdown table, a row a result."""
    columns = [key for key in results[0] if key not in ("name", "note", "repeats", *left_out)]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(result[key]) for key in columns)} |" for result in results]
    return "\n".join(lines)


def notes(results: list[dict[str, object]]) -> str:
    """What a reader of the table should know."""
    repeats = [f"Median of {results[0]['repeats']}."] if "repeats" in results[0] else []
    return " ".join([*repeats, *(f"{result['figure']}: {result['note']}." for result in results if result.get("note"))])


def between(text: str, mark: str, content: str) -> str:
    """The text with something else between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    before, rest = text.split(f"<!-- {mark} -->", 1)
    _, after = rest.split(f"<!-- /{mark} -->", 1)
    return f"{before}<!-- {mark} -->\n{content}\n<!-- /{mark} -->{after}"


def write(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def preface() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        "# Benchmarks\n\n"
        "Written by `python benchmarks/run.py NAME …`, a part a script (`make bench`: all). Each script runs this "
        "project and what a user would pick instead on the same work in the same run. Machines are noisy: look at the "
        "ratios, which are medians of their own: of the pairs that were measured one after the other. A goal is what "
        "was to be reached, and stands there whether it was or not; a spike is what a first experiment reached.\n\n"
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; {libraries}."
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


if __name__ == "__main__":
    main()
