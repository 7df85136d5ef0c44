import type { DnsMessage } from '../../flow/dns-message.ts';
import type { FlowSourceCounters, SeenFlow } from '../flow-source.ts';

/** What packets are captured, and how. */
export interface CaptureOptions {
  /** Names of interfaces; all of the network namespace together when there are none. */
  readonly interfaces?: readonly string[];
  /** Take what is not meant for this machine either; needs names of interfaces. */
  readonly promiscuous?: boolean;
  /** Most bytes to take of a packet. Default 512: headers of a few tunnels, and what names are found in. */
  readonly snapLength?: number;
  /** Memory that the kernel keeps packets of an interface in, in bytes. Default 16 MiB. */
  readonly ringBytes?: number;
  /** Flows that are held at once. Default 131,072. */
  readonly maxFlows?: number;
  /** A part of a flow is told after so long, in ms; 0 for never. Default 60 s. */
  readonly activeMs?: number;
}

/** `acknowledge`: one batch has been taken. */
export type ToCapture = { readonly type: 'acknowledge' } | { readonly type: 'stop' };

export type FromCapture =
  | { readonly type: 'started' }
  | { readonly type: 'refused' | 'failed'; readonly message: string }
  | {
      readonly type: 'batch';
      readonly dns: readonly DnsMessage[];
      readonly flows: readonly SeenFlow[];
      readonly counters: FlowSourceCounters;
    };

/** What the worker is given. */
export interface CaptureSetup {
  readonly options: CaptureOptions;
  /** Comes before the number of each flow in its id. */
  readonly idPrefix: string;
  readonly hashSeed: number;
}
