import { signal } from '@preact/signals';

/** Whether the help dialog is open. */
export const helpOpen = signal(false);
