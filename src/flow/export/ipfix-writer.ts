import type { Flow, TranslatedEnd } from '../flow.ts';
import {
  type Layout,
  layoutCount,
  layoutNumber,
  layoutOf,
  type RecordContent,
} from './ipfix-writer/layout.ts';
import { MessageBytes } from './ipfix-writer/message-bytes.ts';

/** How flows are written. */
export interface IpfixWriterOptions {
  /** Observation domain id (RFC 7011 §3.1). */
  readonly domain: number;
  /** Flows with traffic both ways as one record with reverse elements (RFC 5103), not as two. Default false: not every collector reads them. */
  readonly biflow?: boolean;
  /** Bytes of a message at most, from 512 to 65535. Default 1400, which fits in a datagram on an Ethernet. */
  readonly maxMessage?: number;
  /**
   * Templates are told again after so many messages and so many seconds, whichever is first (RFC 7011 §8.4). 0: never, as on a
   * TCP connection (§8.3). Default 20 and 60.
   */
  readonly templatesEvery?: { readonly messages?: number; readonly seconds?: number };
}

/** What a writer has written. */
export interface IpfixWriterCounters {
  readonly flows: number;
  readonly records: number;
  readonly messages: number;
  readonly templates: number;
  /** Flows that cannot be told: their ends are of two families. */
  readonly refused: number;
}

const setHeaderLength = 4;
const templateSet = 2;

/**
 * Writes flows as IPFIX messages (RFC 7011). Each kind of record has a template of its own, so that no field is told that a
 * flow does not have: with or without counters, reverse elements, ICMP type, NAT, interfaces, VLANs. A template goes out with
 * its first record, in the same message, and again as the options say. Traffic of sampled flows is told as it stands in the flow,
 * multiplied already; no sampling rate is told, so that nobody multiplies it again.
 */
export class IpfixWriter {
  readonly #options: Required<Omit<IpfixWriterOptions, 'templatesEvery'>>;
  readonly #everyMessages: number;
  readonly #everySeconds: number;
  readonly #send: (message: Uint8Array, records: number) => void;
  readonly #bytes: MessageBytes;
  readonly #layouts: (Layout | undefined)[] = new Array(layoutCount).fill(undefined);
  /** Those that were told in this session, in the order in which they were used first. */
  readonly #told: Layout[] = [];
  readonly #isTold = new Uint8Array(layoutCount);
  /** Data records before the message that is being written, modulo 2^32. */
  #sequence = 0;
  #recordsInMessage = 0;
  #openSet = 0;
  #openSetAt = 0;
  #messagesSinceTemplates = 0;
  #templatesAt = Number.NEGATIVE_INFINITY;
  #flows = 0;
  #records = 0;
  #messages = 0;
  #templates = 0;
  #refused = 0;

  /** `send` gets each message as soon as it is full, with the number of data records in it; the bytes are its own. */
  constructor(options: IpfixWriterOptions, send: (message: Uint8Array, records: number) => void) {
    const { domain, biflow = false, maxMessage = 1400, templatesEvery = {} } = options;
    if (!(maxMessage >= 512 && maxMessage <= 65_535))
      throw new RangeError(`an IPFIX message has from 512 to 65535 bytes, not ${maxMessage}`);
    this.#options = { domain, biflow, maxMessage };
    this.#everyMessages = templatesEvery.messages ?? 20;
    this.#everySeconds = templatesEvery.seconds ?? 60;
    this.#send = send;
    this.#bytes = new MessageBytes(maxMessage);
  }

  get counters(): IpfixWriterCounters {
    return {
      flows: this.#flows,
      records: this.#records,
      messages: this.#messages,
      templates: this.#templates,
      refused: this.#refused,
    };
  }

  /** Writes a flow. `now` is milliseconds since the epoch, as the message is to tell it. */
  add(flow: Flow, now: number): void {
    if (flow.source.address.family !== flow.destination.address.family || hasForeignTranslation(flow)) {
      this.#refused++;
      return;
    }
    this.#flows++;
    const whole = contentOf(flow);
    if (whole.reverse === undefined || this.#options.biflow) {
      this.#write(whole, now);
      return;
    }
    this.#write({ ...whole, reverse: undefined }, now);
    // A direction without a packet is no flow.
    if (whole.reverse.packets > 0) this.#write(reversed(whole), now);
  }

  /** Sends what is written of a message; nothing when there is none. */
  flush(now: number): void {
    if (this.#bytes.length > 0) this.#finish(now);
  }

  /** Begins a transport session: templates are told anew and records counted from 0 (RFC 7011 §8, §3.1). What is unsent is thrown away. */
  newSession(): void {
    this.#bytes.take();
    this.#told.length = 0;
    this.#isTold.fill(0);
    this.#sequence = 0;
    this.#recordsInMessage = 0;
    this.#openSet = 0;
  }

  #write(record: RecordContent, now: number): void {
    const number = layoutNumber(record);
    let layout = this.#layouts[number];
    if (layout === undefined) {
      layout = layoutOf(number);
      this.#layouts[number] = layout;
    }
    if (this.#bytes.length === 0) this.#begin(now);
    const isNew = this.#isTold[number] === 0;
    const needed =
      layout.recordLength + setHeaderLength + (isNew ? layout.templateLength + setHeaderLength : 0);
    if (!this.#hasRoom(needed)) {
      this.#finish(now);
      this.#begin(now);
    }
    // Templates that were due can fill a message.
    if (!this.#hasRoom(needed)) {
      this.#finish(now);
      this.#header();
    }
    if (isNew) {
      this.#isTold[number] = 1;
      this.#told.push(layout);
      this.#tell(layout);
    }
    if (this.#openSet !== layout.id) this.#open(layout.id);
    for (const field of layout.fields) field.put(this.#bytes, record);
    this.#records++;
    this.#recordsInMessage++;
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes.length + bytes <= this.#options.maxMessage;
  }

  /** Begins a message, with the templates when they are due. */
  #begin(now: number): void {
    this.#header();
    const isDue =
      (this.#everyMessages > 0 && this.#messagesSinceTemplates >= this.#everyMessages) ||
      (this.#everySeconds > 0 && now - this.#templatesAt >= this.#everySeconds * 1000);
    if (!isDue) return;
    this.#messagesSinceTemplates = 0;
    this.#templatesAt = now;
    for (const layout of this.#told) {
      if (!this.#hasRoom(setHeaderLength + layout.templateLength)) {
        this.#finish(now);
        this.#header();
      }
      this.#tell(layout);
    }
  }

  /** Version, and room for what is known at the end. */
  #header(): void {
    this.#bytes.u16(10);
    this.#bytes.u16(0);
    this.#bytes.u32(0);
    this.#bytes.u32(this.#sequence);
    this.#bytes.u32(this.#options.domain);
  }

  #tell(layout: Layout): void {
    if (this.#openSet !== templateSet) this.#open(templateSet);
    this.#bytes.u16(layout.id);
    this.#bytes.u16(layout.fields.length);
    for (const { element, length, enterprise } of layout.fields) {
      this.#bytes.u16(enterprise === 0 ? element : element | 0x8000);
      this.#bytes.u16(length);
      if (enterprise !== 0) this.#bytes.u32(enterprise);
    }
    this.#templates++;
  }

  #open(id: number): void {
    this.#close();
    this.#openSet = id;
    this.#openSetAt = this.#bytes.length;
    this.#bytes.u16(id);
    this.#bytes.u16(0);
  }

  #close(): void {
    if (this.#openSet !== 0) this.#bytes.u16At(this.#openSetAt + 2, this.#bytes.length - this.#openSetAt);
    this.#openSet = 0;
  }

  #finish(now: number): void {
    this.#close();
    this.#bytes.u16At(2, this.#bytes.length);
    this.#bytes.u32At(4, (Math.max(0, Math.floor(now / 1000)) % 2 ** 32) >>> 0);
    const records = this.#recordsInMessage;
    this.#sequence = (this.#sequence + records) % 2 ** 32;
    this.#recordsInMessage = 0;
    this.#messages++;
    this.#messagesSinceTemplates++;
    this.#send(this.#bytes.take(), records);
  }
}

/** Translations between the families (NAT64) have no elements in the templates here. */
function hasForeignTranslation({ source, translated }: Flow): boolean {
  const family = source.address.family;
  return (
    (translated?.source !== undefined && translated.source.address.family !== family) ||
    (translated?.destination !== undefined && translated.destination.address.family !== family)
  );
}

function contentOf(flow: Flow): RecordContent {
  const { source, destination, translated, observation, sent, received } = flow;
  return {
    protocol: flow.protocol,
    source,
    destination,
    translatedSource: translated?.source,
    translatedDestination: translated?.destination,
    forward: sent ?? (received && nothing),
    reverse: received,
    start: flow.openedAt,
    end: Math.max(flow.openedAt, flow.lastAt ?? flow.closedAt ?? flow.openedAt),
    // What has not ended is told in between.
    endReason: flow.endReason ?? (flow.closedAt === undefined ? 'active' : 'end'),
    icmp: flow.icmp,
    vlans: flow.vlans ?? [],
    input: interfaceNumber(observation?.input),
    output: interfaceNumber(observation?.output),
  };
}

const nothing = { packets: 0, bytes: 0 };

/** The way back, as its packets were: they come from what NAT made of the destination, to what it made of the source. */
function reversed(record: RecordContent): RecordContent {
  const { source, destination, translatedSource, translatedDestination } = record;
  return {
    ...record,
    source: translatedDestination ?? destination,
    destination: translatedSource ?? source,
    translatedSource: changed(translatedDestination, destination),
    translatedDestination: changed(translatedSource, source),
    forward: record.reverse,
    reverse: undefined,
    icmp: record.icmp && { ...record.icmp, type: icmpAnswers.get(record.icmp.type) ?? record.icmp.type },
    input: record.output,
    output: record.input,
  };
}

/** Types of the messages that answer those of this type (RFC 792, RFC 4443); the two families share no number of them. */
const icmpAnswers: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [128, 129],
]);

function changed(translated: TranslatedEnd | undefined, end: TranslatedEnd): TranslatedEnd | undefined {
  return translated === undefined ? undefined : end;
}

function interfaceNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number < 2 ** 32 ? number : undefined;
}
