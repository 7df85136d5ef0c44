import {
  type ElementUse,
  elements,
  firewallElements,
  Lanes,
  reverseElements,
  reverseEnterprise,
  Slot,
  scopeElements,
  slotCount,
} from './elements.ts';

/** One field of a template. */
export interface TemplateField {
  /** Number of the information element, without the enterprise bit. */
  readonly element: number;
  /** Private enterprise number; 0 for IANA's own. */
  readonly enterprise: number;
  /** Bytes; 65535 in IPFIX for a length that stands before each value. */
  readonly length: number;
}

/** What says how records of one set are laid out. */
export interface TemplateLayout {
  readonly id: number;
  /** How many of the fields, from the first, are the scope; 0 for templates of flows. */
  readonly scopeCount: number;
  /** Whether it is a template of options (RFC 7011 §3.4.2, RFC 3954 §6.1). */
  readonly isOptions: boolean;
  readonly fields: readonly TemplateField[];
}

/** Kinds of {@link Template.steps}; 1 to 8 are integers of so many bytes. */
export const Step = {
  Skip: 0,
  Ipv6: 9,
  Ntp: 10,
  Float4: 11,
  Float8: 12,
  /** Where the value begins; the next slot gets its length. */
  Position: 13,
  /** The number in the place of the offset itself. */
  Constant: 14,
  /** Of a length that stands before the value. */
  Integer: 15,
  Float: 16,
} as const;

const variable = 0xffff;

/** A template made ready: reading a record is a walk over `steps`, three numbers each. */
export class Template {
  readonly layout: TemplateLayout;
  /** The bytes that defined it, from the first field on. */
  readonly definition: Uint8Array;
  /** Whether all its records have the same length. */
  readonly isFixed: boolean;
  /** Bytes of a record; of the shortest record where they are not fixed. At least 1. */
  readonly recordLength: number;
  /**
   * Of a fixed template: kind, offset within the record, slot; only fields of use. Of others: kind, length (-1 where it stands
   * before the value), slot; all fields, with those that are of no use joined.
   */
  readonly steps: Int32Array;
  /** Bits of `Told` that every record has, but where its values say otherwise. */
  readonly told: number;
  /** By slot, whether a field fills it. */
  readonly fills: Uint8Array;
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
  readonly natIpv6: boolean;
  /** Milliseconds in a unit of the absolute times. */
  readonly startScale: number = 1;
  readonly endScale: number = 1;
  readonly observedScale: number = 1;
  readonly reverseEndScale: number = 1;
  /** Whether a record says itself how it was sampled. */
  readonly tellsRate: boolean;
  /** When it was last told, milliseconds since the epoch. */
  toldAt = 0;

  /** `isIpfix` says whose numbers the fields have, and whether lengths may vary. Returns undefined for one whose records are empty. */
  static of(layout: TemplateLayout, definition: Uint8Array, isIpfix: boolean): Template | undefined {
    let least = 0;
    for (const { length } of layout.fields) least += isIpfix && length === variable ? 1 : length;
    return least === 0 ? undefined : new Template(layout, definition, isIpfix, least);
  }

  private constructor(layout: TemplateLayout, definition: Uint8Array, isIpfix: boolean, least: number) {
    this.layout = layout;
    this.definition = definition;
    this.recordLength = least;
    this.isFixed = !isIpfix || layout.fields.every(({ length }) => length !== variable);
    const chosen = choose(layout, isIpfix);
    const steps: number[] = [];
    let offset = 0;
    for (let index = 0; index < layout.fields.length; index++) {
      const { length } = layout.fields[index]!;
      const use = chosen[index];
      const varies = isIpfix && length === variable;
      const kind = use === undefined ? Step.Skip : stepOf(use, varies ? -1 : length);
      if (this.isFixed) {
        if (kind !== Step.Skip) {
          steps.push(kind, offset, use!.slot);
          if (kind === Step.Position) steps.push(Step.Constant, length, use!.slot + 1);
        }
      } else addVarying(steps, kind, varies ? -1 : length, use?.slot ?? 0);
      offset += length;
    }
    this.steps = Int32Array.from(steps);
    this.fills = new Uint8Array(slotCount);
    let told = 0;
    let lanes = 0;
    for (const use of chosen) {
      if (use === undefined) continue;
      told |= use.told;
      if (use.type === 'ipv6') lanes |= 1 << use.slot;
      else {
        this.fills[use.slot] = 1;
        if (use.slot === Slot.Start) this.startScale = use.scale;
        else if (use.slot === Slot.End) this.endScale = use.scale;
        else if (use.slot === Slot.Observed) this.observedScale = use.scale;
        else if (use.slot === Slot.ReverseEnd) this.reverseEndScale = use.scale;
      }
    }
    this.told = told;
    this.hasIpv4 = this.fills[Slot.Source4] === 1 || this.fills[Slot.Destination4] === 1;
    this.hasIpv6 = (lanes & ((1 << Lanes.Source6) | (1 << Lanes.Destination6))) !== 0;
    this.natIpv6 = (lanes & ((1 << Lanes.NatSource6) | (1 << Lanes.NatDestination6))) !== 0;
    this.tellsRate = rateSlots.some((slot) => this.fills[slot] === 1);
  }
}

const rateSlots = [
  Slot.Interval,
  Slot.RandomInterval,
  Slot.PacketInterval,
  Slot.Population,
  Slot.Probability,
];

/** By slot, and after these by lane: the field that fills it, counted from 1. Used for one template at a time. */
const filling = new Uint16Array(slotCount + 16);

/** What is made of each field: where several would fill one slot, the best of them does, and of equals the first. */
function choose({ fields, scopeCount }: TemplateLayout, isIpfix: boolean): (ElementUse | undefined)[] {
  const chosen: (ElementUse | undefined)[] = [];
  filling.fill(0);
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const use = useOf(field, isIpfix, index < scopeCount);
    chosen.push(undefined);
    if (use === undefined || !fits(use, field.length, isIpfix)) continue;
    const place = use.type === 'ipv6' ? slotCount + use.slot : use.slot;
    const other = filling[place]! - 1;
    if (other >= 0) {
      if (chosen[other]!.rank <= use.rank) continue;
      chosen[other] = undefined;
    }
    chosen[index] = use;
    filling[place] = index + 1;
  }
  return chosen;
}

function useOf(
  { element, enterprise }: TemplateField,
  isIpfix: boolean,
  isScope: boolean,
): ElementUse | undefined {
  if (enterprise === reverseEnterprise) return reverseElements.get(element);
  if (enterprise !== 0) return undefined;
  if (isIpfix) return elements.get(element);
  return isScope ? scopeElements.get(element) : (elements.get(element) ?? firewallElements.get(element));
}

/** Whether a field of this length can be what the element is; others are passed over. */
function fits({ type, slot }: ElementUse, length: number, isIpfix: boolean): boolean {
  if (isIpfix && length === variable) return type !== 'ipv6' && type !== 'ntp';
  switch (type) {
    case 'ipv6':
      return length === 16;
    case 'ntp':
      return length === 8;
    case 'float':
      return length === 4 || length === 8;
    case 'position':
      return true;
    default:
      return isAddress(slot) ? length === 4 : length >= 1 && length <= 8;
  }
}

function isAddress(slot: number): boolean {
  return slot >= Slot.Source4 && slot <= Slot.NatDestination4;
}

/** Kind of the step that reads a value of this length; -1 for one that varies. */
function stepOf({ type }: ElementUse, length: number): number {
  switch (type) {
    case 'ipv6':
      return Step.Ipv6;
    case 'ntp':
      return Step.Ntp;
    case 'position':
      return Step.Position;
    case 'float':
      return length < 0 ? Step.Float : length === 4 ? Step.Float4 : Step.Float8;
    default:
      return length < 0 ? Step.Integer : length;
  }
}

/** Adds a step; fields of no use and of fixed length, one after the other, become one. */
function addVarying(steps: number[], kind: number, length: number, slot: number): void {
  const last = steps.length - 3;
  if (kind === Step.Skip && length >= 0 && last >= 0 && steps[last] === Step.Skip && steps[last + 1]! >= 0)
    steps[last + 1]! += length;
  else steps.push(kind, length, slot);
}
