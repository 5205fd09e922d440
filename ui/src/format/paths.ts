// Paths as they are shown: the last name, the way to it, and a long one shortened in its middle.

/** The part after the last separator, of this system or of another computer's. */
export function baseName(path: string): string {
  const trimmed = path.replace(/[/\\]+$/, "");
  const name = trimmed.slice(Math.max(trimmed.lastIndexOf("/"), trimmed.lastIndexOf("\\")) + 1);
  return name || path;
}

/** The path without its last name. */
export function parentPath(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  return at <= 0 ? "/" : trimmed.slice(0, at);
}

/** Keeps the beginning and the end, where a path tells most. */
export function shortenMiddle(path: string, lengthMax: number): string {
  const letters = [...path];
  if (letters.length <= lengthMax) return path;
  const tail = Math.ceil((lengthMax - 1) * 0.65);
  const head = lengthMax - 1 - tail;
  return `${letters.slice(0, head).join("")}…${letters.slice(-tail).join("")}`;
}

/** The folders from the root to the path, each with its name. */
export function breadcrumbs(path: string): { name: string; path: string }[] {
  const names = path.split("/").filter(Boolean);
  return names.map((name, at) => ({ name, path: `/${names.slice(0, at + 1).join("/")}` }));
}
