import type { Frame } from '../capture/frame.ts';
import type { TunnelKind } from '../flow.ts';
import { clearConversation, copyAddress } from './conversation.ts';
import { DropReason } from './drop-reason.ts';
import type { FragmentTable } from './fragment-table.ts';
import { Packet } from './packet.ts';
import type { Step } from './step.ts';

/** Tunnels, one in another, that are opened. */
export const maxTunnels = 8;
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
  /** Whether the frame is read a second time: what is to be remembered of it has been. */
  isAgain = false;
  /** Conversations that were gone into from outside. */
  opened = 0;
  #maxOpened = 0;
  #tunnels = 0;
  #tags = 0;

  constructor(fragments: FragmentTable) {
    this.fragments = fragments;
  }

  /** Begins with a frame; of tunnels with a conversation of their own so many are opened, one in another. */
  begin({ bytes, start, end, wireLength }: Frame, packet: Packet, maxOpened: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.wireEnd = Math.max(end, start + wireLength);
    this.packet = packet;
    this.opened = 0;
    this.#maxOpened = maxOpened;
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
   * it ends when the tunnel stays closed: with the outer conversation where there is one.
   */
  enter(kind: TunnelKind, id: number, next: Step): Step {
    const { packet } = this;
    const isConversation = packet.family !== 0;
    if (isConversation && this.opened === this.#maxOpened) return DropReason.Decoded;
    if (++this.#tunnels > maxTunnels) return isConversation ? DropReason.Decoded : DropReason.Nesting;
    if (isConversation) {
      this.opened++;
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
}
