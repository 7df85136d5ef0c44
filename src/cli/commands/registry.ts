import type { CommandDefinition, CommandGroup } from '../command.ts';
import { alertsCommand } from './alerts.ts';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { flowsCommand } from './flows.ts';
import { learnCommand } from './learn.ts';
import { reachCommand } from './reach.ts';
import { runCommand } from './run.ts';
import { testCommand } from './test.ts';
import { versionCommand } from './version.ts';

/** Every command, in the order in which help lists them. */
export const commands: readonly CommandDefinition[] = [
  runCommand,
  checkCommand,
  reachCommand,
  diffCommand,
  testCommand,
  learnCommand,
  flowsCommand,
  alertsCommand,
  doctorCommand,
  explainCommand,
  versionCommand,
  completionCommand,
];

/** First words that several commands share. */
export const groups: readonly CommandGroup[] = [];
