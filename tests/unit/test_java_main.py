"""Which class of a Java program is started, and how its file is named."""

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.pod import Pod
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.languages.java import main_class, parse, with_fitting_name
from sandbox.wire import types
from sandbox.wire.types import File
from tests.support.builders import a_submission

MAIN = "public static void main(String[] args) { }"


def a_program(*files: tuple[str, str], entrypoint: str = "Main.java") -> types.Pod:
    pod = for_sandbox(Pod.of("pod-1", a_submission()))
    sources = tuple(File(name, content.encode()) for name, content in files)
    return replace(pod, files=sources, entrypoint=entrypoint)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("public class Main { %s }", "Main"),
        ("public class Solution { %s }", "Solution"),
        ("class Solution { %s }", "Solution"),
        ("package a.b; public class Solution { %s }", "a.b.Solution"),
        ("/* c */ package a . /* c */ b ; class S { %s }", "a.b.S"),
        ("class Helper { } class Start { %s }", "Start"),
        ("public class Helper { } class Start { %s }", "Start"),
        ("class First { %s } public class Second { %s }", "Second"),
        ("class First { %s } class Main { %s }", "Main"),
        ("record Start(int x) { %s }", "Start"),
        ("public @Of(Other.class) class Start { %s }", "Start"),
        ("public class $tart { %s }", "$tart"),
        ("enum Start { A, B; %s }", "Start"),
        ("interface Start { static void main(String[] a) { } }", "Start"),
        ("final class Größe { %s }", "Größe"),
        ("class Outer { static class Inner { %s } } class Start { %s }", "Start"),
        ('@SuppressWarnings({"x"}) @Deprecated class Start { %s }', "Start"),
        ("class Not { void main; int x = main(1); } class Start { %s }", "Start"),
        ("class Start { void main() { } }", "Start"),
        ("// class Not { %s\nclass Start { %s }", "Start"),
        ('class Not { String s = "{ void main("; } class Start { %s }', "Start"),
        ("class Not { char c = '{'; char d = '\\''; } class Start { %s }", "Start"),
        ('class Not { String s = """\n}"\\"""{\n"""; } class Start { %s }', "Start"),
    ],
)
def test_the_class_that_has_main_is_started(source: str, expected: str) -> None:
    assert main_class(a_program(("Main.java", source.replace("%s", MAIN)))) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class Other { }", "Main"),
        ("public class Other { }", "Other"),
        ("package a; class Other { }", "a.Main"),
        ("", "Main"),
        ("void main() { }", "Main"),
        ("class", "Main"),
        ("public @Of(Other.class)", "Main"),
        ("public class \\u0041 { }", "Main"),
        ("package", "Main"),
        ("package a", "Main"),
    ],
)
def test_without_a_main_java_is_asked_for_what_it_will_not_find(source: str, expected: str) -> None:
    assert main_class(a_program(("Main.java", source))) == expected


def test_the_entrypoint_s_class_goes_before_those_of_other_files() -> None:
    files = [
        ("a/First.java", f"package a; class First {{ {MAIN} }}"),
        ("src/b/Start.java", f"package b; class Start {{ {MAIN} }}"),
        ("notes.txt", f"class Third {{ {MAIN} }}"),
    ]

    assert main_class(a_program(*files, entrypoint="src/b/Start.java")) == "b.Start"


def test_another_file_s_class_is_started_where_the_entrypoint_has_no_main() -> None:
    files = [("Main.java", "class Main { }"), ("a/Start.java", f"package a; class S {{ {MAIN} }}")]

    assert main_class(a_program(*files)) == "a.S"


def test_a_single_file_is_named_after_its_public_class() -> None:
    program = a_program(("src/Main.java", "public class Solution { }"), entrypoint="src/Main.java")

    fitting = with_fitting_name(program)

    assert fitting.entrypoint == "src/Solution.java"
    assert fitting.files == (File("src/Solution.java", b"public class Solution { }"),)


@pytest.mark.parametrize(
    "files",
    [
        [("Main.java", "class Solution { }")],
        [("Main.java", "public class Solution { }"), ("data.txt", "")],
        [("Main.java", "public class Solution { }"), ("Other.java", "")],
        [("Main.txt", "public class Solution { }")],
    ],
)
def test_any_other_name_is_the_submission_s_own(files: list[tuple[str, str]]) -> None:
    program = a_program(*files, entrypoint=files[0][0])

    assert with_fitting_name(program) == program


noise = st.lists(
    st.sampled_from(
        [
            *(
                "// class X {\n",
                "/* public class X { */",
                "/* } */",
                " ",
                "\n",
                "import java.util.*;",
            ),
            *("class A { }", "interface B { int f(); }", "record C(int x) { }", ";"),
            *('class D { String s = "}\\"{"; }', "class E { { } static { } }", "@Deprecated"),
        ]
    )
).map("".join)


@given(noise, noise)
def test_what_stands_around_the_class_does_not_matter(before: str, after: str) -> None:
    source = f"{before} class Start {{ {before} {MAIN} {after} }} {after}"

    assert main_class(a_program(("Main.java", source))) == "Start"


@given(st.text(alphabet="\"'/*\\{}();\n abclmrsv") | st.text())
def test_any_text_is_read(source: str) -> None:
    parse(File("Main.java", source.encode(errors="surrogatepass")))


@pytest.mark.parametrize(
    "piece", ["/*", '"""', '"', "'", "\\", "{", "class ", "package ", "a", ";"]
)
def test_reading_takes_no_longer_than_the_text(piece: str) -> None:
    began = process_time()
    parse(File("Main.java", (piece * (8 * 1024 * 1024 // len(piece))).encode()))

    assert process_time() - began < 5


def test_only_the_first_half_mebibyte_of_all_files_is_read() -> None:
    half = "/*" + "x" * (512 * 1024 - 200) + "*/"
    before = f"class A {{}} {half} class B {{ {MAIN} }}"
    behind = f"class A {{}} {half} {half} class B {{ {MAIN} }}"
    assert main_class(a_program(("Main.java", before))) == "B"
    assert main_class(a_program(("Main.java", behind))) == "Main"
    files = [("Main.java", f"public class A {{}} {half}"), ("B.java", f"class B {{ {MAIN} }}")]
    assert main_class(a_program(*files)) == "B"
    files[0] = ("Main.java", f"public class A {{}} {half} {half}")
    assert main_class(a_program(*files)) == "A"
