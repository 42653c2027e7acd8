import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import test from "node:test";
import {
  BadLink,
  LARGEST,
  TooLarge,
  fragmentOf,
  isShared,
  sharedIn,
} from "../../src/playground/share.ts";
import { randomly, texts } from "./random.ts";

const PROGRAM = { language: "python", files: [{ name: "main.py", content: "print('ä')\n" }] };

function linkOf(content: Buffer | string, format = "1"): string {
  return `#program=${format}.${deflateRawSync(content).toString("base64url")}`;
}

async function refused(fragment: string): Promise<string> {
  const error = await sharedIn(fragment).then(
    () => assert.fail("it was read"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof BadLink);
  return error.message;
}

test("a link brings back what it was made of", async () => {
  const fragment = await fragmentOf(PROGRAM);
  assert.match(fragment, /^#program=1\.[\w-]+$/);
  assert.ok(isShared(fragment));
  assert.deepEqual(await sharedIn(fragment), PROGRAM);
});

test("any text survives a link", async () => {
  await randomly(100, async (random) => {
    const program = { language: "c", files: [{ name: texts(random), content: texts(random) }] };
    assert.deepEqual(await sharedIn(await fragmentOf(program)), program);
  });
});

test("whoever makes a link has no say in callbacks and priorities", async () => {
  const sent = { ...PROGRAM, callback_url: "https://example.org", priority: "critical" };
  assert.deepEqual(await sharedIn(await fragmentOf(sent)), PROGRAM);
  assert.deepEqual(await sharedIn(linkOf(JSON.stringify(sent))), PROGRAM);
});

test("a program of more than 1 MiB has no link", async () => {
  const large = { source: "x".repeat(LARGEST) };
  await assert.rejects(fragmentOf(large), TooLarge);
});

test("the largest program that can't be compressed has a link that can be read", async () => {
  const source = Buffer.from(crypto.getRandomValues(new Uint8Array(65536)))
    .toString("latin1")
    .repeat(9);
  const program = { source: source.slice(0, 640_000).replace(/[^\x20-\x7e]/g, "?") };
  assert.deepEqual(await sharedIn(await fragmentOf(program)), program);
});

test("a link that inflates without end is left early", async () => {
  const bomb = linkOf(Buffer.alloc(64 * 1024 * 1024));
  const before = process.cpuUsage();
  assert.match(await refused(bomb), /too large/);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});

test("a link that is too long isn't even decoded", async () => {
  assert.match(await refused(`#program=1.${"A".repeat(1_500_000)}`), /longer/);
});

test("a link of another format says so", async () => {
  assert.match(await refused(linkOf("{}", "2")), /newer release/);
  assert.match(await refused("#program=e30"), /newer release/);
});

test("what is damaged is refused, however it is", async () => {
  const whole = await fragmentOf(PROGRAM);
  const damaged = [
    "#program=1.",
    "#program=1.A",
    "#program=1.%00",
    `${whole}!`,
    linkOf("not JSON"),
    linkOf(Buffer.from([0xff, 0xfe])),
    whole.slice(0, -4),
  ];
  for (const each of damaged) assert.match(await refused(each), /damaged/, each);
});

test("any change of a link is refused, or read as JSON", async () => {
  const whole = await fragmentOf(PROGRAM);
  await randomly(200, async (random) => {
    const at = 11 + Math.floor(random() * (whole.length - 11));
    const changed = whole.slice(0, at) + "Az09-_"[Math.floor(random() * 6)] + whole.slice(at + 1);
    await sharedIn(changed).catch((error: unknown) => assert.ok(error instanceof BadLink));
  });
});

test("another fragment is none of ours", async () => {
  assert.equal(isShared("#main"), false);
  assert.match(await refused("#main"), /no program/);
});
