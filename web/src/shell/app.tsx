import { useEffect, useState } from "preact/hooks";
import { session as state } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { Failed, Loading } from "../parts/states.tsx";
import { Frame } from "./frame.tsx";
import { PageOf } from "./page-of.tsx";
import { go, useAddress } from "./router.ts";
import { type Session, SessionContext, resume, signOut } from "./session.ts";
import { SignIn } from "./sign-in.tsx";

type Known = { as: "unknown" } | { as: "nobody" } | { as: "somebody"; session: Session };

/** Everything: who is signed in, and the page of the address. */
export function App() {
  const address = useAddress();
  const [known, setKnown] = useState<Known>({ as: "unknown" });
  const [problem, setProblem] = useState<Problem | null>(null);

  const ask = () =>
    resume().then(
      (session) => setKnown({ as: "somebody", session }),
      (error: Problem) => (error.status === 401 ? undefined : setProblem(error)),
    );

  useEffect(() => {
    state.ended = () => setKnown({ as: "nobody" });
    void ask();
  }, []);

  const begin = (session: Session) => {
    setKnown({ as: "somebody", session });
    if (address.pathname === "/sign-in") go(address.searchParams.get("next") ?? "/", { replace: true });
  };

  if (known.as === "nobody") return <SignIn onBegin={begin} />;
  if (known.as === "unknown") {
    return problem ? <Failed problem={problem} onRetry={() => void ask()} /> : <Loading />;
  }
  const leave = async () => {
    await signOut();
    setKnown({ as: "nobody" });
  };
  return (
    <SessionContext.Provider value={known.session}>
      <Frame path={address.pathname} onSignOut={leave}>
        <PageOf address={address} />
      </Frame>
    </SessionContext.Provider>
  );
}
