import { Icon } from '../parts/icon.tsx';
import { filter } from '../state/filter.ts';
import { filterText } from '../state/view.ts';
import { filterInputId } from './keys.ts';

/** The filter, checked while it is typed. */
export function FilterBox() {
  const { validity, message } = filter.value;
  return (
    <div class={`filter ${validity}`}>
      <label for={filterInputId}>Filter</label>
      <div class="filter-input">
        <Icon name={validity === 'invalid' ? 'cross' : validity === 'valid' ? 'check' : 'search'} />
        <input
          id={filterInputId}
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="verdict=deny and port=443"
          value={filterText.value}
          aria-invalid={validity === 'invalid'}
          aria-describedby="filter-message"
          aria-keyshortcuts="/"
          onInput={(event) => {
            filterText.value = event.currentTarget.value;
          }}
        />
      </div>
      <p id="filter-message" class="filter-message" role="status">
        {message}
      </p>
    </div>
  );
}
