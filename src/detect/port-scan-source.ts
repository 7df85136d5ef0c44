import type { Flow } from '../flow/flow.ts';
import { formatAddress } from '../net/address.ts';
import { ContactSet } from './contact-set.ts';
import { nameOf } from './text.ts';

/** How much is kept to tell of a scan; counts go on beyond. */
const maxPorts = 128;
const maxTargets = 32;
const maxExamples = 8;

/** One address that was contacted in vain. */
export interface Target {
  readonly name: string;
  /** Failed first contacts within the window of the fan-out test. */
  recent: number;
}

/** What is remembered of one source that opens connections. */
export class Source {
  /** Log likelihood ratio of "scanner" against "benign", never below 0. */
  walk = 0;
  /** Whether the source was called a scanner, and by which test. */
  verdict: 'likelihood' | 'fan-out' | undefined;
  firstFailure = 0;
  lastFailure = Number.NEGATIVE_INFINITY;
  windowStart = Number.NEGATIVE_INFINITY;
  /** Failed first contacts within the window. */
  recent = 0;
  /** What the last finding said, and the number at which it is said again. */
  reported = 0;
  reportAt = 0;
  /** The lowest bound at which the finding is worth renewing once the source is quiet. */
  open = 0;
  unanswered = 0;
  refused = 0;
  /** First contacts (address and port), and the ports and addresses of those that failed. */
  readonly contacts = new ContactSet();
  readonly failedPorts = new ContactSet();
  readonly failedHosts = new ContactSet();
  readonly ports = new Set<number>();
  readonly targets = new Map<string, Target>();
  readonly processes = new Set<string>();
  readonly examples: Flow[] = [];
  latest: Flow;

  constructor(flow: Flow) {
    this.latest = flow;
  }

  /** Failed first contacts. */
  get failures(): number {
    return this.unanswered + this.refused;
  }

  /** Takes note of a first contact that failed. */
  fail(flow: Flow, at: number, hostHash: number, portHash: number, windowMs: number): void {
    if (at - this.windowStart > windowMs) {
      this.windowStart = at;
      this.recent = 0;
      for (const target of this.targets.values()) target.recent = 0;
    }
    if (this.failures === 0) this.firstFailure = at;
    this.lastFailure = Math.max(this.lastFailure, at);
    this.latest = flow;
    this.recent++;
    if (flow.state === 'refused') this.refused++;
    else this.unanswered++;
    this.failedHosts.add(hostHash);
    this.failedPorts.add(portHash);
    if (this.ports.size < maxPorts) this.ports.add(flow.destination.port);
    const address = formatAddress(flow.destination.address);
    const target = this.targets.get(address);
    if (target !== undefined) target.recent++;
    else if (this.targets.size < maxTargets)
      this.targets.set(address, { name: nameOf(flow.destination), recent: 1 });
    const process = flow.source.process;
    if (process !== undefined && this.processes.size < 4)
      this.processes.add(`${process.comm}[${process.pid}]`);
    if (this.examples.length < maxExamples) this.examples.push(flow);
  }

  /** The most failed first contacts to one address within the window. */
  get mostRecentOnOne(): number {
    let most = 0;
    for (const { recent } of this.targets.values()) most = Math.max(most, recent);
    return most;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return (
      600 +
      this.contacts.bytes +
      this.failedHosts.bytes +
      this.failedPorts.bytes +
      this.ports.size * 16 +
      this.targets.size * 160 +
      this.examples.length * 500 +
      this.processes.size * 60
    );
  }
}
