import type { Alert } from '../../detect/detector.ts';
import { alertToJson } from '../../detect/json.ts';
import { type Probe, tcpProbe } from '../../enforce/machine/probes.ts';
import type { MachineHints } from '../../enforce/machine/read-machine.ts';
import { RespondTable } from '../../enforce/respond/respond-table.ts';
import type { Runner } from '../../enforce/runner.ts';
import { formatAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix } from '../../net/prefix.ts';
import { brokenBy } from '../../posture/assertions/broken-by.ts';
import type { Assertion } from '../../posture/assertions/model.ts';
import { ReachIndex } from '../../posture/assertions/reach-index.ts';
import type { Posture } from '../../posture/posture.ts';
import { check, decide, type Facts } from '../../respond/decide.ts';
import { HourBudget } from '../../respond/hour-budget.ts';
import type { Response, Trigger } from '../../respond/model.ts';
import type { Playbook, Playbooks, Step } from '../../respond/playbooks.ts';
import { ProtectedSet } from '../../respond/protected-set.ts';
import { triggerOf } from '../../respond/trigger.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import type { Store } from '../../store/store.ts';
import { type ApplyParts, beginResponse, endProbation } from './apply-response.ts';
import { RecentSteps } from './recent-steps.ts';
import { ResponseLog } from './response-log.ts';
import { blastOf } from './seen-flows.ts';
import { panic, panicText, settleResponses, undoResponse } from './settle.ts';
import { controlCuts, readSurroundings, type Surroundings } from './surroundings.ts';

/** What is declared of responses, and what they are checked against. Replaced as a whole. */
export interface RespondDeclaration {
  /** Undefined where none can be used: nothing is thought of then, and what is in force goes on. */
  readonly playbooks: Playbooks | undefined;
  readonly posture: Posture;
  readonly assertions: readonly Assertion[];
}

/** What a responder is made of. */
export interface ResponderParts {
  /** Of the audit log. */
  readonly folder: string;
  readonly runner: Runner;
  readonly store: Pick<Store, 'ask' | 'flush'>;
  readonly declared: RespondDeclaration;
  hints(): MachineHints;
  /** Told in a sentence of what a person should know. */
  notice(text: string): void;
  /** ms since the epoch. */
  now(): number;
}

/** What `/api/v1/status` tells of responses. */
export interface RespondStatus {
  /** Whether a playbook is more than a dry run. */
  readonly acts: boolean;
  readonly waiting: number;
  readonly inForce: number;
  /** Since start: responses by what was decided, and those put in force. */
  readonly decided: Readonly<Record<'proposed' | 'waiting' | 'refused' | 'applying', number>>;
  readonly applied: number;
  /** Alerts and steps that were not looked at since there were too many. */
  readonly skipped: number;
  readonly heldSince?: string;
  /** Why what came of a response could not be written or asked, the last time that happened. */
  readonly fault?: string;
}

/** What a person asks for; `ok` false: why it was not done. */
export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** Alerts that wait to be looked at, and steps that are looked at within an hour; beyond them they are counted. */
const [mostQueued, mostAnHour] = [256, 240];
/** How old what is known of the machine may be for a decision, ms. */
const freshMs = 5_000;
/**
 * The same where a person has agreed: while one may, it is kept fresh, and it is looked at anew while the response is on probation; a machine under
 * attack, on which that takes long, is not to wait for it before the cut. ms.
 */
const agreedMs = 60_000;
/** How often the kernel is asked what is in force. ms. */
const settleMs = 30_000;
const hourMs = 3_600_000;

/**
 * Turns alerts into responses: by the playbooks, held against what is protected, asserted and was seen, and put in force where nobody has to be asked or
 * somebody has agreed. All that happens goes through the audit log first. One thing at a time.
 */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #log: ResponseLog;
  readonly #table: RespondTable;
  readonly #budget = new HourBudget(20_000);
  readonly #recent = new RecentSteps();
  readonly #onProbation = new Map<string, Promise<void>>();
  readonly #decided = { proposed: 0, waiting: 0, refused: 0, applying: 0 };
  #declared: RespondDeclaration;
  #index: ReachIndex | undefined;
  #around: Surroundings | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #skipped = 0;
  #untold = 0;
  #applied = 0;
  #hour = { since: 0, looked: 0 };
  #settledAt = Number.NEGATIVE_INFINITY;
  #isRefreshing = false;
  #fault: string | undefined;
  /** Since a panic, also where that could not be written down. */
  #isHeld = false;

  /** Opens the audit log. Throws an Error where it cannot be read or written. */
  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#declared = parts.declared;
    this.#log = new ResponseLog(parts.folder);
    this.#table = new RespondTable(parts.runner);
    for (const { playbook, appliedAt } of this.#log.responses)
      if (appliedAt !== undefined) this.#budget.note(playbook, appliedAt);
    for (const problem of this.#log.problems.slice(0, 3))
      parts.notice(`warning: the audit log of responses is not whole: ${problem}`);
  }

  /** Brings the log in line with the kernel. */
  async start(): Promise<void> {
    await this.#do(async () => {
      this.#log.record({ event: 'opened', by: 'picket' });
      for (const text of await settleResponses(this.#log, this.#table, this.#parts.now()))
        this.#parts.notice(text);
    });
  }

  /** Decides by this from now on. */
  replace(declared: RespondDeclaration): void {
    this.#declared = declared;
    this.#index = undefined;
  }

  /** Nothing: responses are for alerts. */
  flow(): void {}

  /** Takes an alert, or its repeat. */
  alert(alert: Alert): void {
    const { playbooks } = this.#declared;
    if (playbooks === undefined) return;
    const json = alertToJson(alert);
    const playbook = playbooks.playbooks.find(({ matches }) => matches(json));
    if (playbook === undefined) return;
    const trigger = triggerOf(alert);
    const steps = playbook.steps.filter((_, at) =>
      this.#recent.isNew(trigger, playbook, at, this.#parts.now()),
    );
    if (steps.length === 0) return;
    if (this.#queued >= mostQueued) {
      this.#skip(steps.length);
      return;
    }
    this.#queued++;
    void this.#do(async () => {
      this.#queued--;
      for (const step of steps) await this.#consider(playbook, step, trigger, playbooks);
    });
  }

  /** Called about once a second. */
  tick(): void {
    const now = this.#parts.now();
    const { open } = this.#log;
    const isDue = open.some(({ state, answerBy, expiresAt }) =>
      state === 'waiting' ? (answerBy ?? 0) <= now : state === 'applied' && (expiresAt ?? 0) <= now,
    );
    if (open.some(({ state }) => state === 'waiting')) this.#refresh();
    if (!isDue && performance.now() - this.#settledAt < settleMs) return;
    this.#settledAt = performance.now();
    void this.#do(() => this.#settle(now));
  }

  /** Every open response, and the newest of those that ended. */
  list(): readonly Response[] {
    return this.#log.responses;
  }

  status(): RespondStatus {
    const { open, heldSince } = this.#log;
    return {
      acts: this.#declared.playbooks?.playbooks.some(({ dryRun }) => !dryRun) ?? false,
      waiting: open.filter(({ state }) => state === 'waiting').length,
      inForce: open.filter(({ state }) => state === 'applied' || state === 'applying').length,
      decided: { ...this.#decided },
      applied: this.#applied,
      skipped: this.#skipped + this.#recent.evicted,
      ...(heldSince !== undefined && { heldSince }),
      ...(this.#fault !== undefined && { fault: this.#fault }),
    };
  }

  /** A person agrees: it is checked once more, and put in force. */
  approve(id: string, by: string): Promise<Answer> {
    return this.#answer(async () => {
      const response = this.#log.get(id);
      if (response?.state !== 'waiting') return no(id, response, 'waiting');
      const now = this.#parts.now();
      if ((response.answerBy ?? 0) <= now) return { ok: false, text: `${id}: the time to answer is over` };
      const { playbooks } = this.#declared;
      const playbook = playbooks?.playbooks.find(({ name }) => name === response.playbook);
      if (playbooks === undefined || playbook === undefined || playbook.dryRun)
        return this.#refuse(id, by, `the playbook ${response.playbook} is not in use any more`);
      const { refused } = check(
        response.action,
        response.since,
        { playbook: playbook.name, perHour: playbook.perHour, limits: playbooks.limits },
        await this.#facts(agreedMs, id),
      );
      if (refused !== undefined) return this.#refuse(id, by, refused);
      this.#log.record({ event: 'approved', id, by });
      return this.#begin(response, by);
    });
  }

  deny(id: string, by: string, why: string): Promise<Answer> {
    return this.#answer(async () => {
      const response = this.#log.get(id);
      if (response?.state !== 'waiting') return no(id, response, 'waiting');
      this.#log.record({ event: 'denied', id, by, why });
      return { ok: true, text: `${id} is denied` };
    });
  }

  undo(id: string, by: string, why: string): Promise<Answer> {
    return this.#answer(async () => {
      const response = this.#log.get(id);
      if (response?.state !== 'applied' && response?.state !== 'applying')
        return no(id, response, 'in force');
      await undoResponse(this.#log, this.#table, id, by, why);
      return { ok: true, text: `${id} is undone: ${response.title}` };
    });
  }

  /** Takes back everything, and does nothing more until {@link resume}. */
  async panic(by: string, why: string): Promise<Answer> {
    // At once, whatever else is being done.
    this.#isHeld = true;
    try {
      const count = await panic(this.#log, this.#table, by, why);
      return { ok: true, text: panicText(count) };
    } catch (error) {
      this.#failed(error as Error);
      return { ok: false, text: (error as Error).message };
    }
  }

  resume(by: string): Promise<Answer> {
    return this.#answer(async () => {
      if (this.#log.heldSince === undefined) return { ok: false, text: 'nothing holds responses' };
      this.#log.record({ event: 'resumed', by });
      this.#isHeld = false;
      return { ok: true, text: 'responses go on' };
    });
  }

  /** Waits for what is being done. What is in force goes on until the kernel ends it. */
  async stop(): Promise<void> {
    await this.#turn;
    await Promise.all(this.#onProbation.values());
  }

  async #consider(playbook: Playbook, step: Step, trigger: Trigger, playbooks: Playbooks): Promise<void> {
    const now = this.#parts.now();
    if (now - this.#hour.since >= hourMs) this.#hour = { since: now, looked: 0 };
    if (this.#hour.looked++ >= mostAnHour) {
      this.#skip(1);
      return;
    }
    const id = this.#log.nextId();
    const response = decide(id, playbook, step, trigger, playbooks, await this.#facts(freshMs));
    if (response === undefined) return;
    this.#log.record({ event: 'decided', response, by: 'picket' });
    this.#count(response);
    this.#parts.notice(decisionText(response));
    if (response.state === 'applying') await this.#begin(response, 'picket');
    if (response.state === 'waiting') this.#refresh();
  }

  async #begin(response: Response, by: string): Promise<Answer> {
    const { id } = response;
    const parts = this.#applyParts();
    const probation = await beginResponse(parts, response, by);
    if (probation === undefined) return { ok: false, text: `${id}: ${this.#log.get(id)?.why}` };
    this.#budget.note(response.playbook, this.#parts.now());
    const ended = endProbation(parts, probation)
      .catch((error: Error) => this.#failed(error))
      .then(() => this.#tell(id))
      .finally(() => this.#onProbation.delete(id));
    this.#onProbation.set(id, ended);
    return { ok: true, text: `${id} is in force: ${response.title}` };
  }

  #tell(id: string): void {
    const { state, title, why } = this.#log.get(id) ?? {};
    if (state === 'applied') this.#applied++;
    this.#parts.notice(
      state === 'applied' ? `${id} is in force: ${title}` : `${id} is ${state}: ${why ?? title}`,
    );
  }

  #applyParts(): ApplyParts {
    const { runner, hints, now } = this.#parts;
    const probes: Probe[] = (this.#declared.playbooks?.probes ?? []).map(({ address, port }) =>
      tcpProbe({ host: formatAddress(address), port }),
    );
    return {
      log: this.#log,
      table: this.#table,
      probes,
      isHeld: () => this.#isHeld || this.#log.heldSince !== undefined,
      protectedNow: async () => this.#protectedBy(await readSurroundings(runner, hints())),
      now,
    };
  }

  #protectedBy({ machine, logins }: Surroundings): ProtectedSet {
    const { posture, playbooks } = this.#declared;
    return new ProtectedSet(machine, posture, { protect: playbooks?.protect ?? [], logins });
  }

  /** What a decision hangs on; `apart` is the response that it is about. */
  async #facts(mostAgeMs: number, apart?: string): Promise<Facts> {
    const around = await this.#surroundings(mostAgeMs);
    this.#log.refresh();
    const { posture, assertions } = this.#declared;
    const pods = AddressSet.ofPrefixes(posture.inventory.workloads.flatMap(addressesOf).map(hostPrefix));
    const hosts = AddressSet.ofPrefixes(posture.hosts.flatMap(({ prefixes }) => prefixes));
    const { heldSince, open } = this.#log;
    return {
      now: this.#parts.now(),
      protectedSet: this.#protectedBy(around),
      brokenMusts: (cut) => brokenBy(cut, assertions, pods, hosts, () => this.#reach()),
      controlCuts: (action) => controlCuts(around, action),
      blast: (cut, since) => {
        this.#parts.store.flush();
        return blastOf(this.#parts.store, cut, since);
      },
      open: open.filter(({ id }) => id !== apart),
      budget: this.#budget,
      ...(heldSince !== undefined && { held: `nothing is done since the panic at ${heldSince}` }),
    };
  }

  #reach(): ReachIndex {
    this.#index ??= new ReachIndex(this.#declared.posture);
    return this.#index;
  }

  async #surroundings(mostAgeMs: number): Promise<Surroundings> {
    const known = this.#around;
    if (known !== undefined && performance.now() - known.readAt <= mostAgeMs) return known;
    this.#around = await readSurroundings(this.#parts.runner, this.#parts.hints());
    return this.#around;
  }

  /** While somebody may agree at any moment, what is known of the machine is kept fresh, so that the cut need not wait for it. */
  #refresh(): void {
    const age = performance.now() - (this.#around?.readAt ?? Number.NEGATIVE_INFINITY);
    if (this.#isRefreshing || age < freshMs / 2) return;
    this.#isRefreshing = true;
    readSurroundings(this.#parts.runner, this.#parts.hints())
      .then((around) => {
        this.#around = around;
      }, this.#failed)
      .finally(() => {
        this.#isRefreshing = false;
      });
  }

  async #settle(now: number): Promise<void> {
    this.#log.refresh();
    for (const { id, state, answerBy = 0 } of this.#log.open)
      if (state === 'waiting' && answerBy <= now)
        this.#log.record({ event: 'lapsed', id, by: 'picket', why: 'nobody answered in time' });
    const isOnProbation = (id: string) => this.#onProbation.has(id);
    for (const text of await settleResponses(this.#log, this.#table, now, isOnProbation))
      this.#parts.notice(text);
    if (this.#untold === 0) return;
    this.#log.record({ event: 'skipped', count: this.#untold, by: 'picket' });
    this.#untold = 0;
  }

  #refuse(id: string, by: string, why: string): Answer {
    this.#log.record({ event: 'refused', id, by, why });
    return { ok: false, text: `${id} is refused: ${why}` };
  }

  #count({ state }: Response): void {
    if (state in this.#decided) this.#decided[state as keyof RespondStatus['decided']]++;
  }

  #skip(count: number): void {
    this.#skipped += count;
    this.#untold += count;
  }

  readonly #failed = (error: Error): void => {
    this.#fault = error.message;
    this.#parts.notice(`warning: a response: ${error.message}`);
  };

  /** Does one thing after the other; what fails is told, and the next goes on. */
  #do(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work).catch(this.#failed);
    this.#turn = done;
    return done;
  }

  async #answer(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    try {
      return await done;
    } catch (error) {
      this.#failed(error as Error);
      return { ok: false, text: (error as Error).message };
    }
  }
}

function no(id: string, response: Response | undefined, wanted: string): Answer {
  const text =
    response === undefined ? `there is no response ${id}` : `${id} is ${response.state}, not ${wanted}`;
  return { ok: false, text };
}

function decisionText({ id, title, state, why, reason }: Response): string {
  const next = {
    proposed: 'would be done, were it no dry run',
    waiting: `waits: picket respond approve ${id}`,
    refused: `refused: ${why}`,
  }[state as 'proposed' | 'waiting' | 'refused'];
  return `response ${id}: ${title} (${reason}): ${next ?? 'is put in force'}`;
}
