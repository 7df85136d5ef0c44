/** Path components below one another; `end` where a prefix ends. */
interface Node {
  readonly children: Map<string, Node>;
  end: boolean;
}

/**
 * Returns whether one of the prefixes is a prefix of a path, component by component: `/var/log` is one of `/var/log/messages`, not of
 * `/var/logs`. The time does not hang on how many prefixes there are.
 */
export function compilePathPrefixes(prefixes: readonly string[]): (path: string) => boolean {
  const root: Node = { children: new Map(), end: false };
  for (const prefix of prefixes) {
    let node = root;
    for (const part of components(prefix)) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { children: new Map(), end: false };
        node.children.set(part, child);
      }
      node = child;
    }
    node.end = true;
  }
  return (path) => {
    let node: Node | undefined = root;
    if (node.end) return true;
    for (let at = 0; at < path.length; ) {
      const slash = path.indexOf('/', at);
      const end = slash < 0 ? path.length : slash;
      if (end > at) {
        node = node.children.get(path.slice(at, end));
        if (node === undefined) return false;
        if (node.end) return true;
      }
      at = end + 1;
    }
    return false;
  };
}

function components(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}
