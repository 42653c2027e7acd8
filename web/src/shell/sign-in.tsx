import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { signIn, signedIn } from "./session.ts";

const LINK_REFUSED =
  "This link has been used or has expired. Sign in with a key, or with another link.";

const HELP = (
  <>
    The key that you send to the API. The browser keeps a session, not the key. Where the service
    runs, <code>podline console</code> prints a link that signs you in.
  </>
);

/**
 * Begins a session with a key, or with the token in a link's fragment. Whoever is signed in is asked
 * first: with a link of somebody else's, what they write from then on would be that person's.
 */
export function SignIn({ hasEnded, onBegin }: { hasEnded: boolean; onBegin: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [offered, setOffered] = useState<{ token: string; name: string } | null>(null);

  const begin = async (secret: string, refused: string) => {
    setBusy(true);
    try {
      await signIn(secret);
      onBegin();
    } catch (error) {
      const { status, message } = error as Problem;
      setProblem(status === 401 ? refused : message);
      setBusy(false);
    }
  };

  const arrive = async (token: string) => {
    setBusy(true);
    const name = await signedIn();
    if (name === null) await begin(token, LINK_REFUSED);
    else setOffered({ token, name });
  };

  useEffect(() => {
    document.title = "Sign in · Podline";
    const taken = takeToken();
    if (taken !== null) void arrive(taken);
    else form.current?.querySelector("input")?.focus(); // Also after somebody has signed out.
  }, []);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget as HTMLFormElement).get("key");
    void begin(String(key).trim(), "This key is not valid.");
  };

  if (offered) {
    const accept = () => {
      setOffered(null);
      void begin(offered.token, LINK_REFUSED);
    };
    return <Offer name={offered.name} onAccept={accept} onRefuse={onBegin} />;
  }
  return (
    <main id="main" class="sign-in" tabIndex={-1}>
      <h1>Sign in to Podline</h1>
      {hasEnded && (
        <p role="status">Your session has ended. Sign in again to continue where you were.</p>
      )}
      <form ref={form} onSubmit={submit}>
        <Field
          label="Key"
          name="key"
          type="password"
          required
          autocomplete="current-password"
          spellcheck={false}
          problem={problem}
          hint={HELP}
        />
        <Button type="submit" look="primary" disabled={isBusy}>
          Sign in
        </Button>
      </form>
      <p class="sign-in-links">
        <a href="/docs">API</a> <a href={licences()}>Licences</a>
      </p>
    </main>
  );
}

function Offer({
  name,
  onAccept,
  onRefuse,
}: {
  name: string;
  onAccept: () => void;
  onRefuse: () => void;
}) {
  return (
    <main id="main" class="sign-in" tabIndex={-1}>
      <h1>Sign in with this link?</h1>
      <p>
        You are signed in as <bdi>{name}</bdi>. The link signs you in with the key of whoever made
        it: what you run from then on belongs to them. Use it only if it is yours.
      </p>
      <p class="sign-in-links">
        <Button onClick={onAccept}>Use the link</Button>
        <Button look="primary" onClick={onRefuse}>
          Stay signed in
        </Button>
      </p>
    </main>
  );
}

/** Where the licences of the libraries in the page are: the document's head says so. */
function licences(): string {
  return document.querySelector<HTMLLinkElement>("link[rel=license]")?.href ?? "/";
}

function token(): string | null {
  if (location.pathname !== "/sign-in") return null;
  return new URLSearchParams(location.hash.slice(1)).get("token");
}

/** Whether the address is a link that signs in: `/sign-in#token=…`. */
export function hasToken(): boolean {
  return token() !== null;
}

/** Its token, which the address then no longer shows. */
function takeToken(): string | null {
  const taken = token();
  if (taken !== null) history.replaceState(null, "", location.pathname + location.search);
  return taken;
}
