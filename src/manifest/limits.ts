/** Bounds on what is read; whatever exceeds one is refused with a diagnostic that names it. */
export interface ReadLimits {
  /** Largest file, in bytes. */
  readonly maxFileBytes: number;
  /**
   * Largest single document, in UTF-16 code units (bytes, for ASCII). Parsing costs about 0.4 s of time and 80 MB of
   * memory for each million of them, until the next document.
   */
  readonly maxDocumentLength: number;
  /** Deepest nesting of mappings and lists. */
  readonly maxDepth: number;
  /** How many values aliases may stand for in one document, when each is written out. */
  readonly maxAliasedValues: number;
  /** How many syntax errors of one document are told one by one. */
  readonly maxSyntaxErrors: number;
}

export const DEFAULT_LIMITS: ReadLimits = {
  maxFileBytes: 64 * 2 ** 20,
  maxDocumentLength: 8 * 2 ** 20,
  maxDepth: 100,
  maxAliasedValues: 100_000,
  maxSyntaxErrors: 5,
};
