import type { Edit } from './edits.ts';

/** An error that comes with a mend, and why that is right. */
export interface Revealed {
  /** Code of the finding that is mended. */
  readonly by: string;
  readonly code: string;
  readonly why: string;
}

/** What the help of a finding says to do, done as a user would by hand. */
export interface Mend {
  readonly code: string;
  readonly line: number;
  /** Which of the ways that the help names, where it names several. */
  readonly way: string;
  readonly edits: readonly Edit[];
}

/** Returns the mend of a finding whose help names one way. */
export const mend = (code: string, line: number, ...edits: readonly Edit[]): Mend => ({
  code,
  line,
  way: '',
  edits,
});

/** Returns one of the mends of a finding whose help names several ways. */
export const either = (code: string, line: number, way: string, ...edits: readonly Edit[]): Mend => ({
  code,
  line,
  way,
  edits,
});

export const swap = (line: number, old: string, wanted: string): Edit => ({ line, old, wanted });
export const add = (append: string): Edit => ({ append });

/** A Namespace with labels, as the content of a flow mapping. */
export const namespace = (name: string, labels: string): Edit =>
  add(`apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {${labels}}}`);

/** A NetworkPolicy; `spec` is the content of a flow mapping. */
export const policy = (name: string, space: string, spec: string): Edit =>
  add(
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: ${space}}\nspec: {${spec}}`,
  );

/** A workload; `container` and `pod` are the contents of flow mappings. */
export const workload = (kind: string, name: string, space: string, container: string, pod = ''): Edit =>
  add(
    `apiVersion: apps/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${space}}\nspec:\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}}\n    spec: {containers: [{name: main, ${container}}]${pod && `, ${pod}`}}`,
  );
