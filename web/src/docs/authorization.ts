let key = "";

/** Use this key from now on; without one, the session of the page. */
export function rememberKey(given: string): void {
  key = given.trim();
}

/** The headers by which the API knows whose request it is. */
export async function authorization(method: string): Promise<Record<string, string>> {
  if (key) return { Authorization: `Bearer ${key}` };
  if (method === "GET") return {}; // The browser sends the cookie.
  const response = await fetch("/api/v1/session");
  if (!response.ok) return {};
  const { csrf_token: token } = (await response.json()) as { csrf_token: string };
  return { "X-CSRF-Token": token };
}
