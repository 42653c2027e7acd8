/** Submissions as the form makes them, at random. */

import type { Draft, LimitName, TestRow } from "../../src/playground/model.ts";
import { LIMITS } from "../../src/playground/model.ts";
import { type Random, oneOf, texts } from "./random.ts";

export function drafts(random: Random): Draft {
  const names = [
    ...new Set(["main.py", "lib/a.py", `x${texts(random)}`].slice(0, 1 + Math.floor(random() * 3))),
  ];
  return {
    language: oneOf(random, ["python", "c", "r"]),
    version: oneOf(random, [null, "3.11"]),
    files: names.map((name) => ({ name, content: texts(random), encoding: "utf-8" })),
    main: oneOf(random, names),
    stdin: texts(random),
    args: several(random, texts),
    env: [...new Map(several(random, (of) => [`N${Math.floor(of() * 9)}`, texts(of)] as const))],
    compileArgs: several(random, texts),
    limits: Object.fromEntries(several(random, (of) => [oneOf<LimitName>(of, LIMITS), of() * 9])),
    expected: oneOf(random, [null, "", texts(random)]),
    compare: oneOf(random, [null, "exact", "tokens", { numbers: { absolute: 0, relative: 1e-9 } }]),
    tests: several(random, tests),
    stopOnFailure: random() < 0.5,
    artifacts: several(random, texts),
    streams: oneOf(random, ["separate", "merged"]),
    buffering: oneOf(random, [null, "line", "block"]),
    rest: oneOf(random, [{}, { labels: { a: texts(random) }, keep_output: "none" }]),
  };
}

function tests(random: Random): TestRow {
  return {
    name: texts(random),
    stdin: oneOf(random, [null, "", texts(random)]),
    expected: oneOf(random, [null, "", texts(random)]),
    points: oneOf(random, [null, 0, 2.5]),
    rest: oneOf(random, [{}, { args: [texts(random)], limits: { wall_seconds: 1 } }]),
  };
}

function several<T>(random: Random, item: (random: Random) => T): T[] {
  return Array.from({ length: Math.floor(random() * 4) }, () => item(random));
}
