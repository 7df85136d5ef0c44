import type { Capabilities } from '../../event/capabilities.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { capabilitiesOf, recordingCapabilities } from '../../sensor/capabilities.ts';

const engine = { containers: true };

/** What can give the events of a source; `+containers`: with the engine of the containers beside it. */
export const eventSensors: ReadonlyMap<string, readonly Capabilities[]> = new Map([
  [
    syscallSource.id,
    [
      capabilitiesOf('bpf'),
      { ...capabilitiesOf('bpf', engine), id: 'bpf+containers' },
      capabilitiesOf('tracefs'),
      { ...capabilitiesOf('tracefs', engine), id: 'tracefs+containers' },
      recordingCapabilities(),
    ],
  ],
]);
