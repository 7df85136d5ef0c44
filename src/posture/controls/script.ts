import { type EmbeddedText, embeddedText } from '../../manifest/embedded.ts';
import type { Path } from '../../manifest/resource.ts';
import type { Workload } from '../../segmentation/model.ts';
import { fieldAt, listOf } from '../../segmentation/values.ts';
import type { Consumption } from './consumption.ts';
import type { ContainerFacts, PodFacts } from './container-facts.ts';
import { baseName, isShell, readInvocation } from './invocation.ts';
import { type Placed, placed } from './placed.ts';
import type { MountedFile } from './uses.ts';

/** When the container runs something: as its main process, or in a hook of its life cycle. */
export type Phase = 'run' | 'postStart' | 'preStop';

/** A shell script that a container runs: given to `sh -c`, or mounted from a ConfigMap or Secret. */
export interface ShellScript {
  readonly workload: Workload;
  readonly container: ContainerFacts;
  readonly phase: Phase;
  /** Base name of the shell, e.g. `sh`. */
  readonly shell: string;
  /** Whether it stops at the first command that fails: `-e` of the shell or `set -e` in the script. */
  readonly errexit: boolean;
  /** Programs around the shell, e.g. `nsenter`, `chroot`. */
  readonly wrappers: readonly string[];
  readonly text: EmbeddedText;
  /** Of the word of `command` or `args` that is the script or names it, in the workload's resource. */
  readonly path: Path;
  /** Where the script is mounted from; undefined for an inline one. */
  readonly file: MountedFile | undefined;
}

/** A program that a container runs without a shell. */
export interface DirectCommand {
  readonly workload: Workload;
  readonly container: ContainerFacts;
  readonly phase: Phase;
  readonly wrappers: readonly string[];
  /** The program and its arguments, wrappers left out. */
  readonly argv: readonly [Placed<string>, ...Placed<string>[]];
}

/** What containers run. */
export interface Commands {
  readonly scripts: readonly ShellScript[];
  readonly commands: readonly DirectCommand[];
}

/** Returns what the containers of the pods run, as far as `command`, `args` and hooks tell. */
export function readCommands(pods: readonly PodFacts[], consumption: Consumption): Commands {
  const scripts: ShellScript[] = [];
  const commands: DirectCommand[] = [];
  for (const { containers } of pods) {
    for (const container of containers) {
      for (const phase of ['run', 'postStart', 'preStop'] as const) {
        const found = readCommand(container, phase, consumption);
        scripts.push(...found.scripts);
        commands.push(...found.commands);
      }
    }
  }
  return { scripts, commands };
}

function readCommand(container: ContainerFacts, phase: Phase, consumption: Consumption): Commands {
  const invocation = readInvocation(phase === 'run' ? container.argv : hookWords(container, phase));
  if (invocation === undefined) return { scripts: [], commands: [] };
  const { workload, source } = container;
  const { wrappers } = invocation;
  const common = { workload, container, phase, wrappers };
  if (invocation.kind === 'inline') {
    const { shell, script } = invocation;
    const text = embeddedText(source, script.path);
    if (text === undefined) return { scripts: [], commands: [] };
    const errexit = invocation.errexit || setsErrexit(text.text);
    const own: ShellScript = { ...common, shell, errexit, text, path: script.path, file: undefined };
    return { scripts: [own, ...calledScripts(own, consumption)], commands: [] };
  }
  const word = invocation.kind === 'file' ? invocation.file : invocation.argv[0];
  const file = consumption.fileAt(container, word.value);
  const text = file?.key.text;
  if (file === undefined || text === undefined) {
    const argv = invocation.kind === 'program' ? invocation.argv : undefined;
    return { scripts: [], commands: argv ? [{ ...common, argv }] : [] };
  }
  const shebang = shebangOf(text.text);
  const shell = invocation.kind === 'file' ? invocation.shell : shebang.shell;
  const given = invocation.kind === 'file' ? invocation.errexit : shebang.errexit;
  const errexit = given || setsErrexit(text.text);
  return { scripts: [{ ...common, shell, errexit, text, path: word.path, file }], commands: [] };
}

function hookWords(container: ContainerFacts, phase: Phase): Placed<string>[] {
  const words = listOf(fieldAt(container.fields, 'lifecycle', phase, 'exec', 'command'));
  return words.flatMap((word, index) => {
    const path: Path = [...container.path, 'lifecycle', phase, 'exec', 'command', index];
    return typeof word === 'string' ? [placed(container.source, path, word)] : [];
  });
}

/** Mounted scripts whose path is a word of the script. */
function calledScripts(caller: ShellScript, consumption: Consumption): ShellScript[] {
  const words = new Set(caller.text.text.split(/[\s;&|()"'`]+/));
  const found: ShellScript[] = [];
  for (const file of consumption.filesIn(caller.container)) {
    const text = words.has(file.path) ? file.key.text : undefined;
    if (text === undefined || !(text.text.startsWith('#!') || file.path.endsWith('.sh'))) continue;
    const { shell, errexit } = shebangOf(text.text);
    found.push({ ...caller, shell, errexit: errexit || setsErrexit(text.text), text, file });
  }
  return found;
}

/** The shell of `#!/bin/sh -e` or `#!/usr/bin/env bash`; sh when there is none. */
function shebangOf(text: string): { readonly shell: string; readonly errexit: boolean } {
  const end = text.indexOf('\n');
  const line = text.startsWith('#!') ? text.slice(2, end < 0 ? undefined : end) : '';
  const words = line.trim().split(/\s+/);
  const shell = words.map(baseName).find(isShell) ?? 'sh';
  return { shell, errexit: words.some((word) => /^-[a-zA-Z]*e/.test(word)) };
}

const SET = /(?:^|[;&])[ \t]*set[ \t]+([^\n;&#]{1,200})/gm;

/** Whether a command of the script is `set -e` in any of its forms. */
function setsErrexit(text: string): boolean {
  for (const [, words = ''] of text.matchAll(SET)) {
    if (/(?:^|[ \t])-[a-zA-Z]*e[a-zA-Z]*(?:[ \t\r]|$)|(?:^|[ \t])-[a-zA-Z]*o[ \t]+errexit\b/.test(words))
      return true;
  }
  return false;
}
