import { parseIsoText } from '../fields/time-text.ts';
import { type ItemLimits, leftText, noLimits, type ParsedJson, readItems } from '../json-items.ts';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One event of the Kubernetes audit log (audit.k8s.io/v1 Event), as it came. */
export interface AuditEvent {
  /** From 1, in the order in which they came. */
  readonly number: number;
  /** Nanoseconds since the epoch: when the stage was reached. */
  readonly time: bigint;
  readonly value: JsonObject;
}

/** What a text came to. */
export interface DecodedAudit {
  readonly events: readonly AuditEvent[];
  /** What could not be taken in, by the number of its line or item, from 1. */
  readonly faults: readonly { readonly item: number; readonly message: string }[];
  /** How many items that is, those that were not looked at among them. */
  readonly undecodable: number;
}

/** How deep an event may be nested. */
const maxDepth = 100;

/**
 * Returns the events of a body: one event, an `EventList`, an array, or one JSON text a line. `first` is the number of the first event.
 * What is no event, or beyond the limits, is told and left out; nothing is thrown.
 */
export function decodeAudit(text: string, first = 1, limits: ItemLimits = noLimits): DecodedAudit {
  const events: AuditEvent[] = [];
  const faults: { item: number; message: string }[] = [];
  const fault = (message: string, item: number) => void faults.push({ item, message });
  const take = (value: unknown, item: number) => {
    const message = faultOf(value);
    if (message !== undefined) fault(message, item);
    else
      events.push({
        number: first + events.length,
        time: timeOf(value as JsonObject),
        value: value as JsonObject,
      });
  };
  const left = readItems(text, { parse, itemsOf, take, fault }, limits);
  const undecodable = faults.length + left;
  if (left > 0) fault(leftText(left), events.length + faults.length + 1);
  return { events, faults, undecodable };
}

function parse(text: string): ParsedJson {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { message: error instanceof Error ? error.message : 'no JSON' };
  }
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isObject(value) && value.kind === 'EventList' && Array.isArray(value.items)) return value.items;
  return [value];
}

function faultOf(value: unknown): string | undefined {
  if (!isObject(value)) return 'no JSON object';
  if (value.kind !== undefined && value.kind !== 'Event')
    return `an object of kind ${JSON.stringify(value.kind)?.slice(0, 40)}, not Event`;
  if (typeof value.auditID !== 'string' && typeof value.stage !== 'string')
    return 'no audit event: it has neither auditID nor stage';
  return isDeeper(value, maxDepth) ? `nested deeper than ${maxDepth}` : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}

/** The time of the stage, with its microseconds; 0 when the event does not tell. */
function timeOf({ stageTimestamp, requestReceivedTimestamp, timestamp }: JsonObject): bigint {
  for (const text of [stageTimestamp, requestReceivedTimestamp, timestamp]) {
    const time = typeof text === 'string' ? parseIsoText(text) : undefined;
    if (time !== undefined) return time;
  }
  return 0n;
}
