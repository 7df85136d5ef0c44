import { effect, signal } from '@preact/signals';

/** Text of the filter box, as typed. */
export const filterText = signal('');
/** Id of the flow shown in the side panel. */
export const selectedFlow = signal<string | undefined>(undefined);
/** Id of the alert that is unfolded. */
export const openAlert = signal<string | undefined>(undefined);
/** Whether the flow table stands still. */
export const paused = signal(false);

/** Reads what the page shall show from its address, and keeps the address in step from then on. */
export function bindViewToAddress(): void {
  read();
  addEventListener('popstate', read);
  effect(() => {
    const parameters = new URLSearchParams();
    if (filterText.value) parameters.set('filter', filterText.value);
    if (openAlert.value) parameters.set('alert', openAlert.value);
    if (selectedFlow.value) parameters.set('flow', selectedFlow.value);
    if (paused.value) parameters.set('paused', '1');
    const query = parameters.toString();
    if (query !== location.search.slice(1)) {
      history.replaceState(null, '', query ? `?${query}` : location.pathname);
    }
  });
}

function read(): void {
  const parameters = new URLSearchParams(location.search);
  filterText.value = parameters.get('filter') ?? '';
  openAlert.value = parameters.get('alert') ?? undefined;
  selectedFlow.value = parameters.get('flow') ?? undefined;
  paused.value = parameters.get('paused') === '1';
}
