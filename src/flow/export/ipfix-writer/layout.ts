import type { Address } from '../../../net/address.ts';
import type { EndReason, Traffic, TranslatedEnd } from '../../flow.ts';
import type { MessageBytes } from './message-bytes.ts';

/** What one data record says: a flow both ways, or one direction of it. */
export interface RecordContent {
  readonly protocol: number;
  readonly source: TranslatedEnd;
  readonly destination: TranslatedEnd;
  readonly translatedSource: TranslatedEnd | undefined;
  readonly translatedDestination: TranslatedEnd | undefined;
  readonly forward: Traffic | undefined;
  readonly reverse: Traffic | undefined;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly endReason: EndReason;
  readonly icmp: { readonly type: number; readonly code: number } | undefined;
  readonly vlans: readonly number[];
  /** Interface numbers; undefined where they are names or not known. */
  readonly input: number | undefined;
  readonly output: number | undefined;
}

/** One field of a template, and how a record fills it. */
export interface LayoutField {
  readonly element: number;
  readonly length: number;
  /** Private enterprise number of the element; 0 for those of IANA. */
  readonly enterprise: number;
  put(bytes: MessageBytes, record: RecordContent): void;
}

/** A template and how its records are written. */
export interface Layout {
  /** From 256. */
  readonly id: number;
  readonly fields: readonly LayoutField[];
  /** Bytes of a record, and of the template record. */
  readonly recordLength: number;
  readonly templateLength: number;
}

/** Reverse elements of RFC 5103 §6.1. */
const reverseEnterprise = 29305;
/** `flowEndReason`, element 136 (RFC 5102 §5.11.3). */
const endReasons: Readonly<Record<EndReason, number>> = {
  idle: 1,
  active: 2,
  end: 3,
  forced: 4,
  'no-room': 5,
};

const ipv6 = 1;
const counted = 2;
const biflow = 4;
const icmp = 8;
const translated = 16;
const interfaces = 32;
/** 0, 1 or 2 VLAN ids, in the bits from here. */
const vlanShift = 6;

/** Layouts that there may be: all combinations of what a record may have. */
export const layoutCount: number = 3 << vlanShift;

/** Returns the number of the layout that has a field for all that the record says, and none for what it does not; below {@link layoutCount}. */
export function layoutNumber(record: RecordContent): number {
  return (
    (record.source.address.family === 6 ? ipv6 : 0) |
    (record.forward === undefined ? 0 : counted) |
    (record.reverse === undefined ? 0 : biflow) |
    (record.icmp === undefined ? 0 : icmp) |
    (record.translatedSource === undefined && record.translatedDestination === undefined ? 0 : translated) |
    (record.input === undefined && record.output === undefined ? 0 : interfaces) |
    (Math.min(2, record.vlans.length) << vlanShift)
  );
}

/** Returns the layout of a number. Elements, their lengths and meanings: the IANA registry of IPFIX information elements. */
export function layoutOf(number: number): Layout {
  const isIpv6 = (number & ipv6) !== 0;
  const fields = [
    ...ends(isIpv6),
    ...((number & icmp) === 0 ? ports : [isIpv6 ? icmpTypeCode(139) : icmpTypeCode(32)]),
    ...common,
    ...((number & counted) === 0 ? [] : traffic(0, (record) => record.forward)),
    ...((number & biflow) === 0 ? [] : [initiatorFirst, ...traffic(reverseEnterprise, (r) => r.reverse)]),
    ...((number & translated) === 0 ? [] : translatedEnds(isIpv6)),
    ...((number & interfaces) === 0 ? [] : interfaceFields),
    ...vlanFields.slice(0, number >> vlanShift),
  ];
  return {
    id: 256 + number,
    fields,
    recordLength: fields.reduce((sum, { length }) => sum + length, 0),
    templateLength: fields.reduce((sum, { enterprise }) => sum + (enterprise === 0 ? 4 : 8), 4),
  };
}

function field(
  element: number,
  length: number,
  put: (bytes: MessageBytes, record: RecordContent) => void,
  enterprise = 0,
): LayoutField {
  return { element, length, enterprise, put };
}

function address(element: number, isIpv6: boolean, of: (record: RecordContent) => Address): LayoutField {
  return isIpv6
    ? field(element, 16, (bytes, record) => {
        const { a, b, c, d } = of(record);
        bytes.u32(a);
        bytes.u32(b);
        bytes.u32(c);
        bytes.u32(d);
      })
    : field(element, 4, (bytes, record) => bytes.u32(of(record).d));
}

function ends(isIpv6: boolean): LayoutField[] {
  return [
    address(isIpv6 ? 27 : 8, isIpv6, ({ source }) => source.address),
    address(isIpv6 ? 28 : 12, isIpv6, ({ destination }) => destination.address),
  ];
}

const ports: readonly LayoutField[] = [
  field(7, 2, (bytes, { source }) => bytes.u16(source.port)),
  field(11, 2, (bytes, { destination }) => bytes.u16(destination.port)),
];

function icmpTypeCode(element: number): LayoutField {
  return field(element, 2, (bytes, record) =>
    bytes.u16((record.icmp?.type ?? 0) * 256 + (record.icmp?.code ?? 0)),
  );
}

const common: readonly LayoutField[] = [
  field(4, 1, (bytes, { protocol }) => bytes.u8(protocol)),
  field(136, 1, (bytes, { endReason }) => bytes.u8(endReasons[endReason])),
  field(152, 8, (bytes, { start }) => bytes.u64(start)),
  field(153, 8, (bytes, { end }) => bytes.u64(end)),
];

function traffic(enterprise: number, of: (record: RecordContent) => Traffic | undefined): LayoutField[] {
  return [
    field(1, 8, (bytes, record) => bytes.u64(of(record)?.bytes ?? 0), enterprise),
    field(2, 8, (bytes, record) => bytes.u64(of(record)?.packets ?? 0), enterprise),
    field(6, 2, (bytes, record) => bytes.u16(of(record)?.tcpFlags ?? 0), enterprise),
  ];
}

/** `biflowDirection` (RFC 5103 §6.3): the source is the initiator. */
const initiatorFirst = field(239, 1, (bytes) => bytes.u8(1));

function translatedEnds(isIpv6: boolean): LayoutField[] {
  const source = (record: RecordContent): TranslatedEnd => record.translatedSource ?? record.source;
  const destination = (record: RecordContent): TranslatedEnd =>
    record.translatedDestination ?? record.destination;
  return [
    address(isIpv6 ? 281 : 225, isIpv6, (record) => source(record).address),
    address(isIpv6 ? 282 : 226, isIpv6, (record) => destination(record).address),
    field(227, 2, (bytes, record) => bytes.u16(source(record).port)),
    field(228, 2, (bytes, record) => bytes.u16(destination(record).port)),
  ];
}

const interfaceFields: readonly LayoutField[] = [
  field(10, 4, (bytes, { input }) => bytes.u32(input ?? 0)),
  field(14, 4, (bytes, { output }) => bytes.u32(output ?? 0)),
];

/** `vlanId`, which collectors know, for the outer one; `dot1qCustomerVlanId` for the inner one. */
const vlanFields: readonly LayoutField[] = [
  field(58, 2, (bytes, { vlans }) => bytes.u16(vlans[0] ?? 0)),
  field(245, 2, (bytes, { vlans }) => bytes.u16(vlans[1] ?? 0)),
];
