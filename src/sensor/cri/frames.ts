const headerBytes = 5;

/** Messages of one call, cut out of what HTTP/2 carries (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export class Frames {
  /** Why nothing more can be read. */
  fault: string | undefined;
  readonly #mostBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Bytes without which nothing more can be read. */
  #wanted = headerBytes;

  /** `mostBytes`: of one message. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Returns the messages that are whole with these bytes. */
  push(bytes: Uint8Array): Uint8Array[] {
    if (this.fault !== undefined) return [];
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    return this.#size < this.#wanted ? [] : this.#cut();
  }

  /** Whether the bytes end within a message. */
  get isCut(): boolean {
    return this.#size > 0;
  }

  #cut(): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let rest = joined(this.#chunks, this.#size);
    this.#wanted = headerBytes;
    while (rest.length >= headerBytes) {
      const length = new DataView(rest.buffer, rest.byteOffset).getUint32(1);
      if (rest[0] !== 0) this.fault = 'a compressed message, though none was asked for';
      else if (length > this.#mostBytes) this.fault = `a message of ${length} bytes`;
      this.#wanted = headerBytes + length;
      if (this.fault !== undefined) rest = rest.subarray(rest.length);
      if (rest.length < this.#wanted) break;
      messages.push(rest.subarray(headerBytes, this.#wanted));
      rest = rest.subarray(this.#wanted);
      this.#wanted = headerBytes;
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return messages;
  }
}

/** Returns a message as a call carries it. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, headerBytes);
  return frame;
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
