// Dark or light: as the system has it, until the reader chooses. The viewer itself stays black.

const STORED = "bonefrac-theme";

export function theme() {
  const system = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    document.documentElement.dataset.theme = localStorage.getItem(STORED) ?? (system.matches ? "light" : "dark");
  };
  system.addEventListener("change", apply);
  apply();
  return () => {
    localStorage.setItem(STORED, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    apply();
  };
}
