import { useRef, useState } from "preact/hooks";
import { bytes, duration } from "../parts/format.ts";
import { authorization } from "./authorization.ts";
import { type Operation, address, headers } from "./operation.ts";

/** Of a response, in characters. */
const MOST_SHOWN = 64 * 1024;

interface Answer {
  status: string;
  text: string;
}

/** Sends a request of one operation, and shows the response as it arrives. */
export function TryIt({ operation }: { operation: Operation }) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [isBusy, setBusy] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const example = operation.requestBody?.content["application/json"].example;
  const shown = operation.parameters.filter(
    ({ name }) => name !== "Authorization" && name !== "X-API-Key",
  );

  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const filled = Object.fromEntries([...form].map(([name, value]) => [name, String(value)]));
    abort.current = new AbortController();
    setBusy(true);
    setAnswer(null);
    try {
      const sent: RequestInit = {
        method: operation.method,
        headers: { ...(await authorization(operation.method)), ...headers(operation, filled) },
        signal: abort.current.signal,
      };
      if (filled.body !== undefined) {
        sent.body = filled.body;
        (sent.headers as Record<string, string>)["Content-Type"] = "application/json";
      }
      await show(await fetch(address(operation, filled), sent), setAnswer);
    } catch (error) {
      if (!abort.current.signal.aborted) setAnswer({ status: "No response", text: String(error) });
    }
    setBusy(false);
  };

  return (
    <form onSubmit={send}>
      {shown.map(({ name, in: place, required }) => (
        <label key={`${place}.${name}`}>
          {name}
          <input
            name={`${place}.${name}`}
            required={required}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
      ))}
      {example !== undefined && (
        <label>
          Body
          <textarea
            name="body"
            rows={6}
            spellcheck={false}
            defaultValue={JSON.stringify(example, null, 2)}
          />
        </label>
      )}
      <div class="row">
        <button type="submit" disabled={isBusy}>
          Send
        </button>
        {isBusy && (
          <button type="button" onClick={() => abort.current?.abort()}>
            Stop
          </button>
        )}
        <span class="status" role="status">
          {answer?.status}
        </span>
      </div>
      {answer?.text && (
        <pre class="response" tabIndex={0} aria-label="Response">
          {answer.text}
        </pre>
      )}
    </form>
  );
}

/** Show a response while it arrives; the rest of a long one is not shown. */
async function show(response: Response, set: (answer: Answer) => void): Promise<void> {
  const begin = performance.now();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    size += next?.value?.byteLength ?? 0;
    if (text.length < MOST_SHOWN) text += decoder.decode(next?.value, { stream: true });
    const took = duration(performance.now() - begin);
    const status = `${response.status} ${response.statusText}, ${bytes(size)} in ${took}`;
    set({ status, text: pretty(response, text.slice(0, MOST_SHOWN), !next || next.done) });
    if (!next || next.done) return;
  }
}

function pretty(response: Response, text: string, isWhole: boolean): string {
  if (!isWhole || !/[/+]json/.test(response.headers.get("Content-Type") ?? "")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // It was cut.
  }
}
