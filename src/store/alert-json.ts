export type { AlertJson } from '../detect/json.ts';
