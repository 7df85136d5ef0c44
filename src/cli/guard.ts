import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from '../agent/agent.ts';
import type { FlowExports } from '../agent/flow-exports.ts';
import { type Listen, serve } from '../agent/http.ts';
import type { OwnSocket } from '../agent/own-sockets.ts';
import { PacketFilterWatch } from '../agent/packet-filter-watch.ts';
import { version } from '../agent/version.ts';
import { detectors } from '../detect/registry.ts';
import { type ReadSettings, readDetectSettings } from '../detect/settings/settings.ts';
import { ownRunner } from '../enforce/runner.ts';
import type { ReadLimits } from '../manifest/limits.ts';
import type { SensorDefinition } from '../sensor/sensor.ts';
import { startTracefs, tracefs } from '../sensor/tracefs.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { FailedError, UsageError } from './command.ts';
import { type Demo, demoManifests, startDemo } from './demo/demo.ts';
import { type FlowSourcesRequest, flowListeners, logPaths, openableFlowSources } from './flow-sources.ts';
import type { Io } from './io.ts';
import { parseListen } from './listen.ts';
import { type Loaded, loadPosture } from './load-posture.ts';
import { Narrator } from './narrator.ts';
import type { RulesRequest, WatchedRules } from './rules/watch.ts';
import type { IngestRequest } from './rules/watch-ingest.ts';
import { storePath } from './state.ts';

/** What `picket run` was asked to do. */
export interface GuardRequest {
  readonly manifests: readonly string[];
  /** Falco rules, their configuration, and how they are asked. */
  readonly rules: Omit<RulesRequest, 'spoolFolder' | 'json'>;
  /** Audit events, and alerts of a Falco, that are taken in. */
  readonly ingest: IngestRequest;
  /** Flows beside those of this machine's sockets. */
  readonly flowSources: FlowSourcesRequest;
  /** Collectors to which flows are sent. */
  readonly flowExports: readonly string[];
  readonly demo: boolean;
  readonly listen: string;
  readonly metricsListen: string;
  readonly token: string | undefined;
  readonly state: unknown;
  /** Keep a store on disk. */
  readonly keep: boolean;
  readonly flows: boolean;
  readonly forMs: number | undefined;
  readonly bufferKb: number | undefined;
  readonly limits: Partial<ReadLimits>;
  readonly json: boolean;
}

const consoleFolder = fileURLToPath(new URL('../../console/dist', import.meta.url));
const demoAttackAfterMs = 3_000;

/** Guards this machine until a signal, or until the time is up. Leaves nothing behind however it ends. */
export async function guard(request: GuardRequest, io: Io): Promise<void> {
  // Wrong use is told before anything is read or opened.
  parseListen(request.listen, '--listen');
  parseListen(request.metricsListen, '--metrics-listen');
  const listening = flowListeners(request.flowSources.listen);
  const whenHungUp = later('SIGHUP');
  const openFlowExports = await flowExportsOf(request.flowExports, listening);
  const paths = request.demo ? [...request.manifests, demoManifests] : request.manifests;
  const loaded = await loadPosture(paths, io, request.limits);
  const narrator = new Narrator(io, { flows: request.flows, json: request.json });
  narrator.say(`picket ${version}, observing only`);
  const detect = readDetectSettings(loaded.set.site, detectors, Date.now());
  tellDeclared(loaded, detect, narrator);

  const watched = await loadRules(request, io, narrator);
  const stateFolder = request.keep ? dirname(storePath(request.state, io)) : undefined;
  const logs = [...logPaths(request.flowSources.logs, io.cwd), ...(loaded.set.site?.logs ?? [])];
  const flowSources = await openableFlowSources({ ...request.flowSources, logs }, stateFolder);
  const store = await openStoreOr(request, io, narrator, () => watched?.alerts.stop());
  // From here on there is something to clean up, so signals must not end the process by themselves.
  const end = ending(request.forMs);
  const demo = request.demo ? startDemo() : undefined;
  const flowExports = openFlowExports?.();
  const agent = new Agent({
    site: loaded.set.site?.name ?? hostname(),
    posture: loaded.posture,
    detectSettings: detect.settings,
    store,
    sensors: [sensorWith(request.bufferKb)],
    flowSources,
    ...(flowExports && { flowExports }),
    notice: (text) => narrator.say(text),
    observer: narrator,
    ...(watched && { rules: watched.alerts }),
    packetFilter: new PacketFilterWatch(join(dirname(storePath(request.state, io)), 'firewall'), ownRunner()),
  });
  process.on('SIGUSR1', () => watched?.alerts.reopen());
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  try {
    await agent.start();
    server = await open(agent, request);
    for (const text of agent.unserved) narrator.say(`warning: ${text}`);
    tellSeen(agent, narrator);
    if (watched !== undefined) await openSources(watched, request, io, narrator);
    const [page, metrics = page] = server.urls;
    narrator.say(`page     ${page}`);
    narrator.say(`metrics  ${metrics}metrics`);
    // Reading manifests leaves a heap behind that V8 would give back only under pressure.
    globalThis.gc?.();
    narrator.say('Ctrl-C ends it');
    whenHungUp(async () => {
      await readAgain(() => loadPosture(paths, io, request.limits), paths, agent, narrator);
      if (watched !== undefined) await readRulesAgain(watched, request, io, narrator);
    });
    if (demo) void playDemo(demo, end.reached, narrator);
    await end.promise;
    await watched?.alerts.stop();
    narrator.summary(agent.status());
  } finally {
    await demo?.stop();
    await server?.close();
    await agent.stop();
    if (flowExports !== undefined) narrator.exported(flowExports.status());
  }
}

/** Checks where flows are to be sent; returns what begins with it, undefined where there is nothing to begin. */
async function flowExportsOf(
  texts: readonly string[],
  listening: readonly OwnSocket[],
): Promise<(() => FlowExports) | undefined> {
  if (texts.length === 0) return undefined;
  const { parseFlowExports } = await import('./flow-exports.ts');
  const { FlowExports } = await import('../agent/flow-exports.ts');
  const targets = await parseFlowExports(texts, listening);
  return () => new FlowExports({ targets, listening });
}

/** Loads the rules that were asked for. */
async function loadRules(
  request: GuardRequest,
  io: Io,
  narrator: Narrator,
): Promise<WatchedRules | undefined> {
  const { rules, config, record } = request.rules;
  if (rules.length === 0 && config === undefined) {
    if (request.ingest.auditLogs.length > 0)
      throw new UsageError('no rules to ask of the audit log', 'add --rules FILE or --falco-config FILE');
    if (request.ingest.listen === undefined && record === undefined) return undefined;
  }
  const { loadWatched } = await import('./rules/watch.ts');
  // Without a configuration alerts only go to the terminal, where nothing is to wait on disk for the next run.
  const isSpooled = request.keep && config !== undefined;
  const spoolFolder = isSpooled ? join(dirname(storePath(request.state, io)), 'outputs') : undefined;
  return loadWatched({ ...request.rules, json: request.json, spoolFolder }, io, (text) => narrator.say(text));
}

/** Starts whatever gives events to rules, or alerts. */
async function openSources(
  watched: WatchedRules,
  request: GuardRequest,
  io: Io,
  narrator: Narrator,
): Promise<void> {
  const say = (text: string) => narrator.say(text);
  const { tellUnaskedAudit, watchSystemCalls } = await import('./rules/watch.ts');
  await watchSystemCalls(watched, request.rules, say);
  const { auditLogs, listen } = request.ingest;
  if (auditLogs.length === 0 && listen === undefined) {
    tellUnaskedAudit(watched.asked, say);
    return;
  }
  const { watchIngest } = await import('./rules/watch-ingest.ts');
  await watchIngest(request.ingest, watched.asked, watched.alerts, io, say);
}

/** The tracefs sensor with a buffer of the given size. */
function sensorWith(bufferKbPerCpu: number | undefined): SensorDefinition {
  if (bufferKbPerCpu === undefined) return tracefs;
  return { ...tracefs, open: async (sink) => startTracefs(sink, { bufferKbPerCpu }) };
}

/** Resolves at the first SIGINT or SIGTERM, or when the time is up. */
function ending(afterMs: number | undefined): { promise: Promise<void>; reached: () => boolean } {
  let done = false;
  const promise = new Promise<void>((resolve) => {
    const finish = () => {
      done = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, finish);
    if (afterMs !== undefined) setTimeout(finish, afterMs).unref();
  });
  return { promise, reached: () => done };
}

/** Opens the store; where that fails, lets go of what is open already: outputs that wait for their receiver would hold up the end. */
async function openStoreOr(
  request: GuardRequest,
  io: Io,
  narrator: Narrator,
  letGo: () => Promise<void> | undefined,
): Promise<Store> {
  try {
    return openStore(request, io, narrator);
  } catch (error) {
    await letGo();
    throw error;
  }
}

function openStore(request: GuardRequest, io: Io, narrator: Narrator): Store {
  if (!request.keep || (request.demo && request.state === undefined)) return openMemoryStore();
  const path = storePath(request.state, io);
  try {
    const store = openSqliteStore(path, {
      thread: true,
      onCorrupt: (movedTo) =>
        narrator.say(`warning: the store was damaged; it is now ${movedTo}, and a new one was begun`),
    });
    narrator.say(`store    ${path}`);
    return store;
  } catch (error) {
    throw new FailedError((error as Error).message, 'name another folder with --state, or use --no-store');
  }
}

/** Serves page, API and metrics. A taken metrics address is a warning; a taken page address ends the command. */
async function open(agent: Agent, request: GuardRequest): ReturnType<typeof serve> {
  const page: Listen = { ...parseListen(request.listen, '--listen'), console: true, option: '--listen' };
  const metrics: Listen = {
    ...parseListen(request.metricsListen, '--metrics-listen'),
    console: false,
    option: '--metrics-listen',
  };
  const common = {
    view: agent,
    consoleDir: consoleFolder,
    ...(request.token ? { token: request.token } : {}),
  };
  try {
    return await serve({ ...common, listen: [page, metrics] });
  } catch (both) {
    try {
      const server = await serve({ ...common, listen: [page] });
      agent.unserved = [`/metrics is only at ${request.listen}: ${(both as Error).message}`];
      return server;
    } catch (error) {
      throw new FailedError(
        (error as Error).message,
        'choose another address with --listen, e.g. --listen 127.0.0.1:8471',
      );
    }
  }
}

function tellDeclared({ posture, unreadable }: Loaded, detect: ReadSettings, narrator: Narrator): void {
  const { files, workloads, policies, hosts, errors, warnings } = posture.counts;
  if (files === 0) {
    narrator.say('declared nothing: no --manifests given, so connections are watched but not judged');
    return;
  }
  narrator.say(`declared ${workloads} workloads, ${policies} policies, ${hosts} hosts in ${files} files`);
  for (const { name, reason } of unreadable) narrator.say(`warning: ${name} was not read: ${reason}`);
  const problems = errors + warnings + detect.diagnostics.length;
  if (problems > 0)
    narrator.say(`warning: ${problems} problem${problems === 1 ? '' : 's'} in them: picket check says which`);
}

function tellSeen(agent: Agent, narrator: Narrator): void {
  for (const { id, state, detail } of agent.status().sensors) {
    narrator.say(
      state === 'running'
        ? `watching ${id}${detail ? `: ${detail}` : ''}`
        : `warning: ${id} ${state === 'failed' ? 'has failed' : `is ${state}`}: ${detail}`,
    );
  }
}

/** Takes a signal from now on; one that comes before there is something to do with it is done then. */
function later(signal: 'SIGHUP'): (run: () => void) => void {
  let handle: (() => void) | undefined;
  let hasCome = false;
  process.on(signal, () => {
    hasCome = true;
    handle?.();
  });
  return (run) => {
    handle = run;
    if (hasCome) run();
  };
}

/** SIGHUP reads the manifests again; when that fails, the posture in force stays. */
async function readAgain(
  load: () => Promise<Loaded>,
  paths: readonly string[],
  agent: Agent,
  narrator: Narrator,
): Promise<void> {
  if (paths.includes('-')) {
    narrator.say('warning: manifests from standard input cannot be read again');
    return;
  }
  try {
    const loaded = await load();
    const detect = readDetectSettings(loaded.set.site, detectors, Date.now());
    const wrong = detect.diagnostics.filter(({ severity }) => severity === 'error');
    const errors = loaded.posture.counts.errors + wrong.length;
    if (errors > 0) {
      // What cannot be read may be just the policy that denies: better the old posture whole than the new one with holes.
      narrator.say(
        `warning: the manifests have ${errors} error${errors === 1 ? '' : 's'}, the old ones stay in force: picket check shows them`,
      );
      return;
    }
    agent.replacePosture(loaded.posture, detect.settings);
    tellDeclared(loaded, detect, narrator);
  } catch (error) {
    narrator.say(
      `warning: the manifests were not read again, the old ones stay: ${(error as Error).message}`,
    );
  }
}

/** SIGHUP reads the rules again too. */
async function readRulesAgain(
  watched: WatchedRules,
  request: GuardRequest,
  io: Io,
  narrator: Narrator,
): Promise<void> {
  const { reloadWatched } = await import('./rules/watch.ts');
  const again = { ...request.rules, json: request.json, spoolFolder: undefined };
  await reloadWatched(watched, again, io, (text) => narrator.say(text));
}

async function playDemo(demo: Demo, over: () => boolean, narrator: Narrator): Promise<void> {
  narrator.say(
    `demo     a shop is running in namespaces of its own; it is attacked in ${demoAttackAfterMs / 1000} s`,
  );
  await new Promise((resolve) => setTimeout(resolve, demoAttackAfterMs));
  await demo.attack((text) => {
    if (!over()) narrator.say(`demo     ${text}`);
  });
}
