import { z } from 'zod';
import type { Flow } from '../flow/flow.ts';
import type { Reason } from '../flow/verdict.ts';
import { isLoopback, sameAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { Posture } from '../posture/posture.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { fullNameOf, nameOf, processText, reasonText } from './text.ts';

const id = 'clear-text';

const sniffing: Technique = { id: 'T1040', name: 'Network Sniffing', tactic: 'Credential Access' };

const options = z.strictObject({
  renewMs: z
    .int()
    .min(60_000)
    .default(3_600_000)
    .describe('the same ends and port are told again after this long; ms'),
  maxEdges: z
    .int()
    .min(16)
    .max(65_536)
    .default(4096)
    .describe('pairs of ends and port remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
const edgeBytes = 200;

class ClearText implements RunningDetector {
  readonly #options: Options;
  #posture: Posture | undefined;
  /** By ends and port, when it was looked at last; the one of longest ago first. */
  readonly #edges = new Map<string, number>();
  #evicted = 0;

  constructor(settings: Options) {
    this.#options = settings;
  }

  onPosture(posture: Posture): void {
    this.#posture = posture;
    this.#edges.clear();
  }

  onFlow(flow: Flow): readonly Finding[] {
    const { source, destination, protocol, names, translated } = flow;
    // A host of HTTP was read, so that nothing between the ends was encrypted; TLS would have none that is seen.
    if (names?.http === undefined || protocol !== Protocol.Tcp || this.#posture === undefined) return nothing;
    if (isLoopback(source.address) || sameAddress(source.address, destination.address)) return nothing;
    const at = flow.closedAt ?? flow.lastAt ?? flow.establishedAt ?? flow.openedAt;
    const reached = translated?.destination ?? destination;
    const edge = JSON.stringify([nameOf(source), nameOf(destination), reached.port]);
    if (this.#isLate(edge, at)) return nothing;
    const reason = this.#posture.encryptionOf({
      source: source.address,
      destination: reached.address,
      protocol,
      port: reached.port,
    });
    this.#remember(edge, at);
    return reason === undefined ? nothing : [findingOf(flow, at, edge, names.http, reason)];
  }

  stateBytes(): number {
    return this.#edges.size * edgeBytes;
  }

  evicted(): number {
    return this.#evicted;
  }

  /** Whether these ends were looked at a short time ago. */
  #isLate(edge: string, at: number): boolean {
    const lastAt = this.#edges.get(edge);
    return lastAt !== undefined && at - lastAt < this.#options.renewMs;
  }

  #remember(edge: string, at: number): void {
    this.#edges.delete(edge);
    if (this.#edges.size >= this.#options.maxEdges) {
      this.#edges.delete(this.#edges.keys().next().value!);
      this.#evicted++;
    }
    this.#edges.set(edge, at);
  }
}

function findingOf(flow: Flow, at: number, edge: string, host: string, reason: Reason): Finding {
  const { source, destination, state, verdict } = flow;
  const [who, whom] = [nameOf(source), nameOf(destination)];
  const { port } = destination;
  return {
    detector: id,
    severity: state === 'established' || state === 'closed' ? 'high' : 'medium',
    at,
    entity: who,
    fingerprint: `${id} ${edge}`,
    title: `${who} speaks to ${whom}:${port} in clear text, where mutual TLS is declared`,
    explanation: [
      `${fullNameOf(source)} sent a request of HTTP for ${host} to ${fullNameOf(destination)} on port ${port}, and it was to be read on the way.`,
      `Declared is mutual TLS there: ${reasonText(reason)}`,
      'Either the proxy of one end is not there or is gone around (injection, excluded ports, the network of the host), or somebody asks who is not of the mesh. Whoever sees the packets reads all of it, and nobody is known by a certificate.',
    ].join(' '),
    evidence: [
      { name: 'source', value: fullNameOf(source) },
      ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
      { name: 'destination', value: `${fullNameOf(destination)} port ${port}` },
      { name: 'seen', value: `HTTP, host ${host}`, expected: 'TLS, of which no host of HTTP can be seen' },
      { name: 'declared', value: reasonText(reason) },
      ...(verdict === undefined ? [] : [{ name: 'verdict', value: verdict.outcome }]),
    ],
    techniques: [sniffing],
    flows: [flow],
  };
}

/** Clear text where what is declared wants it encrypted. */
export const clearText: DetectorDefinition<Options> = {
  id,
  title: 'Clear text where encryption is declared',
  since: '0.2.0',
  techniques: [sniffing],
  options,
  doc: `A request of HTTP that is to be read on the way to a workload for which a PeerAuthentication of Istio declares mutual TLS (mode STRICT, at that port). What is
declared is asked as for a stranger to the mesh: whoever it refuses for want of mutual TLS shows that it is wanted. *High* where the connection came about, so that
somebody answered in clear text; *medium* otherwise. The same ends and port are told once an hour.

It is certain, as a host of HTTP cannot be read in TLS. It sees that only where packets are seen (\`--capture\`, captures that are replayed) between the
ends; what a proxy and its own workload say to one another within a pod is left out. A policy may forbid the connection besides (see policy-violation): this is about
what can be read.

It cannot see clear text of other protocols than HTTP/1, since a beginning that is not understood may be anything; requests that come later than in the first
packets; tunnels that traffic goes around, since the leg in front of a tunnel looks the same; ends of which the manifests leave the mode unknown.

ATT&CK: T1040 is what it lays open; that somebody listens is not seen.

Memory: \`maxEdges\` of 0.2 KB, 0.8 MB as preset; the one that was not seen for longest goes, and is counted.`,
  create: (settings) => new ClearText(settings),
};
