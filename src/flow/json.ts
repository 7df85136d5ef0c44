import { type Address, formatAddress, parseAddress } from '../net/address.ts';
import { protocolName, protocolNumber } from '../net/protocol.ts';
import type {
  End,
  EndReason,
  Flow,
  FlowNames,
  FlowState,
  Identity,
  Observation,
  Process,
  SeenBy,
  Traffic,
  Tunnel,
} from './flow.ts';
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
  readonly lastAt?: number;
  readonly sent?: Traffic;
  readonly received?: Traffic;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly vlans?: readonly number[];
  readonly tunnel?: Omit<Tunnel, 'source' | 'destination'> & {
    readonly source?: string;
    readonly destination?: string;
  };
  readonly names?: FlowNames;
  readonly translated?: {
    readonly source?: TranslatedEndJson;
    readonly destination?: TranslatedEndJson;
  };
  readonly observation?: Observation;
  readonly endReason?: EndReason;
  readonly part?: number;
  readonly awaitsCounts?: boolean;
  readonly communityId?: string;
}

/** What NAT made of an end, as it stands in JSON. */
export interface TranslatedEndJson {
  readonly address: string;
  readonly port: number;
}

/** Returns the flow in its JSON form; fields that the flow does not have are left out. */
export function flowToJson(flow: Flow): FlowJson {
  const { tunnel, translated, ...rest } = flow;
  return {
    ...rest,
    ...(tunnel && { tunnel: tunnelToJson(tunnel) }),
    ...(translated && { translated: translatedToJson(translated) }),
    protocol: protocolName(flow.protocol),
    source: endToJson(flow.source),
    destination: endToJson(flow.destination),
  };
}

/** Returns the flow that `json` stands for. Throws an Error when an address or the protocol cannot be read. */
export function flowFromJson(json: FlowJson): Flow {
  const protocol = protocolNumber(json.protocol);
  if (protocol === undefined) throw new Error(`flow ${json.id}: no such protocol: ${json.protocol}`);
  const { tunnel, translated, ...rest } = json;
  return {
    ...rest,
    ...(tunnel && { tunnel: tunnelFromJson(tunnel, json.id) }),
    ...(translated && { translated: translatedFromJson(translated, json.id) }),
    protocol,
    source: endFromJson(json.source, json.id),
    destination: endFromJson(json.destination, json.id),
  };
}

function tunnelToJson({ source, destination, ...rest }: Tunnel): NonNullable<FlowJson['tunnel']> {
  return {
    ...rest,
    ...(source && { source: formatAddress(source) }),
    ...(destination && { destination: formatAddress(destination) }),
  };
}

function tunnelFromJson(
  { source, destination, ...rest }: NonNullable<FlowJson['tunnel']>,
  id: string,
): Tunnel {
  return {
    ...rest,
    ...(source !== undefined && { source: addressFrom(source, id) }),
    ...(destination !== undefined && { destination: addressFrom(destination, id) }),
  };
}

function translatedToJson(ends: NonNullable<Flow['translated']>): NonNullable<FlowJson['translated']> {
  const { source, destination } = ends;
  return {
    ...(source && { source: { ...source, address: formatAddress(source.address) } }),
    ...(destination && { destination: { ...destination, address: formatAddress(destination.address) } }),
  };
}

function translatedFromJson(
  { source, destination }: NonNullable<FlowJson['translated']>,
  id: string,
): NonNullable<Flow['translated']> {
  return {
    ...(source && { source: { ...source, address: addressFrom(source.address, id) } }),
    ...(destination && { destination: { ...destination, address: addressFrom(destination.address, id) } }),
  };
}

function endToJson(end: End): EndJson {
  return { ...end, address: formatAddress(end.address) };
}

function endFromJson(end: EndJson, id: string): End {
  return { ...end, address: addressFrom(end.address, id) };
}

function addressFrom(text: string, id: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`flow ${id}: not an address: ${text}`);
  return address;
}
