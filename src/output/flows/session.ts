import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** A way to a receiver, as long as it lasts. */
export interface Session {
  readonly isOpen: boolean;
  /** Whether it takes more now; `ready` is called when it does again. */
  readonly hasRoom: boolean;
  /** Address of the receiver, once it is known. */
  readonly remote: string | undefined;
  /** Sends a message; tells once whether it went out. */
  send(message: Uint8Array, done: (isSent: boolean) => void): void;
  /** Ends it when all has gone out, or after so long. */
  end(ms: number): Promise<void>;
}

/** Whom a session tells what becomes of it. */
export interface SessionEvents {
  opened(): void;
  ready(): void;
  /** Something went wrong, and it goes on. */
  problem(text: string): void;
  /** It is over, once. */
  closed(text: string): void;
}

/** Datagrams that are with the kernel at once. */
const mostDatagrams = 64;

/** UDP: there is no connection; a receiver that is not there is told by ICMP, sometimes. */
export function openUdp(host: string, port: number, events: SessionEvents): Session {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  let isOpen = false;
  let isOver = false;
  let remote: string | undefined;
  let underWay = 0;
  let drained: (() => void) | undefined;
  const over = (text: string): void => {
    if (isOver) return;
    isOver = true;
    isOpen = false;
    socket.close();
    drained?.();
    events.closed(text);
  };
  socket.unref();
  socket.on('error', (error) => {
    // Nobody listens there now: later somebody may.
    if (isOpen) events.problem(error.message);
    else over(error.message);
  });
  // What Node's types leave out: the callback is told of names that are not found and of networks without a way.
  socket.connect(port, host, (error?: Error) => {
    if (isOver) return;
    if (error) return over(error.message);
    isOpen = true;
    remote = socket.remoteAddress().address;
    events.opened();
  });
  return {
    get isOpen() {
      return isOpen;
    },
    get remote() {
      return remote;
    },
    get hasRoom() {
      return underWay < mostDatagrams;
    },
    send(message, done) {
      if (!isOpen) return done(false);
      underWay++;
      socket.send(message, (error) => {
        underWay--;
        if (error) events.problem(error.message);
        done(error === null || error === undefined);
        if (underWay === 0) drained?.();
        if (!isOver && underWay === mostDatagrams - 1) events.ready();
      });
    },
    async end(ms) {
      if (underWay > 0 && !isOver) {
        const enough = setTimeout(() => drained?.(), ms);
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
        clearTimeout(enough);
      }
      over('ended');
    },
  };
}

/** TCP: messages one behind the other (RFC 7011 §10.4). */
export function openTcp(host: string, port: number, events: SessionEvents): Session {
  const socket = connect({ host, port, noDelay: true });
  let isOpen = false;
  let hasRoom = true;
  let isOver = false;
  let problem = 'the receiver closed the connection';
  let remote: string | undefined;
  socket.on('connect', () => {
    isOpen = true;
    remote = socket.remoteAddress;
    events.opened();
  });
  socket.on('drain', () => {
    hasRoom = true;
    events.ready();
  });
  socket.on('error', (error) => {
    problem = error.message;
  });
  // Receivers say nothing; what they say all the same must not wait for anybody.
  socket.resume();
  socket.on('close', () => {
    isOpen = false;
    if (isOver) return;
    isOver = true;
    events.closed(problem);
  });
  return {
    get isOpen() {
      return isOpen;
    },
    get remote() {
      return remote;
    },
    get hasRoom() {
      return hasRoom;
    },
    send(message, done) {
      if (!isOpen) return done(false);
      hasRoom = socket.write(message, (error) => done(error === null || error === undefined));
    },
    end(ms) {
      if (isOver) return Promise.resolve();
      return new Promise((resolve) => {
        const enough = setTimeout(() => socket.destroy(), ms);
        socket.once('close', () => {
          clearTimeout(enough);
          resolve();
        });
        socket.end();
      });
    },
  };
}
