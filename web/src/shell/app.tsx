import { useEffect, useState } from "preact/hooks";
import { session as state } from "../api/client.ts";
import { Shown } from "../parts/states.tsx";
import { toast } from "../parts/toast.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { Frame } from "./frame.tsx";
import { PageOf } from "./page-of.tsx";
import { go, useAddress } from "./router.ts";
import { type Session, SessionContext, resumed, signOut } from "./session.ts";
import { SignIn, hasToken } from "./sign-in.tsx";

const SIGN_IN = "/sign-in";

/** Everything: whoever is signed in sees the page of the address. */
export function App() {
  const [isNobody, setNobody] = useState(hasToken);
  const [hasEnded, setEnded] = useState(false);
  const begin = () => {
    setNobody(false);
    setEnded(false);
  };
  const end = () => {
    if (state.name) setEnded(true); // Nobody signed out here.
    state.name = "";
    setNobody(true);
  };
  if (isNobody) return <SignIn hasEnded={hasEnded} onBegin={begin} />;
  return <Resumed onEnd={end} />;
}

/** The session of the browser's cookie, if there is one. */
function Resumed({ onEnd }: { onEnd: () => void }) {
  const loaded = useLoaded(resumed.take, []);
  useEffect(() => {
    state.ended = onEnd;
    state.changed = loaded.reload;
  }, [onEnd]);
  const leave = () =>
    void signOut().then(onEnd, (problem: Error) => toast(problem.message, { isProblem: true }));
  return (
    <div class={loaded.value ? undefined : "frameless"}>
      <Shown loaded={loaded}>
        {(session) => <SignedIn key={session.name} session={session} onSignOut={leave} />}
      </Shown>
    </div>
  );
}

function SignedIn({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const address = useAddress();
  const isHere = address.pathname !== SIGN_IN;
  useEffect(() => {
    if (!isHere) go("/", { replace: true });
  }, [isHere]);
  return (
    <SessionContext.Provider value={session}>
      <Frame path={address.pathname} onSignOut={onSignOut}>
        {isHere && <PageOf address={address} />}
      </Frame>
    </SessionContext.Provider>
  );
}
