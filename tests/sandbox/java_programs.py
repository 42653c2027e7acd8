"""Java programs for which a compiler that was started ahead must do what another one does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.domain.policy import DEFAULT_COMPILE_LIMITS
from app.domain.submission import File, Limits

AMPLE: Final = replace(DEFAULT_COMPILE_LIMITS, wall_seconds=60, cpu_seconds=60)
"""No busy machine needs more, so only the limits that a test is about end a compiler."""
HASHES: Final = """
import java.nio.file.*;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.stream.Stream;

public class Hashes {
    public static void main(String[] args) throws Exception {
        Path folder = Path.of("/box/program").toRealPath();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted().toList()) {
                System.out.println(folder.relativize(path) + " " + Files.isDirectory(path));
                if (Files.isRegularFile(path)) {
                    byte[] content = Files.readAllBytes(path);
                    byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
                    System.out.println(HexFormat.of().formatHex(digest));
                }
            }
        }
    }
}
"""
"""Prints the names and hashes of everything that was compiled."""


@dataclass(frozen=True, slots=True)
class JavaProgram:
    name: str
    files: Sequence[File]
    compile_args: Sequence[str] = ()
    compile_limits: Limits = AMPLE
    repeatable: bool = True
    """Whether the compiler prints the same each time: where its stack ends is up to its own
    compiler, and memory, to its collector.
    """


def _one(name: str, source: str, *compile_args: str, **facts: object) -> JavaProgram:
    file = File("Other.java", source.encode())
    return replace(JavaProgram(name, (file,), compile_args), **facts)  # type: ignore[arg-type]  # names that a program gives


def _class(body: str, members: str = "") -> str:
    return f"import java.util.*;\n{members}\nclass Other {{ void method() {{ {body} }} }}\n"


GENERIC: Final = """
import java.io.Serializable;
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

class Other<T extends Number & Comparable<T>> {
    sealed interface Shape permits Circle, Square {}
    record Circle(double radius) implements Shape {}
    record Square(double side) implements Shape {}
    enum Op implements IntBinaryOperator {
        ADD { public int applyAsInt(int a, int b) { return a + b; } },
        MUL { public int applyAsInt(int a, int b) { return a * b; } };
    }
    interface A {} interface B {} interface C extends A, B, Serializable {}
    static class D implements C, Comparable<D> { public int compareTo(D o) { return 0; } }
    static class E implements C, Comparable<E> { public int compareTo(E o) { return 0; } }
    static <X> X either(X a, X b, boolean first) { return first ? a : b; }
    Object lub(boolean flag) {
        var both = either(new D(), new E(), flag);
        var list = Arrays.asList(1, "two", 3.0, new StringBuilder());
        var choice = flag ? new ArrayList<String>() : new LinkedList<String>();
        for (var each : list) System.out.println(each.hashCode());
        return flag ? both : choice.isEmpty() ? List.of(1, 2.0) : Map.of("a", 1);
    }
    Function<T, Supplier<Map<String, List<T>>>> nested = t -> () -> Stream.of(t)
            .collect(Collectors.groupingBy(Object::toString, TreeMap::new, Collectors.toList()));
    int choose(String word) {
        return switch (word) {
            case "a", "b" -> 1;
            case "Aa", "BB" -> { int x = word.length(); yield x; }
            default -> throw new IllegalStateException("\\u00e9" + word);
        };
    }
    double area(Shape s) {
        if (s instanceof Circle c && c.radius() > 0) return Math.PI * c.radius();
        if (s instanceof Square q) return q.side();
        return 0;
    }
    String text = \"\"\"
        several "lines" \\
        in one
        \"\"\";
    synchronized void all(AutoCloseable one) throws Exception {
        try (one; var two = new java.io.StringReader("x")) { two.read(); }
        catch (ClassCastException | IllegalStateException e) { throw e; }
        finally {
            outer: for (int i = 0; ; i++) while (true) { if (i > 3) break outer; continue outer; }
        }
        class Local { int captured = choose(text); }
        new Object() { int f = new Local().captured; }.toString();
        assert nested != null : "message";
        Runnable r = this::hashCode; IntFunction<int[][]> array = int[][]::new;
        long l = 1L << 40; l += 'c' * 2.5f; char c = (char) l; c++;
        Integer boxed = (int) c; boxed++;
    }
}
"""

PACKAGES: Final = (
    File("a/One.java", b"package a; public class One { b.Two two = new b.Two(this); }"),
    File(
        "b/Two.java",
        b'package b; public class Two { public Two(a.One one) {} int n = "x".length(); }',
    ),
    File("b/package-info.java", b"@Deprecated package b;"),
    File("data.txt", b"not a source"),
)

AMBIGUOUS: Final = _class(
    "var all = Arrays.asList(1, 2.0, 'c', \"s\", new int[0]); int n = all; pick(null); pick(1, 2);"
    ' List<? extends Comparable<? super Integer>> x = all; Object o = true ? 1 : "s"; o.missing();'
    " var both = flag() ? new A1() : new A2(); String s = both; }"
    " boolean flag() { return true; } void pick(String s) {} void pick(Integer i) {}"
    " void pick(List<String> l) {",
    "interface I1 {} interface I2 {} interface I3 {}"
    " class A1 implements I3, I1, I2, java.io.Serializable {}"
    " class A2 implements I2, I3, I1, java.io.Serializable {}",
)
"""Its messages name intersections of types, whose order depends on javac's table of names."""

WARNED: Final = _class(
    "List raw = new ArrayList(); raw.add(1); new Date(1, 2, 3); int i = (int) 3;"
    " Thread.currentThread().stop();"
    " switch (i) { case 1: i++; case 2: }"
)

FEW: Final = (
    _one("generics", GENERIC),
    _one("messages", AMBIGUOUS),
    JavaProgram("packages", PACKAGES),
    _one("warnings", WARNED, "-Xlint:all", "-g"),
)
"""For each run of the tests."""

_DEEP: Final = _class("int i = " + "(" * 20_000 + "1" + ")" * 20_000 + ";")
_MANY: Final = _class("".join(f'int v{i} = "{i}";' for i in range(300)))
_HUGE_OUTPUT: Final = _class("".join(f'int v{i} = "{i}" + undeclared;' for i in range(20_000)))
_LARGE: Final = (
    "class Other {"
    + "".join(
        f"int method{i}(int a) {{ return a + {i} + new Object() {{ int f = {i}; }}.f; }}"
        for i in range(3_000)
    )
    + "}"
)
_LASTING: Final = _class(
    "id(" * 40
    + "x -> y -> x.hashCode()"
    + ")" * 40
    + ";"
    + "either(" * 10
    + "1"
    + "".join(f", {i})" for i in range(2, 12))
    + ";"
    "} <T> T id(T t) { return t; } <T> T either(T a, T b) { return a; } void more() { "
)
_PROCESSOR: Final = "META-INF/services/javax.annotation.processing.Processor"

MANY: Final = (
    _one("syntax", "class Other { void method( { int i = ; } }"),
    _one("unclosed", 'class Other { String s = "never closed; /* '),
    _one("empty", ""),
    JavaProgram("not UTF-8", (File("Other.java", b'class Other { String s = "\xff\xfe"; }'),)),
    _one("unicode", 'class Größe { int žluť = 1; String 日本 = "日本 \\u65e5 😀"; class Ä {} }'),
    JavaProgram(
        "unicode file", (File("Größe.java", "public class Größe { int ä = ö; }".encode()),)
    ),
    JavaProgram(
        "name like an option", (File("-d.java", b"class D {}"), File("@x.java", b"class X {}"))
    ),
    JavaProgram("public in another file", (File("Wrong.java", b"public class Right {}"),)),
    JavaProgram("module", (File("module-info.java", b"module m { requires java.sql; }"),)),
    JavaProgram("same class twice", (File("A.java", b"class A {}"), File("B.java", b"class A {}"))),
    JavaProgram("class of the JDK", (File("String.java", b"package java.lang; class String {}"),)),
    _one("300 mistakes", _MANY),
    _one("more mistakes shown", _MANY, "-Xmaxerrs", "250"),
    _one("deprecated", WARNED),
    _one("warnings are errors", WARNED, "-Xlint:all", "-Werror"),
    _one("no warnings", WARNED, "-nowarn"),
    _one("unknown lint", WARNED, "-Xlint:unknown"),
    _one("unknown option", GENERIC, "-bogus"),
    _one("argument for the launcher", GENERIC, "-J-Xmx64m"),
    _one("older release", GENERIC, "--release", "11"),
    _one("preview", GENERIC, "--enable-preview", "--release", "17"),
    _one("parameters", GENERIC, "-parameters", "-g:none"),
    _one("version", GENERIC, "-version"),
    _one("missing value", GENERIC, "-Xmaxerrs"),
    JavaProgram(
        "processor", (File("Other.java", b"class Other {}"), File(_PROCESSOR, b"Missing\n"))
    ),
    _one("large", _LARGE),
    _one("large output", _HUGE_OUTPUT, "-Xmaxerrs", "100000"),
    _one("deep", _DEEP, repeatable=False),
    _one("long inference", _LASTING),
    _one(
        "little memory",
        _LARGE,
        compile_limits=replace(AMPLE, memory_mib=96),
        repeatable=False,
    ),
    _one(
        "memory used up",
        "class Other {" + "".join(f"int[] a{i} = {{{'1,' * 9000}}};" for i in range(100)) + "}",
        compile_limits=replace(AMPLE, memory_mib=80),
        repeatable=False,
    ),
    _one(
        "little CPU time",
        _LARGE,
        compile_limits=replace(AMPLE, cpu_seconds=0.05),
        repeatable=False,
    ),
    _one(
        "little time",
        _LARGE,
        compile_limits=replace(AMPLE, wall_seconds=0.02),
        repeatable=False,
    ),
    _one("little output", _MANY, compile_limits=replace(AMPLE, output_kib=1)),
    _one("few processes", GENERIC, compile_limits=replace(AMPLE, processes=1)),
    _one("little room", _LARGE, compile_limits=replace(AMPLE, disk_mib=1)),
)
"""The others."""
