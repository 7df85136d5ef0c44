/** Returns the value that a JSON pointer leads to (RFC 6901), or undefined. */
export function atPointer(value: unknown, pointer: string): unknown {
  return pointerTo(pointer)(value);
}

/** Returns what {@link atPointer} does for one pointer, taken apart once. */
export function pointerTo(pointer: string): (value: unknown) => unknown {
  if (pointer !== '' && !pointer.startsWith('/')) return () => undefined;
  const keys = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (value) => {
    let inner = value;
    for (const key of keys) {
      if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
      inner = (inner as Record<string, unknown>)[key];
    }
    return inner;
  };
}

/** Returns a JSON value as rules see it: texts as they are, all others as JSON; undefined for null and absent. */
export function jsonText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
