// The script of the page that `picket reach -o html` writes. It runs as it is, in any browser of the last years, and
// sets texts only as text.
(() => {
  const limits = { ends: 400, peers: 200, side: 80 };
  const { ends, groups, cells, answers } = JSON.parse(document.getElementById('data').textContent);
  const byId = (id) => document.getElementById(id);
  const [search, found, list, details] = ['search', 'found', 'ends', 'details'].map(byId);
  const [matrix, graph, picture] = ['matrix', 'graph', 'picture'].map(byId);

  /** source group → destination group → answer */
  const out = groups.map(() => new Map());
  const into = groups.map(() => new Map());
  for (const [source, destination, answer] of cells) {
    out[source].set(destination, answers[answer]);
    into[destination].set(source, answers[answer]);
  }
  let selected;

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

  function nameOf(group) {
    const [first, ...rest] = groups[group];
    return rest.length === 0 ? ends[first].name : `${ends[first].name} and ${rest.length} like it`;
  }

  function say(answer) {
    if (answer === undefined) return 'closed';
    return [answer.allow, answer.unknown && `not known: ${answer.unknown}`].filter(Boolean).join('; ');
  }

  // What matches the search: every word somewhere in the name or kind.
  function matching() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return ends.map(({ name, kind }) =>
      words.every((word) => `${name} ${kind}`.toLowerCase().includes(word)),
    );
  }

  function showEnds(matches) {
    const shown = ends.flatMap((_, end) => (matches[end] ? [end] : []));
    found.textContent =
      shown.length > limits.ends
        ? `${plural(shown.length, 'end')}, the first ${limits.ends} shown`
        : plural(shown.length, 'end');
    list.replaceChildren(...shown.slice(0, limits.ends).map((end) => make('li', {}, endButton(end))));
  }

  function endButton(end) {
    const { name, kind } = ends[end];
    const button = make(
      'button',
      { type: 'button', 'data-end': end, onclick: () => selectEnd(end) },
      make('span', { class: 'name' }, name),
    );
    if (kind) button.append(' ', make('span', { class: 'kind' }, kind));
    return button;
  }

  // The matrix: rows that match or reach a match, columns that match or are reached by one.
  function showMatrix(matches) {
    const hit = groups.map((members) => members.some((end) => matches[end]));
    const every = hit.every(Boolean);
    const side = (links) =>
      groups.flatMap((_, group) =>
        every || hit[group] || [...links[group].keys()].some((other) => hit[other]) ? [group] : [],
      );
    const [rows, columns] = [side(out), side(into)];
    const [shownRows, shownColumns] = [rows.slice(0, limits.side), columns.slice(0, limits.side)];
    if (rows.length === 0 || columns.length === 0 || !hit.some(Boolean)) {
      matrix.replaceChildren(make('p', { class: 'empty' }, 'Nothing matches.'));
      return;
    }
    const head = make(
      'tr',
      {},
      make('td', { class: 'corner' }, 'from ↓ to →'),
      ...shownColumns.map((group) => header(group, 'col')),
    );
    const body = shownRows.map((source) =>
      make('tr', {}, header(source, 'row'), ...shownColumns.map((destination) => cell(source, destination))),
    );
    const cut = rows.length > shownRows.length || columns.length > shownColumns.length;
    const grid = make(
      'table',
      { role: 'grid', 'aria-label': 'Who can reach whom, sources in rows', onkeydown: moveInGrid },
      make('thead', {}, head),
      make('tbody', {}, ...body),
    );
    matrix.replaceChildren(
      ...(cut
        ? [
            make(
              'p',
              { class: 'empty' },
              `${rows.length} × ${columns.length} are too many at once: the first ${shownRows.length} × ${shownColumns.length} are shown. Filter the ends to see others.`,
            ),
          ]
        : []),
      grid,
    );
    grid.querySelector('tbody th').tabIndex = 0;
    mark();
  }

  function header(group, scope) {
    const th = make(
      'th',
      { scope, tabindex: -1, 'data-group': group, title: nameOf(group), onclick: () => selectGroup(group) },
      make('span', {}, nameOf(group)),
    );
    if (scope === 'row') th.setAttribute('role', 'rowheader');
    else th.setAttribute('role', 'columnheader');
    return th;
  }

  function cell(source, destination) {
    const answer = out[source].get(destination);
    const marks = answer === undefined ? '' : `${answer.allow ? '✓' : ''}${answer.unknown ? '?' : ''}`;
    const alone = source === destination && groups[source].length === 1 && answer === undefined;
    return make(
      'td',
      {
        role: 'gridcell',
        tabindex: -1,
        class: alone ? 'self' : answer === undefined ? '' : answer.allow ? 'allow' : 'unknown',
        'data-source': source,
        'data-destination': destination,
        'aria-label': `${nameOf(source)} to ${nameOf(destination)}: ${say(answer)}`,
        onclick: () => selectCell(source, destination),
      },
      marks,
    );
  }

  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // One stop for the tab key; arrows move inside (WAI-ARIA Authoring Practices, grid).
  function moveInGrid(event) {
    const here = event.target.closest('th, td');
    if (here === null) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      here.click();
      return;
    }
    const { rows } = event.currentTarget;
    const row = here.parentElement.rowIndex;
    let next;
    if (event.key in steps) {
      const [down, right] = steps[event.key];
      next = rows[row + down]?.cells[here.cellIndex + right];
    } else if (event.key === 'Home') next = rows[row].cells[0];
    else if (event.key === 'End') next = rows[row].cells[rows[row].cells.length - 1];
    if (next === undefined || next.className === 'corner') return;
    event.preventDefault();
    for (const old of event.currentTarget.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // Details
  function peers(title, rows) {
    const shown = rows.slice(0, limits.peers);
    const section = make('section', {}, make('h3', {}, `${title} (${rows.length})`));
    if (rows.length === 0) section.append(make('p', { class: 'empty' }, 'nobody'));
    else {
      section.append(
        make(
          'ul',
          { class: 'peers' },
          ...shown.map(([end, answer]) => make('li', {}, endButton(end), ports(answer))),
        ),
      );
    }
    if (rows.length > shown.length) section.append(make('p', {}, `and ${rows.length - shown.length} more`));
    return section;
  }

  function ports(answer) {
    const box = make('span', { class: 'ports-list' });
    if (answer.allow) box.append(make('span', { class: 'allow' }, `✓ ${answer.allow}`));
    if (answer.unknown) box.append(make('span', { class: 'unknown' }, `? ${answer.unknown}`));
    return box;
  }

  function peersOf(end, links) {
    const { group } = ends[end];
    return [...links[group]].flatMap(([other, answer]) =>
      groups[other].filter((one) => one !== end || groups[other].length === 1).map((one) => [one, answer]),
    );
  }

  function selectEnd(end) {
    const { name, kind, place, group } = ends[end];
    selected = { groups: [group] };
    const like = groups[group].filter((one) => one !== end);
    details.replaceChildren(
      make('h2', {}, name),
      make('p', { class: 'kind' }, [kind, place].filter(Boolean).join(' · ')),
      ...(like.length > 0
        ? [
            make(
              'details',
              {},
              make('summary', {}, `${plural(like.length, 'other')} reached and reaching alike`),
              make('ul', {}, ...like.slice(0, limits.peers).map((one) => make('li', {}, endButton(one)))),
            ),
          ]
        : []),
      peers('Reached by', peersOf(end, into)),
      peers('Reaches', peersOf(end, out)),
    );
    mark();
  }

  function selectGroup(group) {
    selectEnd(groups[group][0]);
  }

  function selectMany(label, members) {
    selected = { groups: members };
    const all = members.flatMap((group) => groups[group]);
    details.replaceChildren(
      make('h2', {}, label),
      make('p', {}, 'An arrow to or from here holds for each of these:'),
      make(
        'ul',
        { class: 'peers' },
        ...all.slice(0, limits.peers).map((end) => make('li', {}, endButton(end))),
      ),
      ...(all.length > limits.peers ? [make('p', {}, `and ${all.length - limits.peers} more`)] : []),
    );
    mark();
  }

  function selectCell(source, destination) {
    selected = { groups: [source, destination], source, destination };
    const answer = out[source].get(destination);
    const many = groups[source].length * groups[destination].length > 1;
    details.replaceChildren(
      make('h2', {}, `${nameOf(source)} → ${nameOf(destination)}`),
      ...(many ? [make('p', { class: 'kind' }, 'The same for each of them.')] : []),
      answer === undefined
        ? make('p', { class: 'empty' }, 'Closed: nothing may pass.')
        : make(
            'dl',
            {},
            make('dt', { class: 'allow' }, '✓ Allowed'),
            make('dd', {}, answer.allow || 'nothing'),
            make('dt', { class: 'unknown' }, '? Not known from the manifests'),
            make('dd', {}, answer.unknown || 'nothing'),
          ),
      make('p', {}, 'From ', endButton(groups[source][0])),
      make('p', {}, 'To ', endButton(groups[destination][0])),
    );
    mark();
  }

  // Shows in every view what is selected.
  function mark() {
    const own = new Set(selected?.groups ?? []);
    for (const element of document.querySelectorAll(
      '[aria-selected="true"]:not([role=tab]), [aria-current]',
    )) {
      element.removeAttribute('aria-selected');
      element.removeAttribute('aria-current');
    }
    for (const th of matrix.querySelectorAll('th')) {
      if (own.has(Number(th.dataset.group))) th.setAttribute('aria-selected', 'true');
    }
    if (selected?.source !== undefined) {
      const { source, destination } = selected;
      matrix
        .querySelector(`td[data-source="${source}"][data-destination="${destination}"]`)
        ?.setAttribute('aria-selected', 'true');
    }
    for (const button of list.querySelectorAll('button')) {
      if (own.has(ends[button.dataset.end].group)) button.setAttribute('aria-current', 'true');
    }
    light(undefined);
  }

  // The graph
  function groupsIn(node) {
    return node.dataset.groups.split(' ').map(Number);
  }

  /** Brings out the arrows of one box, else those of what is selected. */
  function light(over) {
    if (picture === null) return;
    const own = new Set(selected?.groups ?? []);
    const lit = new Set();
    for (const node of picture.querySelectorAll('.end')) {
      const isOwn = over === undefined ? groupsIn(node).some((group) => own.has(group)) : node === over;
      if (isOwn) lit.add(node.dataset.node);
      node.classList.toggle('chosen', isOwn);
    }
    picture.classList.toggle('dimmed', lit.size > 0);
    const pair =
      over === undefined && selected?.source !== undefined && selected.source !== selected.destination;
    const near = new Set(lit);
    for (const part of picture.querySelectorAll('[data-source]')) {
      const { source, destination } = part.dataset;
      const ends = [lit.has(source), lit.has(destination)];
      const isLit = pair ? ends[0] && ends[1] : ends[0] || ends[1];
      part.classList.toggle('lit', isLit);
      if (isLit) near.add(source).add(destination);
    }
    for (const node of picture.querySelectorAll('.end'))
      node.classList.toggle('lit', near.has(node.dataset.node));
  }

  function wakeGraph() {
    if (picture === null) return;
    for (const node of picture.querySelectorAll('.end')) {
      const members = groupsIn(node);
      const label = node.querySelector('title').textContent;
      // The name holds what is to be read in the box (WCAG 2.2, 2.5.3).
      const shown = [...node.querySelectorAll('text')].map((text) => text.textContent);
      node.setAttribute('tabindex', '0');
      node.setAttribute('role', 'button');
      node.setAttribute('aria-label', [label, ...shown].join(' '));
      const choose = () => (members.length > 1 ? selectMany(label, members) : selectGroup(members[0]));
      node.addEventListener('click', choose);
      node.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        choose();
      });
      node.addEventListener('pointerenter', () => light(node));
      node.addEventListener('focus', () => light(node));
      node.addEventListener('pointerleave', () => light(undefined));
      node.addEventListener('blur', () => light(undefined));
    }
    const natural = picture.viewBox.baseVal.width;
    let scale = 1;
    const zoom = (to) => {
      scale = Math.min(4, Math.max(0.1, to));
      picture.style.width = `${natural * scale}px`;
      picture.style.height = 'auto';
    };
    const fit = () => zoom(Math.min(1, (graph.clientWidth - 32) / natural));
    byId('larger').addEventListener('click', () => zoom(scale * 1.25));
    byId('smaller').addEventListener('click', () => zoom(scale / 1.25));
    byId('fit').addEventListener('click', fit);
    byId('tab-graph').addEventListener('click', fit, { once: true });
  }

  // Tabs (WAI-ARIA Authoring Practices, tabs with automatic activation)
  const tabs = [...document.querySelectorAll('[role=tab]')];
  function choose(tab) {
    for (const one of tabs) {
      one.setAttribute('aria-selected', String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      byId(one.getAttribute('aria-controls')).hidden = one !== tab;
    }
  }
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
      const next = tabs[(at + 1) % tabs.length];
      next.focus();
      next.click();
    });
  }

  function show() {
    const matches = matching();
    showEnds(matches);
    showMatrix(matches);
  }

  let pending;
  search.addEventListener('input', () => {
    clearTimeout(pending);
    pending = setTimeout(show, 80);
  });
  details.append(
    make('h2', {}, 'Choose'),
    make('p', {}, 'an end, to see who reaches it and what it reaches; or a cell, to see its ports.'),
  );
  wakeGraph();
  show();
})();
