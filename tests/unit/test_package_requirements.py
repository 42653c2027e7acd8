"""What `podline packages add` takes as a package, for pip and for npm."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.packages.errors import PackagesError
from sandbox.packages.npm import Npm
from sandbox.packages.pip import Pip
from sandbox.packages.requirements import (
    has_hashes,
    requirement,
    requirements_in,
    requirements_of,
    without_hashes,
)

HASH = f"--hash=sha256:{'a' * 64}"
LOCKED = {
    "version": "3.2.1",
    "resolved": "https://example.org/zod/-/zod-3.2.1.tgz",
    "integrity": "sha512-abc",
}
PIP = Pip("python-3.11", "/usr/bin/python3")
NPM = Npm("node", "/usr/bin/node")


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        ("numpy", "numpy", "numpy"),
        ("Scikit_Learn==1.5", "scikit-learn", "Scikit_Learn==1.5"),
        ("pandas[excel]>=2,<3", "pandas", "pandas[excel]<3,>=2"),
        ("tzdata; python_version < '3.12'", "tzdata", 'tzdata; python_version < "3.12"'),
    ],
)
def test_a_python_package(text: str, name: str, written: str) -> None:
    found = PIP.parsed(text)

    assert (found.name, found.text) == (name, written)


@pytest.mark.parametrize(
    "text",
    [
        "--index-url=http://example.org",
        "-r other.txt",
        "-e .",
        "./numpy",
        "/tmp/numpy",
        "../numpy.whl",
        "numpy @ http://example.org/numpy.whl",
        "numpy @ file:///etc/passwd",
        "git+https://example.org/numpy",
        "http://example.org/numpy.whl",
        "numpy==",
        "numpy = 1",
        "numpy\n--index-url=http://example.org",
        f"numpy==1 {HASH}",
        "",
        " ",
    ],
)
def test_what_is_no_python_package(text: str) -> None:
    with pytest.raises(PackagesError):
        PIP.parsed(text)


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        ("lodash", "lodash", "lodash@latest"),
        ("lodash@4.17.21", "lodash", "lodash@4.17.21"),
        ("@Types/Node@^22", "@types/node", "@types/node@^22"),
        ("zod@>=3.1.0", "zod", "zod@>=3.1.0"),
    ],
)
def test_a_package_for_node(text: str, name: str, written: str) -> None:
    found = NPM.parsed(text)

    assert (found.name, found.text) == (name, written)


@pytest.mark.parametrize(
    "text",
    [
        "--registry=http://example.org",
        "-g",
        ".",
        "..",
        "./lodash",
        "/tmp/lodash",
        "~/lodash",
        "user/repository",
        "github:user/repository",
        "git+ssh://git@example.org/x.git",
        "https://example.org/x.tgz",
        "lodash@file:../x",
        "lodash@npm:other@1",
        "lodash@user/repository",
        "lodash@1 || 2",
        "lodash@.",
        "lodash@..",
        "lodash@.hidden",
        "lodash@evil.tgz",
        "lodash@evil.tar.gz",
        "@types",
        "_hidden",
        "lodash@",
        "",
    ],
)
def test_what_is_no_package_for_node(text: str) -> None:
    with pytest.raises(PackagesError):
        NPM.parsed(text)


@given(st.text())
def test_whatever_is_taken_is_one_plain_line(text: str) -> None:
    for installer in (PIP, NPM):
        try:
            found = installer.parsed(text)
        except PackagesError:
            continue
        assert found.text.splitlines() == [found.text]
        assert not found.text.startswith(("-", ".", "/"))
        assert "://" not in found.text
        assert installer.parsed(found.text) == found


class TestRequirementsFile:
    def test_has_names_versions_comments_and_hashes(self, tmp_path: Path) -> None:
        file = tmp_path / "requirements.txt"
        file.write_text(
            f"# what we need\n\nnumpy  # arrays\npandas>=2,\\\n  <3\nsix==1.17.0 \\\n    {HASH}\n"
        )

        found = requirements_of(file)

        assert [each.text for each in found] == ["numpy", "pandas<3,>=2", f"six==1.17.0 {HASH}"]
        assert [has_hashes(each) for each in found] == [False, False, True]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_may_come_from_windows(self, tmp_path: Path, encoding: str) -> None:
        file = tmp_path / "requirements.txt"
        file.write_bytes("numpy==2.1.3\r\nsix\r\n".encode(encoding))

        assert [each.text for each in requirements_of(file)] == ["numpy==2.1.3", "six"]

    @pytest.mark.parametrize(
        "line",
        ["-r other.txt", "--index-url http://example.org", "-e .", "./x", "x @ http://e.org/x.whl"],
    )
    def test_has_nothing_else(self, tmp_path: Path, line: str) -> None:
        file = tmp_path / "requirements.txt"
        file.write_text(f"numpy\n{line}\n")

        with pytest.raises(PackagesError, match=r"requirements.txt, line 2: "):
            requirements_of(file)

    def test_says_which_packages_only_came_with_others(self) -> None:
        found = requirements_in(f"numpy==2.1.3 {HASH}\nsix==1.17.0 {HASH}  # dependency\n")

        assert [each.is_dependency for each in found] == [False, True]
        assert [without_hashes(each).text for each in found] == ["numpy==2.1.3", "six==1.17.0"]

    @given(st.lists(st.sampled_from(["numpy", "six==1", "zope.interface>=5", "a[b]"])))
    def test_is_read_as_it_is_written(self, texts: list[str]) -> None:
        wanted = [requirement(text) for text in texts]
        assert requirements_in("".join(f"{each.text}\n" for each in wanted)) == wanted

    @given(st.text())
    def test_is_read_or_refused(self, text: str) -> None:
        with suppress(PackagesError):
            assert all(each.name and each.text for each in requirements_in(text))


class TestNpmFile:
    def parsed(self, folder: Path, content: object) -> list[str]:
        file = folder / "package.json"
        file.write_text(json.dumps(content))
        return [each.text for each in NPM.parsed_file(file)]

    def test_may_be_a_package_json(self, tmp_path: Path) -> None:
        content = {"name": "course", "dependencies": {"zod": "^3.1.0", "@types/node": "22"}}

        assert self.parsed(tmp_path, content) == ["zod@^3.1.0", "@types/node@22"]

    def test_may_be_a_lock_file(self, tmp_path: Path) -> None:
        content = {
            "lockfileVersion": 3,
            "packages": {
                "": {"dependencies": {"zod": "^3.1.0"}},
                "node_modules/zod": LOCKED,
                "node_modules/zod/node_modules/@types/node": LOCKED,
            },
        }

        assert self.parsed(tmp_path, content) == ["zod@^3.1.0"]
        assert NPM.is_lock(tmp_path / "package.json")

    def test_is_no_lock_file_if_it_fixes_nothing(self, tmp_path: Path) -> None:
        self.parsed(tmp_path, {"dependencies": {"zod": "1"}})

        assert not NPM.is_lock(tmp_path / "package.json")

    @pytest.mark.parametrize(
        ("place", "package"),
        [
            ("node_modules/zod", {**LOCKED, "resolved": "file:../zod"}),
            ("node_modules/zod", {**LOCKED, "resolved": "git+ssh://git@example.org/zod.git"}),
            ("node_modules/zod", {"version": "1", "resolved": "https://example.org/zod.tgz"}),
            ("node_modules/zod", {**LOCKED, "link": True}),
            ("node_modules/zod", {"version": "1"}),
            ("../zod", LOCKED),
            ("node_modules/../../zod", LOCKED),
            ("node_modules/zod/../../../../zod", LOCKED),
            ("/tmp/zod", LOCKED),
        ],
    )
    def test_names_only_files_of_a_registry(
        self, tmp_path: Path, place: str, package: object
    ) -> None:
        file = tmp_path / "package-lock.json"
        file.write_text(json.dumps({"lockfileVersion": 3, "packages": {"": {}, place: package}}))

        with pytest.raises(PackagesError, match="is not from a registry"):
            NPM.is_lock(file)

    @pytest.mark.parametrize(
        "content",
        [
            [],
            "text",
            {"dependencies": ["zod"]},
            {"lockfileVersion": 3},
            {"dependencies": {"zod": "file:../zod"}},
            {"dependencies": {"zod": "git+https://example.org/zod"}},
        ],
    )
    def test_is_nothing_else(self, tmp_path: Path, content: object) -> None:
        with pytest.raises(PackagesError):
            self.parsed(tmp_path, content)
