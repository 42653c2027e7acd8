/** Values as JSON has them, and the checks that turn an unknown one into a typed one. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** The value is not what was expected. Never shown: the caller says what was being read. */
export class Unexpected extends Error {}

export type Read<T> = (value: unknown) => T;

const MOST_ITEMS = 256;
const DEEPEST = 8;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const text: Read<string> = (value) => {
  if (typeof value !== "string") throw new Unexpected();
  return value;
};

export const flag: Read<boolean> = (value) => {
  if (typeof value !== "boolean") throw new Unexpected();
  return value;
};

export const number: Read<number> = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Unexpected();
  return value;
};

export const object: Read<Record<string, unknown>> = (value) => {
  if (!isObject(value)) throw new Unexpected();
  return value;
};

/** Lists are bounded, because each item becomes a part of the page. */
export function list<T>(item: Read<T>): Read<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > MOST_ITEMS) throw new Unexpected();
    return value.map((each: unknown) => item(each));
  };
}

/** The entries of an object, whatever their names are: `__proto__` is one like any other. */
export function entries<T>(item: Read<T>): Read<[string, T][]> {
  return (value) => {
    const found = Object.entries(object(value));
    if (found.length > MOST_ITEMS) throw new Unexpected();
    return found.map(([name, each]) => [name, item(each)]);
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): Read<T> {
  return (value) => {
    const found = choices.find((each) => each === value);
    if (found === undefined) throw new Unexpected();
    return found;
  };
}

/** What is left out, or null, becomes `otherwise`. */
export function optional<T, const U>(read: Read<T>, otherwise: U): Read<T | U> {
  return (value) => (value === undefined || value === null ? otherwise : read(value));
}

/** Any JSON, up to a depth that nothing which walks through it can overflow. */
export const json: Read<Json> = (value) => {
  if (!isShallow(value, DEEPEST)) throw new Unexpected();
  return value as Json;
};

function isShallow(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return left > 0 && Object.values(value).every((each) => isShallow(each, left - 1));
}
