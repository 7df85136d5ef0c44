import type { ShellWord, WordPart } from './shell-token.ts';

/** A word after expansion. */
export interface ExpandedWord {
  readonly text: string;
  /** False when something stands in it that is not known. */
  readonly known: boolean;
}

type Variable = Extract<WordPart, { kind: 'variable' }>;

/**
 * The variables of a script as far as they are known (POSIX.1-2024, Shell Command Language, 2.5 and 2.6). One that the
 * script has not set may come from its environment: its default is taken, and noted in `assumed`.
 */
export class ShellVariables {
  /** Names whose default was taken. */
  readonly assumed = new Set<string>();
  readonly #values = new Map<string, string>();
  /** Set by the script to what is not known. */
  readonly #unknown = new Set<string>();
  #parameters: readonly ExpandedWord[] | undefined;

  /** The positional parameters; undefined when they are not known. */
  get parameters(): readonly ExpandedWord[] | undefined {
    return this.#parameters;
  }

  set parameters(words: readonly ExpandedWord[] | undefined) {
    this.#parameters = words;
  }

  /** Names with the values that are known. */
  entries(): Iterable<[string, string]> {
    return this.#values.entries();
  }

  clear(): void {
    this.#values.clear();
    this.#unknown.clear();
    this.#parameters = undefined;
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#unknown.delete(name);
  }

  forget(name: string): void {
    this.#values.delete(name);
    this.#unknown.add(name);
  }

  /** Returns a copy of what is known now, to be put back by {@link restore}. */
  save(): { readonly values: ReadonlyMap<string, string>; readonly unknown: ReadonlySet<string> } {
    return { values: new Map(this.#values), unknown: new Set(this.#unknown) };
  }

  /** Gives one variable what it had then. */
  putBack(name: string, { values, unknown }: ReturnType<ShellVariables['save']>): void {
    const value = values.get(name);
    this.#values.delete(name);
    this.#unknown.delete(name);
    if (value !== undefined) this.#values.set(name, value);
    if (unknown.has(name)) this.#unknown.add(name);
  }

  restore({ values, unknown }: ReturnType<ShellVariables['save']>): void {
    this.#values.clear();
    this.#unknown.clear();
    for (const [name, value] of values) this.#values.set(name, value);
    for (const name of unknown) this.#unknown.add(name);
  }

  /** Returns the words that a word becomes: of an unquoted variable alone as many as it has, of `"$@"` all parameters. */
  expand(word: ShellWord): ExpandedWord[] {
    const [part] = word.parts;
    if (part?.kind === 'variable' && word.parts.length === 1) {
      if (part.name === '@' || part.name === '*') return [...(this.#all(part) ?? [unknownWord(word)])];
      const value = part.quoted ? undefined : this.#value(part);
      if (value !== undefined) return fieldsOf(value) ?? [unknownWord(word)];
    }
    return [this.expandOne(word)];
  }

  /** Returns the one word that a word becomes where it is not split, as in an assignment. */
  expandOne(word: ShellWord, isAssigned = false): ExpandedWord {
    let text = '';
    for (const part of word.parts) {
      const value =
        part.kind === 'text' ? part.text : part.kind === 'variable' ? this.#value(part) : undefined;
      if (value === undefined) return unknownWord(word);
      // Without quotes the shell splits the value at blanks, and takes patterns for names of files.
      if (part.kind === 'variable' && !part.quoted && !isAssigned && !/^[^\s*?[]*$/.test(value))
        return unknownWord(word);
      text += value;
    }
    return { text, known: true };
  }

  #all({ quoted }: Variable): readonly ExpandedWord[] | undefined {
    const words = this.#parameters;
    if (words === undefined || quoted) return words;
    return words.flatMap((word) =>
      word.known ? (fieldsOf(word.text) ?? [{ ...word, known: false }]) : [word],
    );
  }

  #value({ name, otherwise }: Variable): string | undefined {
    const value = this.#plain(name);
    const isKnown = value !== undefined || !this.#mayBeSet(name);
    if (otherwise === undefined) return value;
    const { sign, text } = otherwise;
    const isSet = value !== undefined && !(sign.startsWith(':') && value === '');
    if (!isKnown) return undefined;
    if (sign.endsWith('+')) return isSet ? text : '';
    if (isSet) return value;
    if (sign.endsWith('?')) return undefined;
    if (value === undefined && !/^\d+$/.test(name)) this.assumed.add(name);
    if (sign.endsWith('=')) this.set(name, text);
    return text;
  }

  /** Whether it has a value that is not known. */
  #mayBeSet(name: string): boolean {
    if (/^\d+$/.test(name)) return this.#parameters?.[Number(name) - 1] !== undefined || !this.#parameters;
    return this.#unknown.has(name) || name === '@' || name === '*';
  }

  #plain(name: string): string | undefined {
    if (name === '#') return this.#parameters && String(this.#parameters.length);
    if (!/^\d+$/.test(name)) return this.#values.get(name);
    const word = this.#parameters?.[Number(name) - 1];
    return word?.known ? word.text : undefined;
  }
}

function unknownWord({ text }: ShellWord): ExpandedWord {
  return { text, known: false };
}

/** Returns the words of a value; undefined where names of files may take their place. */
function fieldsOf(value: string): ExpandedWord[] | undefined {
  if (/[*?[]/.test(value)) return undefined;
  return value
    .split(/\s+/)
    .filter((text) => text !== '')
    .map((text) => ({ text, known: true }));
}
