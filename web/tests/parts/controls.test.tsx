import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { useState } from "preact/hooks";
import { Button } from "../../src/parts/button.tsx";
import { CopyButton } from "../../src/parts/copy-button.tsx";
import { Confirm, Dialog } from "../../src/parts/dialog.tsx";
import { Field, FieldFrame, Select } from "../../src/parts/field.tsx";
import { Tabs } from "../../src/parts/tabs.tsx";
import { Toasts, toast } from "../../src/parts/toast.tsx";
import { stopClock } from "../support/clock.ts";
import { settle, show } from "../support/page.tsx";

/** The texts that describe a control, in their order. */
function descriptions(element: Element): string[] {
  const ids = element.getAttribute("aria-describedby")?.split(" ") ?? [];
  return ids.map((id) => document.getElementById(id)?.textContent ?? "nothing");
}

test("a button sends no form unless it says so", async (t) => {
  const shown = await show(
    t,
    <>
      <Button>Cancel</Button>
      <Button type="submit" look="primary" class="wide">
        Save
      </Button>
    </>,
  );
  assert.deepEqual(
    shown.all<HTMLButtonElement>("button").map(({ type, className }) => [type, className.trim()]),
    [
      ["button", "button button-normal"],
      ["submit", "button button-primary wide"],
    ],
  );
});

test("a field has its label, and what to know and what is wrong describe it", async (t) => {
  const field = (problem?: string) => <Field label="Name" hint="As you like." problem={problem} />;
  const shown = await show(t, field());
  const input = shown.field("Name");
  assert.deepEqual(descriptions(input), ["As you like."]);
  assert.equal(input.hasAttribute("aria-invalid"), false);
  const alert = shown.one("[role=alert]"); // It is there before, so that what comes is read aloud.
  await shown.render(field("It is taken."));
  assert.deepEqual(descriptions(input), ["As you like.", "It is taken."]);
  assert.equal(input.getAttribute("aria-invalid"), "true");
  assert.equal(shown.one("[role=alert]"), alert);
});

test("a field without a hint describes nothing", async (t) => {
  const shown = await show(t, <Field label="Name" value="x" maxLength={3} />);
  assert.equal(shown.field("Name").hasAttribute("aria-describedby"), false);
  assert.deepEqual([shown.field("Name").value, shown.field("Name").maxLength], ["x", 3]);
});

test("any control can have a label", async (t) => {
  const shown = await show(
    t,
    <FieldFrame label="Text">{(attributes) => <textarea {...attributes} />}</FieldFrame>,
  );
  assert.equal(shown.field("Text").tagName, "TEXTAREA");
});

test("a choice has values, with or without words for them, and begins with its default", async (t) => {
  const shown = await show(
    t,
    <Select label="Kind" options={["a", ["b", "The second"]]} defaultValue="b" problem="No." />,
  );
  assert.deepEqual(
    shown.all<HTMLOptionElement>("option").map((each) => [each.value, each.textContent]),
    [
      ["a", "a"],
      ["b", "The second"],
    ],
  );
  assert.equal(shown.field("Kind").value, "b");
  assert.deepEqual(descriptions(shown.field("Kind")), ["No."]);
});

test("what somebody has chosen stays when the form is drawn again", async (t) => {
  const select = (problem: string) => (
    <Select label="Kind" options={["a", "b"]} defaultValue="b" problem={problem} />
  );
  const shown = await show(t, select(""));
  await shown.fill("Kind", "a");
  await shown.render(select("No."));
  assert.equal(shown.field("Kind").value, "a");
});

function Tabbed() {
  const [selected, select] = useState("a");
  const tabs = ["a", "b", "c"].map((id) => ({ id, label: `Tab ${id}` }));
  return (
    <Tabs name="Letters" tabs={tabs} selected={selected} onSelect={select}>
      Content of {selected}
    </Tabs>
  );
}

test("a tab names its panel, and is the only one that the keyboard stops at", async (t) => {
  const shown = await show(t, <Tabbed />);
  assert.equal(shown.one("[role=tablist]").getAttribute("aria-label"), "Letters");
  await shown.click(shown.tab("Tab b"));
  const panel = shown.one("[role=tabpanel]");
  assert.equal(panel.textContent, "Content of b");
  assert.equal(panel.getAttribute("aria-labelledby"), shown.tab("Tab b").id);
  assert.equal(shown.tab("Tab b").getAttribute("aria-controls"), panel.id);
  assert.deepEqual(
    shown.all("[role=tab]").map((each) => [each.getAttribute("aria-selected"), each.tabIndex]),
    [
      ["false", -1],
      ["true", 0],
      ["false", -1],
    ],
  );
});

test("arrow keys, Home and End show another tab, and give it the focus", async (t) => {
  const shown = await show(t, <Tabbed />);
  const stops = [];
  for (const key of ["ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"]) {
    await shown.press(shown.one("[role=tablist]"), key);
    assert.equal(document.activeElement, shown.one("[aria-selected=true]"));
    stops.push(shown.one("[role=tabpanel]").textContent?.at(-1));
  }
  assert.deepEqual(stops, ["b", "c", "a", "c", "a"]);
  const other = await shown.press(shown.one("[role=tablist]"), "x");
  assert.equal(other.defaultPrevented, false);
});

test("a dialog is modal, named by its title, and told when it is closed", async (t) => {
  let closes = 0;
  const dialog = (
    <Dialog title="A question" onClose={() => (closes += 1)}>
      Well?
    </Dialog>
  );
  const shown = await show(t, dialog);
  const element = shown.one<HTMLDialogElement>("dialog");
  assert.equal(element.open, true);
  assert.equal(
    document.getElementById(element.getAttribute("aria-labelledby") ?? "")?.textContent,
    "A question",
  );
  element.close(); // As Escape does.
  await settle();
  assert.equal(closes, 1);
});

test("a dialog that is gone closes no other", async (t) => {
  let closes = 0;
  const shown = await show(t, <Dialog title="One" onClose={() => (closes += 1)} children="" />);
  const element = shown.one<HTMLDialogElement>("dialog");
  await shown.render(null);
  element.dispatchEvent(new Event("close")); // It comes a moment later.
  assert.equal(closes, 0);
});

interface Asked {
  done: string[];
  fails: boolean;
}

async function ask(t: TestContext, more: { isReady?: boolean; isDangerous?: boolean } = {}) {
  const asked: Asked = { done: [], fails: false };
  const confirm = async () => {
    if (asked.fails) throw new Error("It is away.");
    asked.done.push("confirmed");
  };
  const question = (
    <Confirm
      title="Delete it?"
      verb="Delete"
      {...more}
      onConfirm={confirm}
      onClose={() => asked.done.push("closed")}
    />
  );
  return { asked, shown: await show(t, question) };
}

test("a question does what it asks, and is closed then", async (t) => {
  const { asked, shown } = await ask(t, { isDangerous: true });
  assert.match(shown.button("Delete").className, /button-danger/);
  await shown.click("Delete");
  assert.deepEqual(asked.done, ["confirmed", "closed"]);
});

test("a question that is answered with Back does nothing", async (t) => {
  const { asked, shown } = await ask(t);
  assert.match(shown.button("Delete").className, /button-primary/);
  await shown.click("Back");
  assert.deepEqual(asked.done, ["closed"]);
});

test("what fails is said in the question, which can be answered again", async (t) => {
  const { asked, shown } = await ask(t);
  asked.fails = true;
  await shown.click("Delete");
  assert.equal(shown.one("[role=alert]").textContent, "It is away.");
  asked.fails = false;
  await shown.click("Delete");
  assert.deepEqual(asked.done, ["confirmed", "closed"]);
});

test("nothing is confirmed before all is known", async (t) => {
  const { shown } = await ask(t, { isReady: false });
  assert.equal(shown.button("Delete").disabled, true);
  assert.equal(shown.button("Back").disabled, false);
});

test("a copy is confirmed for two seconds", async (t) => {
  const clock = stopClock(t);
  const copied: string[] = [];
  t.mock.method(navigator.clipboard, "writeText", async (text: string) => void copied.push(text));
  const shown = await show(t, <CopyButton text={() => "made now"} label="Copy it" />);
  await shown.click("Copy it");
  assert.deepEqual(copied, ["made now"]);
  assert.deepEqual(shown.buttons(), ["Copied"]);
  await clock.wait(2000);
  assert.deepEqual(shown.buttons(), ["Copy it"]);
});

test("a browser that copies nothing says so", async (t) => {
  t.mock.method(navigator.clipboard, "writeText", () => Promise.reject(new DOMException("no")));
  const shown = await show(
    t,
    <>
      <CopyButton text="x" isIcon label="Copy the ID" />
      <Toasts />
    </>,
  );
  const button = shown.one(".button-small");
  assert.equal(button.title, "Copy the ID"); // Only its icon is seen.
  await shown.click(button);
  assert.match(shown.texts(".toast-text")[0] ?? "", /copy nothing\. Select the text instead/);
});

test("what was done is said for six seconds, and what failed until it is closed", async (t) => {
  const clock = stopClock(t);
  const shown = await show(t, <Toasts />);
  toast("Deleted.");
  toast("It failed.", { isProblem: true });
  await settle();
  assert.equal(shown.one(".toasts").getAttribute("role"), "status");
  assert.deepEqual(shown.texts(".toast-text"), ["Deleted.", "It failed."]);
  await clock.wait(5999);
  assert.equal(shown.all(".toast").length, 2);
  await clock.wait(1);
  assert.deepEqual(shown.texts(".toast-problem .toast-text"), ["It failed."]);
  await clock.wait(60_000);
  await shown.click("Close");
  assert.deepEqual(shown.all(".toast"), []);
});

test("what was said is still said in another frame", async (t) => {
  const shown = await show(t, <Toasts key="ada" />);
  toast("Signed in.");
  await settle();
  await shown.render(<Toasts key="bob" />);
  toast("And again.", { isProblem: true });
  await settle();
  assert.deepEqual(shown.texts(".toast-text"), ["Signed in.", "And again."]);
});
