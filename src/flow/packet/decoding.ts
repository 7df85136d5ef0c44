import type { TunnelKind } from '../flow.ts';
import { clearConversation, copyAddress, copyConversation } from './conversation.ts';
import { DropReason } from './drop-reason.ts';
import type { FragmentTable } from './fragment-table.ts';
import { Packet } from './packet.ts';
import type { Step } from './step.ts';

/** Tunnels, one in another, that are opened. */
const maxTunnels = 8;
/** Tags and other headers below IP that are passed between two conversations. */
const maxTags = 16;

/** Where the decoding of one frame has come to. Layers move {@link at} over their header and say who reads on. */
export class Decoding {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next header begins. */
  at = 0;
  /** Where the layer's captured bytes end. */
  end = 0;
  /** Where its bytes end on the wire; never before {@link end}. */
  wireEnd = 0;
  packet: Packet = new Packet();
  /** Of a first fragment: the protocol that all its fragments say, and where what was cut into them begins. */
  fragmentProtocol = 0;
  fragmentStart = 0;
  readonly fragments: FragmentTable;
  /** Whether tunnels that have a conversation of their own are opened. */
  readonly #opensTunnels: boolean;
  /** The conversation next outside, to come back to where the tunnel turns out to be none. */
  readonly #outer = new Packet();
  #hasOuter = false;
  #tunnels = 0;
  #tags = 0;

  constructor(opensTunnels: boolean, fragments: FragmentTable) {
    this.#opensTunnels = opensTunnels;
    this.fragments = fragments;
  }

  /** Begins with another frame. */
  begin(bytes: Uint8Array, start: number, end: number, wireLength: number, packet: Packet): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.wireEnd = Math.max(end, start + wireLength);
    this.packet = packet;
    this.#hasOuter = false;
    this.#tunnels = 0;
    this.#tags = 0;
    clearConversation(packet);
    packet.vlanCount = 0;
    packet.tunnel = undefined;
    packet.tunnelId = -1;
    packet.outerFamily = 0;
  }

  /** Ends the layer `length` bytes from here at the latest, as one of its headers says. */
  limit(length: number): void {
    const end = this.at + length;
    if (end < this.wireEnd) this.wireEnd = end;
    if (end < this.end) this.end = end;
  }

  /** Takes `length` bytes off the end on the wire: checksums of frames. */
  trim(length: number): void {
    this.wireEnd = Math.max(this.at, this.wireEnd - length);
    if (this.end > this.wireEnd) this.end = this.wireEnd;
  }

  /** Counts a tag below IP: returns `next`, or why not. */
  tag(next: Step): Step {
    return ++this.#tags > maxTags ? DropReason.Nesting : next;
  }

  /**
   * Goes into a tunnel whose headers have been read: what is known so far is the outer conversation from now on. Returns `next`, or how
   * it ends when tunnels stay closed: with the outer conversation where there is one.
   */
  enter(kind: TunnelKind, id: number, next: Step): Step {
    const { packet } = this;
    const isConversation = packet.family !== 0;
    if (isConversation && !this.#opensTunnels) return DropReason.Decoded;
    if (++this.#tunnels > maxTunnels) return isConversation ? DropReason.Decoded : DropReason.Nesting;
    if (isConversation) {
      copyConversation(packet, this.#outer);
      this.#hasOuter = true;
      this.#tags = 0;
      packet.outerFamily = packet.family;
      copyAddress(packet.source, packet.outerSource);
      copyAddress(packet.destination, packet.outerDestination);
      clearConversation(packet);
    }
    packet.tunnel = kind;
    packet.tunnelId = id;
    return next;
  }

  /** Makes the packet the conversation next outside, where there is one, and tells whether. */
  leave(): boolean {
    if (this.#hasOuter) copyConversation(this.#outer, this.packet);
    return this.#hasOuter;
  }
}
