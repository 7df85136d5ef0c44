import type { End, Flow } from '../flow/flow.ts';
import { ContactSet } from './contact-set.ts';

/** How much is kept to tell of a scan; counts go on beyond. */
const maxPorts = 128;
const maxTargets = 32;
const maxExamples = 8;

/**
 * How a first contact failed. `refused`: by a reset or the network's word. `unanswered`: a handshake that had time enough for an answer.
 * `pending`: a handshake that had none when the watch ended. `silent`: no answer in a protocol that need not answer.
 */
export type FailureKind = 'refused' | 'unanswered' | 'pending' | 'silent';

/** A first contact that failed. */
export interface Failure {
  readonly flow: Flow;
  /** Event time, ms. */
  readonly at: number;
  readonly kind: FailureKind;
  readonly hostHash: number;
  readonly portHash: number;
}

/** One address that was contacted in vain. */
export interface Target {
  readonly end: End;
  /** Failed first contacts within the window of the fan-out test. */
  recent: number;
}

/** What is remembered of one stretch of scanning: from the first failed first contact until a pause. */
export class Trail {
  firstFailure = Number.NaN;
  /** Failed first contacts by kind, and what the last finding said of them all together. */
  readonly counts: Record<FailureKind, number> = { refused: 0, unanswered: 0, pending: 0, silent: 0 };
  reported = 0;
  /** Contacts that succeeded since the source was called a scanner. */
  open = 0;
  /** Failed handshakes within the window. */
  recent = 0;
  /** The most failed first contacts of one address, and of one port, within the window. */
  mostOnHost = 0;
  mostOnPort = 0;
  readonly failedPorts = new ContactSet();
  readonly failedHosts = new ContactSet();
  /** By port, how many failed within the window. */
  readonly ports = new Map<number, number>();
  /** By hash of the address, the one contacted last at the end. */
  readonly targets = new Map<number, Target>();
  #lastTarget: Target | undefined;
  #lastHost = 0;
  readonly processes = new Set<string>();
  readonly examples: Flow[] = [];
  latest: Flow;
  #windowStart = Number.NEGATIVE_INFINITY;

  constructor(first: Failure, windowMs: number) {
    this.latest = first.flow;
    this.add(first, windowMs);
  }

  get failures(): number {
    const { refused, unanswered, pending, silent } = this.counts;
    return refused + unanswered + pending + silent;
  }

  /** Tells whether it is the first on its port. */
  add({ flow, at, kind, hostHash, portHash }: Failure, windowMs: number): boolean {
    if (at - this.#windowStart > windowMs) this.#beginWindow(at);
    if (Number.isNaN(this.firstFailure)) this.firstFailure = at;
    this.latest = flow;
    this.counts[kind]++;
    if (kind !== 'silent') this.recent++;
    this.failedHosts.add(hostHash);
    const isNewPort = this.failedPorts.add(portHash);
    this.#countPort(flow.destination.port);
    this.#countHost(flow, hostHash);
    const { process } = flow.source;
    if (process !== undefined && this.processes.size < 4)
      this.processes.add(`${process.comm}[${process.pid}]`);
    if (this.examples.length < maxExamples) this.examples.push(flow);
    return isNewPort;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return (
      700 +
      this.failedHosts.bytes +
      this.failedPorts.bytes +
      this.ports.size * 32 +
      this.targets.size * 160 +
      this.examples.length * 500 +
      this.processes.size * 60
    );
  }

  #beginWindow(at: number): void {
    this.#windowStart = at;
    this.recent = 0;
    this.mostOnHost = 0;
    this.mostOnPort = 0;
    for (const target of this.targets.values()) target.recent = 0;
    for (const port of this.ports.keys()) this.ports.set(port, 0);
  }

  #countPort(port: number): void {
    const known = this.ports.get(port);
    if (known === undefined && this.ports.size >= maxPorts) return;
    const count = (known ?? 0) + 1;
    this.ports.set(port, count);
    this.mostOnPort = Math.max(this.mostOnPort, count);
  }

  #countHost({ destination }: Flow, hash: number): void {
    let target = this.#lastTarget;
    if (target === undefined || hash !== this.#lastHost) {
      target = this.targets.get(hash);
      if (target !== undefined) this.targets.delete(hash);
      else if (this.targets.size >= maxTargets) this.targets.delete(this.targets.keys().next().value!);
      target ??= { end: destination, recent: 0 };
      this.targets.set(hash, target);
      this.#lastTarget = target;
      this.#lastHost = hash;
    }
    target.recent++;
    this.mostOnHost = Math.max(this.mostOnHost, target.recent);
  }
}

/** What is remembered of one source that opens connections. */
export class Source {
  /** Log likelihood ratio of "scanner" against "benign", never below 0. */
  walk = 0;
  /** Whether the source was called a scanner, and by which test. */
  verdict: 'likelihood' | 'fan-out' | undefined;
  lastFailure = Number.NEGATIVE_INFINITY;
  /** Failed first contacts ever, and the number at which the finding is renewed. */
  total = 0;
  reportAt = 0;
  /** It scans again after a pause, of which nothing has been said. */
  isBack = false;
  slot = -1;
  /** First contacts: address, port and protocol. */
  contacts = new ContactSet();
  #first: Failure | undefined;
  #trail: Trail | undefined;
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Whatever is known of what failed; made at the second failure only, since most sources that are forged have one. */
  get trail(): Trail | undefined {
    if (this.#trail === undefined && this.#first !== undefined)
      this.#trail = new Trail(this.#first, this.#windowMs);
    return this.#trail;
  }

  /** Takes note of a first contact that failed, and tells whether none did before on its port. */
  fail(failure: Failure): boolean {
    this.total++;
    this.lastFailure = Math.max(this.lastFailure, failure.at);
    if (this.#first !== undefined) return this.trail!.add(failure, this.#windowMs);
    this.#first = failure;
    return true;
  }

  /** A scanner has paused: what comes now is a scan of its own. */
  pause(): void {
    this.contacts = new ContactSet();
    this.#first = undefined;
    this.#trail = undefined;
    this.isBack = true;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    const first = this.#trail?.bytes ?? (this.#first === undefined ? 0 : 600);
    return 200 + this.contacts.bytes + first;
  }
}
