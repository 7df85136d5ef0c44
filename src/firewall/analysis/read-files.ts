import type { Span } from '../../diagnostic/diagnostic.ts';
import { LineIndex } from '../../diagnostic/position.ts';
import type { Range } from '../../manifest/locations.ts';
import { applyNftText } from '../nft.ts';
import { type FirewallForm, firewallForm, readFirewallText, readIpsets } from '../read-text.ts';
import type { FirewallProblem, OpaquePart, Ruleset, Table } from '../ruleset.ts';
import { RulesetBuilder } from '../ruleset-builder.ts';
import { readFirewallScript } from '../script.ts';
import type { FirewallCall, FirewallScript, FollowOptions, PlacedText } from '../script-text.ts';
import type { FirewallSubject, MachineFacts, SubjectScript } from './subject.ts';

/** A text of a packet filter, as it was named. */
export interface FirewallFile {
  readonly name: string;
  readonly text: string;
}

/** The packet filter of one machine, read from files. */
export interface FirewallFiles {
  readonly ruleset: Ruleset;
  readonly calls: readonly FirewallCall[];
  readonly problems: readonly FirewallProblem[];
  readonly scripts: readonly SubjectScript[];
  readonly texts: readonly PlacedText[];
  secondRun: FirewallSubject['secondRun'];
  span(at: Range): Span;
  text(at: Range): string;
  /** Returns what the file of a span holds there. */
  written(span: Span): string | undefined;
}

interface Placed {
  readonly file: FirewallFile;
  readonly form: FirewallForm;
  /** Where it begins among all texts. */
  readonly from: number;
  readonly lines: LineIndex;
}

/**
 * Returns the packet filter that all texts together declare: they are one machine's, each with tables of its own. Places
 * count over all texts, one after another. Never throws.
 */
export function readFirewallFiles(files: readonly FirewallFile[]): FirewallFiles {
  const all: Placed[] = [];
  const tables: Table[] = [];
  const opaque: OpaquePart[] = [];
  const problems: FirewallProblem[] = [];
  const calls: FirewallCall[] = [];
  const scripts: SubjectScript[] = [];
  const seconds: (() => Pick<FirewallScript, 'ruleset' | 'opaque'>)[] = [];
  const ipsets = readIpsets(files);
  let from = 0;
  for (const file of files) {
    const { name, text } = file;
    const form = firewallForm(text, name);
    const offset = from;
    all.push({ file, form, from, lines: new LineIndex(text) });
    const follow = (options: FollowOptions) =>
      readFirewallScript(text, undefined, { ipsets, ...options, offset });
    const script = form === 'script' ? follow({}) : undefined;
    const read = script ?? readFirewallText(text, form, ipsets, offset);
    // No dump says which backend it is of, but the name of the program that made it.
    const isLegacy = form.endsWith('-save') && name.includes('legacy');
    tables.push(
      ...read.ruleset.tables.map(
        (table): Table => (isLegacy ? { ...table, backend: 'iptables-legacy' } : table),
      ),
    );
    opaque.push(...read.ruleset.opaque);
    problems.push(...read.problems);
    if (script !== undefined) {
      calls.push(...script.calls);
      scripts.push({ text, errexit: errexit.test(text), follow });
      seconds.push(() => follow({ runs: 2 }));
    }
    // Without that line it may be what `nft list ruleset` has printed.
    if (form === 'nft' && text.startsWith('#!')) seconds.push(() => loadedTwice(text, offset));
    from += text.length + 1;
  }
  const find = ({ start }: Range) => all.findLast((one) => one.from <= start);
  return {
    ruleset: { tables, opaque },
    calls,
    problems,
    scripts,
    texts: all.map(({ file, from: at }) => ({ text: file.text, at })),
    secondRun: () => {
      const found = seconds.map((second) => second());
      return {
        ruleset: { tables: found.flatMap((one) => one.ruleset.tables), opaque: [] },
        opaque: found.flatMap((one) => one.opaque),
      };
    },
    span: (at) => {
      const found = find(at);
      if (found === undefined) throw new RangeError(`no text at ${at.start}`);
      return found.lines.span(found.file.name, at.start - found.from, at.end - found.from);
    },
    text: (at) => {
      const found = find(at);
      return found === undefined ? '' : found.file.text.slice(at.start - found.from, at.end - found.from);
    },
    written: ({ file, start, end }) =>
      all.find((one) => one.file.name === file)?.file.text.slice(start.offset, end.offset),
  };
}

const errexit = /^\s*set\s+-[a-z]*e|^#!.*\s-[a-z]*e/m;

/** What is there after a file for `nft -f` was loaded twice. */
function loadedTwice(text: string, offset: number): Pick<FirewallScript, 'ruleset' | 'opaque'> {
  const builder = new RulesetBuilder();
  for (let run = 0; run < 2; run++) applyNftText(builder, text, offset);
  return { ruleset: builder.ruleset, opaque: [] };
}

/** Returns the packet filter of files as checks see it. */
export function subjectOfFiles(files: FirewallFiles, machine: MachineFacts): FirewallSubject {
  const { ruleset, calls, secondRun, texts, problems, span, text, written } = files;
  const [script] = files.scripts;
  return {
    ruleset,
    calls,
    ...(script && { script }),
    ...(secondRun && { secondRun }),
    texts,
    problems,
    machine,
    span,
    text,
    written,
  };
}
