import { createHash } from 'node:crypto';
import {
  includeIn,
  type NftSetText,
  type NftTableText,
  readNftSets,
  splitNftTables,
  steadyNftText,
} from '../firewall/nft-tables.ts';
import { type Enforcer, Refused, StalePlan } from './enforcer.ts';
import { type NftError, readNftError } from './nft-errors.ts';
import type { Runner } from './runner.ts';

/** The packet filter of a network namespace as it is. */
export interface FirewallState {
  /** `nft list ruleset` without our table: all that others own. */
  readonly others: string;
  /** Our table as nft lists it, with its elements and what they have left; empty where there is none. */
  readonly own: string;
  /** Dumps of iptables, by the name of the program that made them: its tables of nf_tables read better there, those of the legacy kernel interface nowhere else. */
  readonly dumps: Readonly<Record<string, string>>;
  /** Of the rules of our table; what changes by itself makes no difference. */
  readonly ownDigest: string;
  /** The same of all others. */
  readonly othersDigest: string;
}

/** A change of our table. Immutable. */
export interface FirewallChange {
  /** As nft lists it, exactly; empty where there is no table. */
  readonly before: string;
  /** As it was written; empty where there is to be no table. */
  readonly after: string;
  /** As nft will list it; absent where it could not be tried in a namespace of its own. */
  readonly canonical?: string;
  /** Elements with a time that go on with what they have left, by set. */
  readonly keeps: Readonly<Record<string, number>>;
  /** Those that end now, since their set goes or holds something else. */
  readonly ends: Readonly<Record<string, number>>;
  readonly ownDigest: string;
  readonly othersDigest: string;
  /** Nothing is to be done. */
  readonly isEmpty: boolean;
}

/** A text that was applied, and what became of it. */
export interface AppliedText {
  /** {@link digestOf} the text as it was written. */
  readonly textDigest: string;
  /** {@link FirewallState.ownDigest} afterwards. */
  readonly ownDigest: string;
}

/** How to put back what an apply replaced. */
export interface FirewallUndo {
  /** Input for `nft -f -`. */
  readonly transaction: string;
}

/** The only table that is ever written. */
export const ownTable = { family: 'inet', name: 'picket' } as const;

/** Makes it whatever there was before: nft 1.0.6 has no `destroy`, and only what exists can be deleted. One line, so that places in what follows are one line on. */
const removal = 'add table inet picket; delete table inet picket\n';
/** A large interval set takes seconds. */
const loadMs = 120_000;
const dumpers = ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ip6tables-legacy-save'];

/**
 * The table `inet picket` of a network namespace, changed by one transaction of nft that names no other table: either all of
 * it is in force or none, and no packet meets a state in between (nft(8), -f: the file is one transaction).
 */
export class NftablesEnforcer implements Enforcer<FirewallState, string, FirewallChange, FirewallUndo> {
  readonly #runner: Runner;
  readonly #last: AppliedText | undefined;

  /** `last` is what was applied last, by which a text is known again where it cannot be tried. */
  constructor(runner: Runner, last?: AppliedText) {
    this.#runner = runner;
    this.#last = last;
  }

  /** Returns the whole packet filter. Throws an Error where nft cannot list it, e.g. without CAP_NET_ADMIN. */
  async read(): Promise<FirewallState> {
    const listing = await this.#nft(['list', 'ruleset']);
    const { tables, other } = splitNftTables(listing);
    if (other !== undefined) throw new Error(`nft lists something that is no table: ${other.text}`);
    const isOwn = ({ family, name }: NftTableText) => family === ownTable.family && name === ownTable.name;
    const own = tables.find(isOwn)?.text ?? '';
    const others = tables.filter((table) => !isOwn(table)).map(({ text }) => text);
    const dumps = await this.#dumps();
    const legacy = Object.entries(dumps).filter(([name]) => name.includes('legacy'));
    return {
      own,
      others: others.map((text) => `${text}\n`).join(''),
      dumps,
      ownDigest: digestOf(steadyNftText(own)),
      othersDigest: digestOf(
        [...others.map(steadyNftText), ...legacy.map(([, text]) => steadyDump(text))].join('\n'),
      ),
    };
  }

  /** Returns the digest of our table alone, for whoever only looks whether it is still the same. Throws like {@link read}. */
  async readOwnDigest(): Promise<string> {
    const { code, out, err } = await this.#runner.run('nft', [
      'list',
      'table',
      ownTable.family,
      ownTable.name,
    ]);
    if (code === 0) return digestOf(steadyNftText(splitNftTables(out).tables[0]?.text ?? ''));
    const { message } = readNftError(err);
    if (/No such file/.test(message)) return digestOf('');
    throw unreadable(message);
  }

  /**
   * Returns what is to be done so that our table is `desired`: the text of exactly `table inet picket { … }`, or empty for
   * none. Throws {@link Refused} for any other text, for one that nft does not take, and where what is there now
   * could not be put back.
   */
  async plan(actual: FirewallState, desired: string): Promise<FirewallChange> {
    checkDesired(desired);
    const canonical = desired.trim() === '' ? '' : await this.#tried(desired);
    const { own, ownDigest, othersDigest } = actual;
    const { keeps, ends, lines } = carried(own, canonical ?? desired);
    const isEmpty = ownDigest === this.#digestOnce(desired, canonical);
    if (!isEmpty) {
      await this.#check(transactionOf(desired, lines), 1);
      await this.#checkUndo(own);
    }
    return {
      before: own,
      after: desired,
      ...(canonical !== undefined && { canonical }),
      keeps,
      ends,
      ownDigest,
      othersDigest,
      isEmpty,
    };
  }

  /**
   * Replaces our table. Elements with a time are carried over as they are at this moment. Throws {@link StalePlan} where rules
   * have changed since the plan, {@link Refused} where the kernel does not take it; then nothing has changed.
   */
  async apply(change: FirewallChange): Promise<FirewallUndo> {
    const now = await this.read();
    if (now.ownDigest !== change.ownDigest) throw new StalePlan('own');
    if (now.othersDigest !== change.othersDigest) throw new StalePlan('others');
    const undo = { transaction: transactionOf(now.own) };
    if (change.isEmpty) return undo;
    const { lines } = carried(now.own, change.canonical ?? change.after);
    const { code, err } = await this.#load(transactionOf(change.after, lines));
    if (code !== 0) throw refusal(readNftError(err), 1);
    return undo;
  }

  /** Puts back the table as it was before. Throws {@link Refused} where the kernel does not take it. */
  async undo({ transaction }: FirewallUndo): Promise<void> {
    const { code, err } = await this.#load(transaction);
    if (code !== 0) throw refusal(readNftError(err), 1);
  }

  /** The digest that our table has once it is the text; undefined where that is not known. */
  #digestOnce(text: string, canonical: string | undefined): string | undefined {
    if (canonical !== undefined) return digestOf(steadyNftText(canonical));
    return this.#last?.textDigest === digestOf(text) ? this.#last.ownDigest : undefined;
  }

  async #nft(args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.#runner.run('nft', args);
    if (code === 0) return out;
    const { message } = readNftError(err);
    throw unreadable(message);
  }

  #load(transaction: string): ReturnType<Runner['run']> {
    return this.#runner.run('nft', ['-f', '-'], { input: transaction, timeoutMs: loadMs });
  }

  /** What iptables says of its tables, of each program that is there and can read them. */
  async #dumps(): Promise<Record<string, string>> {
    const dumps: Record<string, string> = {};
    for (const name of dumpers) {
      if (this.#runner.find(name) === undefined) continue;
      const { code, out } = await this.#runner.run(name, []);
      if (code === 0 && out.includes('*')) dumps[name] = out;
    }
    return dumps;
  }

  /**
   * Loads the text in a network namespace of its own that ends with the program; returns the table as nft lists it there,
   * undefined where that cannot be tried: no right to make namespaces, an interface that is not there. Throws {@link Refused} where
   * more comes of it than our table.
   */
  async #tried(desired: string): Promise<string | undefined> {
    const nft = this.#runner.find('nft');
    if (nft === undefined || this.#runner.find('unshare') === undefined) return undefined;
    const script = '"$1" -f - && exec "$1" list ruleset';
    const { code, out } = await this.#runner.run('unshare', ['--net', 'sh', '-c', script, 'sh', nft], {
      input: desired,
      timeoutMs: loadMs,
    });
    if (code !== 0) return undefined;
    const { tables, other } = splitNftTables(out);
    const [table] = tables;
    if (tables.length !== 1 || other !== undefined || table?.family !== 'inet' || table.name !== 'picket')
      throw new Refused('the text makes something else than the table inet picket');
    return table.text;
  }

  async #check(transaction: string, linesBefore: number): Promise<void> {
    const { code, err } = await this.#runner.run('nft', ['-c', '-f', '-'], {
      input: transaction,
      timeoutMs: loadMs,
    });
    if (code !== 0) throw refusal(readNftError(err), linesBefore);
  }

  /** Whoever could not go back must not go. */
  async #checkUndo(own: string): Promise<void> {
    try {
      await this.#check(transactionOf(own), 1);
    } catch (error) {
      throw new Refused(
        `the table as it is now could not be put back: nft does not take its own listing (${(error as Error).message})`,
        { help: 'remove the table by hand (nft delete table inet picket), then apply anew' },
      );
    }
  }
}

/** Returns input for `nft -f` that makes our table exactly this, whatever it was before, and touches nothing else. Empty text: no table. */
export function transactionOf(table: string, elements: readonly string[] = []): string {
  return `${removal}${table.trimEnd()}\n${elements.map((line) => `${line}\n`).join('')}`;
}

/** Returns the digest by which states are told apart: hexadecimal SHA-256 of the text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Throws {@link Refused} for everything but one table of our name, or nothing. */
function checkDesired(text: string): void {
  if (text.trim() === '') return;
  const { tables, other } = splitNftTables(text);
  const help = 'write exactly one block: table inet picket { … }';
  if (other !== undefined)
    throw new Refused(`the text holds something else than a table: ${other.text}`, {
      help,
      at: placeOf(text, other.at.start),
    });
  const strange = tables.find(({ family, name }) => family !== ownTable.family || name !== ownTable.name);
  if (strange !== undefined)
    throw new Refused(`the table ${strange.family} ${strange.name} is not Picket's to change`, {
      help,
      at: placeOf(text, strange.at.start),
    });
  if (tables.length !== 1) throw new Refused(`the text holds ${tables.length} tables`, { help });
  const include = includeIn(text);
  if (include !== undefined)
    throw new Refused('another file is included, which could hold anything', {
      help: 'put its text here',
      at: placeOf(text, include.start),
    });
}

function unreadable(message: string): Error {
  const needs = /not permitted|denied/i.test(message) ? '; that needs root or CAP_NET_ADMIN' : '';
  return new Error(`the packet filter cannot be read: ${message}${needs}`);
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function refusal({ message, at }: NftError, linesBefore: number): Refused {
  const line = (at?.line ?? 0) - linesBefore;
  return new Refused(`nft does not take it: ${message}`, {
    ...(at !== undefined && line > 0 && { at: { line, column: at.column } }),
  });
}

/** What of the elements with a time goes on in the table that comes. */
function carried(
  own: string,
  desired: string,
): {
  readonly lines: readonly string[];
  readonly keeps: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
} {
  const next = new Map(readNftSets(desired).map((set) => [set.name, set]));
  const lines: string[] = [];
  const keeps: Record<string, number> = {};
  const ends: Record<string, number> = {};
  for (const set of readNftSets(own)) {
    // What a limit has measured begins anew: it cannot be written down, and ends by itself soon.
    const timed = set.elements.filter(({ expires, measures }) => expires && !measures);
    if (timed.length === 0) continue;
    const to = next.get(set.name);
    if (to === undefined || to.kind !== set.kind) {
      ends[set.name] = timed.length;
      continue;
    }
    keeps[set.name] = timed.length;
    const texts = elementTexts(timed, to);
    if (texts.length > 0) lines.push(`add element inet picket ${set.name} { ${texts.join(', ')} }`);
  }
  return { lines, keeps, ends };
}

function elementTexts(timed: NftSetText['elements'], to: NftSetText): string[] {
  const declared = new Set(to.elements.map(({ key }) => key));
  return timed
    .filter(({ key }) => !declared.has(key))
    .map(({ text }) => (to.counts ? text : text.replace(/ counter packets \d+ bytes \d+/, '')));
}

/** A dump without counts and the times in its comments. */
function steadyDump(text: string): string {
  return text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}
