import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';

/** Of flock(2): exclusive, without waiting; the same numbers on every machine. */
const [lockExclusive, lockNonBlocking] = [2, 4];
/** EWOULDBLOCK. */
const heldElsewhere = 11;

type Flock = (descriptor: number, operation: number) => number;
let loaded: Flock | undefined;

/**
 * The right to a folder of spools, which one process at a time may have. It is a lock of the kernel on the file `lock`
 * (flock(2)), not the file itself: it goes with the process whatever it dies of, so that there is nothing stale to clear
 * away, and pids that come again mislead nobody. Children do not inherit it.
 */
export class FolderLock {
  #descriptor: number | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Takes the lock, and makes the folder when it is not there. Throws an Error with the other's pid when another process has
   * it. Undefined where the disk or its file system does not let it: spools tell of such a disk themselves.
   */
  static take(folder: string): FolderLock | undefined {
    let descriptor: number;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      descriptor = openSync(`${folder}/lock`, 'a+', 0o600);
    } catch {
      return undefined;
    }
    loaded ??= koffi.load(null).func('int flock(int descriptor, int operation)') as Flock;
    if (loaded(descriptor, lockExclusive | lockNonBlocking) !== 0) {
      const isHeld = koffi.errno() === heldElsewhere;
      const other = isHeld ? ownerOf(descriptor) : '';
      closeSync(descriptor);
      if (isHeld) throw new Error(`the alerts in ${folder} belong to another picket that runs${other}`);
      return undefined;
    }
    try {
      ftruncateSync(descriptor);
      writeSync(descriptor, `${process.pid}\n`);
    } catch {
      // A full disk: the lock holds all the same, and does not say whose it is.
    }
    return new FolderLock(descriptor);
  }

  /** Idempotent. The file stays: another process may have it open already. */
  release(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

function ownerOf(descriptor: number): string {
  const bytes = Buffer.alloc(16);
  const pid = /^\d+(?=\n)/.exec(bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0)));
  return pid === null ? '' : `, pid ${pid[0]}`;
}
