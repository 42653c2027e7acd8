import { render } from "preact";
import "./style.css";
import { App } from "./shell/app.tsx";
import { restoreTheme } from "./shell/theme.ts";

restoreTheme();
const root = document.getElementById("page");
if (root) render(<App />, root);
