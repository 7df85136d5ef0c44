/** What `normalPath` has to take out: empty parts, `.`, `..`, a slash at the end. */
const unclean = /\/(?:\.{0,2})(?:\/|$)/;

/** Whether a path may be {@link unclean}: far cheaper to tell, and nearly always no. */
function mayBeUnclean(path: string): boolean {
  return path.includes('//') || path.includes('/.') || path.charCodeAt(path.length - 1) === slash;
}

const slash = 0x2f;

/** Returns a path from the root without `.`, `..` and double slashes, as the kernel would follow it but for links. */
export function normalPath(path: string): string {
  if (path.charCodeAt(0) === slash && !(mayBeUnclean(path) && unclean.test(path))) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Returns a path that may be relative to a directory. */
export function pathBelow(directory: string, path: string): string {
  if (path.charCodeAt(0) === slash) return normalPath(path);
  // Where it stands is not known.
  if (directory === '') return path;
  return normalPath(`${directory}/${path}`);
}

/** Returns the directory of a path: what stands before its last slash, `/` for one at the root. */
export function directoryOf(path: string): string {
  const end = lastSlash(path);
  return end <= 0 ? '/' : path.slice(0, end);
}

/** Returns the last part of a path. */
export function baseName(path: string): string {
  return path.slice(lastSlash(path) + 1);
}

/** As `lastIndexOf`, which leaves the compiled code and is dearer than to look at the few signs of a name. */
function lastSlash(path: string): number {
  let at = path.length - 1;
  while (at >= 0 && path.charCodeAt(at) !== slash) at--;
  return at;
}
