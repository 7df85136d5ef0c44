import type { SensorDefinition } from './sensor.ts';
import { tracefs } from './tracefs.ts';

/** All sensors with their default options, in the order in which they are tried. */
export const sensors: readonly SensorDefinition[] = [tracefs];
