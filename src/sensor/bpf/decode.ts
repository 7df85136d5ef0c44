import { eventTypeNumber, eventTypes, type Parameter, parametersOf } from '../../event/event-types.ts';
import type {
  DescriptorRecord,
  RawEvent,
  RawValue,
  SocketAddress,
  SocketEnd,
} from '../../event/raw-event.ts';
import { addressFromBytes, isUnspecified, unmapAddress } from '../../net/address.ts';
import { type Call, callOf, type Source } from './calls.ts';
import { created, eventNumber } from './kernel-numbers.ts';
import { descriptorRecord, execRecord, execSlot, forkRecord, record } from './record.ts';

const typeOf = (name: string) => eventTypeNumber(name) as number;
const types = { execve: typeOf('execve'), clone: typeOf('clone'), procexit: typeOf('procexit') };
const shapes: readonly (Call | undefined)[] = eventTypes.map(callOf);
/** Calls after which the tuple begins at the other end. */
const incoming: ReadonlySet<number> = new Set(['accept', 'accept4', 'recvfrom', 'recvmsg'].map(typeOf));
const outgoing: ReadonlySet<number> = new Set(['connect', 'sendto', 'sendmsg'].map(typeOf));
const [cloneFiles, cloneThread] = [1 << 0, 1 << 13];
const memoryMagic = 0x01021994n;
const listenState = 10;
const badDescriptor = -9;
const family = { unix: 1, ipv4: 2, ipv6: 10, netlink: 16 } as const;
const text = new TextDecoder();
/** Positions of the parameters of a start of a program and of a new thread. */
const execAt = positions('execve');
const cloneAt = positions('clone');

function positions(name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(parametersOf(typeOf(name)).map((parameter, index) => [parameter.name, index]));
}

/** Reads records of the ring buffer as events. */
export class RecordDecoder {
  /** Records that were too short for what they should hold. */
  undecodable = 0;
  /** Nanoseconds from the monotonic clock to the epoch. */
  epochOffset: bigint;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #starts = new Int32Array(record.slots + 1);

  constructor(bytes: Uint8Array, epochOffset: bigint) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.epochOffset = epochOffset;
  }

  /** Returns the event of a record; undefined when it is damaged, which is counted. Nothing of the buffer is kept. */
  decode(at: number, length: number): RawEvent | undefined {
    const view = this.#view;
    let next = at + record.data;
    for (let slot = 0; slot < record.slots; slot++) {
      this.#starts[slot] = next;
      next += view.getUint16(at + record.lengths + 2 * slot, true);
    }
    this.#starts[record.slots] = next;
    const type = view.getUint16(at + record.type, true);
    if (length < record.data || next > at + length || eventTypes[type] === undefined) {
      this.undecodable++;
      return undefined;
    }
    const head = {
      type,
      time: view.getBigUint64(at + record.time, true) + this.epochOffset,
      cpu: view.getUint16(at + record.cpu, true),
      tid: view.getUint32(at + record.tid, true),
    };
    if (type === types.clone) return { ...head, ...this.#started(at) };
    if (type === types.procexit)
      return { ...head, params: ended(view.getUint32(at + record.result, true)), observed: {} };
    const result = this.#integer(at + record.result);
    if (type === types.execve && result === 0) return { ...head, ...this.#executed(at) };
    return { ...head, ...this.#called(type, at, result) };
  }

  #called(type: number, at: number, result: number | bigint): Pick<RawEvent, 'params' | 'observed'> {
    const shape = shapes[type];
    if (shape === undefined) return { params: [result], observed: {} };
    const parameters = parametersOf(type);
    const address = this.#addressOf(shape);
    const descriptor =
      shape.descriptor === undefined ? undefined : this.#descriptor(shape.descriptor, type, address);
    const bases: (string | undefined)[] = [];
    const params = shape.sources.map((source, index): RawValue | undefined => {
      const { kind } = parameters[index] as Parameter;
      switch (source.kind) {
        case 'result':
          return result;
        case 'i':
          return this.#view.getInt32(at + record.arguments + 8 * source.argument, true);
        case 'u':
          return this.#view.getUint32(at + record.arguments + 8 * source.argument, true);
        case 'l':
          return this.#number(kind, at + record.arguments + 8 * source.argument, descriptor);
        case 'word': {
          const [start, end] = this.#slot(source.slot);
          return end - start < 24 ? undefined : this.#number(kind, start + 8 * source.index, descriptor);
        }
        case 'path': {
          const path = this.#text(source.slot);
          // Below the root no name is copied.
          if (path !== undefined && !path.startsWith('/') && result !== badDescriptor)
            bases[index] = pathText(this.#slotBytes(source.base));
          return path;
        }
        case 'text':
          return this.#text(source.slot);
        case 'data':
          return this.#copy(source.slot);
        case 'address':
          return address;
        default:
          return ofDescriptor(source, descriptor);
      }
    });
    return { params, observed: { ...(descriptor && { descriptor }), ...(bases.length > 0 && { bases }) } };
  }

  #number(
    kind: Parameter['kind'],
    at: number,
    descriptor: (DescriptorRecord & { readonly isCreated?: boolean }) | undefined,
  ): number | bigint {
    const value = this.#integer(at);
    if (typeof value === 'bigint') return value;
    const number = eventNumber(kind, value);
    return kind === 'open flags' && descriptor?.isCreated === true ? number | created.event : number;
  }

  #addressOf({ address }: Call): SocketAddress | undefined {
    if (address === undefined) return undefined;
    const [start, end] = this.#slot(address);
    if (end - start < 2) return undefined;
    switch (this.#view.getUint16(start, true)) {
      case family.ipv4:
        return end - start < 8
          ? undefined
          : {
              kind: 'inet',
              address: addressFromBytes(this.#bytes, start + 4, 4),
              port: this.#view.getUint16(start + 2),
            };
      case family.ipv6:
        return end - start < 24
          ? undefined
          : {
              kind: 'inet',
              address: addressFromBytes(this.#bytes, start + 8, 6),
              port: this.#view.getUint16(start + 2),
            };
      case family.unix:
        return { kind: 'unix', path: this.#name(start + 2, end) };
      default:
        return undefined;
    }
  }

  #descriptor(
    slot: number,
    type: number,
    address: SocketAddress | undefined,
  ): (DescriptorRecord & { readonly isCreated: boolean }) | undefined {
    const [start, end] = this.#slot(slot);
    const view = this.#view;
    if (end - start < descriptorRecord.size) return undefined;
    const mode = view.getUint16(start + descriptorRecord.mode, true);
    const file = {
      fd: -1,
      name: '',
      device: view.getUint32(start + descriptorRecord.device, true),
      inode: Number(view.getBigUint64(start + descriptorRecord.inode, true)),
      isCreated: (view.getUint32(start + descriptorRecord.fileMode, true) & created.kernel) !== 0,
    };
    const name = () => pathText(this.#bytes.subarray(start + descriptorRecord.size, end));
    switch (mode & 0xf000) {
      case 0x4000:
        return { ...file, type: 'directory', name: name() };
      case 0x8000:
      case 0x2000:
      case 0x6000:
        return { ...file, type: 'file', name: name() };
      case 0x1000:
        return { ...file, type: 'fifo' };
      case 0xc000:
        return { ...file, ...this.#socket(start, end, type, address) };
      default:
        return { ...file, type: 'unsupported' };
    }
  }

  #socket(
    start: number,
    end: number,
    type: number,
    address: SocketAddress | undefined,
  ): Pick<DescriptorRecord, 'type' | 'tuple' | 'listening' | 'protocol' | 'domain' | 'role'> {
    const view = this.#view;
    const domain = view.getUint16(start + descriptorRecord.family, true);
    if (domain === family.unix) {
      const own = view.getBigUint64(start + descriptorRecord.own, true);
      const peer = view.getBigUint64(start + descriptorRecord.peer, true);
      const bound = this.#name(start + descriptorRecord.size, end);
      // Nothing was bound where the call failed.
      const path = bound === '' && address?.kind === 'unix' ? address.path : bound;
      return { type: 'unix', domain, tuple: { kind: 'unix', source: own, destination: peer, path } };
    }
    if (domain !== family.ipv4 && domain !== family.ipv6)
      return { type: domain === family.netlink ? 'netlink' : 'unknown', domain };
    const ip = domain === family.ipv4 ? 4 : 6;
    const { local4, local6, remote4, remote6 } = descriptorRecord;
    const end4 = (at4: number, at6: number) =>
      unmapAddress(addressFromBytes(this.#bytes, start + (ip === 4 ? at4 : at6), ip));
    const local: SocketEnd = {
      address: end4(local4, local6),
      port: view.getUint16(start + descriptorRecord.localPort, true),
    };
    const told: SocketEnd = {
      address: end4(remote4, remote6),
      port: view.getUint16(start + descriptorRecord.remotePort),
    };
    // A failed connection and a datagram have no other port but the one that the call named.
    const remote =
      told.port === 0 && outgoing.has(type) && address?.kind === 'inet'
        ? { address: unmapAddress(address.address), port: address.port }
        : told;
    const kind = remote.address.family === 6 || local.address.family === 6 ? 'ipv6' : 'ipv4';
    const common = {
      type: kind,
      domain,
      protocol: view.getUint16(start + descriptorRecord.protocol, true),
    } as const;
    if (remote.port === 0 && isUnspecified(remote.address)) {
      const isListening = this.#bytes[start + descriptorRecord.state] === listenState;
      return isListening || local.port !== 0 ? { ...common, listening: local } : common;
    }
    const [source, destination] = incoming.has(type) ? [remote, local] : [local, remote];
    const role = type === typeOf('connect') ? 'client' : incoming.has(type) ? 'server' : undefined;
    return { ...common, tuple: { kind: 'inet', source, destination }, ...(role && { role }) };
  }

  #executed(at: number): Pick<RawEvent, 'params' | 'observed'> {
    const [start, end] = this.#slot(execSlot.process);
    const params: (RawValue | undefined)[] = new Array(parametersOf(types.execve).length).fill(undefined);
    if (end - start < execRecord.size) return { params: [0], observed: {} };
    const view = this.#view;
    const u32 = (offset: number) => view.getUint32(start + offset, true);
    const u64 = (offset: number) => view.getBigUint64(start + offset, true);
    const set = (name: string, value: RawValue | undefined) => {
      params[execAt[name] as number] = value;
    };
    const words = this.#copy(execSlot.arguments) ?? new Uint8Array();
    const first = words.indexOf(0);
    const program = pathText(this.#slotBytes(execSlot.program));
    const comm = this.#name(start + execRecord.comm, start + execRecord.ownerGroup);
    set('res', 0);
    set('exe', text.decode(first < 0 ? words : words.subarray(0, first)));
    set('args', first < 0 ? new Uint8Array() : words.subarray(first + 1));
    set('tid', view.getUint32(at + record.tid, true));
    set('pid', view.getUint32(at + record.pid, true));
    set('ptid', u32(execRecord.parent));
    set('cwd', pathText(this.#slotBytes(execSlot.directory)));
    set('comm', comm);
    set('cgroups', new TextEncoder().encode(`cgroup=${this.#path(execSlot.cgroup) ?? '/'}\0`));
    set('env', this.#copy(execSlot.environment));
    set('tty', u32(execRecord.tty));
    set('vpgid', u32(execRecord.namespaceGroup));
    set('loginuid', u32(execRecord.loginUid));
    set('flags', this.#exeFlags(start));
    set('cap_inheritable', Number(u64(execRecord.inheritable)));
    set('cap_permitted', Number(u64(execRecord.permitted)));
    set('cap_effective', Number(u64(execRecord.effective)));
    set('exe_ino', Number(u64(execRecord.inode)));
    set(
      'exe_ino_ctime',
      u64(execRecord.changedSeconds) * 1_000_000_000n + BigInt(u32(execRecord.changedNanoseconds)),
    );
    set(
      'exe_ino_mtime',
      u64(execRecord.modifiedSeconds) * 1_000_000_000n + BigInt(u32(execRecord.modifiedNanoseconds)),
    );
    set('uid', u32(execRecord.uid));
    set('gid', u32(execRecord.gid));
    set('pgid', u32(execRecord.group));
    const isMemory = this.#isMemory(start);
    set(
      'trusted_exepath',
      isMemory ? this.#name(start + execRecord.fileName, start + execRecord.fileNameEnd) : program,
    );
    set('filename', this.#text(execSlot.fileName));
    return {
      params,
      observed: {
        session: u32(execRecord.session),
        group: u32(execRecord.group),
        namespacePid: u32(execRecord.namespacePid),
        namespaceTid: u32(execRecord.namespaceTid),
      },
    };
  }

  #isMemory(start: number): boolean {
    const name = this.#name(start + execRecord.fileName, start + execRecord.fileNameEnd);
    return (
      this.#view.getBigUint64(start + execRecord.magic, true) === memoryMagic && name.startsWith('memfd:')
    );
  }

  /** Bits of `proc.is_exe_…`: writable by its user, in an upper layer, in memory alone, in a lower layer. */
  #exeFlags(start: number): number {
    const u32 = (offset: number) => this.#view.getUint32(start + offset, true);
    const mode = this.#view.getUint16(start + execRecord.mode, true);
    const [uid, gid] = [u32(execRecord.uid), u32(execRecord.gid)];
    const writable =
      uid === 0 ||
      uid === u32(execRecord.owner) ||
      (gid === u32(execRecord.ownerGroup) && (mode & 0o020) !== 0) ||
      (mode & 0o002) !== 0;
    const isOverlay = this.#view.getBigUint64(start + execRecord.magic, true) === 0x794c7630n;
    const isUpper = isOverlay && this.#view.getBigUint64(start + execRecord.upper, true) !== 0n;
    return (
      (writable ? 1 : 0) |
      (isUpper ? 2 : 0) |
      (this.#isMemory(start) ? 4 : 0) |
      (isOverlay && !isUpper ? 8 : 0)
    );
  }

  #started(at: number): Pick<RawEvent, 'params' | 'observed'> {
    const [start] = this.#slot(0);
    const view = this.#view;
    const params: (RawValue | undefined)[] = new Array(parametersOf(types.clone).length).fill(undefined);
    const [tid, pid] = [view.getUint32(at + record.tid, true), view.getUint32(at + record.pid, true)];
    const sharesFiles =
      view.getBigUint64(start + forkRecord.files, true) ===
      view.getBigUint64(start + forkRecord.parentFiles, true);
    const values: Readonly<Record<string, RawValue>> = {
      res: 0,
      tid,
      pid,
      ptid: view.getUint32(start + forkRecord.parent, true),
      comm: this.#name(start + forkRecord.comm, start + forkRecord.size),
      flags: (tid === pid ? 0 : cloneThread) | (sharesFiles ? cloneFiles : 0),
      vtid: view.getUint32(start + forkRecord.namespaceTid, true),
      vpid: view.getUint32(start + forkRecord.namespacePid, true),
    };
    for (const [name, value] of Object.entries(values)) params[cloneAt[name] as number] = value;
    return { params, observed: {} };
  }

  #slot(slot: number): readonly [start: number, end: number] {
    return [this.#starts[slot] as number, this.#starts[slot + 1] as number];
  }

  #slotBytes(slot: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[slot] as number, this.#starts[slot + 1] as number);
  }

  #copy(slot: number): Uint8Array | undefined {
    const bytes = this.#slotBytes(slot);
    return bytes.length === 0 ? undefined : bytes.slice();
  }

  /** A text that ends with NUL. */
  #text(slot: number): string | undefined {
    const [start, end] = this.#slot(slot);
    return end === start ? undefined : decoded(this.#bytes, start, end - 1);
  }

  #path(slot: number): string | undefined {
    const bytes = this.#slotBytes(slot);
    return bytes.length === 0 ? undefined : pathText(bytes);
  }

  /** Text up to the first NUL, of at most the bytes given. */
  #name(start: number, end: number): string {
    const nul = this.#bytes.indexOf(0, start);
    return decoded(this.#bytes, start, nul < 0 || nul > end ? end : nul);
  }

  #integer(at: number): number | bigint {
    const high = this.#view.getInt32(at + 4, true);
    const low = this.#view.getUint32(at, true);
    if (high === 0) return low;
    if (high === -1 && low >= 0x80000000) return low | 0;
    const value = this.#view.getBigInt64(at, true);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

/** Short texts of ASCII are put together here: a decoder costs more to call than they are long. */
function decoded(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return text.decode(bytes.subarray(start, end));
  let result = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return text.decode(bytes.subarray(start, end));
    result += String.fromCharCode(byte);
  }
  return result;
}

/** Names from the leaf to the root, each ended with NUL, as a path. */
function pathText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '/';
  const names = text.decode(bytes.subarray(0, -1)).split('\0');
  return `/${names.reverse().join('/')}`;
}

function ofDescriptor({ kind }: Source, descriptor: DescriptorRecord | undefined): RawValue | undefined {
  if (kind === 'tuple') return descriptor?.tuple;
  if (kind === 'dev') return descriptor?.device;
  return kind === 'ino' ? descriptor?.inode : undefined;
}

/** Parameters of the end of a thread: its status as wait(2) tells it. */
function ended(status: number): readonly RawValue[] {
  return [status, (status >>> 8) & 0xff, status & 0x7f, (status >>> 7) & 1];
}
