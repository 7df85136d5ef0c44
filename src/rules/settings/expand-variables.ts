/** Asks the environment. */
export type Lookup = (name: string) => string | undefined;

/**
 * Returns the text with each `${NAME}` replaced by what the environment has, once: values are not looked into. `$${NAME}` is
 * `${NAME}` itself. `missing` is told of names that are not set; they become nothing.
 */
export function expandVariables(text: string, lookup: Lookup, missing: (name: string) => void): string {
  return text.replace(/\$?\$\{([^{}$]*)\}/g, (whole: string, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    const value = lookup(name);
    if (value === undefined) missing(name);
    return value ?? '';
  });
}
