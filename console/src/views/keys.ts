import { pause, resume } from '../state/flows.ts';
import { helpOpen } from '../state/help.ts';
import { nextTheme, singleKeys } from '../state/preferences.ts';
import { clearSelection } from '../state/selection.ts';
import { openAlert, paused, selectedFlow } from '../state/view.ts';

/** Ids of the elements that keys lead to. */
export const alertListId = 'alert-list';
export const flowGridId = 'flow-grid';
export const filterInputId = 'flow-filter';
export const copyFlowsId = 'copy-flows';

/**
 * Returns the index of the row to which a key leads in a list of `count` rows, seen from row `from` (-1: none chosen); undefined
 * for a key that moves nothing. Keys as in the ARIA Authoring Practices' grid, with j and k besides.
 */
export function rowTarget(
  event: KeyboardEvent,
  from: number,
  count: number,
  page: number,
): number | undefined {
  if (count === 0 || isChord(event)) return undefined;
  switch (event.key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(count - 1, from + 1);
    case 'ArrowUp':
    case 'k':
      return Math.max(0, from - 1);
    case 'PageDown':
      return Math.min(count - 1, Math.max(0, from) + page);
    case 'PageUp':
      return Math.max(0, from - page);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

/** Closes the side panel and goes back to the table. */
export function closePanel(): void {
  clearSelection();
  focus(flowGridId);
}

/** Makes the page's keys act. */
export function bindKeys(): void {
  addEventListener('keydown', (event) => {
    if (helpOpen.value || isChord(event)) return;
    if (event.key === 'Escape') {
      closeInnermost(event);
      return;
    }
    if (!(event.target instanceof Element) || event.target.matches('input, textarea, select')) return;
    if (moveAlong(event) || (singleKeys.value && act(event.key))) event.preventDefault();
  });
}

function isChord(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/** Closes the innermost thing that is open. */
function closeInnermost(event: KeyboardEvent): void {
  const within = event.target instanceof Element ? event.target.closest(`#${alertListId}`) : null;
  if (event.target instanceof HTMLInputElement) focus(flowGridId);
  else if (within && openAlert.value !== undefined) openAlert.value = undefined;
  else if (selectedFlow.value !== undefined) closePanel();
  else openAlert.value = undefined;
}

/** Moves the focus along the alerts; j and k from anywhere else lead into the flows. */
function moveAlong(event: KeyboardEvent): boolean {
  const list = event.target instanceof Element ? event.target.closest(`#${alertListId}`) : null;
  if (list) {
    const lines = [...list.querySelectorAll<HTMLElement>('.alert-line')];
    const from = lines.findIndex((line) => line.closest('li')?.contains(event.target as Element));
    const target = rowTarget(event, from, lines.length, 5);
    if (target === undefined) return false;
    lines[target]?.focus();
    return true;
  }
  if (!singleKeys.value || (event.key !== 'j' && event.key !== 'k')) return false;
  focus(flowGridId);
  document.getElementById(flowGridId)?.dispatchEvent(new KeyboardEvent('keydown', { key: event.key }));
  return true;
}

function act(key: string): boolean {
  switch (key) {
    case '/':
      focus(filterInputId);
      return true;
    case 'p':
      if (paused.value) resume();
      else pause();
      return true;
    case 'a':
      document.querySelector<HTMLElement>(`#${alertListId} .alert-line`)?.focus();
      return true;
    case 'f':
      focus(flowGridId);
      return true;
    case 'c':
      document.getElementById(copyFlowsId)?.click();
      return true;
    case 't':
      nextTheme();
      return true;
    case '?':
      helpOpen.value = true;
      return true;
    default:
      return false;
  }
}

function focus(id: string): void {
  document.getElementById(id)?.focus();
}
