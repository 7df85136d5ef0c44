import type { CommandDefinition, CommandGroup } from '../command.ts';
import { alertsCommand } from './alerts.ts';
import { applyCommand } from './apply.ts';
import { backtestCommand } from './backtest.ts';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { confirmCommand } from './confirm.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { firewallCheckCommand } from './firewall-check.ts';
import { firewallCompareCommand } from './firewall-compare.ts';
import { firewallCompileCommand } from './firewall-compile.ts';
import { firewallExplainCommand } from './firewall-explain.ts';
import { firewallImportCommand } from './firewall-import.ts';
import { firewallShowCommand } from './firewall-show.ts';
import { firewallSimulateCommand } from './firewall-simulate.ts';
import { flowsCommand } from './flows.ts';
import { incidentsAckCommand } from './incidents-ack.ts';
import { incidentsExportCommand } from './incidents-export.ts';
import { incidentsListCommand } from './incidents-list.ts';
import { incidentsNoteCommand } from './incidents-note.ts';
import { incidentsReopenCommand } from './incidents-reopen.ts';
import { incidentsResolveCommand } from './incidents-resolve.ts';
import { incidentsShowCommand } from './incidents-show.ts';
import { learnCommand } from './learn.ts';
import { planCommand } from './plan.ts';
import { reachCommand } from './reach.ts';
import { replayCommand } from './replay.ts';
import { rollbackCommand } from './rollback.ts';
import { rulesCheckCommand } from './rules-check.ts';
import { rulesDiffCommand } from './rules-diff.ts';
import { rulesExplainCommand } from './rules-explain.ts';
import { rulesListCommand } from './rules-list.ts';
import { rulesTestCommand } from './rules-test.ts';
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
  replayCommand,
  backtestCommand,
  rulesCheckCommand,
  rulesTestCommand,
  rulesListCommand,
  rulesExplainCommand,
  rulesDiffCommand,
  firewallCheckCommand,
  firewallExplainCommand,
  firewallSimulateCommand,
  firewallCompareCommand,
  firewallCompileCommand,
  firewallImportCommand,
  planCommand,
  applyCommand,
  confirmCommand,
  rollbackCommand,
  firewallShowCommand,
  flowsCommand,
  alertsCommand,
  incidentsListCommand,
  incidentsShowCommand,
  incidentsAckCommand,
  incidentsResolveCommand,
  incidentsReopenCommand,
  incidentsNoteCommand,
  incidentsExportCommand,
  doctorCommand,
  explainCommand,
  versionCommand,
  completionCommand,
];

/** First words that several commands share. */
export const groups: readonly CommandGroup[] = [
  {
    name: 'incidents',
    summary: 'alerts that belong together: list, show, ack, resolve, reopen, note, export',
    description: 'Works on incidents: alerts that belong together, as one story.',
  },
  {
    name: 'rules',
    summary: 'Falco rules: check, test, list, explain, diff',
    description: 'Works on rules files of Falco (engine 0.63), for who writes them.',
  },
  {
    name: 'firewall',
    summary: 'packet filters of machines: check, explain, show, simulate, compare, compile, import',
    description:
      'Works on packet filters: iptables, ip6tables, nft, scripts that call them, and HostFirewalls that declare them.',
  },
];
