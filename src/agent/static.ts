import { type Dirent, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

/** A file of the built page, ready to be sent. */
export interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly cacheControl: string;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Picket</title>
<h1>The console is not built</h1>
<p>The launcher builds it: start Picket as <code>./picket run</code>, then load this page again.
<p>Everything else works without it: <a href="/api/v1/status">status</a>, <a href="/healthz">health</a>, <a href="/metrics">metrics</a>.
</html>
`;

/**
 * Returns what serves the files below `directory` by their URL path; `/` is index.html. Only files that stand in a listing
 * of the directory are ever opened, so that no path can lead out of it; it is listed afresh when a file is not in the
 * last listing. Undefined means that there is no such file.
 */
export function staticFiles(directory: string): (path: string) => Promise<StaticFile | undefined> {
  let files = new Map<string, string>();
  return async (path) => {
    const wanted = path === '/' ? '/index.html' : path;
    if (!files.has(wanted)) files = listFiles(directory);
    const file = files.get(wanted);
    const body = file === undefined ? undefined : await readFile(file).catch(() => undefined);
    if (file !== undefined && body !== undefined) {
      return {
        body,
        type: types[extname(file)] ?? 'application/octet-stream',
        cacheControl: caching(wanted),
      };
    }
    if (path !== '/') return undefined;
    return { body: new TextEncoder().encode(notBuilt), type: types['.html']!, cacheControl: 'no-store' };
  };
}

/** Vite names what it bundles by its content: `/assets/NAME-HASH.js`, eight characters of base64url. */
function caching(path: string): string {
  return /^\/assets\/.*-[\w-]{8}\.\w+$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** Regular files below `directory` by URL path; none when it cannot be read. Symbolic links are left out. */
function listFiles(directory: string): Map<string, string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch {
    return new Map();
  }
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [`/${relative(directory, file).split(sep).join('/')}`, file]),
  );
}
