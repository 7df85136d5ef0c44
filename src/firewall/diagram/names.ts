import { isNamed } from '../packet.ts';

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
const likely = ['eth0', 'eth1', 'ens3', 'wan0', 'if0'];

/**
 * Names of interfaces that tell apart all that rules may say of one: each name itself, one that begins as each pattern
 * (a beginning followed by `+`, iptables(8)) and as no longer one, and one that nobody names.
 */
export class InterfaceNames {
  readonly names: readonly string[];
  readonly #codes: ReadonlyMap<string, number>;

  constructor(patterns: Iterable<string>) {
    const all = new Set(patterns);
    const exact = new Set([...all].filter((one) => !one.endsWith('+')));
    const beginnings = [...all]
      .filter((one) => one.endsWith('+') && one !== '+')
      .map((one) => one.slice(0, -1));
    const isFree = (name: string, beginning: string) =>
      !exact.has(name) &&
      name.length <= 15 &&
      !beginnings.some((other) => other.length > beginning.length && name.startsWith(other));
    const own = beginnings.map((beginning) => {
      if (beginning.length === 15) return beginning;
      return endings(beginning).find((name) => isFree(name, beginning));
    });
    const other = [...likely, ...endings('if'), ...endings('x')].find(
      (name) => isFree(name, '') && !exact.has(name),
    );
    const names = [...exact, ...own.filter((one) => one !== undefined), ...(other ? [other] : [])];
    this.names = [...new Set(names)];
    this.#codes = new Map(this.names.map((name, code) => [name, code]));
  }

  /** Bits that a number of a name takes. */
  get width(): number {
    return Math.max(1, Math.ceil(Math.log2(this.names.length)));
  }

  /** Returns the number of a name, of one that is not listed that of a listed one that no rule tells from it. */
  codeOf(name: string, patterns: readonly string[]): number {
    const own = this.#codes.get(name);
    if (own !== undefined) return own;
    const said = patterns.filter((one) => isNamed([one], name));
    return this.names.findIndex(
      (one) => patterns.filter((pattern) => isNamed([pattern], one)).join() === said.join(),
    );
  }

  /** Returns the numbers of the names that one of the patterns means, in order. */
  codesOf(patterns: readonly string[]): number[] {
    const plain = patterns.every((one) => !one.endsWith('+'));
    if (plain) return patterns.map((one) => this.#codes.get(one)!).sort((x, y) => x - y);
    return this.names.flatMap((name, code) => (isNamed(patterns, name) ? [code] : []));
  }
}

function endings(beginning: string): string[] {
  return [...digits]
    .flatMap((one) => [`${beginning}${one}`])
    .concat([...digits].map((one) => `${beginning}z${one}`));
}
