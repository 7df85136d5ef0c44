import type { Incident } from '../../incident/incident.ts';
import { type IncidentJson, incidentFromJson } from '../../incident/json.ts';
import { FailedError, type OptionDefinition, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { onlyOne } from './find-incident.ts';

/** Options of commands that ask the agent to do something. */
export const agentOptions: readonly OptionDefinition[] = [
  {
    flags: '--agent <url>',
    description: 'where picket run serves its API (or PICKET_AGENT; default: http://127.0.0.1:8470/)',
  },
  { flags: '--token <text>', description: 'bearer token of the agent, off loopback (or PICKET_TOKEN)' },
];

const preset = 'http://127.0.0.1:8470/';
/** How long an answer may take, ms. */
const timeoutMs = 10_000;
/** Incidents that are looked at for the beginning of an id. */
const maxLooked = 10_000;
/** Length of the ids that the agent gives. */
const idLength = 36;

/** What somebody says of an incident. */
export interface Said {
  readonly by?: string;
  readonly text?: string;
  readonly falsePositive?: boolean;
}

/** The API of an agent that runs. */
export class AgentClient {
  readonly #url: URL;
  readonly #token: string | undefined;

  /** Throws UsageError. */
  constructor(options: Readonly<Record<string, unknown>>, io: Pick<Io, 'env'>) {
    const text = String(options.agent ?? io.env.PICKET_AGENT ?? preset);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || url.protocol !== 'http:')
      throw new UsageError(`--agent must be the URL of a running agent, not ${text}`, `write ${preset}`);
    this.#url = url;
    this.#token = typeof options.token === 'string' ? options.token : io.env.PICKET_TOKEN;
  }

  /** Does something with the incident whose id is, or begins with, `id`, and returns it as it is then. Throws UsageError and FailedError. */
  async act(id: string, action: string, said: Said): Promise<Incident> {
    const whole = id.length >= idLength ? id : await this.#wholeId(id);
    const { incident } = (await this.#ask(`incidents/${encodeURIComponent(whole)}/${action}`, said)) as {
      readonly incident: IncidentJson;
    };
    return incidentFromJson(incident);
  }

  async #wholeId(id: string): Promise<string> {
    const { rows } = (await this.#ask(`incidents?state=all&limit=${maxLooked}`)) as {
      readonly rows: readonly { readonly id: string }[];
    };
    return onlyOne(id, rows.filter((row) => row.id.startsWith(id)).slice(0, 5)).id;
  }

  async #ask(path: string, body?: object): Promise<unknown> {
    const url = new URL(`api/v1/${path}`, this.#url);
    const headers = {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
    };
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(url, { headers, ...post, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new FailedError(
        `no agent answers at ${this.#url.href}: ${reasonOf(error as Error)}`,
        'picket run has to be running there; --agent names another address',
      );
    }
    const answer = (await response.json().catch(() => ({}))) as {
      readonly error?: { readonly message: string };
    };
    if (response.ok) return answer;
    throw new FailedError(answer.error?.message ?? `the agent answered ${response.status}`);
  }
}

function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
