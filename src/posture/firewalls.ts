import type { Span } from '../diagnostic/diagnostic.ts';
import { readFirewallScript } from '../firewall/script.ts';
import type { FirewallScript, PlacedText } from '../firewall/script-text.ts';
import type { EmbeddedText } from '../manifest/embedded.ts';
import type { Range } from '../manifest/locations.ts';
import { workloadName } from '../segmentation/model.ts';
import type { ContainerFacts } from './controls/container-facts.ts';
import type { Controls } from './controls/controls.ts';
import type { ShellScript } from './controls/script.ts';
import type { MachineFirewall } from './machine-firewall.ts';
import { hookFirewalls } from './tunnel-hooks.ts';

const known = new WeakMap<Controls, readonly MachineFirewall[]>();

/**
 * Returns the packet filters that the controls put onto machines: scripts and commands with iptables or nft in
 * containers on the host's network or that enter it by nsenter, and hooks of WireGuard there. Read once.
 */
export function readFirewalls(controls: Controls): readonly MachineFirewall[] {
  const found = known.get(controls) ?? [...scriptFirewalls(controls), ...hookFirewalls(controls)];
  known.set(controls, found);
  return found;
}

type Follow = MachineFirewall['follow'];

function scriptFirewalls(controls: Controls): MachineFirewall[] {
  const followed = new Set<string>();
  const found: MachineFirewall[] = [];
  for (const script of controls.scripts) {
    const { container, wrappers, phase, file } = script;
    if (phase === 'preStop' || !isOnHost(container, script.text.text, wrappers)) continue;
    const key = (path: string) => `${container.source.file} ${container.path.join('.')} ${path}`;
    // A mounted script that another one has called was read there, in its place.
    if (file !== undefined && followed.has(key(file.path))) continue;
    const texts = new Texts(script.text);
    const follow: Follow = (options) =>
      readFirewallScript(
        script.text.text,
        (path) => {
          const text = controls.consumption.fileAt(container, path)?.key.text;
          if (text === undefined) return undefined;
          followed.add(key(path));
          return texts.add(text);
        },
        options,
      );
    const read = follow({});
    if (read.calls.length > 0) found.push(firewallOf(container, read, follow, texts, script));
  }
  for (const { container, wrappers, argv, phase } of controls.commands) {
    if (phase === 'preStop' || !isOnHost(container, '', wrappers)) continue;
    const texts = new Texts(undefined);
    const command = argv.map(({ value }) => `'${value.replaceAll("'", `'\\''`)}'`).join(' ');
    const follow: Follow = (options) =>
      readFirewallScript(
        command,
        (path) => {
          const text = controls.consumption.fileAt(container, path)?.key.text;
          return text && texts.add(text, command.length + 1);
        },
        options,
      );
    const read = follow({});
    if (read.calls.length > 0)
      found.push(firewallOf(container, read, follow, texts, undefined, argv[0].span, command));
  }
  return found;
}

/** Whether what the container does to packet filters is done to the machine's own. */
function isOnHost({ pod }: ContainerFacts, text: string, wrappers: readonly string[]): boolean {
  return pod.hostNetwork || wrappers.includes('nsenter') || /\bnsenter\b/.test(text);
}

function firewallOf(
  container: ContainerFacts,
  read: FirewallScript,
  follow: Follow,
  texts: Texts,
  script: ShellScript | undefined,
  whole?: Span,
  command = '',
): MachineFirewall {
  const { workload } = container;
  return {
    name: `${workload.kind} ${workloadName(workload)}`,
    workload,
    container,
    ...read,
    script,
    follow,
    span: (at) => texts.span(at) ?? whole ?? container.at(),
    text: (at) => texts.text(at) ?? command.slice(at.start, at.end),
  };
}

/** Several texts one after another, so that one offset says which text and where in it. */
class Texts {
  readonly #placed: { readonly text: EmbeddedText; readonly from: number }[] = [];
  #end = 0;

  constructor(first: EmbeddedText | undefined) {
    if (first !== undefined) this.add(first);
  }

  add(text: EmbeddedText, atLeast = 0): PlacedText {
    const existing = this.#placed.find((one) => one.text === text);
    if (existing !== undefined) return { text: text.text, at: existing.from };
    const from = Math.max(this.#end, atLeast);
    this.#placed.push({ text, from });
    this.#end = from + text.text.length + 1;
    return { text: text.text, at: from };
  }

  span({ start, end }: Range): Span | undefined {
    const found = this.#find(start);
    return found?.text.at(start - found.from, Math.min(end - found.from, found.text.text.length));
  }

  text({ start, end }: Range): string | undefined {
    const found = this.#find(start);
    return found?.text.text.slice(start - found.from, end - found.from);
  }

  #find(start: number) {
    return this.#placed.find(({ text, from }) => start >= from && start <= from + text.text.length);
  }
}
