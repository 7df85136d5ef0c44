import { Frame, type FrameSink } from '../../flow/capture/frame.ts';
import { addressOf } from '../native/library.ts';
import { mapMemory, unmapMemory } from '../native/memory.ts';
import { Linux, socketCalls } from '../native/sockets.ts';
import { LinkType, linkTypeOf, loopbackHardware } from './link-layer.ts';

/** ETH_P_ALL as it goes over the wire (packet(7), linux/if_packet.h, linux/filter.h). */
const allProtocols = 0x0300;
const packetOption = {
  addMembership: 1,
  ring: 5,
  statistics: 6,
  version: 10,
  reserve: 12,
} as const;
const version3 = 2;
const promiscuousMembership = 1;
const returnConstant = 6;
const outgoing = 4;

/** Places within `struct tpacket_block_desc` and `struct tpacket3_hdr`, in 32-bit words. */
const blockStatus = 2;
const blockPackets = 3;
const blockFirst = 4;
const packet = {
  next: 0,
  seconds: 1,
  nanoseconds: 2,
  captured: 3,
  length: 4,
  status: 5,
  places: 6,
  vlan: 8,
  vlanType: 9,
} as const;
/** `struct sockaddr_ll` stands behind the header. */
const address = { protocol: 12, index: 13, hardware: 14 } as const;
const ofUser = 1;
const hasVlan = 0x10;
const hasVlanType = 0x40;

const vlanType = 0x8100;
const vlanBytes = 4;
const macBytes = 12;
const blockBytes = 262_144;
const frameBytes = 2048;
/** After so long a block is handed over even if it is not full. */
const retireMs = 20;
const defaultRingBytes = 8 * 1024 * 1024;
const wholePacket = 262_144;
const maxNames = 4096;

/** Ethertypes in the order of bytes in memory. */
const ip4 = 0x0008;
const ip6 = 0xdd86;

export interface PacketRingOptions {
  /** Name of an interface; all of the network namespace when absent. */
  readonly interface?: string;
  /** Take what is not meant for this machine either; only with an interface. Ends with the ring. */
  readonly promiscuous?: boolean;
  /** Most bytes to take of a packet; all when absent. */
  readonly snapLength?: number;
  /** Memory that the kernel keeps packets in, in bytes; rounded up to 256 KiB. */
  readonly ringBytes?: number;
}

/** What a ring has seen since it began. `received` = frames handed out + `duplicates` + `unknownLink` + what still waits. */
export interface PacketRingCounters {
  /** Packets that the kernel put into the ring. */
  readonly received: number;
  /** Packets that there was no room for, exactly as the kernel counts them. */
  readonly lost: number;
  readonly frames: number;
  /** What the loopback interface sends it also receives: only the latter counts. */
  readonly duplicates: number;
  /** Packets with an unknown link layer that are not IP. */
  readonly unknownLink: number;
}

const errors: Readonly<Record<number, string>> = {
  1: 'capturing needs the capability CAP_NET_RAW: run as root, or give it (systemd: AmbientCapabilities=CAP_NET_RAW; file: setcap cap_net_raw+ep)',
  12: 'the kernel has no memory for a ring of that size',
  13: 'capturing needs the capability CAP_NET_RAW',
  19: 'there is no such interface',
  22: 'the kernel does not know this kind of ring (TPACKET_V3, since Linux 3.2)',
  97: 'the kernel has no packet sockets (CONFIG_PACKET)',
  100: 'the interface is down',
};

function checked(result: number): number {
  if (result < 0) throw new Error(errors[-result] ?? `a packet socket was refused (error ${-result})`);
  return result;
}

/**
 * Packets of an interface, or of all, both ways, from memory that the kernel shares (TPACKET_V3, Documentation/networking/packet_mmap.rst).
 * It reads when it is asked to; the ring is the only queue, and what it has no room for the kernel counts. VLAN tags, which the kernel
 * takes out, are put back. For a thread of its own: {@link wait} stands still.
 */
export class PacketRing {
  readonly #sink: FrameSink;
  readonly #frame = new Frame();
  readonly #fd: number;
  readonly #polled = new Int32Array(2);
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #memory: ArrayBuffer;
  readonly #blocks: number;
  readonly #names = new Map<number, string>();
  readonly #index: number;
  #block = 0;
  #isClosed = false;
  #received = 0;
  #lost = 0;
  #frames = 0;
  #duplicates = 0;
  #unknownLink = 0;

  /** Frames go to `sink`; `Frame.interface` is the index that the kernel has for the interface. Throws an Error with a message for the user. */
  constructor(
    sink: FrameSink,
    {
      interface: name,
      promiscuous = false,
      snapLength = wholePacket,
      ringBytes = defaultRingBytes,
    }: PacketRingOptions = {},
  ) {
    const calls = socketCalls();
    this.#sink = sink;
    this.#index = name === undefined ? 0 : calls.interfaceIndex(name);
    if (name !== undefined && this.#index === 0) throw new Error(`there is no interface ${name}`);
    if (promiscuous && name === undefined)
      throw new Error('promiscuous capture needs the name of an interface');
    this.#blocks = Math.max(2, Math.ceil(ringBytes / blockBytes));
    // Without a protocol nothing comes before all is set up.
    this.#fd = checked(calls.socket(Linux.AF_PACKET, Linux.SOCK_RAW | Linux.SOCK_CLOEXEC, 0));
    this.#polled[0] = this.#fd;
    let memory: ArrayBuffer | undefined;
    try {
      const set = (option: number, ...words: number[]) =>
        checked(calls.setOption(this.#fd, Linux.SOL_PACKET, option, bytesOf(words)));
      set(packetOption.version, version3);
      set(packetOption.reserve, vlanBytes);
      const frames = (this.#blocks * blockBytes) / frameBytes;
      set(packetOption.ring, blockBytes, this.#blocks, frameBytes, frames, retireMs, 0, 0);
      this.#limit(snapLength);
      memory = mapMemory('the ring of packets', this.#fd, this.#blocks * blockBytes);
      const to = new Uint8Array(new ArrayBuffer(20));
      const view = new DataView(to.buffer);
      view.setUint16(0, Linux.AF_PACKET, true);
      view.setUint16(2, allProtocols, true);
      view.setInt32(4, this.#index, true);
      checked(calls.bind(this.#fd, to));
      if (promiscuous) set(packetOption.addMembership, this.#index, promiscuousMembership, 0, 0);
    } catch (error) {
      if (memory !== undefined) unmapMemory(memory);
      calls.close(this.#fd);
      throw error;
    }
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#frame.bytes = this.#bytes;
  }

  /** A filter of one instruction, which takes everything, so far. */
  #limit(snapLength: number): void {
    const calls = socketCalls();
    const program = new Uint8Array(new ArrayBuffer(8));
    const filter = new Uint8Array(new ArrayBuffer(16));
    new DataView(program.buffer).setUint16(0, returnConstant, true);
    new DataView(program.buffer).setUint32(4, snapLength, true);
    new DataView(filter.buffer).setUint16(0, 1, true);
    new DataView(filter.buffer).setBigUint64(8, addressOf(program), true);
    checked(calls.setOption(this.#fd, Linux.SOL_SOCKET, Linux.SO_ATTACH_FILTER, filter));
  }

  /**
   * Hands out the packets that wait, a block of memory at a time, until there are no more or at least `most` were. Returns how many packets
   * it took; frames are valid within the call of the sink.
   */
  read(most: number): number {
    let count = 0;
    while (count < most && !this.#isClosed) {
      const start = (this.#block * blockBytes) >>> 2;
      if ((Atomics.load(this.#words, start + blockStatus) & ofUser) === 0) break;
      const packets = this.#words[start + blockPackets]!;
      let at = start + (this.#words[start + blockFirst]! >>> 2);
      for (let left = packets; left > 0; left--) {
        this.#take(at);
        at += this.#words[at + packet.next]! >>> 2;
      }
      count += packets;
      Atomics.store(this.#words, start + blockStatus, 0);
      this.#block = (this.#block + 1) % this.#blocks;
    }
    return count;
  }

  #take(at: number): void {
    const words = this.#words;
    const frame = this.#frame;
    const hardware = words[at + address.hardware]! & 0xffff;
    const direction = (words[at + address.hardware]! >>> 16) & 0xff;
    if (hardware === loopbackHardware && direction === outgoing) {
      this.#duplicates++;
      return;
    }
    const places = words[at + packet.places]!;
    const [mac, net] = [places & 0xffff, places >>> 16];
    const captured = words[at + packet.captured]!;
    let start = at * 4 + mac;
    let end = start + captured;
    let length = words[at + packet.length]!;
    const linkType = linkTypeOf(hardware);
    if (linkType === undefined) {
      const protocol = words[at + address.protocol]! >>> 16;
      if (protocol !== ip4 && protocol !== ip6) {
        this.#unknownLink++;
        return;
      }
      // As far as there is a header before the network's.
      const head = Math.min(Math.max(net - mac, 0), captured);
      start += head;
      length -= head;
    } else if (
      linkType === LinkType.ethernet &&
      (words[at + packet.status]! & hasVlan) !== 0 &&
      captured >= macBytes
    ) {
      start = this.#putVlanBack(at, start);
      length += vlanBytes;
    }
    if (end < start) end = start;
    frame.start = start;
    frame.end = end;
    frame.seconds = words[at + packet.seconds]! >>> 0;
    frame.nanoseconds = words[at + packet.nanoseconds]!;
    frame.wireLength = length;
    frame.linkType = linkType ?? LinkType.raw;
    frame.interface = words[at + address.index]!;
    this.#frames++;
    this.#sink(frame);
  }

  /** Before the frame there is room for it, by PACKET_RESERVE. */
  #putVlanBack(at: number, start: number): number {
    const bytes = this.#bytes;
    const tag = this.#words[at + packet.vlan]!;
    const type =
      (this.#words[at + packet.status]! & hasVlanType) !== 0
        ? this.#words[at + packet.vlanType]! & 0xffff
        : vlanType;
    bytes.copyWithin(start - vlanBytes, start, start + macBytes);
    const to = start - vlanBytes + macBytes;
    bytes[to] = type >>> 8;
    bytes[to + 1] = type;
    bytes[to + 2] = tag >>> 8;
    bytes[to + 3] = tag;
    return start - vlanBytes;
  }

  /**
   * Waits until packets are there or the time is over; the thread stands still meanwhile. Throws an Error when the interface has gone.
   * A block is handed over when it is full, or 20 ms after its first packet.
   */
  wait(milliseconds: number): void {
    if (this.#isClosed) return;
    const calls = socketCalls();
    // struct pollfd: the descriptor, the events that are wanted, and above them those that came.
    this.#polled[1] = Linux.POLLIN | Linux.POLLERR;
    if (calls.poll(this.#polled, milliseconds) <= 0) return;
    if (((this.#polled[1]! >>> 16) & Linux.POLLERR) === 0) return;
    // Asking takes the error away. An interface that is only down may come back.
    calls.getOption(this.#fd, Linux.SOL_SOCKET, Linux.SO_ERROR, new Uint8Array(4));
    if (this.#index !== 0 && calls.interfaceName(this.#index) === undefined)
      throw new Error('the interface that was captured is gone');
  }

  /** Counters as of now, read from the kernel afresh. */
  counters(): PacketRingCounters {
    const statistics = new Uint8Array(12);
    if (
      !this.#isClosed &&
      socketCalls().getOption(this.#fd, Linux.SOL_PACKET, packetOption.statistics, statistics) >= 8
    ) {
      // They begin at 0 again whenever they were read, and what was lost is among the packets.
      const view = new DataView(statistics.buffer);
      const lost = view.getUint32(4, true);
      this.#received += view.getUint32(0, true) - lost;
      this.#lost += lost;
    }
    return {
      received: this.#received,
      lost: this.#lost,
      frames: this.#frames,
      duplicates: this.#duplicates,
      unknownLink: this.#unknownLink,
    };
  }

  /** Returns the name of an interface by the number that frames have; the number itself where it has gone. */
  interfaceName(index: number): string {
    const known = this.#names.get(index);
    if (known !== undefined) return known;
    const name = socketCalls().interfaceName(index);
    if (name === undefined) return String(index);
    if (this.#names.size >= maxNames) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(index, name);
    return name;
  }

  /** Ends the capture. Idempotent. It ends with the process in any case. */
  close(): void {
    if (this.#isClosed) return;
    this.counters();
    this.#isClosed = true;
    unmapMemory(this.#memory);
    socketCalls().close(this.#fd);
  }
}

function bytesOf(words: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(words).buffer);
}
