import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

/** Which colours to use; `system` follows the operating system. */
export const theme = signal<Theme>('system');
/** Whether single keys act (WCAG 2.1.4 asks that they can be turned off). */
export const singleKeys = signal(true);

/** Reads what was chosen before in this browser, applies it, and remembers later choices. */
export function bindPreferences(): void {
  const stored = recall('theme');
  theme.value = stored === 'light' || stored === 'dark' ? stored : 'system';
  singleKeys.value = recall('single-keys') !== 'off';
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    remember('theme', theme.value);
  });
  effect(() => remember('single-keys', singleKeys.value ? 'on' : 'off'));
}

/** Goes from system to light to dark and round again. */
export function nextTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system';
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(`picket.${key}`);
  } catch {
    return null; // storage is blocked in this browser: the choice lasts as long as the page
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`picket.${key}`, value);
  } catch {
    // as above
  }
}
