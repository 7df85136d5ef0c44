import type { Range } from '../../../manifest/locations.ts';
import type { PodFacts } from '../../controls/container-facts.ts';
import type { Controls } from '../../controls/controls.ts';
import type { Tunnel } from '../../tunnels.ts';

/** Returns the 1-based line of the tunnel's configuration, as its author wrote it before any encoding. */
export function lineOf({ file }: Tunnel, { start }: Range): number {
  let line = 1;
  const { text } = file.text;
  for (let at = text.indexOf('\n'); at >= 0 && at < start; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/**
 * Returns ` (line 3 of wg0.conf)` where the text is encoded, so that no span can show the line; nothing where the span
 * does.
 */
export function lineHint(tunnel: Tunnel, at: Range): string {
  return tunnel.file.text.exact ? '' : ` (line ${lineOf(tunnel, at)} of ${tunnel.file.key.name})`;
}

/** Programs that fill in templates. */
const FILLS = /\b(?:envsubst|sed|gomplate|awk|yq)\b/;
const SETS_KEY = /\bprivate-key\b/;

/** Pods whose containers run something of the kind. */
interface Helpers {
  readonly filling: ReadonlySet<PodFacts>;
  readonly settingKeys: ReadonlySet<PodFacts>;
}

const known = new WeakMap<Controls, Helpers>();

/** Whether something in the pod writes into a copy of the file before WireGuard reads it. */
export function isFilledIn({ containers }: Tunnel, controls: Controls): boolean {
  return containers.some(({ role, pod }) => role === 'init' || helpersOf(controls).filling.has(pod));
}

/** Whether a command sets the private key, so that the configuration needs none: `wg set %i private-key FILE`. */
export function setsKeyElsewhere({ config, containers }: Tunnel, controls: Controls): boolean {
  return (
    (config.interface?.hooks.some(({ command }) => SETS_KEY.test(command)) ?? false) ||
    containers.some(({ pod }) => helpersOf(controls).settingKeys.has(pod))
  );
}

function helpersOf(controls: Controls): Helpers {
  let found = known.get(controls);
  if (found === undefined) {
    const texts = [
      ...controls.scripts.map(({ container, text }) => ({ pod: container.pod, text: text.text })),
      ...controls.commands.map(({ container, argv }) => ({
        pod: container.pod,
        text: argv.map(({ value }) => value).join(' '),
      })),
    ];
    const podsWith = (pattern: RegExp) =>
      new Set(texts.flatMap(({ pod, text }) => (pattern.test(text) ? [pod] : [])));
    found = { filling: podsWith(FILLS), settingKeys: podsWith(SETS_KEY) };
    known.set(controls, found);
  }
  return found;
}

/** Whether wg refuses the configuration as it is written. */
export function isRefused(tunnel: Tunnel, controls: Controls): boolean {
  const { problems } = tunnel.config;
  return (
    problems.some(({ kind }) => kind === 'placeholder' || kind === 'refused') && !isFilledIn(tunnel, controls)
  );
}
