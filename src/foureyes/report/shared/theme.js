// Runs before the page is drawn, so that a chosen theme does not flash. Without a choice the system's theme holds.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const chosen = localStorage.getItem("foureyes-theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const announce = () => dispatchEvent(new Event("themechange"));
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => { button.textContent = current() === "dark" ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      root.dataset.theme = current() === "dark" ? "light" : "dark";
      localStorage.setItem("foureyes-theme", root.dataset.theme);
      label();
      announce();
    });
    dark.addEventListener("change", () => { label(); announce(); });
    label();
  });
})();
