const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Returns the text with A-Z as a-z. Other letters stay: the language folds case as the C locale does. */
export function asciiLower(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(/[A-Z]+/g, (part) => part.toLowerCase()) : text.toLowerCase();
}

/** Returns the text with a-z as A-Z; see {@link asciiLower}. */
export function asciiUpper(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(/[a-z]+/g, (part) => part.toUpperCase()) : text.toUpperCase();
}
