import { render } from "preact";
import "./style.css";
import { App } from "./shell/app.tsx";
import { found } from "./shell/routes.ts";
import { restoreTheme } from "./shell/theme.ts";

restoreTheme();
// Meanwhile, the API is asked for the session. Whatever fails is loaded again when it is shown.
found(location.pathname)
  ?.route.load()
  .catch(() => {});
const root = document.getElementById("page");
if (root) render(<App />, root);

// What the browser kept of a page, for its Back button, may be of a session that has ended.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
