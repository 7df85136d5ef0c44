import { ConntrackEntry, type ConntrackTuple, EntryKind } from './entry.ts';

/** Why a message was dropped. */
export type ConntrackDrop =
  /** Fewer bytes than a netlink header. */
  | 'header'
  /** The length in the header is less than a header, or reaches beyond the bytes that came; what follows is dropped with it. */
  | 'length'
  /** No room for the header of netfilter, or for the number of an error. */
  | 'body'
  /** Neither IPv4 nor IPv6. */
  | 'family'
  /** The length of an attribute reaches beyond what holds it, or is not that of its kind. */
  | 'attribute'
  /** The original tuple is not there, or without addresses or protocol. */
  | 'tuple';

/** What the decoder has seen: `messages` is `entries`, `control`, `others` and all of `dropped` together. */
export interface ConntrackDecoderCounters {
  readonly messages: number;
  readonly entries: number;
  /** Ends of dumps, errors, acknowledgements, overruns. */
  readonly control: number;
  /** Messages of other kinds than entries, e.g. expectations. */
  readonly others: number;
  readonly dropped: Readonly<Record<ConntrackDrop, number>>;
}

/** Takes what messages tell. */
export interface ConntrackSink {
  /** The entry is filled again for the next message. */
  entry(entry: ConntrackEntry): void;
  /** The answer to the request of this number is complete; `interrupted`: the table was rebuilt meanwhile, so that some may be missing. */
  dumped(sequence: number, interrupted: boolean): void;
  /** The request of this number was refused: an error number (errno(3)), 0 for an acknowledgement. */
  refused(sequence: number, errno: number): void;
  /** The kernel says that messages were lost. */
  overrun(): void;
}

const headerBytes = 16;
const netfilterBytes = 4;
const attributeBytes = 4;

const noop = 1;
const error = 2;
const done = 3;
const overrun = 4;
/** Numbers below are netlink's own (NLMSG_MIN_TYPE). */
const firstType = 16;
const newEntry = 0x100; // NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW
const deleteEntry = 0x102;

const multi = 0x2; // NLM_F_MULTI
const dumpInterrupted = 0x10; // NLM_F_DUMP_INTR
const create = 0x400; // NLM_F_CREATE

const ipv4Family = 2;
const ipv6Family = 10;
/** Takes away NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const typeMask = 0x3fff;

/** `enum ctattr_type`. */
const Attribute = {
  Original: 1,
  Reply: 2,
  Status: 3,
  ProtocolInfo: 4,
  Help: 5,
  Timeout: 7,
  Mark: 8,
  OriginalCounters: 9,
  ReplyCounters: 10,
  Id: 12,
  Zone: 18,
  Timestamp: 20,
  /** Since Linux 6.14. */
  EventTimestamp: 27,
} as const;

const two32 = 4_294_967_296;
const most = 2 ** 53;
const nanosecondsPerMillisecond = 1e6;
/** A helper's name has 16 bytes, the 0 at its end among them (NF_CT_HELPER_NAME_LEN). */
const longestHelper = 16;

/**
 * Reads messages of the kernel's connection tracking (netlink(7); linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h): headers in
 * the byte order of x86 and ARM, values of attributes in network byte order. Unknown attributes are passed over. Never throws on
 * what it is given; nothing is allocated for a message but the name of a helper.
 */
export class ConntrackDecoder {
  readonly #sink: ConntrackSink;
  readonly #entry = new ConntrackEntry();
  readonly #dropped: Record<ConntrackDrop, number> = {
    header: 0,
    length: 0,
    body: 0,
    family: 0,
    attribute: 0,
    tuple: 0,
  };
  #bytes: Uint8Array = new Uint8Array(0);
  #messages = 0;
  #entries = 0;
  #control = 0;
  #others = 0;
  /** Whether an attribute of the message at hand was found to be wrong. */
  #wrong = false;

  constructor(sink: ConntrackSink) {
    this.#sink = sink;
  }

  /** Reads all messages between the two places, as one call of recv(2) gives them. */
  decode(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    let at = start;
    while (at < end) {
      this.#messages++;
      if (end - at < headerBytes) {
        this.#dropped.header++;
        return;
      }
      const length = this.#host32(at);
      if (length < headerBytes || length > end - at) {
        this.#dropped.length++;
        return;
      }
      this.#message(at, at + length);
      at += (length + 3) & ~3;
    }
  }

  counters(): ConntrackDecoderCounters {
    return {
      messages: this.#messages,
      entries: this.#entries,
      control: this.#control,
      others: this.#others,
      dropped: { ...this.#dropped },
    };
  }

  #message(at: number, end: number): void {
    const type = this.#host16(at + 4);
    if (type < firstType) this.#controlMessage(type, at, end);
    else if (type === newEntry || type === deleteEntry) this.#entryMessage(type, at, end);
    else this.#others++;
  }

  #controlMessage(type: number, at: number, end: number): void {
    const flags = this.#host16(at + 6);
    const sequence = this.#host32(at + 8);
    const body = at + headerBytes;
    if (type === error || (type === done && body + 4 <= end)) {
      if (body + 4 > end) {
        this.#dropped.body++;
        return;
      }
      const errno = -(this.#host32(body) | 0);
      this.#control++;
      if (type === error || errno !== 0) this.#sink.refused(sequence, errno);
      else this.#sink.dumped(sequence, (flags & dumpInterrupted) !== 0);
    } else if (type === done || type === overrun || type === noop) {
      this.#control++;
      if (type === done) this.#sink.dumped(sequence, (flags & dumpInterrupted) !== 0);
      else if (type === overrun) this.#sink.overrun();
    } else this.#others++;
  }

  #entryMessage(type: number, at: number, end: number): void {
    const body = at + headerBytes;
    if (end - body < netfilterBytes) {
      this.#dropped.body++;
      return;
    }
    const family = this.#bytes[body]!;
    if (family !== ipv4Family && family !== ipv6Family) {
      this.#dropped.family++;
      return;
    }
    const entry = this.#entry;
    entry.clear();
    const flags = this.#host16(at + 6);
    if (type === deleteEntry) entry.kind = EntryKind.Destroy;
    else if ((flags & multi) !== 0) entry.kind = EntryKind.Dump;
    else entry.kind = (flags & create) !== 0 ? EntryKind.New : EntryKind.Update;
    entry.family = family === ipv4Family ? 4 : 6;
    this.#wrong = false;
    const original = this.#attributes(body + netfilterBytes, end);
    if (this.#wrong) this.#dropped.attribute++;
    else if (!original) this.#dropped.tuple++;
    else {
      this.#entries++;
      this.#sink.entry(entry);
    }
  }

  /** Fills the entry. Returns whether the original tuple was there, whole. */
  #attributes(start: number, end: number): boolean {
    const entry = this.#entry;
    let original = false;
    let at = start;
    while (end - at >= attributeBytes && !this.#wrong) {
      const length = this.#attributeLength(at, end);
      if (length === 0) break;
      const value = at + attributeBytes;
      const stop = at + length;
      switch (this.#host16(at + 2) & typeMask) {
        case Attribute.Original:
          original = this.#tuple(entry.original, value, stop);
          break;
        case Attribute.Reply:
          entry.hasReply = this.#tuple(entry.reply, value, stop);
          break;
        case Attribute.Status:
          entry.status = this.#number32(value, stop);
          break;
        case Attribute.ProtocolInfo:
          this.#protocolInfo(value, stop);
          break;
        case Attribute.Help:
          this.#help(value, stop);
          break;
        case Attribute.Timeout:
          entry.timeout = this.#number32(value, stop);
          break;
        case Attribute.Mark:
          entry.mark = this.#number32(value, stop);
          break;
        case Attribute.OriginalCounters:
          entry.originalPackets = this.#counter(1, value, stop);
          entry.originalBytes = this.#counter(2, value, stop);
          break;
        case Attribute.ReplyCounters:
          entry.replyPackets = this.#counter(1, value, stop);
          entry.replyBytes = this.#counter(2, value, stop);
          break;
        case Attribute.Id:
          entry.id = this.#number32(value, stop);
          break;
        case Attribute.Zone:
          entry.zone = this.#number16(value, stop);
          break;
        case Attribute.Timestamp:
          entry.start = this.#time(1, value, stop);
          entry.stop = this.#time(2, value, stop);
          break;
        case Attribute.EventTimestamp:
          if (stop - value === 8) entry.eventAt = this.#milliseconds(value);
          else this.#wrong = true;
          break;
        default:
      }
      at += (length + 3) & ~3;
    }
    return original;
  }

  /** Length of the attribute at a place, its header included; 0, and the message is wrong, when it does not fit. */
  #attributeLength(at: number, end: number): number {
    const length = this.#host16(at);
    if (length >= attributeBytes && length <= end - at) return length;
    this.#wrong = true;
    return 0;
  }

  /** The place of the value of the first nested attribute of a type, whose length must be `bytes`; -1 when it is not there. */
  #find(type: number, bytes: number, start: number, end: number): number {
    let at = start;
    while (end - at >= attributeBytes) {
      const length = this.#attributeLength(at, end);
      if (length === 0) return -1;
      if ((this.#host16(at + 2) & typeMask) === type) {
        if (bytes < 0 || length === attributeBytes + bytes) return at + attributeBytes;
        this.#wrong = true;
        return -1;
      }
      at += (length + 3) & ~3;
    }
    return -1;
  }

  /** Where the attribute ends whose value begins at a place. */
  #endOf(value: number): number {
    return value - attributeBytes + this.#host16(value - attributeBytes);
  }

  /** `enum ctattr_tuple`, `ctattr_ip`, `ctattr_l4proto`. Returns whether addresses and protocol are there. */
  #tuple(tuple: ConntrackTuple, start: number, end: number): boolean {
    const addresses = this.#find(1, -1, start, end);
    const protocol = this.#find(2, -1, start, end);
    const zone = this.#find(3, 2, start, end);
    if (this.#wrong || addresses < 0 || protocol < 0) return false;
    if (zone >= 0) tuple.zone = this.#net16(zone);
    const ipv4 = this.#entry.family === 4;
    const bytes = ipv4 ? 4 : 16;
    const stop = this.#endOf(addresses);
    const source = this.#find(ipv4 ? 1 : 3, bytes, addresses, stop);
    const destination = this.#find(ipv4 ? 2 : 4, bytes, addresses, stop);
    if (source < 0 || destination < 0) return false;
    for (let lane = ipv4 ? 3 : 0, at = 0; lane < 4; lane++, at += 4) {
      tuple.source[lane] = this.#net32(source + at);
      tuple.destination[lane] = this.#net32(destination + at);
    }
    return this.#protocol(tuple, protocol, this.#endOf(protocol));
  }

  #protocol(tuple: ConntrackTuple, start: number, end: number): boolean {
    let found = false;
    let at = start;
    while (end - at >= attributeBytes) {
      const length = this.#attributeLength(at, end);
      if (length === 0) return false;
      const value = at + attributeBytes;
      const type = this.#host16(at + 2) & typeMask;
      if (type >= 1 && type <= 9) {
        const short = type === 2 || type === 3 || type === 4 || type === 7;
        if (length - attributeBytes !== (short ? 2 : 1)) {
          this.#wrong = true;
          return false;
        }
        const number = short ? this.#net16(value) : this.#bytes[value]!;
        if (type === 1) {
          tuple.protocol = number;
          found = true;
        } else if (type === 2) tuple.sourcePort = number;
        else if (type === 3) tuple.destinationPort = number;
        else if (short) tuple.icmpId = number;
        else if (type === 5 || type === 8) tuple.icmpType = number;
        else tuple.icmpCode = number;
      }
      at += (length + 3) & ~3;
    }
    return found;
  }

  /** `enum ctattr_protoinfo`: of TCP (1) and SCTP (3). */
  #protocolInfo(start: number, end: number): void {
    const entry = this.#entry;
    const tcp = this.#find(1, -1, start, end);
    if (tcp >= 0) {
      const stop = this.#endOf(tcp);
      const state = this.#find(1, 1, tcp, stop);
      const original = this.#find(4, 2, tcp, stop);
      const reply = this.#find(5, 2, tcp, stop);
      if (state >= 0) entry.tcpState = this.#bytes[state]!;
      // Flags, and a mask that only requests have a use for.
      if (original >= 0) entry.tcpOriginal = this.#bytes[original]!;
      if (reply >= 0) entry.tcpReply = this.#bytes[reply]!;
    }
    const sctp = this.#find(3, -1, start, end);
    if (sctp >= 0) {
      const state = this.#find(1, 1, sctp, this.#endOf(sctp));
      if (state >= 0) entry.sctpState = this.#bytes[state]!;
    }
  }

  #help(start: number, end: number): void {
    const name = this.#find(1, -1, start, end);
    if (name < 0) return;
    const stop = Math.min(this.#endOf(name), name + longestHelper);
    let text = '';
    for (let at = name; at < stop && this.#bytes[at] !== 0; at++) {
      const code = this.#bytes[at]!;
      text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '?';
    }
    if (text !== '') this.#entry.helper = text;
  }

  #counter(type: number, start: number, end: number): number {
    const at = this.#find(type, 8, start, end);
    return at < 0 ? -1 : Math.min(most, this.#net32(at) * two32 + this.#net32(at + 4));
  }

  #time(type: number, start: number, end: number): number {
    const at = this.#find(type, 8, start, end);
    return at < 0 ? -1 : this.#milliseconds(at);
  }

  /** Nanoseconds in 64 bits as milliseconds: the two halves apart, so that nothing of the microseconds is lost. */
  #milliseconds(at: number): number {
    return (
      this.#net32(at) * (two32 / nanosecondsPerMillisecond) + this.#net32(at + 4) / nanosecondsPerMillisecond
    );
  }

  #number32(value: number, stop: number): number {
    if (stop - value === 4) return this.#net32(value);
    this.#wrong = true;
    return -1;
  }

  #number16(value: number, stop: number): number {
    if (stop - value === 2) return this.#net16(value);
    this.#wrong = true;
    return -1;
  }

  #host16(at: number): number {
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  #host32(at: number): number {
    return (this.#host16(at) | (this.#host16(at + 2) << 16)) >>> 0;
  }

  #net16(at: number): number {
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  #net32(at: number): number {
    return ((this.#net16(at) << 16) | this.#net16(at + 2)) >>> 0;
  }
}

/** Returns a request for the whole table, of IPv4 and IPv6; answers carry `sequence` (unsigned 32 bits). */
export function dumpRequest(sequence: number): Uint8Array {
  return request(0x101, 0x301, sequence); // IPCTNL_MSG_CT_GET; NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
}

/** Returns a request for the number of entries: the cheapest way to see whether requests are answered. */
export function statsRequest(sequence: number): Uint8Array {
  return request(0x105, 0x1, sequence); // IPCTNL_MSG_CT_GET_STATS; NLM_F_REQUEST
}

function request(type: number, flags: number, sequence: number): Uint8Array {
  const message = new Uint8Array(headerBytes + netfilterBytes);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  return message;
}
