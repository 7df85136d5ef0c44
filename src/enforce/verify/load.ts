import type { FirewallFile } from '../../firewall/analysis/read-files.ts';
import { type FirewallForm, firewallForm } from '../../firewall/read-text.ts';

/** A program that loads a packet filter from its input. */
export interface Load {
  readonly command: readonly string[];
  readonly text: string;
  /** Where the text is from. */
  readonly file: string;
}

/** A packet filter that cannot be loaded as it is written. */
export class CannotLoad extends Error {}

/**
 * Returns the programs that load the files of one machine, each in its own language, in their order; sets of ipset before the rules
 * that ask for them. Throws {@link CannotLoad} for scripts, which are not run.
 */
export function loadsOf(files: readonly FirewallFile[]): Load[] {
  const formed = files.map((file) => ({ file, form: firewallForm(file.text, file.name) }));
  const isSet = ({ form }: { form: FirewallForm }) => form === 'ipset';
  return [...formed.filter(isSet), ...formed.filter((one) => !isSet(one))].map(({ file, form }) => ({
    file: file.name,
    text: form.endsWith('-save') ? dumpText(file.text) : file.text,
    command: commandOf(form, file.name),
  }));
}

function commandOf(form: FirewallForm, name: string): string[] {
  switch (form) {
    case 'nft':
      return ['nft', '-f', '-'];
    case 'nft-json':
      return ['nft', '-j', '-f', '-'];
    case 'ipset':
      return ['ipset', 'restore'];
    case 'script':
      throw new CannotLoad(
        `${name} is a script, and scripts are not run: give what it has loaded, as iptables-save or nft list ruleset print it`,
      );
    default: {
      // No dump says which backend it is of, but the name of the program that made it.
      const backend = name.includes('legacy') ? 'legacy' : 'nft';
      return [`${form === 'iptables-save' ? 'iptables' : 'ip6tables'}-${backend}-restore`];
    }
  }
}

/** What `iptables -S` prints has no table and no end: the table is that of its chains. */
function dumpText(text: string): string {
  if (/^\*/m.test(text)) return text;
  const chains = new Set([...text.matchAll(/^-P ([A-Z]+) /gm)].map(([, name]) => name));
  const has = (name: string) => chains.has(name);
  const table = has('FORWARD')
    ? has('PREROUTING')
      ? 'mangle'
      : 'filter'
    : has('POSTROUTING')
      ? 'nat'
      : 'raw';
  return `*${chains.size === 0 ? 'filter' : table}\n${text.trimEnd()}\nCOMMIT\n`;
}
