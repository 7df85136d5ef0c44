import { randomBytes } from 'node:crypto';
import { removeAgentFile, writeAgentFile } from '../../agent/respond/agent-file.ts';
import { type RespondDeclaration, Responder } from '../../agent/respond/responder.ts';
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { renderTerminal } from '../../diagnostic/render/terminal.ts';
import { ownRunner } from '../../enforce/runner.ts';
import type { Administrator } from '../../firewall/guard/machine.ts';
import type { SourceTexts } from '../../manifest/resource.ts';
import { readAssertions } from '../../posture/assertions/read.ts';
import type { Playbook } from '../../respond/playbooks.ts';
import { readPlaybooks } from '../../respond/playbooks.ts';
import type { Store } from '../../store/store.ts';
import { machineHints } from '../apply/control.ts';
import { administrators } from '../apply/desired.ts';
import { FailedError } from '../command.ts';
import type { Io } from '../io.ts';
import type { Loaded } from '../load-posture.ts';
import { respondFolder } from './folder.ts';

/** A responder, and how others reach it. */
export interface OpenResponder {
  readonly responder: Responder;
  readonly secret: string;
  /** Decides by other manifests from now on. */
  replace(loaded: Loaded): void;
  /** Writes down where the agent is, for `picket respond`. */
  reachedAt(url: string): void;
  /** Forgets that again. */
  leave(): void;
}

/**
 * Opens what responds to alerts. Playbooks with a fault are told, and none of them is
 * used. Throws FailedError where the audit log cannot be written: what cannot be written down is not done.
 */
export function openResponder(
  loaded: Loaded,
  store: Store,
  state: unknown,
  io: Io,
  notice: (text: string) => void,
): OpenResponder {
  const folder = respondFolder(state, io);
  const secret = randomBytes(32).toString('base64url');
  let admins = administratorsOf(loaded);
  try {
    const responder = new Responder({
      folder,
      runner: ownRunner(),
      store,
      declared: declarationOf(loaded, io, notice),
      hints: () => machineHints(admins, io),
      notice,
      now: Date.now,
    });
    return {
      responder,
      secret,
      replace: (again) => {
        admins = administratorsOf(again);
        responder.replace(declarationOf(again, io, notice));
      },
      reachedAt: (url) => writeAgentFile(folder, { url, secret, pid: process.pid }),
      leave: () => removeAgentFile(folder),
    };
  } catch (error) {
    throw new FailedError(
      `the audit log of responses cannot be kept: ${(error as Error).message}`,
      'run it as root, or name another folder with --state',
    );
  }
}

function declarationOf(
  { set, posture, files }: Loaded,
  io: Io,
  notice: (text: string) => void,
): RespondDeclaration {
  const { playbooks, diagnostics } = readPlaybooks(set.site?.respond);
  const { assertions, diagnostics: faults } = readAssertions(files);
  tell([...diagnostics, ...faults], set.sources, io);
  if (set.site?.respond !== undefined && playbooks === undefined)
    notice('warning: the playbooks are not used: picket check says what is wrong in the site file');
  else if (playbooks !== undefined) notice(`respond  ${summaryOf(playbooks.playbooks)}`);
  // An assertion that cannot be read may be the very one that a response would break.
  return { playbooks: faults.length > 0 ? undefined : playbooks, posture, assertions };
}

/** Who is declared to administer any of the machines: which of them this one is need not be known to leave them alone. */
function administratorsOf({ posture }: Loaded): readonly Administrator[] {
  return posture.hostFirewalls.flatMap(({ firewall }) =>
    firewall === undefined ? [] : administrators(firewall),
  );
}

function summaryOf(playbooks: readonly Playbook[]): string {
  const acting = playbooks.filter(({ dryRun }) => !dryRun);
  const alone = acting.filter(({ approval }) => !approval);
  const count = `${playbooks.length} playbook${playbooks.length === 1 ? '' : 's'}`;
  if (acting.length === 0) return `${count}, dry runs only: nothing is done`;
  return `${count}: ${acting.length} may act, ${alone.length} of them without asking`;
}

function tell(diagnostics: readonly Diagnostic[], sources: SourceTexts, io: Io): void {
  if (diagnostics.length > 0)
    io.err(renderTerminal(diagnostics, { sources, style: io.errStyle, columns: io.columns }));
}
