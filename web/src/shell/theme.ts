/** Light, dark, or as the system says. */
export type Theme = "system" | "light" | "dark";

const STORED = "podline.theme";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function storedTheme(): Theme {
  const found = localStorage.getItem(STORED);
  return THEMES.find((theme) => theme === found) ?? "system";
}

export function restoreTheme(): void {
  show(storedTheme());
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  show(theme);
}

function show(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
