"""C++ with precompiled headers: nobody sees a difference, except in time."""

import re
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from app.domain.submission import File
from app.infrastructure.sandbox import conversion
from sandbox.init.protocol import PROGRAM
from sandbox.languages import load
from sandbox.languages.commands import CACHES
from sandbox.toolchains import caches
from sandbox.toolchains.search import Toolchain, versions_of
from tests.support.sandbox_daemon import SandboxDaemon, a_pod

SHOWS = """
#include <iostream>
#if __has_include(<iostream.gch>)
#define HOW "fast"
#else
#define HOW "slow"
#endif
%s
int main() { std::cout << HOW; }
"""
"""The one way to see it: the name of a file that no compiler promises."""

BODY: Final = r"""
#include <cstdio>
#include <map>
#include <numeric>
#include <vector>
#include <algorithm>
#include <string>
#include <iostream>
struct Word { std::string text; int times; static inline int made = 0; };
template <class T> T twice(T x) { return x + x; }
int main(int count, char **) {
    std::vector<int> v(1000);
    std::iota(v.begin(), v.end(), count);
    std::sort(v.begin(), v.end(), [](int a, int b) { return a % 7 < b % 7; });
    std::map<std::string, int> words;
    for (auto n : v) words[std::to_string(n % 5)] += twice(n);
    for (auto &[word, n] : words) std::cout << word << ' ' << n << '\n';
    std::printf("%zu %s %d\n", sizeof(std::pair<char, int>), __FILE__, __COUNTER__);
    try { throw std::string("x"); } catch (std::string &s) { return s.size() - 1; }
}
"""
BEFORE: Final = (
    *("", "// a comment", "/* one\n of two lines */", "int before;", "#if 1\n#endif"),
    *("#define whole(x) (x).begin(), (x).end()", "#define vector vector", "#define _GLIBCXX_DEBUG"),
    *("#define NDEBUG", "#define _GNU_SOURCE 1", "#undef __OPTIMIZE__", "#undef __SSE2__"),
    *("#pragma pack(1)", '#pragma GCC optimize("O3,unroll-loops")', '#pragma GCC target("avx2")'),
    *("#pragma GCC visibility push(hidden)", '#line 7 "other.cpp"', "#include <cstdio>"),
    *("#include <cmath>\n#include <vector>", "#include <map>\n#include <bits/stdc++.h>"),
)
"""What a program that compiles may begin with."""

WITH_MESSAGES: Final = {
    "an unknown name": "#include <iostream>\nint main() { std::cout << x; }",
    "a header that is missing": "#include <iostream>\nint main() { std::vector<int> v; }",
    "another one": "#include <vector>\nint main() { printf(std::string()); }",
    "an error in a header": "#include <algorithm>\n#include <list>\n"
    "int main() { std::list<int> l; std::sort(l.begin(), l.end()); }",
    "no such operator": "#include <iostream>\nstruct A {};\nint main() { std::cout << A(); }",
    "a warning": "#include <iostream>\nint f(int x) { x /= 0; return x; }\nint main() {}",
    "a warning of its own": "#include <map>\n#warning careful\nint main() {}",
    "a message": '#include <string>\n#pragma message "hello"\nint main() {}',
    "no main": "#include <vector>\nint f() { return 1; }",
    "nothing to link": "#include <iostream>\nint f();\nint main() { return f(); }",
    "no such file": '#include <iostream>\n#include "missing.h"\nint main() {}',
    "unfinished": "#include <bits/stdc++.h>\nint main() { if (1) {",
    "a macro in the way": "#define int long long\n#include <iostream>\nint main() {}",
    "a concept": "#include <algorithm>\nstruct A {};\nint main() { A a[2]; std::ranges::sort(a); }",
    "no file": "",
}


def test_a_program_that_begins_with_one_is_compiled_with_it(sandbox: SandboxDaemon) -> None:
    if not Path(versions_of(load()["cpp"])[0].executable).name.startswith("g++"):
        pytest.skip("only GCC has them")
    hows = {
        how: sandbox.run("cpp", SHOWS % text, **facts)[1].run
        for how, text, facts in [
            ("alone", "", {}),
            ("with a message", "#warning x", {}),
            ("with arguments", "", {"compile_args": ("-O1",)}),
        ]
    }
    assert {how: run and run.stdout for how, run in hows.items()} == {
        "alone": b"fast",
        "with a message": b"slow",
        "with arguments": b"slow",
    }


@pytest.fixture
def cpp() -> Toolchain:
    """The one whose cache the daemon of this session made."""
    (found,) = versions_of(load()["cpp"])
    if not (caches.folder_for(found.cache_name) / "iostream.gch").exists():
        pytest.skip("only GCC has them")
    return found


class Both:
    """Compiles with and without them, outside a jail."""

    def __init__(self, cpp: Toolchain, folder: Path) -> None:
        self._cpp = cpp
        self._folder = folder

    def compile(self, source: str) -> tuple[tuple[int, bytes, bytes], tuple[int, bytes, bytes]]:
        """The exit code, what is printed and what is made, with and without them."""
        (self._folder / "main.cpp").write_text(source)
        offered = conversion.language_of(self._cpp.language)
        pod = conversion.for_sandbox(a_pod(offered, files=(File("main.cpp", source.encode()),)))
        prepared = Toolchain(self._cpp.spec, self._cpp.executable, self._cpp.version, prepared=True)
        with_them, without = (each.compile_program(pod).argv for each in (prepared, self._cpp))
        return self._run(with_them), self._run(without)

    def _run(self, argv: Sequence[str]) -> tuple[int, bytes, bytes]:
        program = self._folder / "program"
        program.unlink(missing_ok=True)
        cache = caches.folder_for(self._cpp.cache_name)
        here = [
            part.replace(PROGRAM, str(program)).replace(f"{CACHES}/{cache.name}", str(cache))
            for part in argv
        ]
        ended = subprocess.run(here, cwd=self._folder, capture_output=True)
        made = program.read_bytes() if program.exists() else b""
        said = re.sub(rb"/tmp/cc\w+", b"TEMPORARY", ended.stdout + ended.stderr)
        return ended.returncode, said, made


@pytest.mark.long
@pytest.mark.parametrize(
    ("before", "header"),
    [
        *((before, "iostream") for before in BEFORE),
        *product(BEFORE[::5], ["vector", "bits/stdc++.h", "cstdio"]),
    ],
)
def test_the_program_is_the_same_byte_for_byte(
    cpp: Toolchain, tmp_path: Path, before: str, header: str
) -> None:
    fast, slow = Both(cpp, tmp_path).compile(f"{before}\n#include <{header}>\n{BODY}")

    assert fast == slow
    assert slow[2]


@pytest.mark.long
@pytest.mark.parametrize("source", WITH_MESSAGES.values(), ids=WITH_MESSAGES.keys())
def test_messages_are_the_same_byte_for_byte(cpp: Toolchain, tmp_path: Path, source: str) -> None:
    fast, slow = Both(cpp, tmp_path).compile(source)

    assert fast == slow
    assert slow[1]
