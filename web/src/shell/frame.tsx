import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Toasts } from "../parts/toast.tsx";
import { Banner } from "./banner.tsx";
import { ROUTES } from "./routes.ts";
import { includes, useSession } from "./session.ts";
import { THEMES, type Theme, setTheme, storedTheme } from "./theme.ts";

interface Props {
  path: string;
  onSignOut: () => void;
  children: ComponentChildren;
}

/** What is around every page: the navigation, and whose session it is. */
export function Frame({ path, onSignOut, children }: Props) {
  const session = useSession();
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="frame-header">
        <a class="frame-name" href="/">
          Podline
        </a>
        <Navigation path={path} />
        <div class="frame-session">
          <span class="frame-owner" title={`Role: ${session.role}`}>
            <bdi>{session.name}</bdi>
          </span>
          <ThemeSwitch />
          <Button look="quiet" onClick={onSignOut}>
            Sign out
          </Button>
        </div>
      </header>
      <Banner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Toasts />
    </>
  );
}

function Navigation({ path }: { path: string }) {
  const session = useSession();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const current = list.current?.querySelector("[aria-current]");
    current?.scrollIntoView({ inline: "center", block: "nearest" }); // In a narrow window.
  }, [path]);
  const shown = ROUTES.filter((route) => route.inNavigation && includes(session, route.role));
  return (
    <nav aria-label="Pages">
      <ul ref={list}>
        {shown.map((route) => (
          <li key={route.path}>
            <a href={route.path} aria-current={isWithin(path, route.path) ? "page" : undefined}>
              {route.title}
            </a>
          </li>
        ))}
        <li>
          <a href="/docs">API</a>
        </li>
      </ul>
    </nav>
  );
}

function isWithin(path: string, page: string): boolean {
  return path === page || (page !== "/" && path.startsWith(`${page}/`));
}

// The choice comes first: a narrow window cuts the rest off.
const NAME_OF: Record<Theme, string> = {
  system: "System theme",
  light: "Light theme",
  dark: "Dark theme",
};

function ThemeSwitch() {
  const [theme, setShown] = useState(storedTheme);
  const choose = (event: Event) => {
    const chosen = (event.currentTarget as HTMLSelectElement).value as Theme;
    setTheme(chosen);
    setShown(chosen);
  };
  return (
    <select class="select" aria-label="Theme" value={theme} onChange={choose}>
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {NAME_OF[each]}
        </option>
      ))}
    </select>
  );
}
