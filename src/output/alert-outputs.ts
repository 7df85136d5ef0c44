import type { AlertOptions, RuleAlert } from '../rules/format/alert.ts';
import type { OutputSettings } from '../rules/settings/settings.ts';
import { type AlertRecord, alertRecord, RecordIds } from './alert-record.ts';
import { FolderLock } from './disk/folder-lock.ts';
import { type OpenOptions, openOutputs } from './open-outputs.ts';
import type { Output, OutputState } from './output.ts';
import { Throttle } from './throttle.ts';

/** What a configuration says of alerts and where they go; {@link FalcoSettings} has it. */
export interface AlertSettings {
  readonly alerts: AlertOptions;
  readonly outputs: OutputSettings;
}

export type AlertOutputsOptions = Omit<OpenOptions, 'alerts'>;

/**
 * All outputs of a configuration: what alerts go through on their way out. Each alert becomes one record, with one id for all
 * outputs and attempts; the throttle comes before them, and one output that is down holds up no other. The least priority is
 * a matter of loading rules and not asked here. After its making it never throws.
 */
export class AlertOutputs {
  readonly #alerts: AlertOptions;
  readonly #options: AlertOutputsOptions;
  readonly #lock: FolderLock | undefined;
  readonly #outputs: readonly Output[];
  readonly #ids: RecordIds;
  readonly #throttle: Throttle | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  /**
   * Begins at once with what waits in the spools of an earlier process. Throws an Error when another process has the folder,
   * or when a certificate or key cannot be read.
   */
  constructor({ alerts, outputs }: AlertSettings, options: AlertOutputsOptions) {
    const { folder, hostname, randomId } = options;
    this.#alerts = alerts;
    this.#options = options;
    this.#ids = new RecordIds(randomId());
    this.#lock = folder === undefined ? undefined : FolderLock.take(folder);
    try {
      this.#outputs = openOutputs(outputs, { ...options, alerts });
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
    this.#throttle =
      outputs.throttle &&
      new Throttle({ ...outputs.throttle, hostname, alerts, nextId: () => this.#ids.next() });
  }

  /** Takes an alert. When this returns it is in the spool of every output; after {@link close} it goes nowhere. */
  offer(alert: RuleAlert): void {
    if (this.#outputs.length === 0) return;
    const record = alertRecord(alert, this.#alerts, this.#ids.next());
    const { timers } = this.#options;
    this.#send(this.#throttle === undefined ? [record] : this.#throttle.pass(record, timers.now()));
  }

  /** Announces what the throttle held back, once its bucket has a token again: to be called each second or so. */
  tick(): void {
    if (this.#throttle !== undefined) this.#send(this.#throttle.tick(this.#options.timers.now()));
  }

  /** Opens files and connections anew, and tries at once what waits for its next attempt: for SIGUSR1. */
  reopen(): void {
    for (const output of this.#outputs) output.reopen();
  }

  /** How each output is, in a fixed order; at most one of a kind. */
  state(): OutputState[] {
    return this.#outputs.map((output) => output.state());
  }

  /** Alerts that `outputs.rate` held back since start. */
  get heldBack(): number {
    return this.#throttle?.heldBack ?? 0;
  }

  /**
   * Announces what is held back, gives the outputs `drainMs` to send what waits, and lets go of everything. What still waits
   * stays in spools on disk for the next process; what stays in memory is lost. Idempotent.
   */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    if (this.#throttle !== undefined) this.#send(this.#throttle.flush(this.#options.timers.now()));
    await Promise.all(this.#outputs.map((output) => output.drain(drainMs)));
    this.#isClosed = true;
    await Promise.all(this.#outputs.map((output) => output.close()));
    this.#lock?.release();
  }

  #send(records: readonly AlertRecord[]): void {
    if (this.#isClosed) return;
    for (const record of records) for (const output of this.#outputs) output.offer(record);
  }
}
