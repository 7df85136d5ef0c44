import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const agentFile = z.object({ url: z.url(), secret: z.string(), pid: z.int().positive() });

/** Where the agent that guards this machine is reached, and what who acts there must know. */
export type AgentAddress = z.infer<typeof agentFile>;

const pathIn = (folder: string) => join(folder, 'agent.json');

/** Writes down where the agent is; only its owner can read it. */
export function writeAgentFile(folder: string, address: AgentAddress): void {
  const path = pathIn(folder);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Returns where the agent is; undefined where none was, or none may be known. */
export function readAgentFile(folder: string): AgentAddress | undefined {
  try {
    return agentFile.safeParse(JSON.parse(readFileSync(pathIn(folder), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Forgets this process as the agent. */
export function removeAgentFile(folder: string): void {
  if (readAgentFile(folder)?.pid === process.pid) rmSync(pathIn(folder), { force: true });
}
