// Theme and filters. It runs in the head, before anything is drawn: the stored theme is set
// at once, so that the page never flashes. Everything works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const KEY = "vendorrisk-theme"; // "light" or "dark"; nothing stored follows the system
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // storage is switched off: follow the system
    }
  };
  const store = (theme) => {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // not remembered, still shown
    }
  };
  const show = (theme) => {
    if (theme) root.dataset.vrTheme = theme;
    else delete root.dataset.vrTheme;
    root.dataset.bsTheme = theme ?? (dark.matches ? "dark" : "light");
  };

  let chosen = stored();
  root.classList.add("vr-script");
  show(chosen);
  dark.addEventListener("change", () => show(chosen));

  const NEXT = { system: "light", light: "dark", dark: null };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-toggle]");
    if (!button) return;
    chosen = NEXT[chosen ?? "system"];
    store(chosen);
    show(chosen);
    button.setAttribute("aria-label", `Theme: ${chosen ?? "as the system"}`);
  });

  // Filters apply themselves when one is changed; without script their button does it.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-apply]");
    if (form) form.requestSubmit();
  });
})();
