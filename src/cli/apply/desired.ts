import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Administrator } from '../../firewall/guard/machine.ts';
import type { End, HostFirewall, HostRule } from '../../firewall/host-firewall/model.ts';
import { Protocol } from '../../net/protocol.ts';
import { type Invocation, UsageError } from '../command.ts';
import type { Io } from '../io.ts';

/** What the packet filter is to be. */
export interface DesiredState {
  /** Text of `table inet picket { … }`; empty for no table. */
  readonly text: string;
  /** Where it comes from, for messages and the journal. */
  readonly source: string;
  /** Who is never to be cut from administering the machine, as far as it is declared. */
  readonly admins: readonly Administrator[];
}

/**
 * Reads what the command line names as the wanted state: a file for nft, no table, or the HostFirewall that manifests declare. Undefined
 * where the declaration has errors, which are told. Throws UsageError.
 */
export async function readDesired(
  { args, options }: Pick<Invocation, 'args' | 'options'>,
  io: Io,
): Promise<DesiredState | undefined> {
  const { nft, remove } = options;
  const named = [
    args.length > 0 && 'manifests',
    nft !== undefined && '--nft',
    remove === true && '--remove',
  ].filter(Boolean);
  if (named.length > 1)
    throw new UsageError(`${named.join(' and ')} each name a wanted state`, 'take one of them');
  if (remove === true) return { text: '', source: '--remove', admins: [] };
  if (args.length > 0) return readDeclared(args, options, io);
  if (typeof nft !== 'string')
    throw new UsageError(
      'no wanted state is named',
      'name manifests with a HostFirewall, a file with --nft, or --remove',
    );
  if (nft === '-')
    return { text: new TextDecoder().decode(await io.readStdin()), source: '<stdin>', admins: [] };
  try {
    return { text: readFileSync(resolve(io.cwd, nft), 'utf8'), source: nft, admins: [] };
  } catch (error) {
    throw new UsageError(`${nft} cannot be read: ${(error as Error).message}`);
  }
}

/** The HostFirewall of manifests for this machine, compiled. */
async function readDeclared(
  paths: readonly string[],
  options: Invocation['options'],
  io: Io,
): Promise<DesiredState | undefined> {
  const { loadPosture } = await import('../load-posture.ts');
  const { chooseDeclaration } = await import('../firewall/choose-declaration.ts');
  const loaded = await loadPosture(paths, io);
  for (const { name, reason } of loaded.unreadable)
    io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
  const { name, firewall, keyAt } = chooseDeclaration(loaded.set, options.label as string[] | undefined);
  if (firewall === undefined || loaded.unreadable.length > 0) {
    const { problemsOf } = await import('../problems.ts');
    const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
    const errors = problemsOf(loaded, loaded.files).filter(({ severity }) => severity === 'error');
    const { sources } = loaded.set;
    if (errors.length > 0)
      io.err(renderTerminal(errors, { sources, style: io.errStyle, columns: io.columns }));
    io.err(`${name} is not put in force: it has errors, or was not read whole\n`);
    return undefined;
  }
  const { compileHostFirewall } = await import('../../firewall/host-firewall/compile.ts');
  const { text } = compileHostFirewall(firewall, {
    origin: (path) => {
      const { file, start } = keyAt(path);
      return `${file}:${start.line}`;
    },
  });
  return { text, source: name, admins: administrators(firewall) };
}

/** Returns who is declared to administer a machine; paths that are declared for all addresses are left to who is on the line. */
export function administrators({ administered }: HostFirewall): Administrator[] {
  return administered
    .flatMap((rule) => (rule.from ?? []).flatMap((end) => administratorsAt(rule, end)))
    .slice(0, mostAdmins);
}

function administratorsAt({ traffic = [] }: HostRule, { addresses, interfaces }: End): Administrator[] {
  const ports = traffic.flatMap(({ protocol, ports: set }) =>
    protocol === Protocol.Tcp && set !== undefined ? set.ranges().map(({ from }) => from) : [],
  );
  if (ports.length === 0) return [];
  const inInterface = interfaces[0]?.replace(/\*$/, '0');
  return (addresses?.prefixes() ?? [])
    .filter(({ length }) => length > 0)
    .map((prefix) => ({
      prefix,
      ports: ports.slice(0, mostPorts),
      ...(inInterface !== undefined && { inInterface }),
    }));
}

/** So many are asked for, with so many ports each. */
const [mostAdmins, mostPorts] = [64, 8];
