import { render } from "preact";
import "./style.css";
import { App } from "./shell/app.tsx";
import { found } from "./shell/routes.ts";
import { resumed } from "./shell/session.ts";
import { hasToken } from "./shell/sign-in.tsx";
import { restoreStyles } from "./shell/styles.ts";
import { restoreTheme } from "./shell/theme.ts";

restoreTheme();
restoreStyles();
// Each is needed, and none has to wait for another. Whatever fails is loaded again when it is shown.
if (!hasToken()) resumed.begin();
found(location.pathname)
  ?.route.load()
  .then(
    ({ begin }) => begin?.(),
    () => {},
  );
const root = document.getElementById("page");
if (root) render(<App />, root);

// What the browser kept of a page, for its Back button, may be of a session that has ended.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
