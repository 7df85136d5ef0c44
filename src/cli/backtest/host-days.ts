import { Ours } from '../../detect/outbound.ts';
import type { End, Flow } from '../../flow/flow.ts';
import { formatAddress, isLoopback, isMulticast } from '../../net/address.ts';

const hourMs = 3_600_000;
/** Hosts that are counted; further ones would make the days more, not fewer, and so are told apart. */
const maxHosts = 65_536;

interface Host {
  readonly since: number;
  lastHour: number;
  hours: number;
}

/** Counts for how long how many hosts of ours were seen: each hour in which a host sent or was sent something, of all hosts together, by 24. */
export class HostDays {
  readonly #ours: Ours;
  readonly #learnsMs: number;
  readonly #hosts = new Map<string, Host>();
  #hours = 0;
  #uncounted = 0;

  /** `inside` as the option of detectors; the first `learnsMs` of each host do not count. */
  constructor(inside: readonly string[], learnsMs: number) {
    this.#ours = new Ours(inside);
    this.#learnsMs = learnsMs;
  }

  get hosts(): number {
    return this.#hosts.size;
  }

  /** Hosts of ours that there was no room for. */
  get uncounted(): number {
    return this.#uncounted;
  }

  get days(): number {
    return this.#hours / 24;
  }

  /** Takes a flow, judged, in the order of time. */
  add(flow: Flow, at: number): void {
    if (this.#ours.hasSource(flow)) this.#see(flow.source, at);
    if (this.#ours.hasDestination(flow)) this.#see(flow.destination, at);
  }

  #see({ address }: End, at: number): void {
    if (isMulticast(address) || isLoopback(address)) return;
    const name = formatAddress(address);
    const hour = Math.floor(at / hourMs);
    let host = this.#hosts.get(name);
    if (host === undefined) {
      if (this.#hosts.size === maxHosts) {
        this.#uncounted++;
        return;
      }
      host = { since: at, lastHour: Number.NEGATIVE_INFINITY, hours: 0 };
      this.#hosts.set(name, host);
    }
    if (hour <= host.lastHour) return;
    host.lastHour = hour;
    if (at - host.since < this.#learnsMs) return;
    host.hours++;
    this.#hours++;
  }
}
