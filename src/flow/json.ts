import { formatAddress, parseAddress } from '../net/address.ts';
import { protocolName, protocolNumber } from '../net/protocol.ts';
import type { End, Flow, FlowState, Identity, Process, SeenBy } from './flow.ts';
import type { Verdict } from './verdict.ts';

/** One end of a flow as it stands in JSON. */
export interface EndJson {
  /** Canonical text (RFC 5952 for IPv6). */
  readonly address: string;
  readonly port: number;
  readonly identity?: Identity;
  readonly process?: Process;
}

/** A flow as it stands in JSON, in the API, in `picket flows -o json` and in the store. Times: ms since the epoch. */
export interface FlowJson {
  readonly id: string;
  /** Protocol name in lower case, e.g. `tcp`, or the number as text. */
  readonly protocol: string;
  readonly source: EndJson;
  readonly destination: EndJson;
  readonly state: FlowState;
  readonly seenBy: SeenBy;
  readonly openedAt: number;
  readonly establishedAt?: number;
  readonly closedAt?: number;
  readonly reachedDestination: boolean;
  readonly preexisting: boolean;
  readonly verdict?: Verdict;
}

/** Returns the flow in its JSON form; fields that the flow does not have are left out. */
export function flowToJson(flow: Flow): FlowJson {
  return {
    ...flow,
    protocol: protocolName(flow.protocol),
    source: endToJson(flow.source),
    destination: endToJson(flow.destination),
  };
}

/** Returns the flow that `json` stands for. Throws an Error when an address or the protocol cannot be read. */
export function flowFromJson(json: FlowJson): Flow {
  const protocol = protocolNumber(json.protocol);
  if (protocol === undefined) throw new Error(`flow ${json.id}: no such protocol: ${json.protocol}`);
  return {
    ...json,
    protocol,
    source: endFromJson(json.source, json.id),
    destination: endFromJson(json.destination, json.id),
  };
}

function endToJson(end: End): EndJson {
  return { ...end, address: formatAddress(end.address) };
}

function endFromJson(end: EndJson, id: string): End {
  const address = parseAddress(end.address);
  if (address === undefined) throw new Error(`flow ${id}: not an address: ${end.address}`);
  return { ...end, address };
}
