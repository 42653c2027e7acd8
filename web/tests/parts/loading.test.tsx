import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { Problem, UNREACHABLE } from "../../src/api/problem.ts";
import { Shown } from "../../src/parts/states.tsx";
import { Age } from "../../src/parts/time.tsx";
import { RETRY, pause, useLoaded } from "../../src/parts/use-loaded.ts";
import { useScript } from "../../src/parts/use-script.ts";
import { setHidden } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { settle, show } from "../support/page.tsx";

const BUSY = new Problem(503, "Busy", "Redis is unavailable.");
const GONE = new Problem(404, "Not found", "There is no such key.");

/** Something that is loaded; each call answers what the test says. */
class Source {
  answer: unknown = "first";
  signals: AbortSignal[] = [];

  load = async (signal: AbortSignal): Promise<unknown> => {
    this.signals.push(signal);
    const answer: unknown = await this.answer;
    if (answer instanceof Error) throw answer;
    return answer;
  };

  get asked(): number {
    return this.signals.length;
  }
}

interface Props {
  source: Source;
  input?: string;
  every?: number;
}

function Part({ source, input = "", every }: Props) {
  const loaded = useLoaded(source.load, [input], every === undefined ? {} : { every });
  return (
    <>
      <i>{loaded.isLoading ? "loading" : "idle"}</i>
      <b>{loaded.problem?.title}</b>
      <Shown loaded={loaded} what="Loading the keys">
        {(value) => <p>{String(value)}</p>}
      </Shown>
    </>
  );
}

async function load(t: TestContext, answer: unknown, more: Partial<Props> = {}) {
  const clock = stopClock(t);
  const source = Object.assign(new Source(), { answer });
  const shown = await show(t, <Part source={source} {...more} />);
  return { clock, source, shown };
}

test("what is on its way is said, and then shown", async (t) => {
  let arrive = (_: string) => {};
  const { shown } = await load(t, new Promise((resolve) => (arrive = resolve)));
  assert.equal(shown.one("[role=status]").textContent, "Loading the keys…");
  arrive("value");
  await settle();
  assert.equal(shown.one("p").textContent, "value");
  assert.equal(shown.one("i").textContent, "idle");
});

test("what can't be had is said, with the reason and a button", async (t) => {
  const { shown, source, clock } = await load(t, GONE);
  const alert = shown.one("[role=alert]");
  assert.deepEqual(shown.texts("[role=alert] p"), ["Not found", "There is no such key."]);
  assert.doesNotMatch(alert.textContent ?? "", /tries again/);
  await clock.wait(3_600_000);
  assert.equal(source.asked, 1);
  source.answer = "there";
  await shown.click("Try again");
  assert.equal(shown.one("p").textContent, "there");
});

test("what is temporary is tried again by itself, at longer and longer intervals", async (t) => {
  const { shown, source, clock } = await load(t, BUSY);
  assert.match(shown.one("[role=alert]").textContent ?? "", /The page tries again by itself/);
  const asked = [];
  for (const seconds of [2, 4, 8, 16, 30, 30]) {
    await clock.wait(seconds * 1000 - 1);
    const before = source.asked;
    await clock.wait(1);
    asked.push(source.asked - before);
  }
  assert.deepEqual(asked, [1, 1, 1, 1, 1, 1]);
  source.answer = "back";
  await clock.wait(30_000);
  assert.equal(shown.one("p").textContent, "back");
});

test("the service says when to try again, within half a minute", () => {
  const after = (seconds: number | null, failures: number) =>
    pause(new Problem(503, "Busy", "", [], seconds), failures);
  assert.deepEqual([after(7, 1), after(7, 9), after(0, 1), after(3600, 1)], [7, 7, 0, 30]);
  assert.deepEqual([after(null, 1), after(null, 3), after(null, 99)], [2, 8, 30]);
});

test("when the network returns, or somebody asks for it, it is tried again at once", async (t) => {
  const { source } = await load(t, BUSY);
  for (const name of ["online", RETRY]) {
    const before = source.asked;
    dispatchEvent(new Event(name));
    await settle();
    assert.equal(source.asked, before + 1);
  }
  source.answer = "back";
  dispatchEvent(new Event("online"));
  await settle();
  const asked = source.asked;
  dispatchEvent(new Event("online")); // All is well: there is nothing to try again.
  await settle();
  assert.equal(source.asked, asked);
});

test("what was known stays while it is asked for again, and after that failed", async (t) => {
  const { shown, source, clock } = await load(t, "old", { every: 5000 });
  source.answer = BUSY;
  await clock.wait(5000);
  assert.equal(shown.one("p").textContent, "old");
  assert.equal(shown.one("b").textContent, "Busy");
  source.answer = "new";
  await clock.wait(2000);
  assert.equal(shown.one("p").textContent, "new");
  assert.equal(shown.one("b").textContent, "");
});

test("a success begins the pauses anew", async (t) => {
  const { source, clock } = await load(t, BUSY, { every: 1000 });
  await clock.wait(2000); // The next pause would be 4 s.
  source.answer = "there";
  await clock.wait(4000);
  source.answer = BUSY;
  await clock.wait(1000);
  const asked = source.asked;
  await clock.wait(2000);
  assert.equal(source.asked, asked + 1);
});

test("nothing is asked for while nobody looks", async (t) => {
  const { source, clock } = await load(t, "value", { every: 5000 });
  t.after(() => setHidden(false));
  setHidden(true);
  await clock.wait(60_000);
  assert.equal(source.asked, 1);
  setHidden(false);
  await clock.wait(1000);
  assert.equal(source.asked, 2);
});

test("without an interval, it is asked for once", async (t) => {
  const { source, clock } = await load(t, "value");
  await clock.wait(3_600_000);
  assert.equal(source.asked, 1);
});

test("another input is another question; the answer to the older one is too late", async (t) => {
  let arrive = (_: string) => {};
  const { shown, source } = await load(t, new Promise((resolve) => (arrive = resolve)));
  source.answer = "of b";
  await shown.render(<Part source={source} input="b" />);
  assert.deepEqual(
    source.signals.map((each) => each.aborted),
    [true, false],
  );
  arrive("of a");
  await settle();
  assert.equal(shown.one("p").textContent, "of b");
});

test("whoever leaves is not told, and asks for nothing more", async (t) => {
  const { shown, source, clock } = await load(t, BUSY);
  await shown.render(null);
  assert.equal(source.signals[0]?.aborted, true);
  await clock.wait(60_000);
  assert.equal(source.asked, 1);
});

test("a fault of the page is no problem of the service, and is reported as what it is", async (t) => {
  const faults: unknown[] = [];
  const report = (fault: unknown) => faults.push(fault);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", report);
  t.after(() => {
    process.removeListener("unhandledRejection", report);
    for (const each of others) process.on("unhandledRejection", each);
  });
  const { shown } = await load(t, new TypeError("x is undefined"));
  assert.equal(shown.one("b").textContent, UNREACHABLE.title);
  await settle();
  assert.match(String(faults[0]), /x is undefined/);
});

function Script({ loads }: { loads: () => Promise<string> }) {
  return <Shown loaded={useScript(loads, [])}>{(value) => <p>{value}</p>}</Shown>;
}

test("a script that can't be loaded says what to do, and is loaded later", async (t) => {
  const clock = stopClock(t);
  let isThere = false;
  const loads = async () => (isThere ? "there" : Promise.reject(new TypeError("import failed")));
  const shown = await show(t, <Script loads={loads} />);
  const said = shown.one("[role=alert]").textContent ?? "";
  assert.match(said, /Can't load this page.*If Podline has been upgraded, reload the page/);
  isThere = true;
  await clock.wait(2000);
  assert.equal(shown.one("p").textContent, "there");
});

test("an age grows every second, with one timer for all", async (t) => {
  const clock = stopClock(t, "2026-11-29T12:30:00Z");
  const shown = await show(
    t,
    <>
      <Age of="2026-11-29T12:29:59Z" />
      <Age of="2026-11-29T12:31:00Z" />
    </>,
  );
  const [past, future] = shown.all<HTMLTimeElement>("time");
  assert.deepEqual([past?.textContent, future?.textContent], ["1 s ago", "in 1 min"]);
  assert.deepEqual([past?.title, past?.dateTime], ["2026-11-29T12:29:59Z", "2026-11-29T12:29:59Z"]);
  await clock.wait(4000);
  assert.deepEqual([past?.textContent, future?.textContent], ["5 s ago", "in 56 s"]);
  await shown.render(<Age of="2026-11-29T12:29:59Z" />);
  await clock.wait(1000);
  assert.equal(shown.text, "6 s ago");
});
