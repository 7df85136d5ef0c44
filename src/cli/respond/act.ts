import { userInfo } from 'node:os';
import { z } from 'zod';
import { readAgentFile } from '../../agent/respond/agent-file.ts';
import { approvalHeader, responsesPath } from '../../agent/respond/respond-api.ts';
import type { Answer } from '../../agent/respond/responder.ts';
import { ResponseLog } from '../../agent/respond/response-log.ts';
import { panic, panicText, undoResponse } from '../../agent/respond/settle.ts';
import { RespondTable } from '../../enforce/respond/respond-table.ts';
import { ownRunner } from '../../enforce/runner.ts';
import { AuditFile } from '../../store/audit/audit-file.ts';
import { ExitCode, FailedError, type Invocation } from '../command.ts';
import type { Io } from '../io.ts';
import { respondFolder } from './folder.ts';

/** What a person does about responses. */
export interface Act {
  readonly verb: 'approve' | 'deny' | 'undo' | 'panic' | 'resume';
  /** The response; absent where all are meant. */
  readonly id?: string;
  readonly why: string;
}

const answerBody = z.object({ ok: z.boolean(), text: z.string() });
/** How long the agent may take. ms. */
const [usualMs, panicMs] = [30_000, 3_000];

/** Does it through the agent that guards this machine; what takes back works also without one. Prints what came of it. Throws FailedError. */
export async function act(wanted: Act, options: Invocation['options'], io: Io): Promise<ExitCode> {
  const folder = respondFolder(options.state, io);
  const by = io.env.SUDO_USER || userInfo().username;
  const { ok, text } = (await throughAgent(wanted, folder, by)) ?? (await directly(wanted, folder, by));
  (ok ? io.out : io.err).call(io, `${text}\n`);
  return ok ? ExitCode.clean : ExitCode.problems;
}

/** Returns the agent's answer, undefined where none answers. Throws FailedError where it refuses the request itself. */
async function throughAgent({ verb, id, why }: Act, folder: string, by: string): Promise<Answer | undefined> {
  const agent = readAgentFile(folder);
  if (agent === undefined) return undefined;
  const path = [responsesPath, ...(id === undefined ? [] : [encodeURIComponent(id)]), verb].join('/');
  let response: Response;
  try {
    response = await fetch(new URL(path, agent.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [approvalHeader]: agent.secret },
      body: JSON.stringify({ by, why }),
      signal: AbortSignal.timeout(verb === 'panic' ? panicMs : usualMs),
    });
  } catch {
    return undefined;
  }
  const text = await response.text();
  const answer = answerBody.safeParse(parsed(text)).data;
  if (answer !== undefined) return answer;
  // Another program may have the port of an agent that is gone.
  if (verb === 'panic' || verb === 'undo') return undefined;
  throw new FailedError(`what listens at ${agent.url} does not answer as an agent: ${text.slice(0, 200)}`);
}

/** Takes back without an agent. Throws FailedError for what only an agent can do. */
async function directly({ verb, id = '', why }: Act, folder: string, by: string): Promise<Answer> {
  if (verb !== 'panic' && verb !== 'undo' && verb !== 'resume')
    throw new FailedError(
      'no picket run guards this machine, or it does not answer',
      'start it; a response that nobody answers is never done',
    );
  if (!AuditFile.isIn(folder) && verb !== 'panic') return { ok: false, text: 'there was no response yet' };
  const log = new ResponseLog(folder);
  const table = new RespondTable(ownRunner());
  try {
    if (verb === 'panic') return { ok: true, text: panicText(await panic(log, table, by, why)) };
    if (verb === 'resume') {
      if (log.heldSince === undefined) return { ok: false, text: 'nothing holds responses' };
      log.record({ event: 'resumed', by });
      return { ok: true, text: 'responses go on' };
    }
    const response = log.get(id);
    if (response?.state !== 'applied' && response?.state !== 'applying')
      return {
        ok: false,
        text:
          response === undefined ? `there is no response ${id}` : `${id} is ${response.state}, not in force`,
      };
    await undoResponse(log, table, id, by, why);
    return { ok: true, text: `${id} is undone: ${response.title}` };
  } catch (error) {
    throw new FailedError((error as Error).message, 'run it as root');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
